/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis_bound.c - a Redis that went back in time, and one of its users is
 * dead, while all of them lag: what was born later than that one had come to is
 * new, and only the little before it is in doubt. */
#include "../../lib/stores/redis_bound.h"
#include "../redis_restore.h"
#include "../suite.h"

#include <pthread.h>

enum { LAG = 100000, STEP = 250, DOUBTS_MAX = 20000 };

static int64_t begin_ms; /* of the lag: a message for each ms */

static void setup_hasty(void)
{
    setup_two("1500", "8192");
    begin_ms = case_ms - 2 * LAG;
}

static struct mqm_swap born(const char *id, int64_t born_ms)
{
    struct mqm_swap s = a_swap(id, 0);

    s.key.born_ms = born_ms;
    return s;
}

static int claim(void *who, int64_t born_ms)
{
    static char id[32];
    struct mqm_swap s;

    snprintf(id, sizeof(id), "lag%lld", (long long)(born_ms - begin_ms));
    s = born(id, born_ms);
    return run_on(who, &s);
}

/* "last bound" of the one that wrote last; 0: it has none. */
static long long bound_of_last(void)
{
    redisReply *r = redisCommand(raw, "HVALS mqm:clients");
    long long seen, last, bound, most = 0, found = 0;

    for (size_t i = 0; i < r->elements; i++) {
        bound = 0;
        ck_assert_int_ge(sscanf(r->element[i]->str, "%lld %lld %lld", &seen,
                                &last, &bound), 2);
        if (seen >= most && bound)
            found = bound;
        if (seen > most)
            most = seen;
    }
    freeReplyObject(r);
    return found;
}

/* Claim one after the other at some pace, until all of it is under a bound.
 * The birth of the last one. */
static int64_t lag_along(void *who)
{
    int64_t at_ms = begin_ms, until_ms = 0;

    for (int i = 0; i < 3000; i++) {
        ck_assert_int_eq(claim(who, at_ms += 10), MQM_OK);
        sleep_ms(10);
        if (!until_ms && bound_of_last())
            until_ms = now_ms() + 5000; /* and in force, and one after it */
        if (until_ms && now_ms() > until_ms)
            return at_ms;
    }
    ck_abort_msg("it never had a bound");
    return 0;
}

/* How many are in doubt of those that nobody has come to. */
static int doubts(int64_t from_ms)
{
    static struct mqm_swap s[STEP];
    static char ids[STEP][16];
    struct mqm_swap *all[STEP];
    int n = 0;

    for (int i = 0; i < LAG; i += STEP) {
        for (int j = 0; j < STEP; j++) {
            snprintf(ids[j], sizeof(ids[j]), "new%d", i + j);
            s[j] = a_swap(ids[j], MQM_ASK);
            s[j].key.born_ms = from_ms + i + j;
            all[j] = &s[j];
        }
        ck_assert_int_eq(store->swap(self, all, STEP), MQM_OK);
        for (int j = 0; j < STEP; j++)
            n += s[j].result == MQM_DOUBT;
    }
    return n;
}

START_TEST(of_a_lag_little_is_in_doubt)
{
    int64_t at_ms = lag_along(other);
    struct mqm_swap lost;
    int n;

    ck_assert_int_eq(claim(self, at_ms), MQM_LOST);
    remember_files();
    ck_assert_int_eq(claim(other, at_ms + 7), MQM_OK); /* then it dies */
    lose();
    ck_assert_int_eq(is_back(self), 0);
    settle_alone();
    ck_assert_msg(strstr(fake_log, "1 of those"), "%s", fake_log);
    lost = born("lag of another name", at_ms + 7);
    lost.expect = MQM_ASK;
    ck_assert_int_eq(run(&lost), MQM_DOUBT);
    ck_assert_int_gt(memory_from(), at_ms + 7);
    ck_assert_int_lt(memory_from(), begin_ms + LAG);
    n = doubts(at_ms + 8);
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, DOUBTS_MAX);
    fprintf(stderr, "%d of %d are in doubt\n", n, LAG);
    ck_assert_int_eq(reopen(), 0); /* whoever comes next knows it, too */
    ck_assert_int_eq(doubts(at_ms + 8), n);
}
END_TEST

/* Nobody who may have written something later is without one. */
START_TEST(one_without_a_bound_counts)
{
    struct mqm_swap x = born("at the head", case_ms);
    int64_t at_ms;
    void *third;

    ck_assert_int_eq(open_patient(&third, "1500", "8192"), 0);
    at_ms = lag_along(other);
    ck_assert_int_eq(run_on(third, &x), MQM_OK);
    remember_files();
    lose();
    settle_alone();
    ck_assert_int_ge(memory_from(), case_ms);
    ck_assert_int_eq(doubts(at_ms + 1), LAG);
    store->close(third);
}
END_TEST

static void *claim_it(void *born_ms)
{
    return claim(other, *(int64_t *)born_ms) == MQM_OK ? other : NULL;
}

