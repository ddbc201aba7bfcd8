/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis_forget.c - what the redis store forgets, and what it knows of
 * that: the end of a bucket, and of `keep`, lowered and raised. */
#include "../redis_store.h"

#include <errno.h>

START_TEST(ends_by_its_last_write)
{
    struct mqm_swap a = a_swap("a", 0), b = a_swap("b", 0);

    ck_assert_int_eq(run(&a), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", bucket), 59000);
    tell("PEXPIRE %s 500", bucket); /* time goes by */
    ck_assert_int_eq(run(&b), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", bucket), 59000);
    b.keep_ms = 10; /* takes nothing from the others */
    ck_assert_int_eq(run_again(&b, 0), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", bucket), 58000);
    a.keep_ms = 600000;
    ck_assert_int_eq(run_again(&a, 0), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", bucket), 590000);
}
END_TEST

START_TEST(one_of_the_future_ends_later)
{
    struct mqm_swap a = a_swap("a", 0), b = a_swap("b", 0);
    struct mqm_swap *all[] = {&a, &b};

    a.key.born_ms = case_ms + 3600000;
    ck_assert_int_eq(store->swap(self, all, 2), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", bucket), 59000);
    ck_assert_int_le(tell("PTTL %s", bucket), 61000); /* it alone */
    bucket_of(a.key.born_ms, 100);
    ck_assert_int_gt(tell("PTTL %s", bucket), 3600000 + 50000);
}
END_TEST

START_TEST(what_is_open_outlives_it)
{
    struct mqm_swap a = a_listed("a");
    struct mqm_swap b = a_swap("b", 0);
    int n = 0;

    a.keep_ms = b.keep_ms = 50;
    ck_assert_int_eq(run(&a), MQM_OK);
    ck_assert_int_eq(run(&b), MQM_OK);
    sleep_ms(200);
    ck_assert_int_eq(tell("EXISTS %s", bucket), 0);
    ck_assert_int_eq(store->list(self, SPACE, count, &n), 0);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(ask(&b), MQM_DOUBT);
    a.keep_ms = 60000;
    ck_assert_int_eq(run_again(&a, 0), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", bucket), 59000);
    ck_assert_int_eq(ask(&a), MQM_LOST);
    ck_assert_uint_eq(a.now.len, 5);
}
END_TEST

START_TEST(late_arrivals)
{
    struct mqm_swap a = a_swap("a", 0), b = a_swap("b", 0);

    a.key.born_ms = b.key.born_ms = case_ms - 86400000;
    bucket_of(a.key.born_ms, 100);
    a.keep_ms = 40;
    ck_assert_int_eq(run(&a), MQM_OK);
    sleep_ms(150);
    ck_assert_int_eq(tell("EXISTS %s", bucket), 0);
    ck_assert_int_eq(run(&b), MQM_DOUBT);
    b.flags = MQM_SWAP_ANYWAY;
    ck_assert_int_eq(run(&b), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", bucket), 59000);
    ck_assert_int_eq(ask(&a), MQM_DOUBT); /* a bucket that is there again */
    ck_assert_int_eq(ask(&b), MQM_LOST);
}
END_TEST

/* A producer's clock that is years ahead, or has lost its mind. */
START_TEST(far_in_the_future)
{
    const int64_t borns[] = {now_ms() + 94608000000, 4102444800000000,
                             INT64_MAX};

    static const char *const ids[] = {"years", "ages", "never"};

    for (size_t i = 0; i < sizeof(borns) / sizeof(borns[0]); i++) {
        struct mqm_swap s = a_swap(ids[i], 0);

        s.key.born_ms = borns[i];
        ck_assert_msg(run(&s) == MQM_OK, "%zu: %s", i, fake_failure);
        s.expect = 0;
        ck_assert_int_eq(run(&s), MQM_LOST);
        ck_assert_int_eq(run_again(&s, MQM_SWAP_LISTED), MQM_OK);
        ck_assert_int_eq(run_again(&s, 0), MQM_OK);
    }
    ck_assert_int_eq(put("now"), MQM_OK); /* the others are as they were */
    ck_assert_int_eq(memory_from(), 0);
}
END_TEST

/* One of unknown birth, too: for as long as its last write says. */
START_TEST(without_a_time_by_the_last_write)
{
    struct mqm_swap a = a_swap("a", 0), b = a_swap("b", 0);
    const char *key = "mqm:c:" SPACE ":a";

    a.key.born_ms = b.key.born_ms = 0;
    ck_assert_int_eq(run(&a), MQM_OK);
    a.keep_ms = 3600000;
    ck_assert_int_eq(run_again(&a, 0), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", key), 3590000);
    a.keep_ms = 1500;
    ck_assert_int_eq(run_again(&a, 0), MQM_OK);
    ck_assert_int_eq(run(&b), MQM_OK); /* none can have been forgotten */
    sleep_ms(1600);
    ck_assert_int_eq(tell("EXISTS %s", key), 0);
    ck_assert_int_eq(ask(&a), MQM_DOUBT);
    ck_assert_int_eq(ask(&b), MQM_LOST);
    b.key.id = "new";
    b.key.id_len = 3;
    b.expect = 0;
    ck_assert_int_eq(run(&b), MQM_DOUBT); /* it could be an old one */
    b.flags = MQM_SWAP_ANYWAY;
    ck_assert_int_eq(run(&b), MQM_OK);
}
END_TEST

/* Parked, owed, held: with everything else gone and the server restarted. */
START_TEST(what_is_open_never_ends)
{
    struct mqm_swap a = a_listed("a"), b = a_listed("b");
    int n = 0;

    b.key.born_ms = 0;
    a.keep_ms = b.keep_ms = 1;
    ck_assert_int_eq(run(&a), MQM_OK);
    ck_assert_int_eq(run(&b), MQM_OK);
    ck_assert_int_eq(run_again(&a, MQM_SWAP_LISTED), MQM_OK);
    sleep_ms(100);
    tell("SAVE");
    redis_server_kill(&server);
    ck_assert(redis_server_again(&server));
    redisFree(raw);
    dial();
    ck_assert_int_eq(reopen(), 0);
    ck_assert_int_eq(tell("PTTL " OPEN_KEY), -1);
    ck_assert_int_eq(store->list(self, SPACE, count, &n), 0);
    ck_assert_int_eq(n, 2);
    ck_assert_int_eq(ask(&a), MQM_LOST); /* not in doubt: it is there */
    ck_assert_int_eq(ask(&b), MQM_LOST);
}
END_TEST

/* A message of that age, of which there is no record. */
static int unknown_of(int64_t born_ms)
{
    static int n;
    char id[16];
    struct mqm_swap s;

    snprintf(id, sizeof(id), "?%d", n++);
    s = a_swap(id, MQM_ASK);
    s.key.born_ms = born_ms;
    return run(&s);
}

/* One born just now.  A busy machine may let it grow older than what is kept
 * the shortest, and then it is in doubt: another one then. */
static int put_for(const char *id, int64_t keep_ms)
{
    int r = MQM_DOUBT;

    for (int i = 0; i < 5 && r == MQM_DOUBT; i++) {
        struct mqm_swap s = a_swap(id, 0);

        s.key.born_ms = now_ms();
        s.keep_ms = keep_ms;
        r = run(&s);
    }
    return r;
}

START_TEST(keep_is_lowered)
{
    ck_assert_int_eq(put_for("a", 60000), MQM_OK);
    ck_assert_int_eq(memory_from(), 0);
    ck_assert_int_eq(unknown_of(case_ms - 5000), MQM_LOST);
    ck_assert_int_eq(put_for("b", 40), MQM_OK);
    sleep_ms(60);
    ck_assert_int_gt(memory_from(), case_ms - 5000);
    ck_assert_int_eq(unknown_of(case_ms - 5000), MQM_DOUBT);
    ck_assert_int_eq(unknown_of(now_ms() + 1000), MQM_LOST);
}
END_TEST

/* What was kept shorter is in doubt for ever; what comes after that is not, as
 * soon as it is old. */
START_TEST(keep_is_raised)
{
    int64_t raised_ms, from;

    ck_assert_int_eq(put_for("short", 40), MQM_OK);
    sleep_ms(150);
    ck_assert_int_eq(put_for("long", 60000), MQM_OK);
    raised_ms = now_ms();
    from = memory_from();
    ck_assert_int_gt(from, case_ms);
    ck_assert_int_le(from, raised_ms);
    sleep_ms(200);
    ck_assert_int_eq(memory_from(), from); /* no more with the clock */
    ck_assert_int_eq(unknown_of(case_ms), MQM_DOUBT);
    ck_assert_int_eq(unknown_of(raised_ms), MQM_LOST);
    ck_assert_int_eq(put_for("short", 60000), MQM_OK); /* a new one */
    ck_assert_int_eq(put_for("again", 40), MQM_OK);    /* lowered again */
    sleep_ms(100);
    ck_assert_int_gt(memory_from(), from);
    ck_assert_int_eq(unknown_of(raised_ms), MQM_DOUBT);
}
END_TEST

/* Not while some still write with the shorter one, and not by more than the
 * shortest of the others. */
START_TEST(keep_is_raised_here_and_there)
{
    int64_t middle_ms;

    ck_assert_int_eq(put_for("a", 40), MQM_OK);
    ck_assert_int_eq(put_for("b", 400), MQM_OK);
    ck_assert_int_eq(put_for("c", 60000), MQM_OK);
    for (int i = 0; i < 5; i++) {
        char id[8];

        sleep_ms(30);
        snprintf(id, sizeof(id), "a%d", i);
        ck_assert_int_eq(put_for(id, 40), MQM_OK);
        snprintf(id, sizeof(id), "c%d", i);
        ck_assert_int_eq(put_for(id, 60000), MQM_OK);
    }
    sleep_ms(100);
    ck_assert_int_eq(put_for("d", 400), MQM_OK);
    middle_ms = now_ms();
    ck_assert_int_eq(put_for("e", 60000), MQM_OK);
    sleep_ms(700); /* d is gone */
    ck_assert_int_eq(unknown_of(middle_ms - 1), MQM_DOUBT);
    ck_assert_int_eq(put_for("f", 60000), MQM_OK);
    sleep_ms(50);
    ck_assert_int_eq(unknown_of(middle_ms - 1), MQM_DOUBT);
    middle_ms = now_ms();
    sleep_ms(600);
    ck_assert_int_eq(unknown_of(middle_ms), MQM_LOST);
}
END_TEST

/* One of the future lives as long as it is to be kept after its birth, so its
 * end is not known before. */
START_TEST(keep_is_raised_and_one_is_of_the_future)
{
    struct mqm_swap s = a_swap("future", 0);

    s.key.born_ms = now_ms() + 1500;
    s.keep_ms = 40;
    ck_assert_int_eq(run(&s), MQM_OK);
    ck_assert_int_eq(put_for("short", 40), MQM_OK);
    sleep_ms(150);
    ck_assert_int_eq(put_for("long", 60000), MQM_OK);
    sleep_ms(1700); /* it is gone, too */
    ck_assert_int_eq(put_for("longer", 60000), MQM_OK);
    ck_assert_int_eq(ask(&s), MQM_DOUBT);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("forget");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, ends_by_its_last_write);
    tcase_add_test(tc, one_of_the_future_ends_later);
    tcase_add_test(tc, what_is_open_outlives_it);
    tcase_add_test(tc, late_arrivals);
    tcase_add_test(tc, far_in_the_future);
    tcase_add_test(tc, without_a_time_by_the_last_write);
    tcase_add_test(tc, what_is_open_never_ends);
    tcase_add_test(tc, keep_is_lowered);
    tcase_add_test(tc, keep_is_raised);
    tcase_add_test(tc, keep_is_raised_here_and_there);
    tcase_add_test(tc, keep_is_raised_and_one_is_of_the_future);
    return run_case("store_redis_forget", tc);
}
