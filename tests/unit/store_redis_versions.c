/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis_versions.c - versions, which a caller guesses: they grow, and
 * none is behind Redis' clock.  See redis_script.h. */
#include "../redis_store.h"
#include "../suite.h"

enum { AHEAD_US = 40000 };

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Not even if it was on its way for a while: or a lease would be over for
 * others before its holder thinks. */
START_TEST(none_is_behind_its_change)
{
    for (int i = 0; i < 40; i++) {
        struct mqm_swap s = a_swap("a", 0), *all[] = {&s};
        int64_t from_us;

        ck_assert_int_eq(put("warm"), i ? MQM_LOST : MQM_OK);
        ck_assert_int_eq(kill(server.pid, SIGSTOP), 0);
        ck_assert_int_eq(store->swap_begin(self, all, 1), MQM_OK);
        sleep_ms(i);
        from_us = now_us(); /* it is done after this */
        ck_assert_int_eq(kill(server.pid, SIGCONT), 0);
        ck_assert_int_eq(store->swap_end(self), MQM_OK);
        ck_assert_int_eq(s.result, MQM_OK);
        ck_assert_int_ge((int64_t)s.now.version, from_us - 2);
        ck_assert_int_lt((int64_t)s.now.version, now_us() + AHEAD_US);
        tell("HDEL %s a", bucket);
    }
}
END_TEST

/* Of a cell that two change in turn, each guessing for himself. */
START_TEST(they_grow)
{
    struct mqm_swap s = a_swap("one", 0);
    uint64_t last = 0;
    void *other;

    ck_assert_int_eq(open_with(&other, NULL, NULL), 0);
    for (int i = 0; i < 1000; i++) {
        s.expect = last;
        ck_assert_int_eq(run_on(i % 2 ? other : self, &s), MQM_OK);
        ck_assert_uint_gt(s.now.version, last);
        last = s.now.version;
    }
    store->close(other);
}
END_TEST

/* One that is a little ahead is not followed by its time: 7 bytes less. */
START_TEST(a_little_ahead_is_even)
{
    for (int ahead_ms = 5; ahead_ms < 2000; ahead_ms += 1000) {
        struct mqm_swap s = a_swap("a", 0);
        unsigned char cell[] = "1234567x";
        uint64_t version;
        long long len;

        for (int i = 0; i < 200; i++) {
            version = (uint64_t)(now_us() + 1000 * ahead_ms) & ~(uint64_t)1;
            for (int at = 0; at < 7; at++)
                cell[at] = (unsigned char)(version >> 8 * (6 - at));
            freeReplyObject(redisCommand(raw, "HSET %s a %b", bucket, cell,
                                         sizeof(cell) - 1));
            s.expect = version;
            ck_assert_int_eq(run(&s), MQM_OK);
            ck_assert_uint_gt(s.now.version, version);
            len = tell("HSTRLEN %s a", bucket);
            if (ahead_ms > 1000)
                ck_assert_int_eq(len, 14 + (long long)s.len);
            else if (s.now.version % 2 == 0)
                ck_assert_int_eq(len, 7 + (long long)s.len);
            else
                ck_abort_msg("it is odd");
        }
    }
}
END_TEST

/* A lease is never over early: what another one sees is no older than what it
 * is. */
START_TEST(no_age_is_too_great)
{
    for (int i = 0; i < 200; i++) {
        struct mqm_swap s = a_swap("a", 0), q;
        int64_t before_us = now_us();

        ck_assert_int_eq(run(&s), MQM_OK);
        q = s;
        ck_assert_int_eq(ask(&q), MQM_LOST);
        ck_assert_int_le(q.now.age_ms, (now_us() - before_us) / 1000);
        tell("HDEL %s a", bucket);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("versions");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, none_is_behind_its_change);
    tcase_add_test(tc, they_grow);
    tcase_add_test(tc, a_little_ahead_is_even);
    tcase_add_test(tc, no_age_is_too_great);
    return run_case("store_redis_versions", tc);
}
