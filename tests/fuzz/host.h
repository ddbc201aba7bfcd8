/* SPDX-License-Identifier: MIT */
/* host.h - a host for plugins that are fuzzed: a failure becomes words as in
 * the library.
 */
#ifndef MQM_FUZZ_HOST_H
#define MQM_FUZZ_HOST_H

#include "../../lib/error.h"

#include <mqmigrate/plugin.h>

#include <stdarg.h>

MQM_PRINTF static void fuzz_log(const struct mqm_host *host, int level,
                                const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    (void)host;
    (void)level;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
}

MQM_PRINTF static int fuzz_fail(const struct mqm_host *host, int err,
                                const char *fmt, ...)
{
    va_list ap;

    (void)host;
    va_start(ap, fmt);
    mqm__vfail(err, fmt, ap);
    va_end(ap);
    return err;
}

static inline int64_t fuzz_clock_margin(const struct mqm_host *host)
{
    (void)host;
    return 1000;
}

static const struct mqm_host fuzz_host = {
    .size = sizeof(struct mqm_host),
    .log = fuzz_log,
    .fail = fuzz_fail,
    .clock_margin = fuzz_clock_margin,
};

#endif
