/* SPDX-License-Identifier: MIT */
/* fake_redis_store.h - the redis store on a Redis that plays a part, and its
 * talk up to any step of it. */
#ifndef MQM_FAKE_REDIS_STORE_H
#define MQM_FAKE_REDIS_STORE_H

#include "fake_redis.h"
#include "store_test.h"

#include "../lib/stores.h"

enum { BATCH = 7 };

static struct fake_redis fake;

/* Of a call.  So long that a busy machine needs no more; it is waited for only
 * where the fake falls silent. */
static const char *limit_ms = "30000";

static inline int open_fake(void)
{
    char url[80];
    struct mqm_setting settings[] = {{"url", url, 0},
                                     {"timeout_ms", limit_ms, 0}};

    snprintf(url, sizeof(url), "redis://user:s3cr@127.0.0.1:%d/1", fake.port);
    fake_failure[0] = '\0';
    return store->open(&self, &fake_host, settings, 2);
}

static inline void setup(void)
{
    case_ms = 1899999999000;
    store = mqm__store_redis.store;
    self = NULL;
    ck_assert(fake_redis_start(&fake));
}

static inline void teardown(void)
{
    store->close(self);
    fake_redis_end(&fake);
}

static inline void plays(enum step on, const char *answer, int times, enum then then)
{
    fake_redis_plays(&fake, on, answer, strlen(answer), times, then);
}

/* Half of them new ones, of two keeps: three scripts in one call.  All are done
 * if the fake says nothing of them. */
static inline int swap_batch(struct mqm_swap *s)
{
    static const char *const ids[BATCH] = {"a", "b", "c", "d", "e", "f", "g"};
    struct mqm_swap *all[BATCH];

    for (int i = 0; i < BATCH; i++) {
        s[i] = a_swap(ids[i], i < 3 ? 0 : 1700000000000000);
        s[i].keep_ms += i == 6;
        s[i].result = 77;
        all[i] = &s[i];
    }
    return store->swap(self, all, BATCH);
}

static inline void none_is_decided(const struct mqm_swap *s, int err)
{
    for (int i = 0; i < BATCH; i++)
        ck_assert_msg(s[i].result == err, "%d: %d, not %d: %s", i, s[i].result,
                      err, fake_failure);
}

/* The talk up to this step, and this step: what came of it. */
static inline int talk(enum step on)
{
    struct mqm_swap s[BATCH];
    int64_t from = -1, created;
    int n = 0, r;

    if (on <= ON_SPAN)
        return open_fake();
    ck_assert_msg(open_fake() == 0, "%s", fake_failure);
    if (on == ON_MEMORY) {
        r = store->memory(self, SPACE, 0, &from, &created);
        ck_assert_int_eq(from, -1);
        return r;
    }
    if (on != ON_SWAP)
        return store->list(self, SPACE, count, &n);
    r = swap_batch(s);
    none_is_decided(s, r);
    return r;
}

#endif
