/* SPDX-License-Identifier: MIT */
/* setting.c - see setting.h. */
#include "setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int unknown(const struct mqm_host *host, const char *store,
                   const struct mqm__setting *table, size_t known,
                   const char *name)
{
    char names[256] = "url";

    for (size_t i = 0; i < known; i++) {
        size_t at = strlen(names);

        snprintf(names + at, sizeof(names) - at, ", %s", table[i].name);
    }
    return host->fail(host, -EINVAL,
                      "store.%s: the %s store has no such setting; it has %s",
                      name, store, names);
}

static int read_number(const struct mqm_host *host,
                       const struct mqm__setting *row, const char *value)
{
    char *end = NULL;
    long long x;

    errno = 0;
    x = strtoll(value, &end, 10);
    if (errno || end == value || *end || x < row->min || x > row->max)
        return host->fail(host, -EINVAL,
                          "store.%s is '%.32s', but has to be a whole number "
                          "from %lld to %lld",
                          row->name, value, (long long)row->min,
                          (long long)row->max);
    *row->number = x;
    return MQM_OK;
}

static const struct mqm__setting *find(const struct mqm__setting *table,
                                       size_t known, const char *name)
{
    for (size_t i = 0; i < known; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

int mqm__settings_read(const struct mqm_host *host, const char *store,
                       const struct mqm__setting *table, size_t known,
                       const struct mqm_setting *settings, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const struct mqm__setting *row = find(table, known, settings[i].name);
        int r = MQM_OK;

        if (!row)
            return unknown(host, store, table, known, settings[i].name);
        if (row->text)
            *row->text = settings[i].value;
        else
            r = read_number(host, row, settings[i].value);
        if (r < 0)
            return r;
    }
    return MQM_OK;
}

const char *mqm__settings_url(const struct mqm_host *host, const char *scheme,
                              const struct mqm_setting *settings, size_t n)
{
    size_t len = strlen(scheme);

    if (n > 0 && strcmp(settings[0].name, "url") == 0 &&
        strncmp(settings[0].value, scheme, len) == 0)
        return settings[0].value + len;
    host->fail(host, -EINVAL, "store.url has to come first and begin with '%s'",
               scheme);
    return NULL;
}
