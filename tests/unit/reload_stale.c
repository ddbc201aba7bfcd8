/* SPDX-License-Identifier: MIT */
/* reload_stale.c - rule 9: a policy that cannot be confirmed gives nothing away.
 * What is too old only while it waits is in reload.c.
 */
#include "../quick_clock.h"

#include "reloads.h"

enum { OLD_MS = 20050 };

START_TEST(test_rule_09_unconfirmed_gives_nothing_away)
{
    struct mqm_claim r, k;
    char away[256];

    open_file(on("0%", ", \"policy_max_age_ms\": 20000"));
    snprintf(away, sizeof(away), "%s.away", path);
    r = claim("rocketmq", new_id());
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_SKIP);
    ck_assert_int_eq(rename(path, away), 0);
    sleep_ms(OLD_MS);
    ck_assert_int_eq(mqm_tick(m), 0);
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_SKIP); /* on record already */
    r = claim("rocketmq", new_id());
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_LATER);
    ck_assert_str_eq(r.why, "policy is stale");
    ck_assert_int_lt(mqm_should_consume(m, &r.msg), 0);
    ck_assert_int_eq(look_at(m, r.msg.id).state, MQM_FREE);
    k = claim("kafka", r.msg.id);
    ck_assert_int_eq(mqm_acquire(m, &k), MQM_OK); /* own work goes on */
    ck_assert_int_eq(rename(away, path), 0);
    ck_assert_int_eq(mqm_tick(m), 0);
    r = claim("rocketmq", new_id());
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_SKIP);
}
END_TEST

START_TEST(test_rule_09_inline_is_always_confirmed)
{
    struct mqm_claim r;

    open_with(", \"policy_max_age_ms\": 20000");
    sleep_ms(OLD_MS);
    r = claim("rocketmq", new_id());
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_SKIP);
}
END_TEST

/* The cut moves while a handler works, and the rest of that call still knows
 * the old one only. */
static int change_the_cut(void *user, const struct mqm_delivery *d)
{
    (void)d;
    rename_over(user);
    ck_assert_int_eq(mqm_tick(m), 0);
    ck_assert_int_eq(cut_now(), 100);
    sleep_ms(OLD_MS);
    return MQM_HANDLED;
}

START_TEST(test_rule_09_an_overtaken_policy_is_not_confirmed)
{
    struct mqm_delivery d[2];
    char more[100], changed[4096];

    snprintf(more, sizeof(more), ", \"policy_max_age_ms\": 20000, "
             "\"allow\": [\"%s\"]", new_id());
    open_file(on("0%", more));
    snprintf(changed, sizeof(changed), "%s", on("100%", more));
    d[0] = delivery("rocketmq", strstr(more, "[\"") + 2);
    d[0].msg.id_len = MQM_ID_LEN;
    d[1] = delivery("rocketmq", new_id());
    ck_assert_int_eq(mqm_run(m, d, 2, change_the_cut, changed), MQM_LATER);
    ck_assert_int_eq(d[0].result, MQM_OK);
    ck_assert_int_eq(look_at(m, d[1].msg.id).state, MQM_FREE);
    ck_assert_str_eq(d[1].why, "policy is stale");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("reload_stale");

    how.flags = MQM_NO_KEEPER;
    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_rule_09_unconfirmed_gives_nothing_away);
    tcase_add_test(tc, test_rule_09_inline_is_always_confirmed);
    tcase_add_test(tc, test_rule_09_an_overtaken_policy_is_not_confirmed);
    return run_case("reload_stale", tc);
}
