/* SPDX-License-Identifier: MIT */
/* say.c - what went wrong, in words, on stderr; and the exit code for it. */
#include "ctl.h"
#include "print.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

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

int confirm(const struct ctl *c, size_t n, const char *fmt, ...)
{
    char words[512], answer[16] = "";
    va_list ap;

    if (n < 2 || (c->given & CTL_YES))
        return CTL_OK;
    va_start(ap, fmt);
    vsnprintf(words, sizeof(words), fmt, ap);
    va_end(ap);
    if (!isatty(STDIN_FILENO))
        return refuse("nobody is there to ask (%s): add --yes; nothing was "
                      "changed", words);
    put_text(stdout, words);
    fputs(": all of them? [y/N] ", stdout);
    fflush(stdout);
    if (fgets(answer, sizeof(answer), stdin) != NULL &&
        (answer[0] == 'y' || answer[0] == 'Y'))
        return CTL_OK;
    return refuse("not confirmed: nothing was changed");
}
