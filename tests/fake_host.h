/* SPDX-License-Identifier: MIT */
/* fake_host.h - a host for plugins under test: keeps the last failure and the
 * last line of log, each thread its own. */
#ifndef MQM_FAKE_HOST_H
#define MQM_FAKE_HOST_H

#include <mqmigrate/plugin.h>

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char fake_failure[1024];
static _Thread_local char fake_log[1024];

MQM_PRINTF static void fake_host_log(const struct mqm_host *host, int level,
                                     const char *fmt, ...)
{
    va_list ap;

    (void)host;
    (void)level;
    va_start(ap, fmt);
    vsnprintf(fake_log, sizeof(fake_log), fmt, ap);
    va_end(ap);
}

MQM_PRINTF static int fake_host_fail(const struct mqm_host *host, int err,
                                     const char *fmt, ...)
{
    va_list ap;

    (void)host;
    va_start(ap, fmt);
    vsnprintf(fake_failure, sizeof(fake_failure), fmt, ap);
    va_end(ap);
    return err;
}

static int64_t fake_margin_ms;

static int64_t fake_host_margin(const struct mqm_host *host)
{
    (void)host;
    return fake_margin_ms;
}

static const struct mqm_host fake_host = {
    sizeof(struct mqm_host), fake_host_log, fake_host_fail, NULL, NULL, NULL,
    fake_host_margin,
};

#endif
