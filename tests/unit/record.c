/* SPDX-License-Identifier: MIT */
/* record.c - the rules of docs/design.md, by number, as tables of lib/record.c.
 *
 * Rules 13 and 15 are kept elsewhere: the adapters and the claims.
 */
#include "record_words.h"

START_TEST(test_rule_01_one_call_decides)
{
    ROWS({"FREE", "acquire kafka token 7", MQM_OK,
          "HELD kafka token 7 tries 1 lease 1000"},
         {"FREE", "acquire kafka route rocketmq token 7", MQM_SKIP,
          "OWED rocketmq"},
         {"FREE", "look kafka route rocketmq", MQM_SKIP, "OWED rocketmq"},
         {"FREE", "look kafka", MQM_OK, NULL}, /* a guess: nothing written */
         {"OWED rocketmq", "look kafka", MQM_SKIP, NULL},
         {"OWED kafka", "look kafka route rocketmq", MQM_OK, NULL},
         {"OWED kafka", "acquire kafka route rocketmq token 7", MQM_OK,
          "HELD kafka token 7 tries 1 lease 1000"});
}
END_TEST

START_TEST(test_rule_02_a_live_lease_is_waited_for)
{
    ROWS({"HELD kafka token 5 lease 1000 age 999", "acquire kafka token 7",
          MQM_LATER, NULL},
         /* the asker's own setting does not count */
         {"HELD kafka token 5 lease 600000 age 31000",
          "acquire kafka token 7 lease 30000", MQM_LATER, NULL},
         {"HELD kafka token 5 lease 1000 age 999",
          "acquire kafka token 7 lease 10", MQM_LATER, NULL},
         {"HELD kafka token 5 tries 1 lease 10 age 10",
          "acquire kafka token 7 lease 600000", MQM_DOUBT,
          "HELD kafka token 7 doubt 5 tries 2 lease 600000"});
}
END_TEST

START_TEST(test_rule_03_a_doubt_stays_until_settled)
{
    ROWS({"HELD kafka token 5 tries 1 lease 1000 age 1000",
          "acquire kafka token 7", MQM_DOUBT,
          "HELD kafka token 7 doubt 5 tries 2 lease 1000"},
         {"HELD kafka token 7 doubt 5 tries 2 lease 1000 age 1000",
          "acquire kafka token 9", MQM_DOUBT,
          "HELD kafka token 9 doubt 5 tries 3 lease 1000"},
         {"HELD kafka token 7 doubt 5 tries 2 lease 1000",
          "failure kafka token 7", MQM_OK,
          "OWED kafka token 7 doubt 5 tries 2 pause 200"},
         {"HELD kafka token 7 doubt 5 tries 2 lease 1000",
          "hand_back kafka token 7", MQM_OK,
          "OWED kafka token 7 doubt 5 tries 1"},
         {"HELD kafka token 7 doubt 5 tries 2 lease 1000",
          "doubt kafka token 7", MQM_OK,
          "PARKED kafka token 7 doubt 5 tries 2"},
         /* any success since the doubt settles it, in every state */
         {"HELD kafka token 9 doubt 5 lease 1000", "success kafka token 5",
          MQM_OK, "DONE kafka token 5"},
         {"OWED kafka token 9 doubt 5", "success kafka token 7", MQM_OK,
          "DONE kafka token 7"},
         {"PARKED kafka token 9 doubt 5 safe", "success kafka token 5", MQM_OK,
          "DONE kafka token 5"},
         /* but none from before it, and nothing but a success */
         {"HELD kafka token 9 doubt 5 lease 1000", "success kafka token 4",
          MQM_LOST, NULL},
         {"HELD kafka token 9 doubt 5 lease 1000", "failure kafka token 5",
          MQM_LOST, NULL},
         {"HELD kafka token 9 doubt 5 lease 1000", "doubt kafka token 5",
          MQM_LOST, NULL});
}
END_TEST

