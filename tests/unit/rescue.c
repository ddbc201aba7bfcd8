/* SPDX-License-Identifier: MIT */
/* rescue.c - what reached one broker only comes to the side that owes it, on
 * brokers in this process; and what is left alone, with its reason. */
#include "rescues.h"

START_TEST(test_rule_12_what_one_broker_has_comes_to_the_other)
{
    const char *id;

    open_lost("");
    snprintf(l->trace, sizeof(l->trace), "abc");
    id = lose();
    l->trace[0] = '\0';
    ck_assert_int_eq(rescue(0), 0); /* too young */
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(MQM_RESCUE_DRY), 1);
    assert_fate(MQM_RESCUE_DUE, "kafka", "would be");
    poll_both();
    ck_assert_int_eq(handled, 0);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUED, "kafka", "sent");
    ck_assert_str_eq(last.owes, "rocketmq");
    ck_assert_str_eq(last.id, id);
    ck_assert_msg(strstr(audited, "rescue\n") != NULL, "%s", audited);
    ck_assert_int_eq(look_at(m, id).state, MQM_OWED); /* as it was */
    poll_both();
    ck_assert_int_eq(handled, 1);
    ck_assert_str_eq(trace, "abc");
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
    ck_assert_str_eq(look_at(m, id).side, "rocketmq");
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(0), 0);
}
END_TEST

START_TEST(test_the_late_copy_and_a_second_rescue_do_no_harm)
{
    const char *id;
    struct mqm_delivery d;

    open_lost("");
    id = lose();
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(0), 1);
    d = delivery("rocketmq", id);
    ck_assert_int_eq(mqm_publish(m, &d), 0); /* the late one */
    ck_assert_int_eq(rescue(MQM_RESCUE_ANYWAY), 1);
    assert_fate(MQM_RESCUE_WAITS, "kafka", "it was sent");
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(MQM_RESCUE_ANYWAY), 1);
    assert_fate(MQM_RESCUED, "kafka", "sent");
    poll_both();
    poll_both();
    ck_assert_int_eq(handled, 1);
}
END_TEST

/* Published, but its group has not come so far. */
START_TEST(test_what_lies_in_the_queue_is_not_sent)
{
    const char *id = new_id();
    struct mqm_delivery d = delivery(NULL, id);

    open_lost("");
    ck_assert_int_eq(mqm_publish(m, &d), 0);
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUE_WAITS, "kafka", "has not read so far");
    ck_assert_int_eq(rescue(MQM_RESCUE_DRY | MQM_RESCUE_ANYWAY), 1);
    assert_fate(MQM_RESCUE_DUE, "kafka", "would be");
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
    ck_assert_int_eq(handled, 1);
    ck_assert_int_eq(rescue(0), 0);
}
END_TEST

static uint64_t store_calls(void)
{
    struct mqm_stats s = MQM_STATS_INIT;

    ck_assert_int_eq(mqm_read_stats(m, &s), 0);
    return s.store_calls;
}

/* Behind a consumer that lags there are thousands. */
START_TEST(test_what_waits_costs_no_call_each)
{
    enum { MANY = 50 };
    uint64_t before;

    open_lost("");
    for (int i = 0; i < MANY; i++) {
        struct mqm_delivery d = delivery(NULL, new_id());

        ck_assert_int_eq(mqm_publish(m, &d), 0);
    }
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    sleep_ms(OLDER_MS + 20);
    before = store_calls();
    ck_assert_int_eq(rescue(0), MANY);
    assert_fate(MQM_RESCUE_WAITS, "kafka", "has not read so far");
    ck_assert_uint_lt(store_calls() - before, 5);
    before = store_calls();
    ck_assert_int_eq(rescue(MQM_RESCUE_DRY | MQM_RESCUE_ANYWAY), MANY);
    ck_assert_uint_ge(store_calls() - before, MANY); /* each, before it is sent */
}
END_TEST

START_TEST(test_what_is_gone_is_told)
{
    const char *id;

    open_lost("");
    id = lose();
    atomic_store(&l->gone, 1);
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUE_GONE, "kafka", "loop: nothing at '1'");
    ck_assert_str_eq(last.id, id);
    ck_assert_int_eq(look_at(m, id).state, MQM_OWED);
}
END_TEST

