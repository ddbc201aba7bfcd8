/* SPDX-License-Identifier: MIT */
/* store_redis_wire.c - a connection to Redis that is cut, slow, silent or away:
 * a call ends at its limit, and one that is away is not asked all the time. */
#include "../fake_redis_store.h"

#include <errno.h>

enum { PATIENCE_MS = 20000, LIMIT_MS = 300, TRIES = 5 };

static void setup_open(void)
{
    setup();
    ck_assert_int_eq(open_fake(), 0);
}

static void healthy(void)
{
    fake_redis_plays(&fake, ON_SWAP, NULL, 0, 0, GO_ON);
}

/* One that is lost, with its cell. */
static const char whole[] = "*3\r\n$16\r\n1900000000000000\r\n:1\r\n"
                            "$12\r\n\1\1\1\1\1\1\2value\r\n";

START_TEST(cut_anywhere)
{
    for (size_t i = 0; i < sizeof(whole) - 1; i++) {
        fake_redis_plays(&fake, ON_SWAP, whole, i, 1, HANG_UP);
        ck_assert_int_lt(put("a"), 0);
        ck_assert(strstr(fake_failure, "unknown"));
        healthy();
        ck_assert_int_eq(put("a"), MQM_OK); /* connected anew, at once */
    }
    plays(ON_SWAP, whole, 1, HANG_UP);
    ck_assert_int_eq(put("a"), MQM_LOST);
}
END_TEST

static void open_hasty(void)
{
    store->close(self);
    self = NULL;
    limit_ms = "300";
    for (int i = 0; i < TRIES && !self; i++)
        (void)open_fake();
    ck_assert_ptr_nonnull(self);
}

/* What comes of the call after a silence from that place on. */
static int after_silence(size_t at)
{
    int64_t t0 = now_ms();

    fake_redis_plays(&fake, ON_SWAP, whole, at, 1, GO_SILENT);
    ck_assert_int_eq(put("a"), -ETIMEDOUT);
    ck_assert_int_lt(now_ms() - t0, LIMIT_MS + PATIENCE_MS);
    ck_assert(strstr(fake_failure, "no answer within 300 ms"));
    healthy();
    return put("a");
}

/* At once it works again, if the machine does not take all of its time. */
START_TEST(silent_anywhere)
{
    open_hasty();
    for (size_t i = 0; i < sizeof(whole) - 1; i += 7) {
        int r = after_silence(i);

        for (int k = 1; k < TRIES && (r == -ETIMEDOUT || r == -EAGAIN); k++) {
            while (put("a") < 0)
                sleep_ms(5);
            r = after_silence(i);
        }
        ck_assert_int_eq(r, MQM_OK);
    }
}
END_TEST

/* Each byte comes in time, and all of them do not. */
START_TEST(a_drip_does_not_prolong)
{
    static char error[4096];
    int64_t t0;

    open_hasty();
    memset(error, 'x', sizeof(error));
    error[0] = '-';
    fake.piece = 1;
    fake.pause_ms = 15; /* a minute */
    fake_redis_plays(&fake, ON_SWAP, error, sizeof(error), 1, GO_ON);
    t0 = now_ms();
    ck_assert_int_eq(put("a"), -ETIMEDOUT);
    ck_assert_int_lt(now_ms() - t0, LIMIT_MS + PATIENCE_MS);
}
END_TEST

START_TEST(slow_is_no_error)
{
    fake.piece = 1;
    fake.pause_ms = 1;
    plays(ON_SWAP, whole, -1, GO_ON);
    for (int i = 0; i < 10; i++) {
        struct mqm_swap s = a_swap("a", 0);

        ck_assert_int_eq(run(&s), MQM_LOST);
        ck_assert_uint_eq(s.now.len, 5);
    }
}
END_TEST

/* Ask for so long, and until it was tried twice; how often it was said that it
 * is not even tried. */