START_TEST(test_rule_04_a_token_is_fixed_at_acquire)
{
    ROWS({"HELD kafka token 5 tries 1 lease 1000 age 900",
          "renew kafka token 5", MQM_OK,
          "HELD kafka token 5 tries 1 lease 1000"},
         /* repeated after a lost answer, when its lease is over with a new one */
         {"HELD kafka token 7 lease 1000 age 1", "acquire kafka token 7",
          MQM_OK, NULL},
         {"HELD kafka token 7 doubt 5 lease 1000", "acquire kafka token 7",
          MQM_DOUBT, NULL},
         {"HELD kafka token 7 tries 1 lease 900 age 899",
          "acquire kafka token 7", MQM_OK, NULL},
         {"HELD kafka token 7 tries 1 lease 900 age 900",
          "acquire kafka token 7", MQM_OK,
          "HELD kafka token 7 tries 1 lease 1000"},
         {"HELD kafka token 7 doubt 5 tries 2 lease 900 age 900 moved unsent",
          "acquire kafka token 7", MQM_DOUBT,
          "HELD kafka token 7 doubt 5 tries 2 lease 1000 moved unsent"},
         /* and grows, whatever was proposed */
         {"OWED kafka token 9 tries 1", "acquire kafka token 7", MQM_OK,
          "HELD kafka token 10 tries 2 lease 1000"},
         {"OWED kafka token 9 tries 1", "acquire kafka token 9", MQM_OK,
          "HELD kafka token 10 tries 2 lease 1000"},
         {"HELD kafka token 9 lease 1000", "success kafka token 8", MQM_LOST,
          NULL},
         {"HELD kafka token 9 lease 1000", "success kafka token 10", MQM_LOST,
          NULL});
}
END_TEST

START_TEST(test_rule_05_only_failed_means_nothing_happened)
{
    ROWS({"HELD kafka token 5 tries 1 lease 1000", "failure kafka token 5",
          MQM_OK, "OWED kafka token 5 tries 1 pause 200"},
         {"HELD kafka token 5 tries 1 lease 1000", "doubt kafka token 5",
          MQM_OK, "PARKED kafka token 5 doubt 5 tries 1"},
         {"HELD kafka token 5 tries 4 lease 1000", "park_failed kafka token 5",
          MQM_OK, "PARKED kafka token 5 tries 4"},
         /* it knows of itself only */
         {"HELD kafka token 7 doubt 5 tries 4 lease 1000",
          "park_failed kafka token 7", MQM_OK,
          "PARKED kafka token 7 doubt 5 tries 4"});
}
END_TEST

START_TEST(test_rule_06_parked_is_dropped_only_when_safe)
{
    ROWS({"HELD kafka token 5 lease 1000", "doubt kafka token 5 safe", MQM_OK,
          "PARKED kafka token 5 doubt 5 safe"},
         {"HELD kafka token 5 lease 1000", "park_failed kafka token 5 safe",
          MQM_OK, "PARKED kafka token 5 safe"},
         {"PARKED kafka token 5 doubt 5 safe", "look kafka", MQM_SKIP, NULL},
         {"PARKED kafka token 5 doubt 5", "look kafka", MQM_LATER, NULL},
         {"PARKED kafka token 5 doubt 5", "look rocketmq", MQM_SKIP, NULL},
         {"PARKED kafka token 5 safe", "look kafka parking", MQM_LATER, NULL},
         {"PARKED kafka token 5 safe", "look rocketmq parking", MQM_LATER,
          NULL},
         {"OWED kafka token 5", "look rocketmq parking", MQM_LATER, NULL},
         {"HELD kafka token 5 lease 1000", "look rocketmq parking", MQM_LATER,
          NULL},
         {"DONE kafka token 5", "look kafka parking", MQM_SKIP, NULL});
}
END_TEST

