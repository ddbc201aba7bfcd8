/* SPDX-License-Identifier: MIT */
/* guard_batch.c - mqm_run() and mqm_submit() with many copies: rules 7, 13, 14,
 * 15, and stopping in the middle.
 */
#include "guard.h"

static int slow(void *user, const struct mqm_delivery *d)
{
    long ms = *(long *)user;
    struct mqm_claim b = claim("kafka", d->msg.id);

    ck_assert_int_eq(mqm_check(d), MQM_OK);
    sleep_ms(ms);
    ck_assert_int_eq(mqm_check(d), MQM_OK); /* renewed meanwhile */
    ck_assert_int_eq(mqm_acquire(m, &b), MQM_LATER);
    return MQM_HANDLED;
}

START_TEST(test_rule_07_a_long_handler_keeps_its_lease)
{
    struct mqm_delivery d;
    long ms = 2000;

    open_with(", \"lease_ms\": 1500, \"handler_ms\": 20000");
    d = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, &d, 1, slow, &ms), MQM_OK);
    ck_assert_uint_eq(look_at(m, d.msg.id).doubt, 0);
}
END_TEST

static int too_slow(void *user, const struct mqm_delivery *d)
{
    int64_t *left = user;

    left[0] = d->deadline_ms - now_ms();
    sleep_ms(left[0] + 100);
    left[1] = mqm_check(d); /* past the deadline */
    sleep_ms(1300);
    left[2] = look_at(m, d->msg.id).left_ms; /* not renewed any more */
    return MQM_HANDLED;
}

START_TEST(test_rule_07_renewals_end_at_the_deadline)
{
    struct mqm_delivery d;
    int64_t left[3] = {0};

    open_with(", \"lease_ms\": 1200, \"handler_ms\": 1000");
    d = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, &d, 1, too_slow, left), MQM_OK);
    ck_assert(left[0] > 0 && left[0] <= 1000);
    ck_assert_int_eq(left[1], MQM_LOST);
    ck_assert_int_eq(left[2], 0);
    ck_assert_int_eq(mqm_check(&d), -EINVAL);
}
END_TEST

static int look_at_deadline(void *user, const struct mqm_delivery *d)
{
    int64_t left = d->deadline_ms - now_ms();
    int64_t *most = user;

    *most = left > *most ? left : *most;
    sleep_ms(1);
    return MQM_HANDLED;
}

/* Not by the fraction of a millisecond by which two clocks are apart. */
START_TEST(test_rule_07_the_deadline_is_never_late)
{
    struct mqm_delivery d[64];
    int64_t most = 0;

    open_with(", \"handler_ms\": 5000");
    for (int n = 0; n < 5; n++) {
        for (int i = 0; i < 64; i++)
            d[i] = delivery("kafka", new_id());
        ck_assert_int_eq(mqm_run(m, d, 64, look_at_deadline, &most), MQM_OK);
    }
    ck_assert_int_le(most, 5000);
    ck_assert_int_gt(most, 4000);
}
END_TEST

START_TEST(test_rule_13_later_has_a_wait)
{
    struct mqm_delivery d;
    struct mqm_claim a;
    int n = 0;

    open_with(", \"lease_ms\": 60000");
    d = delivery("kafka", new_id());
    a = claim("kafka", d.msg.id);
    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_counting, &n), MQM_LATER);
    ck_assert(d.retry_ms > 0 && d.retry_ms <= 1000); /* soon enough */
    ck_assert_int_eq(n, 0);
    d = delivery("kafka", new_id());
    d.msg.topic = "nothing";
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_counting, &n), -ENOENT);
    ck_assert(d.retry_ms > 0);
}
END_TEST

static int count_held(void *user, const struct mqm_msg *msg,
                      const struct mqm_record *r)
{
    (void)msg;
    *(int *)user += r->state == MQM_HELD;
    return 0;
}

static int held_now(void)
{
    int n = 0;

    ck_assert_int_eq(mqm_pending(other, NULL, "issuer", "rewards", count_held,
                                 &n), 0);
    return n;
}

static int most;
static int slow_and_look(void *user, const struct mqm_delivery *d)
{
    int n;

    (void)d;
    sleep_ms(50);
    n = held_now();
    most = n > most ? n : most;
    ++*(int *)user;
    return MQM_HANDLED;
}

START_TEST(test_rule_14_slow_handlers_hold_one_at_a_time)
{
    struct mqm_delivery d[8];
    int n = 0;

    open_two("");
    for (int i = 0; i < 8; i++)
        d[i] = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, d, 8, slow_and_look, &n), MQM_OK);
    ck_assert_int_eq(n, 8);
    ck_assert_int_eq(most, 1);
}
END_TEST

enum { PATIENCE_MS = 20000 };

static int slow_once(void *user, const struct mqm_delivery *d)
{
    const int64_t begun_ms = now_ms();
    int *n = user;

    (void)d;
    if (++*n == 1) {
        do /* after a third of the lease, 2000, it is handed back */
            sleep_ms(100);
        while ((most = held_now()) > 1 && now_ms() < begun_ms + PATIENCE_MS);
    }
    return MQM_HANDLED;
}

