/* SPDX-License-Identifier: MIT */
/* record_hazards.c - how a message got lost or worked on twice under simpler
 * rules: the shortest histories, by their H numbers in docs/design.md, and what
 * the rules answer now.
 *
 * A line of a story: what is asked, the verdict, the record that is written
 * (NULL: none).  "wait" lets that many ms pass.
 */
#include "record_words.h"

START_TEST(test_H01_store_forgets)
{
    /* pinned to the other side and dropped here; then nobody knows */
    STORY({"look kafka route rocketmq", MQM_SKIP, "OWED rocketmq"},
          {"FORGET", 0, NULL},
          {"acquire rocketmq route kafka token 2 unsure", MQM_DOUBT,
           "HELD rocketmq token 2 doubt 1 tries 1 lease 1000 moved unsent"});
    /* worked on, then forgotten */
    STORY({"acquire kafka token 2", MQM_OK,
           "HELD kafka token 2 tries 1 lease 1000"},
          {"success kafka token 2", MQM_OK, "DONE kafka token 2 tries 1"},
          {"FORGET", 0, NULL},
          {"acquire rocketmq token 3 unsure", MQM_DOUBT,
           "HELD rocketmq token 3 doubt 1 tries 1 lease 1000 moved unsent"},
          {"acquire kafka token 4", MQM_LATER, NULL},
          {"doubt rocketmq token 3 safe", MQM_OK,
           "PARKED rocketmq token 3 doubt 1 tries 1 safe moved"},
          {"wait", SETTLE, NULL},
          {"resolve_done rocketmq token 3", MQM_OK,
           "DONE rocketmq token 3 tries 1 moved"});
    /* and the attempt that was forgotten tells its success late */
    STORY({"acquire kafka token 2", MQM_OK,
           "HELD kafka token 2 tries 1 lease 1000"},
          {"FORGET", 0, NULL},
          {"acquire kafka token 3 unsure", MQM_DOUBT,
           "HELD kafka token 3 doubt 1 tries 1 lease 1000 moved unsent"},
          {"success kafka token 2", MQM_OK,
           "DONE kafka token 2 tries 1 moved"});
}
END_TEST

START_TEST(test_H02_parked_body_is_lost)
{
    /* read again from parking before it is resolved */
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"doubt kafka token 1 safe", MQM_OK,
           "PARKED kafka token 1 doubt 1 tries 1 safe"},
          {"acquire kafka token 2 parking", MQM_LATER, NULL},
          {"wait", SETTLE, NULL},
          {"resolve_again kafka token 1", MQM_OK,
           "OWED kafka token 1 tries 1 unsent"},
          {"acquire kafka token 3 parking", MQM_OK,
           "HELD kafka token 3 tries 2 lease 1000 unsent"});
    /* parked by a program that keeps no body: its copy comes again */
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"doubt kafka token 1", MQM_OK,
           "PARKED kafka token 1 doubt 1 tries 1"},
          {"acquire kafka token 2", MQM_LATER, NULL});
}
END_TEST

START_TEST(test_H03_reached_one_broker_only)
{
    /* rocketmq never gets it, until it is published again: no other pin */
    STORY({"look kafka route rocketmq", MQM_SKIP, "OWED rocketmq"},
          {"look kafka", MQM_SKIP, NULL},
          {"acquire kafka token 1", MQM_SKIP, NULL},
          {"acquire rocketmq route kafka token 2", MQM_OK,
           "HELD rocketmq token 2 tries 1 lease 1000"},
          /* published again and the late copy: one of them */
          {"acquire rocketmq token 3", MQM_LATER, NULL},
          {"success rocketmq token 2", MQM_OK, "DONE rocketmq token 2 tries 1"},
          {"acquire rocketmq token 4", MQM_SKIP, NULL});
}
END_TEST

START_TEST(test_H04_assign_loses_and_doubles)
{
    STORY({"look rocketmq route kafka", MQM_SKIP, "OWED kafka"},
          {"resolve_again kafka route rocketmq token 0", MQM_OK,
           "OWED rocketmq moved unsent"},
          {"acquire kafka token 1", MQM_LATER, NULL},
          {"acquire rocketmq token 2", MQM_OK,
           "HELD rocketmq token 2 tries 1 lease 1000 moved unsent"},
          {"success rocketmq token 2", MQM_OK,
           "DONE rocketmq token 2 tries 1 moved"},
          {"acquire kafka token 3", MQM_SKIP, NULL});
    /* while it is worked on, and afterwards */
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"resolve_again kafka route rocketmq token 1", MQM_LOST, NULL},
          {"success kafka token 1", MQM_OK, "DONE kafka token 1 tries 1"},
          {"resolve_again kafka route rocketmq token 1", MQM_LOST, NULL});
    /* seen as owed, but worked on since */
    STORY({"look rocketmq route kafka", MQM_SKIP, "OWED kafka"},
          {"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"failure kafka token 1", MQM_OK,
           "OWED kafka token 1 tries 1 pause 200"},
          {"resolve_again kafka route rocketmq token 0", MQM_LOST, NULL});
}
END_TEST