START_TEST(test_rule_07_a_no_counts_when_settled)
{
    ROWS({"PARKED kafka token 5 doubt 5 age 2999",
          "resolve_again kafka token 5", MQM_LATER, NULL},
         {"PARKED kafka token 5 doubt 5 tries 1 age 3000 safe",
          "resolve_again kafka token 5", MQM_OK,
          "OWED kafka token 5 tries 1 unsent"},
         /* nothing in doubt, nothing to wait for */
         {"PARKED kafka token 5 tries 4 age 0", "resolve_again kafka token 5",
          MQM_OK, "OWED kafka token 5 tries 4 unsent"},
         /* a yes counts at once */
         {"PARKED kafka token 5 doubt 5 age 0", "resolve_done kafka token 5",
          MQM_OK, "DONE kafka token 5"},
         /* what is owed in doubt, and has perhaps no copy that asks */
         {"OWED kafka token 7 doubt 5 tries 2 age 0",
          "resolve_done kafka token 7", MQM_OK, "DONE kafka token 7 tries 2"},
         {"OWED kafka token 7 doubt 5 age 2999", "resolve_again kafka token 7",
          MQM_LATER, NULL},
         {"OWED kafka token 7 doubt 5 tries 2 age 3000",
          "resolve_again kafka token 7", MQM_OK,
          "OWED kafka token 7 tries 2 unsent"},
         {"OWED kafka token 7 doubt 5", "resolve_done kafka token 5", MQM_LOST,
          NULL},
         {"OWED kafka token 7", "resolve_done kafka token 7", MQM_LOST, NULL},
         {"HELD kafka token 7 doubt 5 lease 1000 age 5000",
          "resolve_done kafka token 7", MQM_LOST, NULL},
         /* its copies may be gone, until it is done or parked */
         {"OWED kafka token 5 tries 1 unsent", "acquire kafka token 7",
          MQM_OK, "HELD kafka token 7 tries 2 lease 1000 unsent"},
         {"HELD kafka token 7 lease 1000 unsent", "renew kafka token 7",
          MQM_OK, "HELD kafka token 7 lease 1000 unsent"},
         {"HELD kafka token 7 lease 1000 unsent", "failure kafka token 7",
          MQM_OK, "OWED kafka token 7 pause 200 unsent"},
         {"HELD kafka token 7 lease 1000 unsent", "park_failed kafka token 7",
          MQM_OK, "PARKED kafka token 7"},
         {"HELD kafka token 7 lease 1000 unsent", "success kafka token 7",
          MQM_OK, "DONE kafka token 7"});
}
END_TEST

START_TEST(test_rule_08_what_may_be_forgotten_is_in_doubt)
{
    ROWS({"FREE", "acquire kafka token 7 unsure", MQM_DOUBT,
          "HELD kafka token 7 doubt 1 tries 1 lease 1000 moved unsent"},
         {"FREE", "acquire kafka route rocketmq token 7 unsure", MQM_DOUBT,
          "HELD kafka token 7 doubt 1 tries 1 lease 1000 moved unsent"},
         {"FREE", "acquire kafka token 7 parking", MQM_DOUBT,
          "HELD kafka token 7 doubt 1 tries 1 lease 1000 moved unsent"},
         {"FREE", "look kafka route rocketmq unsure", MQM_OK, NULL},
         /* the other side keeps its copies until it is done */
         {"HELD kafka token 7 doubt 1 lease 1000 moved",
          "acquire rocketmq token 8", MQM_LATER, NULL},
         {"OWED kafka token 7 doubt 1 moved", "look rocketmq", MQM_LATER,
          NULL},
         {"DONE kafka token 7 moved", "look rocketmq", MQM_SKIP, NULL},
         /* what stands there is known */
         {"OWED kafka token 7", "look rocketmq unsure", MQM_SKIP, NULL});
}
END_TEST

START_TEST(test_rule_09_a_stale_policy_gives_nothing_away)
{
    ROWS({"FREE", "acquire kafka route rocketmq token 7 stale", MQM_LATER,
          NULL},
         {"FREE", "look kafka route rocketmq stale", MQM_LATER, NULL},
         {"FREE", "acquire kafka token 7 stale", MQM_OK,
          "HELD kafka token 7 tries 1 lease 1000"},
         {"OWED rocketmq", "acquire kafka token 7 stale", MQM_SKIP, NULL});
}
END_TEST

START_TEST(test_rule_10_policy_names_the_side_of_a_free_one)
{
    ROWS({"FREE", "acquire rocketmq route kafka token 7 rule", MQM_SKIP,
          "OWED kafka rule"},
         {"FREE", "acquire rocketmq route kafka token 7", MQM_SKIP,
          "OWED kafka"},
         {"OWED rocketmq", "acquire rocketmq route kafka token 7 rule", MQM_OK,
          "HELD rocketmq token 7 tries 1 lease 1000"},
         {"OWED rocketmq", "acquire kafka route kafka token 7 rule", MQM_SKIP,
          NULL},
         {"OWED kafka rule", "acquire kafka token 7", MQM_OK,
          "HELD kafka token 7 tries 1 lease 1000"});
}
END_TEST

