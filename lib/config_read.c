/* SPDX-License-Identifier: MIT */
/* config_read.c - a section of the configuration, setting by setting. */
#include "config_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int mqm__bad_place(const struct reader *rd, const struct json_place *at,
                   const char *fmt, ...)
{
    char name[256];
    va_list ap;

    va_start(ap, fmt);
    mqm__vfail(-EINVAL, fmt, ap);
    va_end(ap);
    mqm__json_name(name, sizeof(name), at);
    return mqm__fail_in(-EINVAL, "%s: line %zu: %s%s", rd->where,
                        mqm__json_line(rd->text, rd->len, at), name,
                        *name ? ": " : "");
}

int mqm__no_memory(void)
{
    return mqm__fail(-ENOMEM, "no memory for the configuration");
}

/* While it has no memory, jansson drops single characters of texts and goes on
 * as if nothing were amiss: an allow list without one of its ids.  Twice in the
 * same place it will not, since it ends where nothing can be had any more. */
json_t *mqm__json_load(const char *text, size_t len, json_error_t *e)
{
    json_t *root, *again;

    errno = 0;
    root = json_loadb(text, len, JSON_REJECT_DUPLICATES, e);
    if (!root)
        return NULL;
    again = json_loadb(text, len, JSON_REJECT_DUPLICATES, e);
    if (!again || !json_equal(root, again)) {
        json_decref(root);
        root = NULL;
        errno = ENOMEM;
    }
    json_decref(again);
    return root;
}

int mqm__want_object(const struct reader *rd, const struct json_place *at,
                     const json_t *value)
{
    if (json_is_object(value))
        return 0;
    return mqm__bad_place(rd, at, "must be a section: {\"name\": value, ...}");
}

static void list_names(char *buf, size_t size, const char *where)
{
    const struct setting_row *row = NULL;
    size_t at = 0;

    buf[0] = '\0';
    while ((row = mqm__next_setting(row, where)) && at < size) {
        snprintf(buf + at, size - at, "%s%s", at ? ", " : "", row->name);
        at = strlen(buf);
    }
}

static int unknown_name(const struct reader *rd, const struct json_place *at,
                        const char *where)
{
    const char *near = mqm__near_setting(where, at->name);
    char names[400];

    if (near)
        return mqm__bad_place(rd, at, "unknown setting; did you mean \"%s\"?",
                              near);
    list_names(names, sizeof(names), where);
    return mqm__bad_place(rd, at, "unknown setting; there are: %s", names);
}

int mqm__known_names(const struct reader *rd, const struct json_place *at,
                     const char *where, json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        const struct json_place p = {at, name, 0};

        if (!mqm__find_setting(where, name))
            return unknown_name(rd, &p, where);
    }
    return 0;
}

/* A setting that is not in the file. */
static int read_missing(const struct reader *rd, const struct json_place *at,
                        const struct setting_row *row, void *base)
{
    json_t *value;
    int r;

    if (!row->preset)
        return row->note ? 0
                         : mqm__bad_place(rd, at, "is missing; must be %s",
                                          row->limits);
    value = json_loads(row->preset, JSON_DECODE_ANY, NULL);
    if (!value)
        return mqm__no_memory();
    r = mqm__read_setting(rd, at, row, value, base);
    json_decref(value);
    return r;
}

int mqm__read_settings(const struct reader *rd, const struct json_place *at,
                       const char *where, json_t *object, void *base)
{
    const struct setting_row *row = NULL;
    json_t *value;
    int r = 0;

    while (!r && (row = mqm__next_setting(row, where))) {
        const struct json_place p = {at, row->name, 0};

        value = json_object_get(object, row->name);
        r = value ? mqm__read_setting(rd, &p, row, value, base)
                  : read_missing(rd, &p, row, base);
    }
    return r;
}

void mqm__free_settings(const char *where, void *base)
{
    const struct setting_row *row = NULL;
    char *p = base;

    while ((row = mqm__next_setting(row, where))) {
        if (row->kind == KIND_TEXT || row->kind == KIND_NAME)
            free(*(char **)(void *)(p + row->offset));
        else if (row->kind == KIND_ALLOW)
            mqm__allow_list_free(
                *(struct allow_list **)(void *)(p + row->offset));
    }
}
