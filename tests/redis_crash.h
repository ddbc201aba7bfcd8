/* SPDX-License-Identifier: MIT */
/* redis_crash.h - a Redis that syncs each second, and loses what came after a
 * certain moment: its files of then, put back after it was killed. */
#ifndef MQM_REDIS_CRASH_H
#define MQM_REDIS_CRASH_H

#include "redis_server.h"

#include <check.h>

__attribute__((format(printf, 1, 2))) static inline int
shell(const char *fmt, ...)
{
    char line[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    return system(line);
}

/* In the end. */
static inline void until(const char *shell_test)
{
    struct timespec t = {0, 20000000};

    for (int i = 0; i < 1500; i++) {
        if (system(shell_test) == 0)
            return;
        nanosleep(&t, NULL);
    }
    ck_abort_msg("it never came true: %s", shell_test);
}

/* The moment to come back to.  Nothing is being written then. */
static inline void redis_server_remember(const struct redis_server *s)
{
    char line[160];

    snprintf(line, sizeof(line), "sleep 0.1; redis-cli -p %d info persistence "
             "| grep -q aof_pending_bio_fsync:0", s->port);
    until(line);
    ck_assert_int_eq(shell("rm -rf %s/then && cp -a %s/appendonlydir %s/then",
                           s->dir, s->dir, s->dir), 0);
}

/* With what is on its disk. */
static inline void redis_server_restart(struct redis_server *s)
{
    char line[160];

    redis_server_kill(s);
    ck_assert(redis_server_again(s));
    snprintf(line, sizeof(line), "redis-cli -p %d info persistence "
             "| grep -q loading:0", s->port);
    until(line);
}

/* And forget all since then. */
static inline void redis_server_lose(struct redis_server *s)
{
    redis_server_kill(s);
    ck_assert_int_eq(shell("rm -rf %s/appendonlydir && cp -a %s/then "
                           "%s/appendonlydir", s->dir, s->dir, s->dir), 0);
    redis_server_restart(s);
}

#endif