START_TEST(test_rule_11_the_other_side_never_enters)
{
    ROWS({"OWED kafka", "acquire rocketmq token 7", MQM_SKIP, NULL},
         {"HELD kafka token 5 lease 1000 age 5000", "acquire rocketmq token 7",
          MQM_SKIP, NULL},
         {"PARKED kafka token 5 doubt 5 age 5000", "acquire rocketmq token 7",
          MQM_SKIP, NULL},
         /* a person assigns, without a doubt or settled */
         {"OWED kafka token 5", "resolve_again kafka route rocketmq token 5",
          MQM_OK, "OWED rocketmq token 5 moved unsent"},
         {"OWED kafka token 5 doubt 3 age 2999",
          "resolve_again kafka route rocketmq token 5", MQM_LATER, NULL},
         {"OWED kafka token 5 doubt 3 age 3000",
          "resolve_again kafka route rocketmq token 5", MQM_OK,
          "OWED rocketmq token 5 moved unsent"},
         {"HELD kafka token 5 lease 1000 age 5000",
          "resolve_again kafka route rocketmq token 5", MQM_LOST, NULL},
         {"PARKED kafka token 5 doubt 5 age 2999",
          "resolve_again kafka route rocketmq token 5", MQM_LATER, NULL},
         {"PARKED kafka token 5 doubt 5 age 3000",
          "resolve_again kafka route rocketmq token 5", MQM_OK,
          "OWED rocketmq token 5 moved unsent"},
         {"DONE kafka token 5", "resolve_again kafka route rocketmq token 5",
          MQM_LOST, NULL},
         /* with the token seen */
         {"OWED kafka token 5", "resolve_again kafka route rocketmq token 4",
          MQM_LOST, NULL},
         {"OWED rocketmq token 5 moved", "acquire kafka token 7", MQM_LATER,
          NULL},
         /* once moved, the flag stays, even when it comes back */
         {"OWED rocketmq token 5 moved",
          "resolve_again rocketmq route kafka token 5", MQM_OK,
          "OWED kafka token 5 moved unsent"});
}
END_TEST

START_TEST(test_rule_12_what_is_owed_is_never_pinned_anew)
{
    struct record r = {0}, next;
    struct request rq = {.op = OP_LOOK, .side = "kafka", .route = "rocketmq",
                         .origin = "kafka:rewards/3/1209",
                         .may_pin_away = true};
    const char *why;

    ck_assert_int_eq(mqm__decide(&r, &rq, &next, &why), MQM_SKIP);
    ck_assert_str_eq(next.origin, "kafka:rewards/3/1209");
    r = next;
    rq = (struct request){.op = OP_ACQUIRE, .side = "rocketmq",
                          .route = "kafka", .token = 7, .lease_ms = LEASE,
                          .holder = "host:1", .origin = "rocketmq:a/0/3"};
    ck_assert_int_eq(mqm__decide(&r, &rq, &next, &why), MQM_OK);
    ck_assert_str_eq(next.origin, "kafka:rewards/3/1209");
    ck_assert_str_eq(next.holder, "host:1");
    rq = (struct request){.op = OP_RENEW, .side = "rocketmq", .token = 7};
    r = next;
    ck_assert_int_eq(mqm__decide(&r, &rq, &next, &why), MQM_OK);
    ck_assert_str_eq(next.holder, "host:1");
    r = next;
    rq = (struct request){.op = OP_PARK, .side = "rocketmq", .token = 7,
                          .why = WHY_UNSURE};
    ck_assert_int_eq(mqm__decide(&r, &rq, &next, &why), MQM_OK);
    ck_assert_str_eq(next.origin, "kafka:rewards/3/1209");
    ck_assert_str_eq(next.holder, "");
    ck_assert_str_eq(mqm__parked_words(next.why), "the handler could not tell");
    ROWS({"OWED rocketmq", "acquire kafka token 7", MQM_SKIP, NULL},
         {"OWED rocketmq", "acquire kafka token 7 rule", MQM_SKIP, NULL});
}
END_TEST

START_TEST(test_rule_14_handed_back_as_if_never_claimed)
{
    ROWS({"HELD kafka token 5 tries 1 lease 1000", "hand_back kafka token 5",
          MQM_OK, "OWED kafka token 5"},
         {"OWED kafka token 5", "hand_back kafka token 5", MQM_OK, NULL},
         {"OWED kafka token 5", "acquire kafka token 7", MQM_OK,
          "HELD kafka token 7 tries 1 lease 1000"},
         {"HELD kafka token 7 tries 1 lease 1000", "hand_back kafka token 5",
          MQM_LOST, NULL});
}
END_TEST

