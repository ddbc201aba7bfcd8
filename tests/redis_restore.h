/* SPDX-License-Identifier: MIT */
/* redis_restore.h - two handles on a Redis that loses what came last, and what
 * they do until it has that again. */
#ifndef MQM_REDIS_RESTORE_TEST_H
#define MQM_REDIS_RESTORE_TEST_H

#include "redis_crash.h"
#include "redis_store.h"

#include <errno.h>

static void *other; /* a second handle */

static inline void remember_files(void)
{
    redis_server_remember(&server);
}

static inline void redial(void)
{
    redisFree(raw);
    dial();
}

static inline void lose(void)
{
    redis_server_lose(&server);
    redial();
}

/* With all that it has. */
static inline void restart(void)
{
    redis_server_restart(&server);
    redial();
}

static const char *limit_ms = "5000"; /* of a call */

static inline int open_patient(void **s, const char *restore_ms,
                               const char *remember_kb)
{
    struct mqm_setting settings[] = {{"url", url, 0},
                                     {"timeout_ms", limit_ms, 0},
                                     {"restore_ms", restore_ms, 0},
                                     {"remember_kb", remember_kb, 0}};

    *s = NULL;
    fake_failure[0] = '\0';
    return store->open(s, &fake_host, settings, 4);
}

/* Two handles. */
static inline void setup_two(const char *restore_ms, const char *remember_kb)
{
    begin(2);
    store->close(self);
    ck_assert_int_eq(open_patient(&self, restore_ms, remember_kb), 0);
    ck_assert_int_eq(open_patient(&other, restore_ms, remember_kb), 0);
}

static inline void teardown_two(void)
{
    store->close(other);
    teardown();
}

/* 1: this one can use it again. */
static inline int is_back(void *s)
{
    struct mqm_swap q = a_swap("?", MQM_ASK);

    return run_on(s, &q) >= 0;
}

/* Both do what their keepers do, until it is safe. */
static inline void settle_both(void)
{
    for (int i = 0; i < 3000; i++) {
        store->tick(self);
        store->tick(other);
        if (is_back(self) && is_back(other))
            return;
        sleep_ms(10);
    }
    ck_abort_msg("it is not restored: %s", fake_failure);
}

/* This one alone, since the other one is dead. */
static inline void settle_alone(void)
{
    for (int i = 0; i < 3000; i++) {
        if (is_back(self))
            return;
        sleep_ms(10);
    }
    ck_abort_msg("it is not restored: %s", fake_failure);
}

/* A question for one that there never was. */
static inline int unknown(int64_t born_ms)
{
    struct mqm_swap q = a_swap("never seen", MQM_ASK);

    q.key.born_ms = born_ms;
    return run(&q);
}

/* As it was after this swap, to the byte. */
static inline void is_as_after(const struct mqm_swap *s)
{
    struct mqm_swap q = *s;

    for (int i = 0; i < 100 && ask(&q) < 0; i++)
        sleep_ms(10); /* a machine that is busy */
    ck_assert_int_eq(q.result, MQM_LOST);
    ck_assert_uint_eq(q.now.version, s->now.version);
    ck_assert_uint_eq(q.now.len, s->len);
    ck_assert_int_eq(memcmp(q.now.value, s->value, s->len), 0);
}

#endif
