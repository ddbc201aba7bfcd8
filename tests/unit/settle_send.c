/* SPDX-License-Identifier: MIT */
/* settle_send.c - what did not happen comes to its side again, to that side
 * alone, whatever breaks on the way. */
#include "settles.h"

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
    ck_assert_int_eq(headers, 2);
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
    settle_until_sent();
    settle();
    ck_assert_int_eq(saw.n[MQM_SETTLED_SENT], 0); /* not twice in a row */
    settle_until_sent(); /* nobody took it so far */
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
    settle_until_sent();
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
    pause_ms = 30000;
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
    settle_until_sent();
    ck_assert_int_eq(asked.n, 2);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("settle_send");

    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_what_did_not_happen_comes_to_its_side_alone);
    tcase_add_test(tc, test_what_was_cut_off_is_sent_later);
    tcase_add_test(tc, test_a_body_that_lies_there_twice_is_sent_once);
    tcase_add_test(tc, test_a_broker_that_refuses_it_gets_it_later);
    tcase_add_loop_test(tc, test_a_body_that_is_not_in_parking, 0, 2);
    tcase_add_test(tc, test_what_failed_too_often_comes_back_with_pauses);
    return run_case("settle_send", tc);
}
