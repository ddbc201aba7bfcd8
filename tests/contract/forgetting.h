/* SPDX-License-Identifier: MIT */
/* forgetting.h - what is old is forgotten, and that it may have been is
 * said. */
#ifndef MQM_CONTRACT_FORGETTING_H
#define MQM_CONTRACT_FORGETTING_H

#include "place.h"

START_TEST(forgets_and_says_so)
{
    struct mqm_swap s, keep;
    int64_t born = now_ms() - 5000;
    uint64_t v;

    begin(&places[_i]);
    ck_assert_int_eq(memory_from("shop/issuer/rewards", 0), 0);
    keep = a_swap("keep", 0, "b");
    keep.key.born_ms = born - 10000; /* it may be forgotten with its like */
    keep.keep_ms = 60000;
    ck_assert_int_eq(run(self, &keep), MQM_OK);
    s = a_swap("fresh", 0, "a");
    s.key.born_ms = born;
    s.keep_ms = 500;
    ck_assert_int_eq(run(self, &s), MQM_OK); /* old, but none was forgotten */
    v = s.now.version;
    sleep_ms(700);
    /* A little at a time: on a busy machine one tick may not get far. */
    for (int i = 0; i < 50 && memory_from("shop/issuer/rewards", 0) <= born;
         i++) {
        ck_assert_int_eq(store->tick(self), 0);
        sleep_ms(i ? 100 : 0);
    }
    ck_assert_int_gt(memory_from("shop/issuer/rewards", 0), born);
    ck_assert_int_le(memory_from("shop/issuer/rewards", 0), now_ms());

    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    ck_assert_uint_eq(s.now.version, 0);
    s.expect = MQM_ASK;
    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    s.expect = v;
    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    ck_assert_int_eq(run(self, &keep), MQM_LOST); /* not where a cell is */
    s.expect = 0;
    s.flags = MQM_SWAP_ANYWAY;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    ck_assert_uint_gt(s.now.version, v);
    case_ms = now_ms();
    put("later", 0, "c"); /* born now: cannot have been forgotten */
    end();
}
END_TEST

START_TEST(a_write_begins_keep_anew)
{
    struct mqm_swap s;

    begin(&places[_i]);
    s = a_swap("one", 0, "a");
    s.keep_ms = 3000;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    for (int i = 0; i < 4; i++) {
        sleep_ms(900);
        ck_assert_int_eq(store->tick(self), 0);
        s.expect = s.now.version;
        ck_assert_int_eq(run(self, &s), MQM_OK);
    }
    end();
}
END_TEST

/* What comes of it when it is forgotten, in the end. */
static int run_until_forgotten(struct mqm_swap *s)
{
    int r;

    for (int i = 0; (r = run(self, s)) == MQM_LOST && i < 50; i++) {
        sleep_ms(100);
        ck_assert_int_eq(store->tick(self), 0);
    }
    return r;
}

START_TEST(unlisted_begins_to_expire)
{
    struct mqm_swap s;

    begin(&places[_i]);
    s = a_swap("one", 0, "a");
    s.flags = MQM_SWAP_LISTED;
    s.keep_ms = 50;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    sleep_ms(100);
    store->tick(self);
    s.expect = s.now.version;
    s.flags = 0;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    s.expect = 0;
    ck_assert_int_eq(run_until_forgotten(&s), MQM_DOUBT);
    end();
}
END_TEST

START_TEST(forgets_the_unborn)
{
    struct mqm_swap s;

    begin(&places[_i]);
    s = a_swap("one", 0, "a");
    s.key.born_ms = 0;
    s.keep_ms = 40;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    s.expect = MQM_ASK;
    ck_assert_int_eq(run_until_forgotten(&s), MQM_DOUBT);
    s = a_swap("two", 0, "a");
    s.key.born_ms = 0;
    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    s.flags = MQM_SWAP_ANYWAY;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    end();
}
END_TEST

START_TEST(memory_only_grows)
{
    struct mqm_swap s;
    int64_t at = now_ms() - 1000;

    begin(&places[_i]);
    ck_assert_int_eq(memory_from("shop/issuer/rewards", at), at);
    ck_assert_int_eq(memory_from("shop/issuer/rewards", at - 10), at);
    ck_assert_int_eq(memory_from("shop/issuer/rewards", 0), at);
    ck_assert_int_eq(memory_from("shop/issuer/other", 0), 0);
    s = a_swap("one", 0, "a");
    s.key.born_ms = at - 1;
    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    s.key.born_ms = at;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    end();
}
END_TEST

START_TEST(a_born_of_the_future_is_no_flaw)
{
    struct mqm_swap s, one;

    begin(&places[_i]);
    one = a_swap("one", 0, "a");
    one.key.born_ms = now_ms() + 3600000;
    one.keep_ms = 20;
    ck_assert_int_eq(run(self, &one), MQM_OK);
    s = a_swap("two", 0, "a");
    s.key.born_ms = INT64_MAX;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    s = a_swap("three", 0, "a");
    s.keep_ms = INT64_MAX;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    sleep_ms(60);
    store->tick(self);
    one.expect = MQM_ASK;
    ck_assert_int_eq(run(self, &one), MQM_LOST); /* not before its time */
    ck_assert_uint_gt(one.now.version, 0);
    ck_assert_int_le(memory_from("shop/issuer/rewards", 0), now_ms());
    case_ms = now_ms();
    put("four", 0, "x");
    end();
}
END_TEST

#endif