/* What is born later than that waits until it may be: until what Redis cannot
 * lose any more says so. */
START_TEST(a_jump_waits_for_another_bound)
{
    int64_t began_ms, bound_ms, far_ms;
    pthread_t thread;
    void *done;

    lag_along(other);
    bound_ms = bound_of_last();
    ck_assert_int_gt(bound_ms, 0);
    if (_i)
        sleep_ms(10500); /* it has to register anew in any case */
    far_ms = bound_ms + 60000;
    began_ms = now_ms();
    ck_assert_int_eq(pthread_create(&thread, NULL, claim_it, &far_ms), 0);
    sleep_ms(1000);
    ck_assert_msg(now_ms() - began_ms > 1900 || bound_of_last() == 0 ||
                      bound_of_last() >= far_ms,
                  "it waits in vain");
    pthread_join(thread, &done);
    ck_assert_ptr_nonnull(done);
    ck_assert_int_ge(now_ms() - began_ms, 1900);
    remember_files(); /* now it says that it may have */
    lose();
    settle_alone();
    ck_assert_int_gt(memory_from(), far_ms);
}
END_TEST

/* ------------------------------- the numbers ----------------------------- */

static struct redis_bound b;

static void answered(int64_t bound_ms, int waits)
{
    mqm__bound_sent(&b, bound_ms);
    mqm__bound_answered(&b, waits);
}

static int64_t after(int64_t first_ms, int64_t step_ms)
{
    int64_t bound_ms = 0;

    for (int i = 0; i < MQM__BOUND_SEEN; i++) {
        mqm__bound_saw(&b, first_ms + i * step_ms);
        mqm__bound_saw(&b, first_ms - 1000);
        bound_ms = mqm__bound_next(&b, 1000000);
        if (i + 1 < MQM__BOUND_SEEN)
            ck_assert_int_eq(bound_ms, MQM__BOUND_NONE);
    }
    return bound_ms;
}

START_TEST(it_follows_the_pace)
{
    memset(&b, 0, sizeof(b));
    ck_assert_int_eq(after(100000, 100), 100700 + 700 * 3 / 2 + 1000);
    memset(&b, 0, sizeof(b));
    ck_assert_int_eq(after(999000, 100), MQM__BOUND_NONE); /* no lag */
    memset(&b, 0, sizeof(b));
    mqm__bound_miss(&b);
    after(100000, 100);
    for (int i = 0; i < 75 - MQM__BOUND_SEEN; i++) {
        mqm__bound_saw(&b, 100000 + i);
        ck_assert_int_eq(mqm__bound_next(&b, 1000000), MQM__BOUND_NONE);
    }
    mqm__bound_saw(&b, 100000);
    ck_assert_int_ne(mqm__bound_next(&b, 1000000), MQM__BOUND_NONE);
    for (int i = 0; i < MQM__BOUND_SEEN; i++) /* idle: what comes may be new */
        mqm__bound_next(&b, 1000000);
    ck_assert_int_eq(mqm__bound_next(&b, 1000000), MQM__BOUND_NONE);
}
END_TEST

START_TEST(a_lower_one_counts_at_once_a_higher_one_later)
{
    memset(&b, 0, sizeof(b));
    answered(500, 0);
    mqm__bound_in_force(&b);
    ck_assert_int_eq(b.now_ms, 500);
    answered(900, 0);
    ck_assert_int_eq(b.now_ms, 500);
    mqm__bound_sent(&b, 300); /* while the other one waits */
    ck_assert_int_eq(b.now_ms, 300);
    ck_assert_int_eq(b.next_ms, 300);
    mqm__bound_answered(&b, 1);
    mqm__bound_in_force(&b);
    ck_assert_int_eq(b.now_ms, 300);
    mqm__bound_sent(&b, 800);
    mqm__bound_sent(&b, 400);
    mqm__bound_sent(&b, 700);
    mqm__bound_answered(&b, 0); /* of the first of three on their way */
    mqm__bound_in_force(&b);
    ck_assert_int_eq(b.now_ms, 400);
    mqm__bound_lost(&b);
    answered(MQM__BOUND_NONE, 0);
    ck_assert_int_eq(b.now_ms, 400);
    mqm__bound_in_force(&b);
    ck_assert(b.now_ms == MQM__BOUND_NONE);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("bound"), *numbers = tcase_create("numbers");
    Suite *suite = suite_create("store_redis_bound");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup_hasty, teardown_two);
    tcase_add_test(tc, of_a_lag_little_is_in_doubt);
    tcase_add_test(tc, one_without_a_bound_counts);
    tcase_add_loop_test(tc, a_jump_waits_for_another_bound, 0, 2);
    tcase_add_test(numbers, it_follows_the_pace);
    tcase_add_test(numbers, a_lower_one_counts_at_once_a_higher_one_later);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, numbers);
    return run_all(suite);
}
