/* SPDX-License-Identifier: MIT */
/* guard_rules.c - the rules of one message's life, step by step: 1, 2, 3, 5, 6,
 * 8, 10, 16.  The others: guard_repair.c, guard_batch.c, guard_faults.c.
 */
#include "guard_ask.h"

/* A store that is younger than the switch doubts no further than it has to. */
#define EXACT ", \"clock_margin_ms\": 0"

START_TEST(test_rule_01_one_round_trip_pins)
{
    struct mqm_claim k, r;
    unsigned long long before;

    how.flags = MQM_NO_KEEPER;
    open_with("");
    k = claim("kafka", new_id());
    before = calls(m);
    ask(MQM_OK, m, &k);
    ck_assert_uint_eq(calls(m), before + 1);
    ck_assert_str_eq(look_at(m, k.msg.id).side, "kafka");

    r = claim("rocketmq", new_id());
    before = calls(m);
    ask(MQM_SKIP, m, &r);
    ck_assert_uint_eq(calls(m), before + 1);
    ck_assert_int_eq(look_at(m, r.msg.id).state, MQM_OWED);
    ck_assert_str_eq(look_at(m, r.msg.id).side, "kafka");
    before = calls(m);
    ck_assert_int_eq(mqm_release_on_success(m, &k), MQM_OK);
    ck_assert_uint_eq(calls(m), before + 1);
}
END_TEST

START_TEST(test_rule_01_no_is_on_record)
{
    struct mqm_msg r, k;

    open_with("");
    r = message("rocketmq", new_id());
    k = message("kafka", r.id);
    ck_assert_int_eq(mqm_should_consume(m, &k), 1);
    ck_assert_int_eq(look_at(m, r.id).state, MQM_FREE); /* yes: a guess */
    ck_assert_int_eq(mqm_should_consume(m, &r), 0);
    ck_assert_int_eq(look_at(m, r.id).state, MQM_OWED);
    ck_assert_int_eq(mqm_should_consume(m, &k), 1);
    r.topic = "nothing";
    ck_assert_int_eq(mqm_should_consume(m, &r), -ENOENT);
}
END_TEST

START_TEST(test_rule_01_pin_outlives_the_cut)
{
    struct mqm_claim k, r;
    char url[200];

    snprintf(url, sizeof(url), "sqlite:%s", new_path("cut.db"));
    m = open_on(url, switched("0%", EXACT));
    other = open_on(url, switched("100%", EXACT));
    k = claim("kafka", new_id());
    r = claim("rocketmq", k.msg.id);
    ask(MQM_SKIP, m, &r); /* by the cut at that moment: the old side's */
    ask(MQM_OK, other, &k);
    ask(MQM_SKIP, other, &r);
    r = claim("rocketmq", new_id());
    ask(MQM_OK, other, &r);
}
END_TEST

START_TEST(test_rule_02_held_is_later_by_its_own_lease)
{
    const char *id = new_id();
    struct mqm_claim a = claim("kafka", id), b = a, c = claim("rocketmq", id);
    char url[200];

    snprintf(url, sizeof(url), "sqlite:%s", new_path("lease.db"));
    m = open_on(url, ", \"lease_ms\": 60000");
    other = open_on(url, SHORT);
    ask(MQM_OK, m, &a);
    ask(MQM_LATER, other, &b);
    ck_assert(b.lease_ms > 30000 && b.lease_ms <= 60000);
    ask(MQM_SKIP, other, &c);
    sleep_ms(LEASE_OVER_MS); /* longer than the asker's lease */
    ask(MQM_LATER, other, &b);
    ck_assert_int_eq(mqm_release_on_success(m, &a), MQM_OK);
    ask(MQM_SKIP, other, &b);
}
END_TEST

