/* SPDX-License-Identifier: MIT */
/* rescue_unsent.c - what an operator or a resolver made owed again is found
 * wherever it lies, and sent. */
#include "rescues.h"

#define BRIEF ", \"pause_ms\": 10, \"pause_max_ms\": 20"

/* An operator gives it back to Kafka, where its copy was dropped. */
START_TEST(test_what_was_reassigned_is_sent_from_its_origin)
{
    const char *id;
    struct mqm_msg msg;
    struct mqm_rescue_options o;

    open_lost("");
    id = lose();
    msg = message("kafka", id);
    ck_assert_int_eq(mqm_assign(m, &msg, look_at(m, id).token), MQM_OK);
    o = options(0);
    o.id = id;
    o.id_len = strlen(id);
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), 0);
    ck_assert_int_eq(last.n, 1);
    assert_fate(MQM_RESCUED, "kafka", "sent");
    ck_assert_str_eq(last.owes, "kafka");
    poll_both();
    ck_assert_int_eq(handled, 1);
    ck_assert_str_eq(look_at(m, id).side, "kafka");
    last.n = 0;
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), 0);
    ck_assert_int_eq(last.n, 0);
}
END_TEST

/* RocketMQ's: parked, and resolved as not done; of its topic so many copies,
 * the first, are gone. */
static void park_undone(const char *id, int *outcome, int gone)
{
    struct mqm_delivery d = delivery("rocketmq", id);
    struct mqm_msg msg = message("rocketmq", id);

    open_loop("", switched("100%", TIMES));
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "rewards",
                                   handle_answering, outcome), 0);
    ck_assert_int_eq(mqm_publish(m, &d), 0);
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    sleep_ms(SETTLED_MS);
    ck_assert_int_eq(mqm_resolve(m, &msg, look_at(m, id).token, MQM_FAILED),
                     MQM_OK);
    atomic_store(&l->gone, gone);
    sleep_ms(OLDER_MS + 20);
}

/* Out of parking, then. */
START_TEST(test_what_was_parked_is_sent_out_of_parking)
{
    int outcome = MQM_UNSURE;
    const char *id = new_id();

    park_undone(id, &outcome, 1);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUED, "rocketmq", "sent");
    ck_assert_uint_eq(last.flags, MQM_FROM_PARKING);
    outcome = MQM_HANDLED;
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
}
END_TEST

/* One parking topic cannot be read, in the other there is nothing: what could
 * not be read is what is told, and it is not taken for gone. */
START_TEST(test_a_parking_topic_that_cannot_be_read)
{
    int outcome = MQM_UNSURE;
    const char *id = new_id();

    park_undone(id, &outcome, 2);
    atomic_store(&l->no_scan, 2); /* of both sides */
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUE_FAILED, "rocketmq", "loop: not scanned");
    atomic_store(&l->no_scan, 1); /* of Kafka's; RocketMQ's has it */
    ck_assert_int_eq(rescue(MQM_RESCUE_DRY), 1);
    assert_fate(MQM_RESCUE_DUE, "rocketmq", "would be sent");
    atomic_store(&l->no_fetch, 2); /* also to see how far the group is */
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUE_FAILED, "rocketmq", "loop: not read");
    ck_assert_uint_eq(look_at(m, id).flags & MQM_UNSENT, MQM_UNSENT);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUED, "rocketmq", "sent");
}
END_TEST

/* Where the group has read to is not told: sent all the same, and logged. */
START_TEST(test_positions_that_are_not_told)
{
    struct mqm_rescue_options o;
    const char *id;

    open_lost("");
    id = lose();
    sleep_ms(OLDER_MS + 20);
    atomic_store(&l->no_positions, 1);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUED, "kafka", "sent");
    ck_assert_msg(was_said("loop: not told"), "%s", said);
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
    ck_assert_int_eq(handled, 1);
    o = options(0);
    o.id = id;
    o.id_len = MQM_ID_MAX + 1;
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), -EINVAL);
    o.id_len = 0;
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), -EINVAL);
    o = options(0);
    o.older_ms = -1;
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), -EINVAL);
    ck_assert_int_eq(mqm_rescue(m, NULL, note, NULL), -EINVAL);
    mqm_stop(m);
    o = options(0);
    ck_assert_int_eq(mqm_rescue(m, &o, note, NULL), -ECANCELED);
}
END_TEST

/* Parked and acknowledged, resolved as not done, and tried once more with a
 * copy that somebody held, who failed, or died. */
START_TEST(test_what_was_tried_and_has_no_copy_is_sent)
{
    int outcome = MQM_UNSURE;
    const char *id = new_id();
    struct mqm_delivery d = delivery("rocketmq", id);
    struct mqm_claim c = claim("rocketmq", id);

    open_loop("", switched("100%", TIMES BRIEF));
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "rewards",
                                   handle_answering, &outcome), 0);
    ck_assert_int_eq(mqm_publish(m, &d), 0);
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
    sleep_ms(SETTLED_MS);
    ck_assert_int_eq(mqm_resolve(m, &c.msg, look_at(m, id).token, MQM_FAILED),
                     MQM_OK);
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    if (_i == 0)
        ck_assert_int_eq(mqm_release_on_failure(m, &c), MQM_OK);
    ck_assert_int_eq(rescue(0), 0); /* too young, or at work */
    sleep_ms(_i ? LEASE_OVER_MS : OLDER_MS + 50);
    ck_assert_int_eq(look_at(m, id).state, _i ? MQM_HELD : MQM_OWED);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUED, "rocketmq", "sent");
    outcome = MQM_HANDLED;
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
    ck_assert_int_eq(look_at(m, id).state, _i ? MQM_PARKED : MQM_DONE);
}
END_TEST

/* One that fails on Kafka is given to RocketMQ: its copy on Kafka stays for a
 * lease's time, then it lies in the parking topic, and is found there. */
START_TEST(test_a_copy_that_waits_for_the_other_side_makes_way)
{
    int outcome = MQM_FAILED;
    const char *id = new_id();
    struct mqm_msg msg = message("rocketmq", id);

    open_loop("", switched("0%", TIMES BRIEF));
    ck_assert_int_eq(subscribe("rewards", handle_answering, &outcome), 0);
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "rewards",
                                   handle_answering, &outcome), 0);
    send_it(id, NULL);
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(mqm_assign(m, &msg, look_at(m, id).token), MQM_OK);
    outcome = MQM_HANDLED;
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert(!was_said("its body is in the parking topic"));
    sleep_ms(LEASE_OVER_MS);
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_msg(was_said("its body is in the parking topic"), "%s", said);
    ck_assert_int_eq(look_at(m, id).state, MQM_OWED);
    atomic_store(&l->gone, 2); /* of both topics */
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUED, "kafka", "sent");
    ck_assert_uint_eq(last.flags, MQM_FROM_PARKING);
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("rescue_unsent");

    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_what_was_reassigned_is_sent_from_its_origin);
    tcase_add_test(tc, test_what_was_parked_is_sent_out_of_parking);
    tcase_add_test(tc, test_a_parking_topic_that_cannot_be_read);
    tcase_add_test(tc, test_positions_that_are_not_told);
    tcase_add_test(tc, test_a_copy_that_waits_for_the_other_side_makes_way);
    tcase_add_loop_test(tc, test_what_was_tried_and_has_no_copy_is_sent, 0, 2);
    return run_case("rescue_unsent", tc);
}
