/* SPDX-License-Identifier: MIT */
/* store_redis_hotpath.c - what an answer of Redis makes us allocate: nothing,
 * and of one that has no end or is too large, not much. */
#include "../count_malloc.h"
#include "../fake_redis.h"
#include "../store_test.h"

#include "../../lib/stores.h"

#include <errno.h>

enum { BATCH = 256, MUCH = 4 << 20 };

static struct fake_redis fake;

static void setup(void)
{
    char url[64];
    struct mqm_setting settings[] = {{"url", url, 0},
                                     {"timeout_ms", "60000", 0}};

    case_ms = 1899999999000;
    store = mqm__store_redis.store;
    ck_assert(fake_redis_start(&fake));
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", fake.port);
    ck_assert_int_eq(store->open(&self, &fake_host, settings, 2), 0);
}

static void teardown(void)
{
    store->close(self);
    fake_redis_end(&fake);
}

/* Each is lost, with the longest cell there is. */
static size_t all_lost(char *to)
{
    size_t n = (size_t)snprintf(to, 64, "*%d\r\n$16\r\n%s\r\n",
                                1 + 2 * BATCH, fake_redis_now);

    for (int i = 1; i <= BATCH; i++) {
        n += (size_t)snprintf(to + n, 32, ":%d\r\n$%d\r\n", i,
                              7 + MQM_VALUE_MAX);
        memset(to + n, 2, 7 + MQM_VALUE_MAX);
        n += 7 + MQM_VALUE_MAX;
        memcpy(to + n, "\r\n", 2);
        n += 2;
    }
    return n;
}

static int swap_batch(struct mqm_swap *s)
{
    static char ids[BATCH][8];
    struct mqm_swap *all[BATCH];

    for (int i = 0; i < BATCH; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%d", i);
        s[i] = a_swap(ids[i], 0);
        all[i] = &s[i];
    }
    return store->swap(self, all, BATCH);
}

START_TEST(an_answer_allocates_nothing)
{
    static struct mqm_swap s[BATCH];
    static char answer[BATCH * (MQM_VALUE_MAX + 32)];

    fake_redis_plays(&fake, ON_SWAP, answer, all_lost(answer), -1, GO_ON);
    for (int i = 0; i < MQM_STORE_BEGUN + 2; i++) {
        int r;

        allocations = 0;
        /* Once for what is kept: our own commands, of each that may be begun. */
        counting = i >= MQM_STORE_BEGUN;
        r = swap_batch(s);
        counting = false;
        ck_assert_int_eq(r, 0);
        ck_assert_int_eq(allocations, 0);
    }
    for (int i = 0; i < BATCH; i++) {
        ck_assert_int_eq(s[i].result, MQM_LOST);
        ck_assert_uint_eq(s[i].now.len, MQM_VALUE_MAX);
    }
}
END_TEST

static const char *const floods[] = {
    "+", "-", "$", "$2000000000\r\n", "$200000\r\n", "*", ":", "*2000000000\r\n",
    "*4095\r\n$200000\r\n", ""
};

START_TEST(no_end_costs_not_much)
{
    static struct mqm_swap s[BATCH];
    int r;

    fake.flood = 1;
    fake_redis_plays(&fake, ON_SWAP, floods[_i], strlen(floods[_i]), 1, GO_ON);
    allocated = 0;
    counting = true;
    r = swap_batch(s);
    counting = false;
    ck_assert_int_eq(r, -EPROTO);
    ck_assert_uint_le(allocated, MUCH);
    for (int i = 0; i < BATCH; i++)
        ck_assert_int_eq(s[i].result, -EPROTO);
    ck_assert_int_eq(swap_batch(s), 0);
}
END_TEST

/* Each of them is short enough. */
START_TEST(many_texts_cost_not_much)
{
    enum { TEXTS = 64, LEN = 100000 };
    static struct mqm_swap s[BATCH];
    static char answer[TEXTS * (LEN + 16) + 16];
    size_t n = (size_t)snprintf(answer, 16, "*%d\r\n", TEXTS);
    int r;

    for (int i = 0; i < TEXTS; i++) {
        n += (size_t)snprintf(answer + n, 16, "$%d\r\n", LEN);
        memset(answer + n, 'x', LEN);
        n += LEN;
        memcpy(answer + n, "\r\n", 2);
        n += 2;
    }
    fake_redis_plays(&fake, ON_SWAP, answer, n, 1, GO_ON);
    allocated = 0;
    counting = true;
    r = swap_batch(s);
    counting = false;
    ck_assert_int_eq(r, -EPROTO);
    ck_assert_uint_le(allocated, MUCH);
    ck_assert_int_eq(swap_batch(s), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("hotpath");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_answer_allocates_nothing);
    tcase_add_loop_test(tc, no_end_costs_not_much, 0,
                        (int)(sizeof(floods) / sizeof(floods[0])));
    tcase_add_test(tc, many_texts_cost_not_much);
    return run_case("store_redis_hotpath", tc);
}
