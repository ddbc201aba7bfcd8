/* SPDX-License-Identifier: MIT */
/* say.c - what went wrong, in words, on stderr; and the exit code for it. */
#include "ctl.h"
#include "print.h"

#include <stdarg.h>
#include <stdio.h>

CTL_PRINTF(1, 0) static void say(const char *fmt, va_list ap)
{
    char text[1024];

    vsnprintf(text, sizeof(text), fmt, ap);
    fflush(stdout);
    fputs("mqmctl: ", stderr);
    put_text(stderr, text);
    fputc('\n', stderr);
}

int refuse(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return CTL_FAILED;
}

int misuse(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return CTL_USAGE;
}

/* A verdict (> 0) has no story of its own: the last error's would be wrong. */
const char *story(int result)
{
    if (result < 0 && mqm_errmsg()[0] != '\0')
        return mqm_errmsg();
    return mqm_strerror(result);
}

int failed(const char *what, int result)
{
    return refuse("%s: %s", what, story(result));
}
