/* SPDX-License-Identifier: MIT */
/* rescue.c - what reached one broker only comes to the side that owes it, on
 * brokers in this process; and what is left alone, with its reason. */
#include "loops.h"

enum { OLDER_MS = 100 };

static int handled;

static int note_trace(void *user, const struct mqm_delivery *d)
{
    size_t len = 0;
    const char *trace = mqm_header(d, "trace", &len);

    snprintf(user, 32, "%.*s", (int)len, trace ? trace : "");
    handled++;
    return MQM_HANDLED;
}

static char trace[32];

/* All is RocketMQ's. */
static void open_lost(const char *both)
{
    handled = 0;
    open_loop(both, switched("100%", ", \"lease_ms\": 1000, \"handler_ms\": "
                                     "100, \"settle_ms\": 1200"));
    ck_assert_int_eq(subscribe("rewards", note_trace, trace), 0);
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "rewards",
                                   note_trace, trace), 0);
}

static void poll_both(void)
{
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
}

/* To Kafka alone, and seen there. */
static const char *lose(void)
{
    const char *id = new_id();
    struct mqm_delivery d = delivery("kafka", id);

    d.msg.key = "user-17";
    d.msg.key_len = 7;
    ck_assert_msg(mqm_publish(m, &d) == 0, "%s", mqm_errmsg());
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_OWED);
    return id;
}

/* ------------------------------ the visits ------------------------------- */

static struct {
    int n, fate, answer;
    unsigned flags;
    char id[64], owes[32], from[32], why[512];
} last;

static int note(void *user, const struct mqm_rescued *r)
{
    (void)user;
    last.n++;
    last.fate = r->fate;
    last.flags = r->flags;
    ck_assert_str_eq(r->msg->side, r->record->side);
    snprintf(last.id, sizeof(last.id), "%.*s", (int)r->msg->id_len,
             (const char *)r->msg->id);
    snprintf(last.owes, sizeof(last.owes), "%s", r->msg->side);
    snprintf(last.from, sizeof(last.from), "%s", r->from ? r->from : "-");
    snprintf(last.why, sizeof(last.why), "%s", r->why);
    return last.answer;
}

static struct mqm_rescue_options options(unsigned flags)
{
    struct mqm_rescue_options o = MQM_RESCUE_OPTIONS_INIT;

    o.group = "issuer";
    o.topic = "rewards";
    o.older_ms = OLDER_MS;
    o.flags = flags;
    memset(&last, 0, sizeof(last));
    return o;
}

/* How many were visited. */
static int rescue(unsigned flags)
{
    struct mqm_rescue_options o = options(flags);
    int r = mqm_rescue(m, &o, note, NULL);

    ck_assert_msg(r == 0, "%d %s", r, mqm_errmsg());
    return last.n;
}

static void assert_fate(int fate, const char *from, const char *why)
{
    ck_assert_msg(last.fate == fate, "%d: %s", last.fate, last.why);
    ck_assert_str_eq(last.from, from);
    ck_assert_msg(strstr(last.why, why) != NULL, "%s", last.why);
}

/* ------------------------------- the tests ------------------------------- */

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

/* Parked, resolved as not done, and its origin is gone: out of parking. */
START_TEST(test_what_was_parked_is_sent_out_of_parking)
{
    int outcome = MQM_UNSURE;
    const char *id = new_id();
    struct mqm_delivery d = delivery("rocketmq", id);
    struct mqm_msg msg = message("rocketmq", id);

    open_loop("", switched("100%", ", \"lease_ms\": 1000, \"handler_ms\": 100, "
                                   "\"settle_ms\": 1200"));
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "rewards",
                                   handle_answering, &outcome), 0);
    ck_assert_int_eq(mqm_publish(m, &d), 0);
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    sleep_ms(1250);
    ck_assert_int_eq(mqm_resolve(m, &msg, look_at(m, id).token, MQM_FAILED),
                     MQM_OK);
    atomic_store(&l->gone, 1);
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUED, "rocketmq", "sent");
    ck_assert_uint_eq(last.flags, MQM_FROM_PARKING);
    outcome = MQM_HANDLED;
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
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
    tcase_add_test(tc, test_what_is_gone_is_told);
    tcase_add_test(tc, test_a_broker_that_takes_nothing_is_tried_again);
    tcase_add_test(tc, test_an_origin_that_is_no_place_is_told);
    tcase_add_test(tc, test_what_the_owing_side_has_comes_again_there);
    tcase_add_test(tc, test_what_was_tried_or_is_owed_by_rule_is_left_alone);
    tcase_add_test(tc, test_without_an_id_it_is_left_alone);
    tcase_add_test(tc, test_what_was_reassigned_is_sent_from_its_origin);
    tcase_add_test(tc, test_what_was_parked_is_sent_out_of_parking);
    tcase_add_test(tc, test_bad_questions_are_refused);
    tcase_add_test(tc, test_a_visitor_ends_it_and_so_does_a_stop);
    return run_case("rescue", tc);
}