START_TEST(test_rule_14_what_waits_behind_a_slow_one_goes_back)
{
    struct mqm_delivery d[40];
    int n = 0;

    /* Also past the deadline that a handler would have. */
    open_two(", \"lease_ms\": 6000, \"handler_ms\": 300");
    warm_up(60);
    for (int i = 0; i < 40; i++)
        d[i] = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, d, 40, slow_once, &n), MQM_OK);
    ck_assert_int_eq(n, 40);
    ck_assert_int_eq(most, 1);
    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(look_at(m, d[i].msg.id).state, MQM_DONE);
}
END_TEST

static int stop_at(void *user, const struct mqm_delivery *d)
{
    int *n = user;

    (void)d;
    if (++*n == 5)
        mqm_stop(m);
    return MQM_HANDLED;
}

START_TEST(test_rule_14_stop_hands_back)
{
    struct mqm_delivery d[40];
    int n = 0;

    open_two("");
    warm_up(60);
    for (int i = 0; i < 40; i++)
        d[i] = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, d, 40, stop_at, &n), -ECANCELED);
    ck_assert(strstr(mqm_errmsg(), "mqm_stop") != NULL);
    ck_assert_int_eq(n, 5);
    for (int i = 0; i < 40; i++) {
        struct mqm_record r = look_at(other, d[i].msg.id);

        ck_assert_int_eq(d[i].result, i < 5 ? MQM_OK : -ECANCELED);
        ck_assert(i < 5 ? r.state == MQM_DONE
                        : r.state == MQM_FREE || r.state == MQM_OWED);
        ck_assert_uint_eq(r.attempts, 0);
        ck_assert_uint_eq(r.doubt, 0);
    }
    ck_assert_int_eq(mqm_run(m, d, 1, stop_at, &n), -ECANCELED);
    ck_assert_int_eq(mqm_run(other, d, 40, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 40);
}
END_TEST

START_TEST(test_rule_15_one_id_three_times_in_a_run)
{
    struct mqm_delivery d[9];
    const char *id;
    int n = 0;

    open_with("");
    warm_up(60);
    id = new_id();
    for (int i = 0; i < 9; i++)
        d[i] = delivery("kafka", i % 3 ? id : new_id());
    ck_assert_int_eq(mqm_run(m, d, 9, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 4);
    for (int i = 0; i < 9; i++)
        ck_assert_int_eq(d[i].result, MQM_OK);
    n = MQM_FAILED; /* the second one is told to wait, not worked on */
    d[0] = d[1] = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, d, 2, handle_answering, &n), MQM_LATER);
    ck_assert_uint_eq(look_at(m, d[0].msg.id).attempts, 1);
    ck_assert(d[1].retry_ms <= 1000);
}
END_TEST

START_TEST(test_rule_15_one_id_three_times_in_a_submit)
{
    struct mqm_claim c[4], *list[4];
    const char *id;

    open_with("");
    id = new_id();
    for (int i = 0; i < 4; i++) {
        c[i] = claim("kafka", id);
        list[i] = &c[i];
    }
    ck_assert_int_eq(mqm_submit(m, list, 3), MQM_OK);
    ck_assert_int_eq(c[0].result, MQM_OK);
    ck_assert_int_eq(c[1].result, MQM_LATER);
    ck_assert_int_eq(c[2].result, MQM_LATER);
    c[0].op = MQM_OP_HAND_BACK; /* an end, a claim, its end, a claim */
    list[2] = &c[3];
    ck_assert_int_eq(mqm_submit(m, list, 3), MQM_OK);
    ck_assert_int_eq(c[0].result, MQM_OK);
    ck_assert_int_eq(c[1].result, MQM_OK);
    ck_assert_uint_eq(c[1].attempt, 1);
    ck_assert_int_eq(c[3].result, MQM_LATER);
    c[1].op = MQM_OP_SUCCESS;
    list[0] = &c[1], list[1] = &c[2];
    ck_assert_int_eq(mqm_submit(m, list, 2), MQM_OK);
    ck_assert_int_eq(c[2].result, MQM_SKIP);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("guard_batch");

    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_rule_07_a_long_handler_keeps_its_lease);
    tcase_add_test(tc, test_rule_07_renewals_end_at_the_deadline);
    tcase_add_test(tc, test_rule_07_the_deadline_is_never_late);
    tcase_add_test(tc, test_rule_13_later_has_a_wait);
    tcase_add_test(tc, test_rule_14_slow_handlers_hold_one_at_a_time);
    tcase_add_test(tc, test_rule_14_what_waits_behind_a_slow_one_goes_back);
    tcase_add_test(tc, test_rule_14_stop_hands_back);
    tcase_add_test(tc, test_rule_15_one_id_three_times_in_a_run);
    tcase_add_test(tc, test_rule_15_one_id_three_times_in_a_submit);
    return run_case("guard_batch", tc);
}