START_TEST(test_rule_03_lease_over_is_doubt)
{
    const char *id = new_id();
    struct mqm_claim a = claim("kafka", id), b = a, c = a;

    open_with(SHORT);
    ask(MQM_OK, m, &a);
    ask(MQM_LATER, m, &b);
    sleep_ms(LEASE_OVER_MS);
    ask(MQM_DOUBT, m, &b);
    ck_assert(b.token > a.token);
    ck_assert_uint_eq(look_at(m, id).doubt, a.token);
    ck_assert_int_eq(mqm_release_on_failure(m, &b), MQM_OK);
    ask(MQM_DOUBT, m, &c); /* outlives the failure */
    sleep_ms(LEASE_OVER_MS);
    ask(MQM_DOUBT, m, &b); /* and another crash */
    ck_assert_uint_eq(look_at(m, id).doubt, a.token);
    ck_assert_int_eq(mqm_release_on_failure(m, &a), MQM_LOST);
    ck_assert_int_eq(mqm_renew(m, &a), MQM_LOST);
    ck_assert_int_eq(mqm_release_on_success(m, &a), MQM_OK); /* the first */
    ck_assert_int_eq(mqm_release_on_success(m, &b), MQM_LOST);
    ask(MQM_SKIP, m, &c);
}
END_TEST

static const int odd[] = {1, -ETIMEDOUT, MQM_SKIP, 72, MQM_UNSURE};

START_TEST(test_rule_05_odd_answers_are_unsure)
{
    struct mqm_delivery d;
    struct mqm_record r;
    int answer = odd[_i];

    how.park = keep;
    open_with("");
    d = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_answering, &answer), MQM_OK);
    r = look_at(m, d.msg.id);
    ck_assert_int_eq(r.state, MQM_PARKED);
    ck_assert_uint_eq(r.doubt, r.token);
    ck_assert(r.flags & MQM_BODY_SAFE);
    ck_assert_int_eq(kept, 1);
    ck_assert_str_eq(r.why, "the handler could not tell");
}
END_TEST

START_TEST(test_rule_06_parked_without_body)
{
    const char *id = new_id();
    struct mqm_delivery d = delivery("kafka", id);
    struct mqm_claim k = claim("kafka", id), r = claim("rocketmq", id);
    int answer = MQM_UNSURE;

    open_with(""); /* no parking topic, no hook */
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_answering, &answer), MQM_LATER);
    ck_assert(d.retry_ms > 0);
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    ck_assert(!(look_at(m, id).flags & MQM_BODY_SAFE));
    ask(MQM_LATER, m, &k);
    ask(MQM_SKIP, m, &r);
}
END_TEST

START_TEST(test_rule_06_body_that_cannot_be_kept)
{
    struct mqm_delivery d;
    int answer = MQM_UNSURE;

    how.park = keep;
    keeping = -EIO;
    open_with(SHORT);
    d = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_answering, &answer), MQM_LATER);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_HELD);
    sleep_ms(LEASE_OVER_MS);
    keeping = 0; /* comes again, is in doubt, and is parked now */
    answer = MQM_HANDLED;
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_answering, &answer), MQM_OK);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_PARKED);
    ck_assert_int_eq(kept, 1);
}
END_TEST

/* Nothing happened, and nothing is in doubt: owed, and tried once more. */
START_TEST(test_rule_05_failed_too_often_and_not_kept)
{
    struct mqm_delivery d;
    int answer = MQM_FAILED;

    how.park = keep;
    keeping = -EIO;
    open_with(SHORT ", \"tries\": 1");
    d = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_answering, &answer), MQM_LATER);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_OWED);
    ck_assert_uint_eq(look_at(m, d.msg.id).doubt, 0);
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_answering, &answer), MQM_LATER);
    keeping = 0;
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_answering, &answer), MQM_OK);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_PARKED);
    ck_assert_uint_eq(look_at(m, d.msg.id).doubt, 0);
}
END_TEST

START_TEST(test_rule_06_copy_from_parking)
{
    const char *id = new_id();
    struct mqm_claim a = claim("kafka", id), again = a, from = a;
    struct mqm_msg msg = message(NULL, id);

    open_with(SHORT);
    from.flags = MQM_FROM_PARKING;
    a.flags = MQM_BODY_KEPT;
    ask(MQM_OK, m, &a);
    ck_assert_int_eq(mqm_release_in_doubt(m, &a), MQM_OK);
    ask(MQM_SKIP, m, &again);
    ask(MQM_LATER, m, &from);
    sleep_ms(SETTLED_MS);
    ck_assert_int_eq(mqm_resolve(m, &msg, a.token, MQM_FAILED), MQM_OK);
    ck_assert(look_at(m, id).flags & MQM_UNSENT);
    ask(MQM_OK, m, &from);
    ck_assert_int_eq(mqm_release_on_success(m, &from), MQM_OK);
    ask(MQM_SKIP, m, &from);
}
END_TEST