START_TEST(test_a_broker_that_takes_nothing_is_tried_again)
{
    open_lost("");
    lose();
    sleep_ms(OLDER_MS + 20);
    atomic_store(&l->deaf, 1);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUE_FAILED, "kafka", "side 'rocketmq': loop: not sent");
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUED, "kafka", "sent");
    poll_both();
    ck_assert_int_eq(handled, 1);
}
END_TEST

/* A program with a loop of its own: its origins are its own affair. */
START_TEST(test_an_origin_that_is_no_place_is_told)
{
    struct mqm_delivery d = delivery("kafka", new_id());

    open_lost("");
    d.msg.origin = "aisle 7";
    ck_assert_int_eq(mqm_run(m, &d, 1, note_trace, trace), MQM_OK);
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUE_GONE, "-", "'aisle 7' names no place");
}
END_TEST

/* The owing side looked first, and gave it back: its broker has it. */
START_TEST(test_what_the_owing_side_has_comes_again_there)
{
    const char *id = new_id();
    struct mqm_claim c = claim("rocketmq", id);

    open_lost("");
    c.msg.origin = "rocketmq:rewards/9";
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    ck_assert_int_eq(mqm_hand_back(m, &c), MQM_OK);
    ck_assert_str_eq(look_at(m, id).origin, "rocketmq:rewards/9");
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUE_WAITS, "rocketmq", "its own broker has it");
}
END_TEST

START_TEST(test_what_was_tried_or_is_owed_by_rule_is_left_alone)
{
    struct mqm_claim c = claim("rocketmq", new_id());
    struct mqm_delivery d = delivery("rocketmq", new_id());

    open_lost("");
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    ck_assert_int_eq(mqm_release_on_failure(m, &c), MQM_OK);
    close_it();
    open_loop("", "");
    ck_assert_int_eq(mqm_run(m, &d, 1, note_trace, trace), MQM_OK);
    ck_assert_uint_eq(look_at(m, d.msg.id).flags, MQM_BY_RULE);
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(0), 0);
}
END_TEST

/* By its place it is told apart, on its own side only. */
START_TEST(test_without_an_id_it_is_left_alone)
{
    struct mqm_claim c = claim("kafka", NULL);

    open_lost("");
    c.msg.origin = "3/12";
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    ck_assert_int_eq(mqm_hand_back(m, &c), MQM_OK);
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUE_WITHOUT_ID, "-", "no id");
}
END_TEST

START_TEST(test_bad_questions_are_refused)
{
    struct mqm_rescue_options o;

    open_lost("");
    o = options(0);
    ck_assert_int_eq(mqm_rescue(m, NULL, note, NULL), -EINVAL);
    o.side = "pulsar";
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), -ENOENT);
    o.side = NULL;
    o.older_ms = -1;
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), -EINVAL);
    o.older_ms = 0;
    o.topic = "none";
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), -ENOENT);
    o.topic = NULL;
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), -EINVAL);
    ck_assert_int_eq(last.n, 0);
}
END_TEST

START_TEST(test_a_visitor_ends_it_and_so_does_a_stop)
{
    struct mqm_rescue_options o;

    open_lost("");
    lose();
    lose();
    sleep_ms(OLDER_MS + 20);
    o = options(MQM_RESCUE_DRY);
    last.answer = 77;
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), 77);
    ck_assert_int_eq(last.n, 1);
    o.side = "kafka";
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), 0);
    o.side = "rocketmq";
    mqm_stop(m);
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), -ECANCELED);
    ck_assert_int_eq(last.n, 1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("rescue");

    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_rule_12_what_one_broker_has_comes_to_the_other);
    tcase_add_test(tc, test_the_late_copy_and_a_second_rescue_do_no_harm);
    tcase_add_test(tc, test_what_lies_in_the_queue_is_not_sent);
    tcase_add_test(tc, test_what_waits_costs_no_call_each);
    tcase_add_test(tc, test_what_is_gone_is_told);
    tcase_add_test(tc, test_a_broker_that_takes_nothing_is_tried_again);
    tcase_add_test(tc, test_an_origin_that_is_no_place_is_told);
    tcase_add_test(tc, test_what_the_owing_side_has_comes_again_there);
    tcase_add_test(tc, test_what_was_tried_or_is_owed_by_rule_is_left_alone);
    tcase_add_test(tc, test_without_an_id_it_is_left_alone);
    tcase_add_test(tc, test_bad_questions_are_refused);
    tcase_add_test(tc, test_a_visitor_ends_it_and_so_does_a_stop);
    return run_case("rescue", tc);
}