static int ask_for(int64_t ms, int before)
{
    int64_t end = now_ms() + ms;
    int untried = 0;

    while (now_ms() < end || (now_ms() < end + PATIENCE_MS &&
                              (untried <= 5 ||
                               fake_redis_connects(&fake) < before + 2))) {
        int r = put("a");

        ck_assert_int_lt(r, 0);
        untried += strstr(fake_failure, "out of reach") != NULL;
        sleep_ms(1);
    }
    return untried;
}

static void goes_away(void)
{
    plays(ON_SWAP, "", 1, HANG_UP);
    ck_assert_int_lt(put("a"), 0);
    plays(ON_LOAD, "-LOADING it is starting\r\n", -1, HANG_UP);
}

/* How long the pauses after the first tries are, by the first word that is said
 * of each; 0: on a busy machine it was over before a word was. */
static void pauses(long *ms, int n)
{
    int64_t end = now_ms() + PATIENCE_MS;
    int before, tried = 0;

    memset(ms, 0, sizeof(*ms) * (size_t)n);
    before = fake_redis_connects(&fake);
    goes_away();
    while (ms[n - 1] == 0 && tried <= n && now_ms() < end) {
        const char *in;

        put("a");
        in = strstr(fake_failure, "connect is in ");
        tried = fake_redis_connects(&fake) - before;
        if (in && tried > 0 && tried <= n && ms[tried - 1] == 0)
            ms[tried - 1] = strtol(in + 14, NULL, 10);
        sleep_ms(1);
    }
    ck_assert_int_ge(tried, n);
}

/* The pauses are half to one and a half of 50, 100, ... 2000 ms. */
START_TEST(is_left_alone_more_and_more)
{
    long pause;
    int before = fake_redis_connects(&fake);
    int64_t t0 = now_ms();
    int tries;

    goes_away();
    ck_assert_int_gt(ask_for(1500, before), 5);
    tries = fake_redis_connects(&fake) - before;
    ck_assert_int_ge(tries, 2);
    /* 0 + 25 + 50 + 100 + ... + 800, then 1000 each */
    ck_assert_int_le(tries, 8 + (int)((now_ms() - t0) / 1000));
    ck_assert(strstr(fake_failure, "it is starting")); /* also meanwhile */
    healthy();
    t0 = now_ms();
    while (put("b") < 0 && now_ms() < t0 + PATIENCE_MS)
        sleep_ms(5);
    ck_assert_int_eq(put("c"), MQM_OK);

    /* The next time it begins with a short pause. */
    pauses(&pause, 1);
    ck_assert_int_le(pause, 75);
}
END_TEST

START_TEST(not_all_at_the_same_time)
{
    enum { PAUSES = 4 };
    long ms[2][PAUSES];
    int differ = 0;

    for (int k = 0; k < 2; k++) {
        pauses(ms[k], PAUSES);
        store->close(self);
        self = NULL;
        healthy();
        ck_assert_int_eq(open_fake(), 0);
    }
    for (int i = 0; i < PAUSES; i++) {
        differ += labs(ms[0][i] - ms[1][i]) > 5;
        ck_assert_int_le(ms[0][i], (50 << i) * 3 / 2);
    }
    ck_assert_int_gt(differ, 0);
}
END_TEST

/* None is open, and none is made: calls fail at once, in words. */
START_TEST(nobody_listens)
{
    int dead = fake.port;

    store->close(self);
    self = NULL;
    fake_redis_end(&fake);
    fake.port = dead;
    ck_assert_int_eq(open_fake(), -ECONNREFUSED);
    ck_assert(strstr(fake_failure, "cannot connect"));
    ck_assert(fake_redis_start(&fake));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("wire");

    tcase_add_checked_fixture(tc, setup_open, teardown);
    tcase_add_test(tc, cut_anywhere);
    tcase_add_test(tc, silent_anywhere);
    tcase_add_test(tc, a_drip_does_not_prolong);
    tcase_add_test(tc, slow_is_no_error);
    tcase_add_test(tc, is_left_alone_more_and_more);
    tcase_add_test(tc, not_all_at_the_same_time);
    tcase_add_test(tc, nobody_listens);
    return run_case("store_redis_wire", tc);
}
