/* SPDX-License-Identifier: MIT */
/* retire.c - when a side may be switched off: each reason why not, alone, and
 * then the yes, on brokers in this process. */
#include "retires.h"

/* One reason after the other, each alone. */
START_TEST(test_from_no_to_yes)
{
    struct mqm_claim c;

    open_sides("0%");
    c = claim("kafka", new_id());
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    assert_no("kafka", "policy;held by;");
    ck_assert_msg(strstr(heard.text, "switch on, cut 0.0000%") != NULL, "%s",
                  heard.text);
    set("cut", "100%");
    assert_no("kafka", "age;held by;");
    aged(MAX_AGE_MS);
    assert_no("kafka", "held by;");
    ck_assert_int_eq(mqm_hand_back(m, &c), MQM_OK);
    assert_no("kafka", "owed by;");
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    ck_assert_int_eq(mqm_release_in_doubt(m, &c), MQM_OK);
    assert_no("kafka", "parked for;");
    ck_assert_ptr_nonnull(strstr(heard.text, "1 parked for kafka"));
    ck_assert_ptr_nonnull(strstr(heard.remedy, "mqmctl resolve"));
    ck_assert_int_eq(mqm_resolve(m, &c.msg, c.token, MQM_HANDLED), 0);
    ck_assert_int_eq(retired("kafka"), 0);
    assert_yes("kafka");
    ck_assert_int_eq(heard.steps, 4);
}
END_TEST

/* What came before the moment has to be read, what came after need not. */
START_TEST(test_its_group_has_to_read_so_far)
{
    open_sides("100%");
    publish_to("kafka", new_id());
    sleep_ms(20);
    aged(MAX_AGE_MS);
    assert_no("kafka", "read;");
    ck_assert_ptr_nonnull(strstr(heard.text, "has 1 to read"));
    poll_both();
    publish_to("rocketmq", sent_id);
    poll_both();
    publish_to("kafka", new_id());
    aged(MAX_AGE_MS + 60000);
    assert_yes("kafka");
}
END_TEST

/* What only this broker has is not given up with it (rule 12). */
START_TEST(test_what_it_alone_has_is_rescued_first)
{
    open_sides("100%");
    publish_to("kafka", new_id());
    poll_both();
    sleep_ms(20);
    aged(MAX_AGE_MS);
    assert_no("kafka", "copies;");
    ck_assert_ptr_nonnull(strstr(heard.remedy, "mqmctl rescue rewards"));
    ck_assert_int_eq(bring(), 1);
    assert_yes("kafka"); /* the other broker has it */
    poll_both();
    ck_assert_int_eq(look_at(m, sent_id).state, MQM_DONE);
}
END_TEST

START_TEST(test_what_is_owed_by_rule_does_not_count)
{
    struct mqm_delivery d;

    open_sides("100%");
    d = delivery("rocketmq", new_id());
    d.msg.born_ms = 0;
    d.msg.id = "no time in it";
    d.msg.id_len = 13;
    ck_assert_int_eq(mqm_run(m, &d, 1, note_done, NULL), MQM_OK);
    ck_assert_uint_eq(look_at(m, d.msg.id).flags, MQM_BY_RULE);
    ck_assert_str_eq(look_at(m, d.msg.id).side, "kafka");
    aged(MAX_AGE_MS);
    assert_yes("kafka");
}
END_TEST

/* The same road in the other direction. */
START_TEST(test_the_new_side)
{
    open_sides("100%");
    aged(MAX_AGE_MS);
    assert_no("rocketmq", "policy;");
    ck_assert_ptr_nonnull(strstr(heard.remedy, "mqmctl cut rewards 0%"));
    set("cut", "0%");
    set("allow", "user-17");
    aged(MAX_AGE_MS);
    assert_no("rocketmq", "policy;");
    ck_assert_ptr_nonnull(strstr(heard.text, "1 on the allow list"));
    set("switch", "off");
    aged(MAX_AGE_MS);
    assert_no("rocketmq", "policy;"); /* the allow list is above it */
    set("disallow", "user-17");
    assert_no("rocketmq", "age;");
    aged(MAX_AGE_MS);
    assert_no("kafka", "policy;");
    assert_yes("rocketmq");
    set("switch", "on");
    set("cut", "100%");
    ck_assert_int_eq(retired("rocketmq"), 1);
    ck_assert_int_eq(last.given, 1); /* again */
}
END_TEST

