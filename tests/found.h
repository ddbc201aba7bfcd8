/* SPDX-License-Identifier: MIT */
/* found.h - what a check-up found, a line each: "level subject: text; remedy",
 * and for a store's or a side's the part before the subject. */
#ifndef MQM_FOUND_H
#define MQM_FOUND_H

#include <mqmigrate/plugin.h>

#include <check.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static char findings[16384];

static inline void add_finding(int level, const char *what, const char *text,
                               const char *remedy)
{
    static const char *const levels[] = {"fine", "warning", "fatal"};
    const size_t len = strlen(findings);

    ck_assert_int_ge(level, MQM_FINE);
    ck_assert_int_le(level, MQM_FATAL);
    snprintf(findings + len, sizeof(findings) - len, "%s %s: %s; %s\n",
             levels[level], what, text, remedy ? remedy : "");
}

/* For struct mqm_inquiry. */
__attribute__((format(printf, 5, 6)))
static inline void find(const struct mqm_inquiry *q, int level,
                        const char *subject, const char *remedy,
                        const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    (void)q;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    ck_assert_msg(level == MQM_FINE || remedy || strstr(text, "not looked at"),
                  "no remedy: %s", text);
    add_finding(level, subject, text, remedy);
}

/* A line begins with `head` ("fatal store eviction:") and has `words`. */
static inline bool is_found(const char *head, const char *words)
{
    for (const char *p = findings; *p; p += strcspn(p, "\n") + 1) {
        const char *at = strstr(p, words);

        if (!strncmp(p, head, strlen(head)) && at &&
            at < p + strcspn(p, "\n"))
            return true;
    }
    return false;
}

#define must_find(head, words)                                                 \
    ck_assert_msg(is_found(head, words), "no '%s ... %s' in\n%s", head, words, \
                  findings)
#define must_not_find(head)                                                    \
    ck_assert_msg(!is_found(head, ""), "'%s' in\n%s", head, findings)

#endif
