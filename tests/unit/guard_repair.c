/* SPDX-License-Identifier: MIT */
/* guard_repair.c - what a person may do about a message, and when: rules 7 and
 * 11. */
#include "guard_ask.h"

START_TEST(test_rule_07_no_before_it_settled)
{
    const char *id = new_id();
    struct mqm_claim a = claim("kafka", id);
    struct mqm_msg msg = message(NULL, id);

    open_with(SHORT);
    ask(MQM_OK, m, &a);
    ck_assert_int_eq(mqm_release_in_doubt(m, &a), MQM_OK);
    ck_assert_int_eq(mqm_resolve(m, &msg, a.token, MQM_FAILED), -EAGAIN);
    ck_assert_msg(strstr(mqm_errmsg(), "may still act"), "%s", mqm_errmsg());
    ck_assert_int_eq(mqm_resolve(m, &msg, a.token + 1, MQM_FAILED), MQM_LOST);
    ck_assert(look_at(m, id).left_ms > 0);
    ck_assert_int_eq(mqm_resolve(m, &msg, a.token, MQM_UNSURE), -EINVAL);
    ck_assert_int_eq(mqm_resolve(m, &msg, a.token, MQM_HANDLED), MQM_OK);
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
    ck_assert_str_eq(look_at(m, id).side, "kafka");
}
END_TEST

/* It has forgotten what was before it, by clocks that may have been ahead. */
START_TEST(test_rule_11_assign)
{
    const char *id = new_id();
    struct mqm_claim k = claim("kafka", id), r = claim("rocketmq", id);
    struct mqm_msg to = message("rocketmq", id);

    open_with(SHORT);
    ask(MQM_OK, m, &k);
    ck_assert_int_eq(mqm_assign(m, &to, k.token), MQM_LOST); /* held */
    ck_assert_int_eq(mqm_release_on_failure(m, &k), MQM_OK);
    ck_assert_int_eq(mqm_assign(m, &to, k.token + 1), MQM_LOST);
    ck_assert_int_eq(mqm_assign(m, &to, look_at(m, id).token), MQM_OK);
    ck_assert(look_at(m, id).flags & MQM_REASSIGNED);
    ck_assert(strstr(audited, "assign") != NULL);
    ask(MQM_LATER, m, &k);
    ask(MQM_OK, m, &r);
    ask(MQM_LATER, m, &k);
    ck_assert_int_eq(mqm_release_on_success(m, &r), MQM_OK);
    ask(MQM_SKIP, m, &k);
}
END_TEST

static struct mqm_claim owed_in_doubt(void)
{
    struct mqm_claim k = claim("kafka", new_id());

    open_with(SHORT);
    ask(MQM_OK, m, &k);
    sleep_ms(LEASE_OVER_MS);
    ask(MQM_DOUBT, m, &k);
    ck_assert_int_eq(mqm_release_on_failure(m, &k), MQM_OK);
    return k;
}

START_TEST(test_rule_11_doubt_is_assigned_when_settled)
{
    struct mqm_claim k = owed_in_doubt();
    struct mqm_msg to = message("rocketmq", k.msg.id);

    ck_assert_int_eq(mqm_assign(m, &to, k.token), -EAGAIN);
    ck_assert_msg(strstr(mqm_errmsg(), "may still act"), "%s", mqm_errmsg());
    ck_assert_str_eq(look_at(m, k.msg.id).side, "kafka");
    ck_assert(look_at(m, k.msg.id).left_ms > 0);
    sleep_ms(SETTLED_MS);
    ck_assert(look_at(m, k.msg.id).left_ms == 0);
    ck_assert_int_eq(mqm_assign(m, &to, k.token), MQM_OK);
    ck_assert_str_eq(look_at(m, k.msg.id).side, "rocketmq");
    ck_assert_uint_eq(look_at(m, k.msg.id).doubt, 0);
}
END_TEST

START_TEST(test_rule_07_owed_in_doubt_is_resolved)
{
    struct mqm_claim k = owed_in_doubt();
    struct mqm_msg msg = message(NULL, k.msg.id);

    ck_assert_int_eq(mqm_resolve(m, &msg, k.token, MQM_FAILED), -EAGAIN);
    ck_assert_int_eq(mqm_resolve(m, &msg, k.token, MQM_HANDLED), MQM_OK);
    ask(MQM_SKIP, m, &k);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("guard_repair");

    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_rule_07_no_before_it_settled);
    tcase_add_test(tc, test_rule_11_assign);
    tcase_add_test(tc, test_rule_11_doubt_is_assigned_when_settled);
    tcase_add_test(tc, test_rule_07_owed_in_doubt_is_resolved);
    return run_case("guard_repair", tc);
}
