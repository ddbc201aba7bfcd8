/* SPDX-License-Identifier: MIT */
/* settle.c - who knows is asked about what is parked; a no counts only after
 * the settling time; what did not happen comes to its side again. */
#include "loops.h"

#define TIMES ", \"lease_ms\": 1000, \"handler_ms\": 100, \"settle_ms\": 1200, " \
              "\"pause_ms\": 10, \"pause_max_ms\": 20"

static int outcome; /* of the handler */
static int handled;
static char trace[32];

static int work(void *user, const struct mqm_delivery *d)
{
    size_t len = 0;
    const char *header = mqm_header(d, "trace", &len);

    (void)user;
    handled++;
    snprintf(trace, sizeof(trace), "%.*s", (int)len, header ? header : "");
    return outcome;
}

/* ------------------------------ who knows -------------------------------- */

static struct {
    int answer, n;
    int64_t left_ms; /* as it was told last */
    char side[32];
} asked;

static int answer(void *user, const struct mqm_msg *msg,
                  const struct mqm_record *record)
{
    ck_assert_ptr_eq(user, &asked);
    ck_assert_str_eq(msg->side, record->side);
    asked.n++;
    asked.left_ms = record->left_ms;
    snprintf(asked.side, sizeof(asked.side), "%s", msg->side);
    return asked.answer;
}

static struct {
    int n[MQM_SETTLED_FAILED + 1];
    int stop_at; /* fate + 1 */
    int64_t retry_ms;
    unsigned asked;
    char why[512];
} saw;

static int note(void *user, const struct mqm_settled *s)
{
    (void)user;
    ck_assert_uint_eq(s->size, sizeof(*s));
    saw.n[s->fate]++;
    saw.retry_ms = s->retry_ms;
    saw.asked = s->asked ? s->asked : saw.asked;
    snprintf(saw.why, sizeof(saw.why), "%s", s->why);
    return saw.stop_at == s->fate + 1;
}

static struct mqm_settle_options options(void)
{
    struct mqm_settle_options o = MQM_SETTLE_OPTIONS_INIT;

    o.group = "issuer";
    o.topic = "rewards";
    o.pause_ms = 40;
    o.pause_max_ms = 160;
    o.resend_ms = 100;
    return o;
}

static int settle(void)
{
    const struct mqm_settle_options o = options();
    int r;

    memset(saw.n, 0, sizeof(saw.n));
    r = mqm_settle(m, &o, note, NULL);
    ck_assert_msg(r >= 0, "%d %s", r, mqm_errmsg());
    return r;
}

static void open_asking(const char *more)
{
    how.resolve = answer;
    how.user = &asked;
    open_loop("", switched("100%", more));
    ck_assert_int_eq(subscribe("rewards", work, NULL), 0);
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "rewards", work,
                                   NULL), 0);
}

static void poll_both(void)
{
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
}

/* RocketMQ's, and parked there. */
static const char *park(void)
{
    const char *id = new_id();

    outcome = MQM_UNSURE;
    send_it(id, NULL);
    poll_both();
    outcome = MQM_HANDLED;
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    return id;
}

static void wait_until_settled(const char *id)
{
    while (look_at(m, id).left_ms > 0)
        sleep_ms(20);
}

/* ------------------------------- answers --------------------------------- */

START_TEST(test_a_yes_counts_at_once)
{
    const char *id;

    open_asking(TIMES);
    id = park();
    asked.answer = MQM_HANDLED;
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_DONE], 1);
    ck_assert_str_eq(asked.side, "rocketmq");
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
    settle();
    ck_assert_int_eq(asked.n, 1);
}
END_TEST

/* What was said too early was not true for ever. */
START_TEST(test_rule_07_a_no_counts_when_it_was_asked_for_late)
{
    const char *id;

    open_asking(TIMES);
    id = park();
    asked.answer = MQM_FAILED;
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_WAITS], 1);
    ck_assert_int_gt(saw.retry_ms, 0);
    ck_assert_int_gt(asked.left_ms, 0);
    settle();
    ck_assert_int_eq(asked.n, 1); /* not before it can count */
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    wait_until_settled(id);
    sleep_ms(50);
    asked.answer = _i ? MQM_FAILED : MQM_HANDLED;
    settle();
    ck_assert_int_eq(asked.n, 2);
    ck_assert_int_eq(asked.left_ms, 0);
    ck_assert_int_eq(saw.n[MQM_SETTLED_DONE], !_i);
    ck_assert_int_eq(saw.n[MQM_SETTLED_AGAIN], _i);
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], _i);
    poll_both();
    ck_assert_int_eq(handled, 1 + _i);
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
}
END_TEST

START_TEST(test_what_is_not_known_is_asked_again_ever_later)
{
    int64_t pause[5] = {0};
    const char *id;

    open_asking(", \"lease_ms\": 1000, \"handler_ms\": 100, \"settle_ms\": "
                "600000");
    id = park();
    asked.answer = MQM_UNSURE;
    for (int i = 0; i < 5; i++) {
        while (asked.n == i)
            settle();
        ck_assert_int_eq(asked.n, i + 1);
        ck_assert_uint_eq(saw.asked, (unsigned)i + 1);
        pause[i] = saw.retry_ms;
    }
    ck_assert_int_eq(pause[0], 40);
    ck_assert_int_eq(pause[1], 80);
    ck_assert_int_eq(pause[2], 160);
    ck_assert_int_eq(pause[4], 160);
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
}
END_TEST

/* ------------------------------- sending --------------------------------- */

static const char *park_and_deny(void)
{
    const char *id = park();

    wait_until_settled(id);
    asked.answer = MQM_FAILED;
    return id;
}

