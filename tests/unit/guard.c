/* SPDX-License-Identifier: MIT */
/* guard.c - the guard against the memory store: verdicts, ends, batches. */
#include "guard.h"

START_TEST(test_first_look_pins)
{
    struct mqm_claim k = claim("kafka", new_id()), r = k;

    r.msg.side = "rocketmq";
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_SKIP); /* switch is off */
    ck_assert_int_eq(mqm_acquire(m, &k), MQM_OK);
    ck_assert(k.token != 0);
    ck_assert_int_eq(mqm_release_on_success(m, &k), MQM_OK);
    ck_assert_int_eq(mqm_acquire(m, &k), MQM_SKIP);
    ck_assert_str_eq(k.why, "done");
}
END_TEST

START_TEST(test_run_batch)
{
    struct mqm_delivery d[200];
    int n = 0;

    for (int i = 0; i < 200; i++)
        d[i] = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, d, 200, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 200);
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(d[i].result, MQM_OK);
    ck_assert_int_eq(mqm_run(m, d, 200, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 200);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("guard");

    tcase_add_checked_fixture(tc, open_memory, close_it);
    tcase_add_test(tc, test_first_look_pins);
    tcase_add_test(tc, test_run_batch);
    return run_case("guard", tc);
}