/* It has forgotten what was before it, by clocks that may have been ahead. */
START_TEST(test_rule_08_a_store_that_is_younger_than_the_switch)
{
    struct mqm_claim k;
    char url[200];

    snprintf(url, sizeof(url), "sqlite:%s", new_path("young.db"));
    m = open_on(url, switched("0%", _i ? EXACT
                                       : ", \"clock_margin_ms\": 600000"));
    ck_assert(was_said("the store was made after"));
    sleep_ms(5);
    k = claim("kafka", new_id());
    ask(_i ? MQM_OK : MQM_DOUBT, m, &k);
}
END_TEST

START_TEST(test_rule_10_since)
{
    struct mqm_claim k, r;
    static const char old[] = "01890000-0000-7000-8000-000000000001";

    open_with(switched("100%", ""));
    r = claim("rocketmq", new_id());
    ask(MQM_OK, m, &r);
    k = claim("kafka", new_id());
    ask(MQM_SKIP, m, &k);
    r = claim("rocketmq", old); /* born before the switch */
    ask(MQM_SKIP, m, &r);
    ck_assert(look_at(m, old).flags & MQM_BY_RULE);
    k = claim("kafka", old);
    ask(MQM_OK, m, &k);
    r = claim("rocketmq", "no time in it");
    ask(MQM_SKIP, m, &r);
    r.msg.born_ms = now_ms();
    r.msg.id = "another";
    r.msg.id_len = 7;
    ask(MQM_OK, m, &r);
    r = claim("rocketmq", new_id());
    r.msg.id = "future";
    r.msg.id_len = 6;
    r.msg.born_ms = now_ms() + 3600000;
    ask(MQM_SKIP, m, &r);
}
END_TEST

START_TEST(test_rule_16_done_stays)
{
    const char *id = new_id();
    struct mqm_claim k = claim("kafka", id);
    struct mqm_stats s = MQM_STATS_INIT;

    open_with("");
    ask(MQM_OK, m, &k);
    ck_assert_int_eq(mqm_release_on_success(m, &k), MQM_OK);
    ck_assert_int_eq(mqm_release_on_success(m, &k), MQM_OK); /* repeated */
    ck_assert_int_eq(mqm_read_stats(m, &s), 0);
    ck_assert_uint_eq(s.succeeded, 1);
    ck_assert_int_eq(mqm_release_on_failure(m, &k), MQM_LOST);
    ck_assert_int_eq(mqm_hand_back(m, &k), MQM_LOST);
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
    ask(MQM_SKIP, m, &k);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("guard_rules");

    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_rule_01_one_round_trip_pins);
    tcase_add_test(tc, test_rule_01_no_is_on_record);
    tcase_add_test(tc, test_rule_01_pin_outlives_the_cut);
    tcase_add_test(tc, test_rule_02_held_is_later_by_its_own_lease);
    tcase_add_test(tc, test_rule_03_lease_over_is_doubt);
    tcase_add_loop_test(tc, test_rule_05_odd_answers_are_unsure, 0, 5);
    tcase_add_test(tc, test_rule_06_parked_without_body);
    tcase_add_test(tc, test_rule_06_body_that_cannot_be_kept);
    tcase_add_test(tc, test_rule_05_failed_too_often_and_not_kept);
    tcase_add_test(tc, test_rule_06_copy_from_parking);
    tcase_add_loop_test(
        tc, test_rule_08_a_store_that_is_younger_than_the_switch, 0, 2);
    tcase_add_test(tc, test_rule_10_since);
    tcase_add_test(tc, test_rule_16_done_stays);
    return run_case("guard_rules", tc);
}
