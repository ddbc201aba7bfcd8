/* SPDX-License-Identifier: MIT */
/* duration.c - a time span as it is typed: 500ms, 90s, 10m, 2h, 1d. */
#include "ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

int duration_parse(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"min", 60000},
                 {"h", 3600000}, {"d", 86400000}};
    char *end;
    intmax_t n;

    errno = 0;
    n = strtoimax(text, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (text[0] < '0' || text[0] > '9' || errno != 0 ||
            strcmp(end, units[i].unit) != 0 || n < 1 ||
            n > 100 * (intmax_t)(365 * units[5].ms) / units[i].ms)
            continue;
        *ms = (int64_t)n * units[i].ms;
        return CTL_OK;
    }
    return misuse("'%s' is no time span: 500ms, 90s, 10m, 2h and 1d are", text);
}