START_TEST(test_H05_stale_policy_pins_to_a_retired_side)
{
    STORY({"acquire kafka route rocketmq token 1 stale", MQM_LATER, NULL},
          {"acquire kafka token 2", MQM_OK,
           "HELD kafka token 2 tries 1 lease 1000"});
}
END_TEST

START_TEST(test_H06_a_poison_message_is_parked)
{
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"failure kafka token 1", MQM_OK,
           "OWED kafka token 1 tries 1 pause 200"},
          {"acquire kafka token 2", MQM_LATER, NULL}, /* it came at once */
          {"wait", PAUSE, NULL},
          {"acquire kafka token 2", MQM_OK,
           "HELD kafka token 2 tries 2 lease 1000"},
          {"park_failed kafka token 2 safe", MQM_OK,
           "PARKED kafka token 2 tries 2 safe"},
          {"park_failed kafka token 2 safe", MQM_OK, NULL},
          {"acquire kafka token 3", MQM_SKIP, NULL},
          {"resolve_again kafka token 2", MQM_OK,
           "OWED kafka token 2 tries 2 unsent"},
          {"acquire kafka token 4 parking", MQM_OK,
           "HELD kafka token 4 tries 3 lease 1000 unsent"});
}
END_TEST

START_TEST(test_H07_born_before_the_switch)
{
    /* owed to rocketmq while on; off and on again, the rule says kafka */
    STORY({"look kafka route rocketmq", MQM_SKIP, "OWED rocketmq"},
          {"look rocketmq route kafka rule", MQM_OK, NULL},
          {"acquire rocketmq route kafka token 1 rule", MQM_OK,
           "HELD rocketmq token 1 tries 1 lease 1000"});
}
END_TEST

START_TEST(test_H09_a_timeout_is_not_a_failure)
{
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"doubt kafka token 1", MQM_OK,
           "PARKED kafka token 1 doubt 1 tries 1"},
          {"acquire kafka token 2", MQM_LATER, NULL},
          {"failure kafka token 1", MQM_LOST, NULL});
}
END_TEST

START_TEST(test_H10_doubt_survives_failure)
{
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"wait", LEASE, NULL},
          {"acquire kafka token 2", MQM_DOUBT,
           "HELD kafka token 2 doubt 1 tries 2 lease 1000"},
          {"failure kafka token 2", MQM_OK,
           "OWED kafka token 2 doubt 1 tries 2 pause 200"},
          {"wait", PAUSE, NULL},
          {"acquire kafka token 3", MQM_DOUBT,
           "HELD kafka token 3 doubt 1 tries 3 lease 1000"},
          {"park_failed kafka token 3 safe", MQM_OK,
           "PARKED kafka token 3 doubt 1 tries 3 safe"},
          {"resolve_again kafka token 3", MQM_LATER, NULL},
          {"success kafka token 1", MQM_OK, "DONE kafka token 1 tries 3"});
}
END_TEST

START_TEST(test_H11_no_while_the_overtaken_one_lives)
{
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"wait", LEASE, NULL},
          {"acquire kafka token 2", MQM_DOUBT,
           "HELD kafka token 2 doubt 1 tries 2 lease 1000"},
          {"doubt kafka token 2 safe", MQM_OK,
           "PARKED kafka token 2 doubt 1 tries 2 safe"},
          {"wait", SETTLE - 1, NULL},
          {"resolve_again kafka token 2", MQM_LATER, NULL},
          {"wait", 1, NULL},
          {"resolve_again kafka token 2", MQM_OK,
           "OWED kafka token 2 tries 2 unsent"},
          {"renew kafka token 1", MQM_LOST, NULL});
}
END_TEST

START_TEST(test_H15_the_askers_lease_does_not_count)
{
    STORY({"acquire kafka token 1 lease 600000", MQM_OK,
           "HELD kafka token 1 tries 1 lease 600000"},
          {"wait", 31000, NULL},
          {"acquire kafka token 2 lease 30000", MQM_LATER, NULL},
          {"renew kafka token 1 lease 600000", MQM_OK,
           "HELD kafka token 1 tries 1 lease 600000"});
}
END_TEST

START_TEST(test_H16_a_look_is_only_a_guess)
{
    STORY({"look kafka", MQM_OK, NULL}, {"look rocketmq", MQM_OK, NULL},
          {"acquire rocketmq token 1", MQM_OK,
           "HELD rocketmq token 1 tries 1 lease 1000"},
          {"acquire kafka token 2", MQM_SKIP, NULL});
}
END_TEST

START_TEST(test_H18_answer_of_acquire_is_lost)
{
    STORY({"acquire kafka token 5", MQM_OK,
           "HELD kafka token 5 tries 1 lease 1000"},
          {"acquire kafka token 5", MQM_OK, NULL},
          /* a restarted process proposes its own */
          {"acquire kafka token 6", MQM_LATER, NULL},
          {"wait", LEASE, NULL},
          {"acquire kafka token 7", MQM_DOUBT,
           "HELD kafka token 7 doubt 5 tries 2 lease 1000"},
          {"acquire kafka token 7", MQM_DOUBT, NULL},
          {"acquire kafka token 5", MQM_LATER, NULL});
}
END_TEST

