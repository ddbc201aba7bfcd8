/* SPDX-License-Identifier: MIT */
/* retire_instances.c - who has to act by the policy before a side may be
 * switched off: on one store with another consumer, and what is left of it. */
#include "retires.h"

enum { AGE_MS = 5000 }; /* of a policy, in some cases */

/* Another consumer, by the policy of this moment. */
static void open_other(const char *side)
{
    other = open_one();
    if (strcmp(side, broken) == 0)
        work_for(other, side);
    else
        ck_assert_int_eq(mqm_subscribe(other, side, "issuer", "rewards",
                                       note_done, NULL), 0);
    ck_assert_int_eq(mqm_tick(other), 0);
}

static void open_both(const char *cut)
{
    static char url[200];

    snprintf(url, sizeof(url), "sqlite:%s", new_path("store.db"));
    store = url;
    open_sides(cut);
}

/* The report of the other one, as if nothing was heard since. */
static void silence(void)
{
    other->snapshot->config->report_ms = 1;
    sleep_ms(5);
    ck_assert_int_eq(mqm_tick(other), 0);
    sleep_ms(1100);
}

/* Until the next reading of the configuration. */
static void max_age_of(mqm *one, int64_t ms)
{
    one->snapshot->config->topics[0].policy_max_age_ms = ms;
}

START_TEST(test_one_by_an_old_policy)
{
    open_both("50%");
    open_other("rocketmq");
    set("cut", "100%");
    aged(MAX_AGE_MS);
    assert_no("kafka", "instance;");
    ck_assert_ptr_nonnull(strstr(heard.text, "by another policy (switch on, "
                                             "cut 50.0000%)"));
    ck_assert_int_eq(mqm_reload(other), 0);
    ck_assert_int_eq(mqm_tick(other), 0);
    assert_no("kafka", "age;"); /* of the one that took it last */
    assert_young();
}
END_TEST

/* It acted by it until it was closed. */
START_TEST(test_one_that_left)
{
    open_both("50%");
    open_other("rocketmq");
    set("cut", "100%");
    mqm_close(other);
    other = NULL;
    aged(MAX_AGE_MS);
    assert_no("kafka", "age;");
    assert_young();
}
END_TEST

/* Who knows when it wakes up? */
START_TEST(test_one_that_went_silent)
{
    open_both("50%");
    open_other("kafka");
    silence();
    set("cut", "100%");
    aged(MAX_AGE_MS);
    assert_no("kafka", "instance;");
    ck_assert_ptr_nonnull(strstr(heard.text, "is not heard of"));
    ck_assert_ptr_nonnull(strstr(heard.text, other->instance));
}
END_TEST

/* It was only stopped: by its old policy half of these are Kafka's.  Does it
 * leave one to Kafka (SKIP)?  How many it takes, of 40. */
static int take_forty(mqm *one)
{
    int taken = 0;

    for (int i = 0; i < 40; i++) {
        struct mqm_claim c = claim("rocketmq", new_id());
        int r = mqm_acquire(one, &c);

        ck_assert_msg(r == MQM_OK || r == MQM_LATER, "%d: %s", r, c.why);
        if (r == MQM_OK)
            ck_assert_int_eq(mqm_release_on_success(one, &c), MQM_OK);
        taken += r == MQM_OK;
    }
    return taken;
}

/* It cannot say so itself, and whoever looks does not know. */
START_TEST(test_one_that_is_declared_dead)
{
    char name[64], words[128];

    open_both("50%");
    open_other("kafka");
    snprintf(name, sizeof(name), "%s", other->instance);
    dead[n_dead++] = name;
    ck_assert_int_eq(ask("kafka", 0), -EBUSY);
    ck_assert_ptr_nonnull(strstr(mqm_errmsg(), "is not dead: it reported"));
    silence();
    set("cut", "100%");
    aged(MAX_AGE_MS);
    n_dead = 0;
    assert_no("kafka", "instance;");
    snprintf(words, sizeof(words), "--side kafka --dead %s (or wait", name);
    ck_assert_ptr_nonnull(strstr(heard.remedy, words));
    n_dead = 1;
    assert_no("kafka", "age;"); /* it may have lived until a moment ago */
    ck_assert_str_eq(heard.remarks, "dead;");
    assert_young();
    max_age_of(m, AGE_MS);
    sleep_ms(AGE_MS + 50);
    aged(MAX_AGE_MS);
    assert_yes("kafka");
    snprintf(words, sizeof(words), "%s;", name);
    ck_assert_str_eq(last.dead, words);
    max_age_of(other, AGE_MS);
    ck_assert_int_lt(take_forty(other), 40); /* rule 9 */
    ck_assert_int_eq(mqm_tick(other), 0);
    ck_assert_int_eq(take_forty(other), 40);
    ck_assert_int_eq(ask("kafka", 0), -EBUSY);
    n_dead = 0;
    sleep_ms(AGE_MS + 50);
    assert_yes("kafka");
}
END_TEST

