/* SPDX-License-Identifier: MIT */
/* duration.c - "90s", "10m", "1h", "2d": how long, as it is typed. */
#include "ctl.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1},        {"s", 1000},       {"m", 60000},
             {"min", 60000},   {"h", 3600000},    {"d", 86400000}};

static int64_t unit_of(const char *name)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(units[i].name, name) == 0)
            return units[i].ms;
    return 0;
}

int duration_parse(int64_t *ms, const char *text)
{
    char *end = NULL;
    int64_t n, unit;

    errno = 0;
    n = strtoll(text, &end, 10);
    unit = unit_of(end);
    if (!isdigit((unsigned char)text[0]) || errno != 0 || unit == 0 ||
        n > INT64_MAX / unit)
        return misuse("'%s' is no duration: 500ms, 90s, 10m, 1h, 2d", text);
    *ms = n * unit;
    return CTL_OK;
}