START_TEST(test_H19_claimed_ahead_is_handed_back)
{
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"hand_back kafka token 1", MQM_OK, "OWED kafka token 1"},
          {"hand_back kafka token 1", MQM_OK, NULL},
          {"acquire kafka token 2", MQM_OK,
           "HELD kafka token 2 tries 1 lease 1000"});
}
END_TEST

START_TEST(test_H20_renew_crosses_the_release)
{
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"wait", 400, NULL},
          {"renew kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"success kafka token 1", MQM_OK, "DONE kafka token 1 tries 1"},
          {"renew kafka token 1", MQM_LOST, NULL},
          {"success kafka token 1", MQM_OK, NULL});
}
END_TEST

START_TEST(test_H21_success_in_a_chain_of_three)
{
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"wait", LEASE, NULL},
          {"acquire kafka token 2", MQM_DOUBT,
           "HELD kafka token 2 doubt 1 tries 2 lease 1000"},
          {"wait", LEASE, NULL},
          {"acquire kafka token 3", MQM_DOUBT,
           "HELD kafka token 3 doubt 1 tries 3 lease 1000"},
          {"success kafka token 1", MQM_OK, "DONE kafka token 1 tries 3"},
          {"doubt kafka token 3", MQM_LOST, NULL},
          {"acquire kafka token 4", MQM_SKIP, NULL});
}
END_TEST

START_TEST(test_H22_owed_by_rule_is_not_waited_for)
{
    STORY({"look rocketmq route kafka rule", MQM_SKIP, "OWED kafka rule"},
          {"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"hand_back kafka token 1", MQM_OK, "OWED kafka token 1"});
}
END_TEST

START_TEST(test_H24_resolved_from_old_knowledge)
{
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"doubt kafka token 1", MQM_OK,
           "PARKED kafka token 1 doubt 1 tries 1"},
          {"wait", SETTLE, NULL}, /* two people inspect it: token 1 */
          {"resolve_again kafka token 1", MQM_OK,
           "OWED kafka token 1 tries 1 unsent"},
          {"acquire kafka token 2", MQM_OK,
           "HELD kafka token 2 tries 2 lease 1000 unsent"},
          {"doubt kafka token 2", MQM_OK,
           "PARKED kafka token 2 doubt 2 tries 2"},
          {"wait", SETTLE, NULL},
          {"resolve_again kafka token 1", MQM_LOST, NULL},
          {"resolve_done kafka token 1", MQM_LOST, NULL});
}
END_TEST

START_TEST(test_H25_owed_again_and_taken_by_a_zombie)
{
    /* token 3 asks with a copy that was acknowledged when it was parked */
    STORY({"acquire kafka token 1", MQM_OK,
           "HELD kafka token 1 tries 1 lease 1000"},
          {"doubt kafka token 1 safe", MQM_OK,
           "PARKED kafka token 1 doubt 1 tries 1 safe"},
          {"wait", SETTLE, NULL},
          {"resolve_again kafka token 1", MQM_OK,
           "OWED kafka token 1 tries 1 unsent"},
          {"acquire kafka token 3", MQM_OK,
           "HELD kafka token 3 tries 2 lease 1000 unsent"},
          {"failure kafka token 3", MQM_OK,
           "OWED kafka token 3 tries 2 pause 200 unsent"});
}
END_TEST

static TCase *hazards(void)
{
    TCase *tc = tcase_create("hazards");

    tcase_add_test(tc, test_H01_store_forgets);
    tcase_add_test(tc, test_H02_parked_body_is_lost);
    tcase_add_test(tc, test_H03_reached_one_broker_only);
    tcase_add_test(tc, test_H04_assign_loses_and_doubles);
    tcase_add_test(tc, test_H05_stale_policy_pins_to_a_retired_side);
    tcase_add_test(tc, test_H06_a_poison_message_is_parked);
    tcase_add_test(tc, test_H07_born_before_the_switch);
    tcase_add_test(tc, test_H09_a_timeout_is_not_a_failure);
    tcase_add_test(tc, test_H10_doubt_survives_failure);
    tcase_add_test(tc, test_H11_no_while_the_overtaken_one_lives);
    tcase_add_test(tc, test_H15_the_askers_lease_does_not_count);
    tcase_add_test(tc, test_H16_a_look_is_only_a_guess);
    tcase_add_test(tc, test_H18_answer_of_acquire_is_lost);
    tcase_add_test(tc, test_H19_claimed_ahead_is_handed_back);
    tcase_add_test(tc, test_H20_renew_crosses_the_release);
    tcase_add_test(tc, test_H21_success_in_a_chain_of_three);
    tcase_add_test(tc, test_H22_owed_by_rule_is_not_waited_for);
    tcase_add_test(tc, test_H24_resolved_from_old_knowledge);
    tcase_add_test(tc, test_H25_owed_again_and_taken_by_a_zombie);
    return tc;
}

int main(void)
{
    return run_case("record_hazards", hazards());
}
