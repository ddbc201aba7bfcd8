/* SPDX-License-Identifier: MIT */
/* breaks.c - brokers and stores that fail while messages are settled: each
 * failure is told of its message, with the words of what failed, the record
 * says what holds, and a later call goes on.
 */
#include "settles.h"

#include "../../lib/side.h"

static mqm *stopped;

/* The answer, and what happens meanwhile. */
static int and_then;
enum { NOTHING, ANOTHER_RESOLVES, STORE_FAILS, PROGRAM_STOPS };

static int answer_and(void *user, const struct mqm_msg *msg,
                      const struct mqm_record *rec)
{
    struct mqm_msg mine = *msg;

    if (and_then == ANOTHER_RESOLVES)
        ck_assert_int_eq(mqm_resolve(m, &mine, rec->token, MQM_HANDLED),
                         MQM_OK);
    if (and_then == STORE_FAILS)
        atomic_store(&the_fault()->fail, 1000);
    if (and_then == PROGRAM_STOPS)
        mqm_stop(stopped);
    return answer(user, msg, rec);
}

static void open_breaking(const char *store)
{
    loop_store = store;
    how.resolve = answer_and;
    how.user = &asked;
    open_loop("", switched("100%", TIMES));
    ck_assert_int_eq(subscribe("rewards", work, NULL), 0);
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "rewards", work,
                                   NULL), 0);
}

/* One thing after the other, so that the answer is "it moved". */
START_TEST(test_somebody_else_was_faster)
{
    const char *id;

    open_breaking("memory:");
    id = park_and_deny();
    and_then = ANOTHER_RESOLVES;
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_WAITS], 1);
    ck_assert_msg(strstr(saw.why, "it moved"), "%s", saw.why);
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
    and_then = NOTHING;
    settle();
    poll_both();
    ck_assert_int_eq(handled, 1); /* nothing was sent again */
}
END_TEST

START_TEST(test_an_answer_that_cannot_be_put_on_record)
{
    const char *id;

    open_breaking("fault:");
    id = park_and_deny();
    and_then = STORE_FAILS;
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_FAILED], 1);
    ck_assert_msg(strstr(saw.why, "nothing was done"), "%s", saw.why);
    atomic_store(&the_fault()->fail, 0);
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    and_then = NOTHING;
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_WAITS], 1); /* for the pause */
    settle_until_sent();
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
}
END_TEST

START_TEST(test_a_program_that_stops_meanwhile)
{
    const struct mqm_settle_options o = options();

    open_breaking("memory:");
    park_and_deny();
    park_and_deny();
    stopped = m;
    and_then = PROGRAM_STOPS;
    ck_assert_int_eq(mqm_settle(m, &o, note, NULL), -ECANCELED);
    ck_assert_msg(strstr(mqm_errmsg(), "mqm_stop()"), "%s", mqm_errmsg());
    ck_assert_int_eq(asked.n, 1);
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 0);
}
END_TEST

/* It did not happen, and that is on record; its body comes in the end. */
START_TEST(test_a_parking_topic_that_cannot_be_read)
{
    const char *id;

    open_breaking("memory:");
    id = park_and_deny();
    atomic_store(&l->no_scan, 1);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_AGAIN], 1);
    ck_assert_int_eq(saw.n[MQM_SETTLED_FAILED], 1);
    ck_assert_msg(strstr(saw.why, "not scanned"), "%s", saw.why);
    ck_assert_uint_eq(look_at(m, id).flags & MQM_UNSENT, MQM_UNSENT);
    settle_until_sent();
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
}
END_TEST

static const char *never_told(void)
{
    return strstr(said, "not scanned") ? NULL : "nothing was said";
}

/* Without a visitor what failed is in the log. */
START_TEST(test_nobody_listens)
{
    const struct mqm_settle_options o = options();

    open_breaking("memory:");
    park_and_deny();
    atomic_store(&l->no_scan, 1);
    ck_assert_ptr_nonnull(never_told());
    ck_assert_int_eq(mqm_settle(m, &o, NULL, NULL), 0);
    ck_assert_ptr_null(never_told());
}
END_TEST

/* What lies in a parking topic without an id, or with another, is not ours. */
START_TEST(test_strangers_in_the_parking_topic)
{
    struct mqm_delivery d = delivery("kafka", NULL);
    const char *id, *longer = "a-longer-id-than-those-that-the-library-makes";
    struct side *s;
    const struct mqm_adapter *a;

    open_breaking("memory:");
    id = park_and_deny();
    s = mqm__side(m, "kafka");
    a = s->adapter.table->adapter;
    d.msg.topic = "parked";
    ck_assert_int_eq(a->publish(s->adapter.self, &d), 0);
    d.msg.id = longer;
    d.msg.id_len = strlen(longer);
    ck_assert_int_eq(a->publish(s->adapter.self, &d), 0);
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 1);
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
    ck_assert_int_eq(handled, 2);
}
END_TEST

START_TEST(test_a_visitor_that_has_seen_enough)
{
    open_breaking("memory:");
    park_and_deny();
    park_and_deny();
    saw.stop_at = MQM_SETTLED_SENT + 1;
    ck_assert_int_eq(settle(), 1);
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 1);
    saw.stop_at = 0;
    settle_until_sent(); /* the other one */
}
END_TEST

START_TEST(test_options_that_cannot_be)
{
    struct mqm_settle_options o = options();

    open_breaking("memory:");
    ck_assert_int_eq(mqm_settle(m, NULL, note, NULL), -EINVAL);
    o.size = 1;
    ck_assert_int_eq(mqm_settle(m, &o, note, NULL), -EINVAL);
    o = options();
    o.pause_ms = -1;
    ck_assert_int_eq(mqm_settle(m, &o, note, NULL), -EINVAL);
    ck_assert_msg(strstr(mqm_errmsg(), "pause_ms is not within a year"), "%s",
                  mqm_errmsg());
    o = options();
    o.resend_ms = INT64_MAX;
    ck_assert_int_eq(mqm_settle(m, &o, note, NULL), -EINVAL);
    o = options();
    o.topic = "nothing";
    ck_assert_int_eq(mqm_settle(m, &o, note, NULL), -ENOENT);
    o.topic = NULL;
    ck_assert_int_eq(mqm_settle(m, &o, note, NULL), -EINVAL);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("breaks");

    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_somebody_else_was_faster);
    tcase_add_test(tc, test_an_answer_that_cannot_be_put_on_record);
    tcase_add_test(tc, test_a_program_that_stops_meanwhile);
    tcase_add_test(tc, test_a_parking_topic_that_cannot_be_read);
    tcase_add_test(tc, test_nobody_listens);
    tcase_add_test(tc, test_strangers_in_the_parking_topic);
    tcase_add_test(tc, test_a_visitor_that_has_seen_enough);
    tcase_add_test(tc, test_options_that_cannot_be);
    return run_case("breaks", tc);
}