START_TEST(test_rule_16_done_is_for_ever)
{
    ROWS({"DONE kafka token 5", "success kafka token 5", MQM_OK, NULL},
         {"DONE kafka token 5", "acquire kafka token 5", MQM_SKIP, NULL},
         {"DONE kafka token 5", "acquire kafka token 9 unsure", MQM_SKIP,
          NULL},
         {"DONE kafka token 5", "success kafka token 4", MQM_LOST, NULL},
         {"DONE kafka token 5", "failure kafka token 5", MQM_LOST, NULL},
         {"DONE kafka token 5", "doubt kafka token 5", MQM_LOST, NULL},
         {"DONE kafka token 5", "park_failed kafka token 5", MQM_LOST, NULL},
         {"DONE kafka token 5", "hand_back kafka token 5", MQM_LOST, NULL},
         {"DONE kafka token 5", "renew kafka token 5", MQM_LOST, NULL},
         {"DONE kafka token 5", "resolve_again kafka token 5", MQM_LOST,
          NULL});
}
END_TEST

/* Tokens only grow: a record that is older than an attempt is what the store
 * went back to. */
START_TEST(test_rule_08_a_success_that_the_store_has_lost)
{
    ROWS({"FREE", "success kafka token 5 proven", MQM_OK,
          "DONE kafka token 5"},
         {"OWED kafka token 3 tries 1", "success kafka token 5 proven", MQM_OK,
          "DONE kafka token 5 tries 1"},
         {"OWED rocketmq", "success kafka token 5 proven", MQM_OK,
          "DONE rocketmq token 5"},
         {"HELD kafka token 3 lease 1000", "success kafka token 5 proven",
          MQM_OK, "DONE kafka token 5"},
         {"PARKED kafka token 3 doubt 3", "success kafka token 5 proven",
          MQM_OK, "DONE kafka token 5"},
         /* who cannot show that he had it, and who only failed */
         {"FREE", "success kafka token 5", MQM_LOST, NULL},
         {"OWED kafka token 3", "success kafka token 5", MQM_LOST, NULL},
         {"FREE", "failure kafka token 5 proven", MQM_LOST, NULL},
         {"FREE", "renew kafka token 5 proven", MQM_LOST, NULL},
         {"HELD kafka token 3 lease 1000", "doubt kafka token 5 proven",
          MQM_LOST, NULL},
         /* was done by another one, or is being done */
         {"DONE kafka token 3", "success kafka token 5 proven", MQM_LOST,
          NULL},
         {"HELD kafka token 7 lease 1000", "success kafka token 5 proven",
          MQM_LOST, NULL});
}
END_TEST

static TCase *rules(void)
{
    TCase *tc = tcase_create("record");

    tcase_add_test(tc, test_rule_01_one_call_decides);
    tcase_add_test(tc, test_rule_02_a_live_lease_is_waited_for);
    tcase_add_test(tc, test_rule_03_a_doubt_stays_until_settled);
    tcase_add_test(tc, test_rule_04_a_token_is_fixed_at_acquire);
    tcase_add_test(tc, test_rule_05_only_failed_means_nothing_happened);
    tcase_add_test(tc, test_rule_06_parked_is_dropped_only_when_safe);
    tcase_add_test(tc, test_rule_07_a_no_counts_when_settled);
    tcase_add_test(tc, test_rule_08_what_may_be_forgotten_is_in_doubt);
    tcase_add_test(tc, test_rule_08_a_success_that_the_store_has_lost);
    tcase_add_test(tc, test_rule_09_a_stale_policy_gives_nothing_away);
    tcase_add_test(tc, test_rule_10_policy_names_the_side_of_a_free_one);
    tcase_add_test(tc, test_rule_11_the_other_side_never_enters);
    tcase_add_test(tc, test_rule_12_what_is_owed_is_never_pinned_anew);
    tcase_add_test(tc, test_rule_14_handed_back_as_if_never_claimed);
    tcase_add_test(tc, test_rule_16_done_is_for_ever);
    return tc;
}

int main(void)
{
    return run_case("record", rules());
}