START_TEST(test_what_did_not_happen_comes_to_its_side_alone)
{
    const char *id;

    open_asking(TIMES);
    snprintf(l->trace, sizeof(l->trace), "abc");
    id = park_and_deny();
    l->trace[0] = '\0';
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 1);
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(handled, 1);
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
    ck_assert_int_eq(handled, 2);
    ck_assert_str_eq(trace, "abc");
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
    ck_assert_msg(strstr(audited, "rescue\n") != NULL, "%s", audited);
}
END_TEST

/* The record says "owed again", and then nothing more was done. */
START_TEST(test_what_was_cut_off_is_sent_later)
{
    const char *id;

    open_asking(TIMES);
    id = park_and_deny();
    saw.stop_at = MQM_SETTLED_AGAIN + 1;
    ck_assert_int_eq(settle(), 1);
    saw.stop_at = 0;
    ck_assert_uint_eq(look_at(m, id).flags & MQM_UNSENT, MQM_UNSENT);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 0); /* somebody may be at it */
    sleep_ms(120);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 1);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 0); /* not twice in a row */
    sleep_ms(120);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 1); /* nobody took it so far */
    ck_assert_int_eq(asked.n, 1);
    poll_both();
    poll_both();
    ck_assert_int_eq(handled, 2);
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
}
END_TEST

/* Parked twice: two bodies, one message. */
START_TEST(test_a_body_that_lies_there_twice_is_sent_once)
{
    const char *id;

    open_asking(TIMES);
    id = park_and_deny();
    settle();
    outcome = MQM_UNSURE;
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    wait_until_settled(id);
    settle();
    ck_assert_uint_eq(saw.asked, 1); /* another attempt, asked anew */
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 1);
    outcome = MQM_HANDLED;
    poll_both();
    ck_assert_int_eq(handled, 3);
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
}
END_TEST

START_TEST(test_a_broker_that_refuses_it_gets_it_later)
{
    const char *id;

    open_asking(TIMES);
    id = park_and_deny();
    atomic_store(&l->deaf, 1);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_FAILED], 1);
    ck_assert_msg(strstr(saw.why, "not sent") != NULL, "%s", saw.why);
    sleep_ms(120);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 1);
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
}
END_TEST

/* The program keeps bodies itself: it is sent from where it lies, if at all. */
START_TEST(test_a_body_that_is_not_in_parking)
{
    const char *id;

    how.park = keep;
    open_asking(TIMES);
    id = park_and_deny();
    atomic_store(&l->gone, _i);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_AGAIN], 1);
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], !_i);
    ck_assert_int_eq(saw.n[MQM_SETTLED_NO_BODY], _i);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_NO_BODY], 0); /* not each time */
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, _i ? MQM_OWED : MQM_DONE);
}
END_TEST

/* No doubt: it certainly had no effect, so there is no settling time, but a
 * handler that always fails must not go round and round. */
START_TEST(test_what_failed_too_often_comes_back_with_pauses)
{
    const char *id = new_id();

    open_asking(TIMES ", \"tries\": 1");
    asked.answer = outcome = MQM_FAILED;
    send_it(id, NULL);
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 1);
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_WAITS], 1);
    ck_assert_int_eq(asked.n, 1);
    ck_assert_int_gt(saw.retry_ms, 0);
    sleep_ms(60);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 1);
    ck_assert_int_eq(asked.n, 2);
}
END_TEST

/* -------------------------------- misuse --------------------------------- */

static void refused(const struct mqm_settle_options *o, int want,
                    const char *words)
{
    int r = mqm_settle(m, o, note, NULL);

    ck_assert_msg(r == want && strstr(mqm_errmsg(), words), "%d %s", r,
                  mqm_errmsg());
}

START_TEST(test_it_refuses_with_words)
{
    struct mqm_settle_options o = options();

    open_loop("", "");
    refused(&o, -EINVAL, "hook \"resolve\"");
    mqm_close(m);
    open_asking("");
    refused(NULL, -EINVAL, "MQM_SETTLE_OPTIONS_INIT");
    o.pause_ms = -1;
    refused(&o, -EINVAL, "pause_ms");
    o = options();
    o.topic = NULL;
    refused(&o, -EINVAL, "needs a topic");
    o.topic = "nowhere";
    refused(&o, -ENOENT, "nowhere");
    o = options();
    o.side = "pulsar";
    refused(&o, -ENOENT, "pulsar");
    ck_assert_int_eq(mqm_settle(NULL, &o, note, NULL), -EINVAL);
    o = options();
    o.side = "kafka"; /* owes nothing */
    (void)park();
    ck_assert_int_eq(mqm_settle(m, &o, note, NULL), 0);
    ck_assert_int_eq(asked.n, 0);
    mqm_stop(m);
    refused(&(struct mqm_settle_options){.size = sizeof(o), .topic = "rewards"},
            -ECANCELED, "mqm_stop");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("settle");

    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_a_yes_counts_at_once);
    tcase_add_loop_test(tc, test_rule_07_a_no_counts_when_it_was_asked_for_late,
                        0, 2);
    tcase_add_test(tc, test_what_is_not_known_is_asked_again_ever_later);
    tcase_add_test(tc, test_what_did_not_happen_comes_to_its_side_alone);
    tcase_add_test(tc, test_what_was_cut_off_is_sent_later);
    tcase_add_test(tc, test_a_body_that_lies_there_twice_is_sent_once);
    tcase_add_test(tc, test_a_broker_that_refuses_it_gets_it_later);
    tcase_add_loop_test(tc, test_a_body_that_is_not_in_parking, 0, 2);
    tcase_add_test(tc, test_what_failed_too_often_comes_back_with_pauses);
    tcase_add_test(tc, test_it_refuses_with_words);
    return run_case("settle", tc);
}
