/* SPDX-License-Identifier: MIT */
/* third.h - calling the third party, as a real service would: libcurl, a kept
 * connection for each thread, and a time limit.
 */
#ifndef DEMO_THIRD_H
#define DEMO_THIRD_H

#include <stddef.h>

enum third_answer {
    THIRD_ISSUED,
    THIRD_REFUSED, /* certainly nothing was issued                  */
    THIRD_UNKNOWN, /* no answer in time, or one that makes no sense */
};

/* Once, before any thread calls the rest.  base: "http://127.0.0.1:24000". */
void third_open(const char *base, long timeout_ms);

int third_issue(const char *id, size_t id_len, const char *side,
                const void *body, size_t body_len);

/* 1: it was issued, 0: it was not (yet), -1: no answer. */
int third_was_issued(const char *id);

#endif
