/* SPDX-License-Identifier: MIT */
/* error.c - see error.h. */
#include "error.h"

#include <mqmigrate/mqmigrate.h>

#include <stdio.h>
#include <string.h>

static _Thread_local char text[768];

void mqm__make_plain(char *words)
{
    for (; *words; words++)
        if ((unsigned char)*words < ' ' || *words == 127)
            *words = '?';
}

int mqm__vfail(int err, const char *fmt, va_list ap)
{
    vsnprintf(text, sizeof(text), fmt, ap);
    mqm__make_plain(text);
    return err;
}

int mqm__fail(int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    mqm__vfail(err, fmt, ap);
    va_end(ap);
    return err;
}

int mqm__fail_in(int err, const char *fmt, ...)
{
    char old[sizeof(text)];
    va_list ap;
    size_t at;

    memcpy(old, text, sizeof(old));
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    at = strlen(text);
    snprintf(text + at, sizeof(text) - at, "%s", old);
    mqm__make_plain(text);
    return err;
}

void mqm__clear_error(void)
{
    text[0] = '\0';
}

const char *mqm_errmsg(void)
{
    return text;
}

const char *mqm_strerror(int result)
{
    switch (result) {
    case MQM_OK:    return "ok";
    case MQM_SKIP:  return "skip: another copy answers for it";
    case MQM_LATER: return "later: have it redelivered";
    case MQM_DOUBT: return "in doubt: an earlier try may have taken effect";
    case MQM_LOST:  return "lost: the token was overtaken";
    default:        return result < 0 ? strerror(-result) : "unknown result";
    }
}