/* Its name is not enough: the one that has it now counts as any other. */
START_TEST(test_a_namesake_of_the_dead)
{
    mqm *first;

    how.instance = "worker-1";
    open_both("50%");
    open_other("kafka");
    silence();
    sleep_ms(AGE_MS);
    first = other;
    dead[n_dead++] = "worker-1";
    open_other("kafka"); /* in its place, by this old policy */
    set("cut", "100%");
    max_age_of(m, AGE_MS);
    aged(MAX_AGE_MS);
    assert_no("kafka", "instance;");
    ck_assert_ptr_nonnull(strstr(heard.text, "by another policy (switch on, "
                                             "cut 50.0000%)"));
    ck_assert_int_eq(mqm_reload(other), 0);
    ck_assert_int_eq(mqm_tick(other), 0);
    sleep_ms(AGE_MS + 50);
    assert_yes("kafka");
    ck_assert_str_eq(last.dead, "worker-1;");
    mqm_close(first);
    n_dead = 0;
    sleep_ms(AGE_MS + 50);
    assert_yes("kafka"); /* rests on nobody's word any more */
    ck_assert_str_eq(last.dead, "");
}
END_TEST

/* Of new:1, on Kafka's side. */
static void report_as_a_newer_library(void)
{
    struct mqm_swap s = {.value = "\177", .len = 1,
                         .flags = MQM_SWAP_LISTED | MQM_SWAP_ANYWAY},
                    *swaps = &s;

    s.key = (struct mqm_key){"t/issuer/rewards/instances",
                             "0123456789abcdef/kafka/new:1", 28, 1};
    ck_assert_int_eq(
        mqm__combine_swap(&m->combine, &swaps, 1, COMBINE_EVER), MQM_OK);
}

START_TEST(test_who_cannot_be_declared_dead)
{
    open_both("100%");
    aged(MAX_AGE_MS);
    dead[n_dead++] = "nobody:1";
    ck_assert_int_eq(ask("kafka", 0), -ENOENT);
    ck_assert_ptr_nonnull(strstr(mqm_errmsg(), "no instance 'nobody:1'"));
    report_as_a_newer_library();
    dead[0] = "new:1";
    ck_assert_int_eq(ask("kafka", 0), -EBUSY);
    ck_assert_ptr_nonnull(strstr(mqm_errmsg(), "with the newest library"));
    dead[0] = "";
    ck_assert_int_eq(ask("kafka", 0), -EINVAL);
    dead[0] = NULL;
    ck_assert_int_eq(ask("kafka", 0), -EINVAL);
    ck_assert_int_eq(retired("kafka"), 0);
}
END_TEST

/* What it would decide by is no danger: it is named, no more. */
START_TEST(test_one_that_went_silent_with_this_policy)
{
    open_both("100%");
    open_other("kafka");
    other->snapshot->config->topics[0].tally->in_force_ms -= 60000;
    silence();
    aged(MAX_AGE_MS);
    assert_yes("kafka");
    ck_assert_str_eq(heard.remarks, "instance;");
    ck_assert_ptr_nonnull(strstr(heard.text, "it had this policy"));
}
END_TEST

/* Who would do what the side does no more? */
START_TEST(test_nobody_of_the_other_side)
{
    broken = "rocketmq";
    open_both("100%");
    aged(MAX_AGE_MS);
    assert_no("kafka", "instance;");
    ck_assert_ptr_nonnull(strstr(heard.text, "no consumer of rocketmq"));
    open_other("rocketmq");
    other->snapshot->config->topics[0].tally->in_force_ms -= 60000;
    other->snapshot->config->topics[0].tally->at[1].tried_ms = 0;
    ck_assert_int_eq(mqm_tick(other), 0);
    assert_yes("kafka");
}
END_TEST

/* A newer library's report may hide anything. */
START_TEST(test_an_unknown_report)
{
    open_both("100%");
    aged(MAX_AGE_MS);
    report_as_a_newer_library();
    assert_no("kafka", "instance;");
    ck_assert_ptr_nonnull(strstr(heard.text, "new:1 on kafka reports in a way "
                                             "that this library"));
}
END_TEST

START_TEST(test_a_producer_ahead_of_time)
{
    struct mqm_delivery d;

    open_sides("100%");
    d = delivery("rocketmq", new_id());
    d.msg.id = "ahead";
    d.msg.id_len = 5;
    d.msg.born_ms = now_ms() + 3600000;
    ck_assert_msg(mqm_run(m, &d, 1, note_done, NULL) == MQM_OK, "%s: %s",
                  d.why, mqm_errmsg());
    aged(MAX_AGE_MS);
    assert_yes("kafka");
    ck_assert_str_eq(heard.remarks, "clock;");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("retire_instances");

    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_one_by_an_old_policy);
    tcase_add_test(tc, test_one_that_left);
    tcase_add_test(tc, test_one_that_went_silent);
    tcase_add_test(tc, test_one_that_is_declared_dead);
    tcase_add_test(tc, test_a_namesake_of_the_dead);
    tcase_add_test(tc, test_who_cannot_be_declared_dead);
    tcase_add_test(tc, test_one_that_went_silent_with_this_policy);
    tcase_add_test(tc, test_nobody_of_the_other_side);
    tcase_add_test(tc, test_an_unknown_report);
    tcase_add_test(tc, test_a_producer_ahead_of_time);
    return run_case("retire_instances", tc);
}
