/* SPDX-License-Identifier: MIT */
/* guard_tokens.c - two who propose a token for the same message at the same
 * time propose different ones, also if their clocks are behind (rule 4): who
 * meets the token that it proposed takes the claim for its own.
 */
#include "../wall_clock.h"
#include "guard.h"

enum { MANY = 3000 };

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

START_TEST(test_rule_04_proposals_above_a_clock_that_was_ahead)
{
    static struct mqm_claim c[MANY];
    static uint64_t by[MANY];
    int same = 0;

    how.flags = MQM_NO_KEEPER;
    open_with(", \"pause_ms\": 0");
    for (int i = 0; i < MANY; i++) {
        c[i] = claim("kafka", new_id());
        wall_ahead_s = 3600;
        ck_assert_int_eq(mqm_acquire(m, &c[i]), MQM_OK);
        ck_assert_int_eq(mqm_release_on_failure(m, &c[i]), MQM_OK);
        by[i] = c[i].token;
        wall_ahead_s = 0;
        ck_assert_int_eq(mqm_acquire(m, &c[i]), MQM_OK);
        ck_assert_uint_gt(c[i].token, by[i]);
        by[i] = c[i].token - by[i];
    }
    qsort(by, MANY, sizeof(by[0]), by_value);
    for (int i = 1; i < MANY; i++)
        same += by[i] == by[i - 1];
    ck_assert_msg(same < 10, "%d of %d are the same", same, MANY);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("guard_tokens");

    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_rule_04_proposals_above_a_clock_that_was_ahead);
    return run_case("guard_tokens", tc);
}
