/* SPDX-License-Identifier: MIT */
/* sight.c - the copy coverage: which copies count as the first of their message
 * and which as the second, by what order they come in.
 */
#include "guard.h"

static const char *old_id, *new_id_; /* one of each side's, by the cut */

static void open_half(void)
{
    how.flags = MQM_NO_KEEPER;
    open_with(switched("50%", ", \"lease_ms\": 1000, \"handler_ms\": 500, "
                              "\"pause_ms\": 0, \"allow\": []"));
    old_id = new_id_ = NULL;
    while (!old_id || !new_id_) {
        const char *id = new_id();

        if (strcmp(look_at(m, id).route, "kafka") == 0)
            old_id = id;
        else
            new_id_ = id;
    }
}

static int copy(const char *side, const char *id, const char *origin)
{
    struct mqm_claim c = claim(side, id);
    int r;

    c.msg.origin = origin;
    r = mqm_acquire(m, &c);
    if (r == MQM_OK)
        ck_assert_int_eq(mqm_release_on_success(m, &c), MQM_OK);
    return r;
}

static void expect(uint64_t first, uint64_t second)
{
    struct mqm_stats s = MQM_STATS_INIT;

    ck_assert_int_eq(mqm_read_stats(m, &s), 0);
    ck_assert_msg(s.seen_first == first && s.seen_second == second,
                  "first %d, second %d", (int)s.seen_first,
                  (int)s.seen_second);
    ck_assert_uint_eq(s.lately_first, first);
    ck_assert_uint_eq(s.lately_second, second);
}

START_TEST(test_owner_first)
{
    ck_assert_int_eq(copy("kafka", old_id, "kafka:a/0/1"), MQM_OK);
    expect(1, 0);
    ck_assert_int_eq(copy("rocketmq", old_id, "rocketmq:a/0/1"), MQM_SKIP);
    expect(1, 1);
    ck_assert_int_eq(copy("rocketmq", new_id_, "rocketmq:a/0/2"), MQM_OK);
    ck_assert_int_eq(copy("kafka", new_id_, "kafka:a/0/2"), MQM_SKIP);
    expect(2, 2);
}
END_TEST

START_TEST(test_other_first)
{
    ck_assert_int_eq(copy("rocketmq", old_id, "rocketmq:a/0/1"), MQM_SKIP);
    expect(1, 0);
    ck_assert_int_eq(copy("kafka", old_id, "kafka:a/0/1"), MQM_OK);
    expect(1, 1);
}
END_TEST

START_TEST(test_without_origins)
{
    copy("rocketmq", old_id, NULL);
    copy("kafka", old_id, NULL);
    copy("rocketmq", new_id_, NULL);
    copy("kafka", new_id_, NULL);
    expect(2, 2);
}
END_TEST

/* The broker delivers again: none of it is a second side. */
START_TEST(test_again_from_the_same_side)
{
    copy("kafka", old_id, "kafka:a/0/1");
    ck_assert_int_eq(copy("kafka", old_id, "kafka:a/0/1"), MQM_SKIP);
    copy("kafka", new_id_, "kafka:a/0/2");
    ck_assert_int_eq(copy("kafka", new_id_, "kafka:a/0/2"), MQM_SKIP);
    ck_assert_int_eq(copy("kafka", new_id_, "kafka:retry/0/9"), MQM_SKIP);
    expect(2, 0);
}
END_TEST

/* A copy that is worked on, and tried again, and met by the other one. */
START_TEST(test_tries_count_once)
{
    struct mqm_claim c = claim("kafka", old_id), d = c;

    copy("rocketmq", old_id, "rocketmq:a/0/1");
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    expect(1, 1);
    ck_assert_int_eq(mqm_acquire(m, &d), MQM_LATER);
    ck_assert_int_eq(mqm_release_on_failure(m, &c), MQM_OK);
    d = claim("kafka", old_id);
    ck_assert_int_eq(mqm_acquire(m, &d), MQM_OK);
    expect(1, 1);
}
END_TEST

START_TEST(test_handed_back)
{
    struct mqm_claim c = claim("kafka", old_id);

    c.msg.origin = "kafka:a/0/1";
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    ck_assert_int_eq(mqm_hand_back(m, &c), MQM_OK);
    ck_assert_int_eq(copy("kafka", old_id, "kafka:a/0/1"), MQM_OK);
    expect(1, 0);
}
END_TEST

/* A question that lets the copy go counts; one that is followed does not. */
START_TEST(test_looks)
{
    struct mqm_msg theirs = message("rocketmq", old_id);
    struct mqm_msg ours = message("kafka", old_id);

    ck_assert_int_eq(mqm_should_consume(m, &theirs), 0);
    expect(1, 0);
    ck_assert_int_eq(mqm_should_consume(m, &ours), 1);
    expect(1, 0);
    ck_assert_int_eq(copy("kafka", old_id, NULL), MQM_OK);
    expect(1, 1);
    look_at(m, old_id);
    expect(1, 1);
}
END_TEST

START_TEST(test_not_counted)
{
    struct mqm_claim c = claim("kafka", NULL), p = claim("kafka", old_id);

    c.msg.origin = "kafka:a/0/7";
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK); /* no id */
    p.flags = MQM_FROM_PARKING;
    ck_assert_int_eq(mqm_acquire(m, &p), MQM_DOUBT);
    expect(0, 0);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("sight");

    tcase_add_checked_fixture(t, open_half, close_it);
    tcase_add_test(t, test_owner_first);
    tcase_add_test(t, test_other_first);
    tcase_add_test(t, test_without_origins);
    tcase_add_test(t, test_again_from_the_same_side);
    tcase_add_test(t, test_tries_count_once);
    tcase_add_test(t, test_handed_back);
    tcase_add_test(t, test_looks);
    tcase_add_test(t, test_not_counted);
    return run_case("sight", t);
}