/* A broker that is lost for good cannot be asked. */
START_TEST(test_a_broken_side)
{
    broken = "rocketmq";
    open_sides("0%");
    aged(MAX_AGE_MS);
    assert_no("rocketmq", "read;");
    ck_assert_ptr_nonnull(strstr(heard.text, "is not known"));
    ck_assert_int_eq(ask("rocketmq", MQM_RETIRE_BROKEN), MQM_OK);
    ck_assert_str_eq(heard.remarks, "read;");
    ck_assert_int_eq(retired("rocketmq"), 1);
}
END_TEST

START_TEST(test_looking_only)
{
    open_sides("100%");
    aged(MAX_AGE_MS);
    ck_assert_int_eq(ask("kafka", MQM_RETIRE_DRY), MQM_OK);
    ck_assert_int_eq(retired("kafka"), 0);
    assert_yes("kafka");
    ck_assert_int_eq(retired("rocketmq"), 0);
}
END_TEST

/* A yes that is not on record is none. */
START_TEST(test_a_note_that_cannot_be_written)
{
    store = "fault:";
    open_sides("100%");
    aged(MAX_AGE_MS);
    atomic_store(&the_fault()->fail, 1);
    ck_assert_int_eq(ask("kafka", 0), -EIO);
    ck_assert_int_eq(heard.steps, 0);
    ck_assert_int_eq(retired("kafka"), 0);
    assert_yes("kafka");
    assert_yes("kafka"); /* over the first one */
}
END_TEST

START_TEST(test_bad_questions)
{
    struct mqm_retire_options o = MQM_RETIRE_OPTIONS_INIT;
    char who[65];

    open_sides("100%");
    memset(who, 'x', 64);
    who[64] = '\0';
    ck_assert_int_eq(mqm_retire(m, NULL, hear_reason, NULL), -EINVAL);
    o.topic = "rewards";
    ck_assert_int_eq(mqm_retire(m, &o, hear_reason, NULL), -EINVAL);
    o.side = "pulsar";
    ck_assert_int_eq(mqm_retire(m, &o, hear_reason, NULL), -ENOENT);
    o.side = "kafka";
    ck_assert_int_eq(mqm_retire(m, &o, NULL, NULL), -EINVAL);
    o.who = who;
    ck_assert_int_eq(mqm_retire(m, &o, hear_reason, NULL), -EINVAL);
    o.who = NULL;
    o.topic = "none";
    ck_assert_int_eq(mqm_retire(m, &o, hear_reason, NULL), -ENOENT);
    ck_assert_int_eq(mqm_retirements(m, NULL, "none", note_retired, NULL),
                     -ENOENT);
    ck_assert_int_eq(mqm_retirements(m, NULL, NULL, note_retired, NULL),
                     -EINVAL);
    ck_assert_int_eq(mqm_retirements(m, NULL, "rewards", NULL, NULL), -EINVAL);
}
END_TEST

START_TEST(test_a_visitor_ends_it)
{
    struct mqm_retire_options o = MQM_RETIRE_OPTIONS_INIT;

    open_sides("50%");
    o.side = "kafka";
    o.topic = "rewards";
    heard = (struct heard_reasons){.answer = 77};
    ck_assert_int_eq(mqm_retire(m, &o, hear_reason, NULL), 77);
    ck_assert_str_eq(heard.reasons, "policy;");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("retire");

    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_from_no_to_yes);
    tcase_add_test(tc, test_its_group_has_to_read_so_far);
    tcase_add_test(tc, test_what_it_alone_has_is_rescued_first);
    tcase_add_test(tc, test_what_is_owed_by_rule_does_not_count);
    tcase_add_test(tc, test_the_new_side);
    tcase_add_test(tc, test_a_broken_side);
    tcase_add_test(tc, test_looking_only);
    tcase_add_test(tc, test_a_note_that_cannot_be_written);
    tcase_add_test(tc, test_bad_questions);
    tcase_add_test(tc, test_a_visitor_ends_it);
    return run_case("retire", tc);
}
