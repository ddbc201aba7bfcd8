/* SPDX-License-Identifier: MIT */
/* settle.c - who knows is asked about what is parked; a no counts only after
 * the settling time. */
#include "settles.h"

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

    open_asking(", \"settle_ms\": 600000");
    id = park();
    asked.answer = MQM_UNSURE;
    for (int i = 0; i < 5; i++) {
        while (asked.n == i) {
            sleep_ms(500);
            settle();
        }
        ck_assert_int_eq(asked.n, i + 1);
        ck_assert_uint_eq(saw.asked, (unsigned)i + 1);
        pause[i] = saw.retry_ms;
    }
    ck_assert_int_eq(pause[0], 4000);
    ck_assert_int_eq(pause[1], 8000);
    ck_assert_int_eq(pause[2], 16000);
    ck_assert_int_eq(pause[4], 16000);
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
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
    ck_assert_int_eq(mqm_headers(NULL, see_header, NULL), -ENOTSUP);
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
    tcase_add_test(tc, test_it_refuses_with_words);
    return run_case("settle", tc);
}
