/* SPDX-License-Identifier: MIT */
/* guard_faults.c - the store loses answers, fails, mutters and is slow: rule 4,
 * and that nothing is granted or dropped on no answer.
 */
#include "../quick_clock.h"

#include "guard.h"

static struct fault *f;

static void open_fault(void)
{
    how.flags = MQM_NO_KEEPER;
    m = open_on("fault:", ", \"pause_ms\": 0, \"lease_ms\": 20000, "
                          "\"handler_ms\": 5000");
    f = the_fault();
}

static void close_fault(void)
{
    ck_assert_int_eq(atomic_load(&f->twice), 0);
    ck_assert_int_eq(atomic_load(&f->together), 0);
    close_it();
}

START_TEST(test_rule_04_lost_answer_meets_its_own_token)
{
    struct mqm_claim a = claim("kafka", new_id()), b = a;

    atomic_store(&f->lose, 1);
    ck_assert_int_eq(mqm_acquire(m, &a), -ETIMEDOUT);
    ck_assert(strstr(mqm_errmsg(), "answer lost") != NULL);
    ck_assert_uint_eq(a.token, 0);
    ck_assert_int_eq(look_at(m, a.msg.id).state, MQM_HELD);
    sleep_ms(2000);
    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK); /* its first verdict */
    ck_assert(a.lease_ms <= 18000 && a.lease_ms > 0);
    ck_assert_uint_eq(look_at(m, a.msg.id).token, a.token);
    ck_assert_uint_eq(look_at(m, a.msg.id).attempts, 1);
    ck_assert_int_eq(mqm_acquire(m, &b), MQM_LATER); /* not twice */
    ck_assert_int_eq(mqm_release_on_success(m, &a), MQM_OK);
}
END_TEST

START_TEST(test_rule_04_asked_again_after_its_lease)
{
    struct mqm_claim a = claim("kafka", new_id()), b = a;

    atomic_store(&f->lose, 1);
    ck_assert_int_eq(mqm_acquire(m, &a), -ETIMEDOUT);
    sleep_ms(20050);
    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    ck_assert_str_eq(a.why, "asked again, after its lease");
    ck_assert_int_gt(a.lease_ms, 10000); /* a new one */
    ck_assert_int_gt(look_at(m, a.msg.id).left_ms, 0);
    ck_assert_int_eq(mqm_acquire(m, &b), MQM_LATER);
    ck_assert_int_eq(mqm_release_on_success(m, &a), MQM_OK);
}
END_TEST

START_TEST(test_rule_04_lost_doubt_stays_doubt)
{
    struct mqm_claim a = claim("kafka", new_id()), b = a;

    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    sleep_ms(20050);
    atomic_store(&f->lose_nth, 1);
    ck_assert_int_eq(mqm_acquire(m, &b), -ETIMEDOUT); /* of the first look */
    atomic_store(&f->lose, 0);
    ck_assert_int_eq(mqm_acquire(m, &b), MQM_DOUBT);
    ck_assert_uint_eq(look_at(m, a.msg.id).doubt, a.token);
}
END_TEST

START_TEST(test_rule_04_ends_may_be_repeated)
{
    struct mqm_claim a = claim("kafka", new_id());
    int (*const ends[])(mqm *, struct mqm_claim *) = {
        mqm_release_on_success, mqm_release_on_failure, mqm_hand_back,
        mqm_release_in_doubt, mqm_renew};

    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    atomic_store(&f->lose, 1);
    ck_assert_int_eq(ends[_i](m, &a), -ETIMEDOUT);
    ck_assert(a.token != 0);
    atomic_store(&f->fail, 1);
    ck_assert_int_eq(ends[_i](m, &a), -EIO);
    ck_assert_int_eq(ends[_i](m, &a), MQM_OK);
}
END_TEST

START_TEST(test_run_waits_until_the_end_is_told)
{
    struct mqm_delivery d = delivery("kafka", new_id());
    int n = 0;

    ck_assert_int_eq(mqm_run(m, &d, 1, handle_counting, &n), MQM_OK);
    d = delivery("kafka", new_id());
    atomic_store(&f->lose_nth, 1); /* of the claim */
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_counting, &n), -ETIMEDOUT);
    ck_assert(d.retry_ms > 0);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 2);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_DONE);
}
END_TEST

static int fail_the_end(void *user, const struct mqm_delivery *d)
{
    ++*(int *)user;
    (void)d;
    atomic_store(&f->fail, 3);
    return MQM_HANDLED;
}

static int lose_the_end(void *user, const struct mqm_delivery *d)
{
    ++*(int *)user;
    (void)d;
    atomic_store(&f->lose, 2);
    return MQM_HANDLED;
}

START_TEST(test_run_tells_again)
{
    struct mqm_delivery d = delivery("kafka", new_id());
    int n = 0;

    ck_assert_int_eq(mqm_run(m, &d, 1, fail_the_end, &n), MQM_OK);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_DONE);
    d = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, &d, 1, lose_the_end, &n), MQM_OK);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_DONE);
    ck_assert_int_eq(n, 2);
    ck_assert(was_said("told again"));
}
END_TEST

/* Of a store's answer, not of a record: it is as good as none. */
START_TEST(test_an_answer_that_makes_no_sense_is_none)
{
    struct mqm_claim a = claim("kafka", new_id());
    struct mqm_delivery d = delivery("kafka", new_id());
    int n = 0;

    atomic_store(&f->error, -EPROTO);
    atomic_store(&f->lose, 1);
    ck_assert_int_eq(mqm_acquire(m, &a), -EPROTO);
    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    ck_assert_int_eq(mqm_run(m, &d, 1, fail_the_end, &n), MQM_OK);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_DONE);
    ck_assert_int_eq(n, 1);
}
END_TEST

static int stop_and_fail(void *user, const struct mqm_delivery *d)
{
    (void)user, (void)d;
    atomic_store(&f->fail, 1000000);
    mqm_stop(m);
    return MQM_HANDLED;
}

START_TEST(test_run_gives_up_some_seconds_after_stop)
{
    struct mqm_delivery d = delivery("kafka", new_id());
    int64_t t0 = now_ms();

    ck_assert_int_eq(mqm_run(m, &d, 1, stop_and_fail, NULL), -EIO);
    ck_assert_int_eq(d.result, -EIO);
    ck_assert(now_ms() - t0 < 10000);
    atomic_store(&f->fail, 0);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_HELD);
}
END_TEST

START_TEST(test_a_store_that_sets_no_result_grants_nothing)
{
    struct mqm_claim a = claim("kafka", new_id()), r = claim("rocketmq", a.msg.id);

    atomic_store(&f->mute, 1);
    ck_assert_int_eq(mqm_acquire(m, &a), -EIO);
    atomic_store(&f->mute, 1);
    ck_assert_int_eq(mqm_acquire(m, &r), -EIO);
    atomic_store(&f->mute, 1);
    ck_assert_int_lt(mqm_should_consume(m, &r.msg), 0);
    ck_assert(mqm_errmsg()[0] != '\0');
}
END_TEST

START_TEST(test_an_unknown_format_grants_nothing)
{
    struct mqm_claim a = claim("kafka", new_id()), b = a;
    struct mqm_msg r = message("rocketmq", a.msg.id);
    struct mqm_record rec = MQM_RECORD_INIT;
    struct mqm_delivery d = delivery("kafka", a.msg.id);
    int n = 0;

    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    atomic_store(&f->garble, 1);
    ck_assert_int_eq(mqm_acquire(m, &b), -EPROTO);
    atomic_store(&f->garble, 1);
    ck_assert_int_lt(mqm_should_consume(m, &r), 0);
    atomic_store(&f->garble, 1);
    ck_assert_int_eq(mqm_inspect(m, &r, &rec), -EPROTO);
    ck_assert(strstr(mqm_errmsg(), "format") != NULL);
    atomic_store(&f->garble, 1);
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_counting, &n), -EPROTO);
    ck_assert_int_eq(n, 0);
}
END_TEST

static int count_records(void *user, const struct mqm_msg *msg,
                         const struct mqm_record *r)
{
    (void)msg, (void)r;
    ++*(int *)user;
    return 0;
}

START_TEST(test_pending_with_an_unreadable_record_is_no_answer)
{
    struct mqm_claim a = claim("kafka", new_id()), b = claim("kafka", new_id());
    int n = 0;

    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    ck_assert_int_eq(mqm_acquire(m, &b), MQM_OK);
    ck_assert_int_eq(mqm_pending(m, "kafka", "issuer", "rewards",
                                 count_records, &n), 0);
    ck_assert_int_eq(n, 2);
    atomic_store(&f->garble, 1);
    n = 0;
    ck_assert_int_eq(mqm_pending(m, "rocketmq", "issuer", "rewards",
                                 count_records, &n), -EPROTO);
    ck_assert_int_eq(n, 0);
}
END_TEST

START_TEST(test_one_of_many_loses_its_answer)
{
    struct mqm_delivery d[20];
    int n = 0, r;

    for (int i = 0; i < 40; i++) { /* so that it knows how fast we are */
        d[0] = delivery("kafka", new_id());
        ck_assert_int_eq(mqm_run(m, d, 1, handle_counting, &n), MQM_OK);
    }
    for (int i = 0; i < 20; i++)
        d[i] = delivery("kafka", new_id());
    atomic_store(&f->lose_nth, 7);
    n = 0;
    r = mqm_run(m, d, 20, handle_counting, &n);
    ck_assert_int_eq(r, -ETIMEDOUT);
    ck_assert_int_eq(n, 19);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(d[i].result, i == 6 ? -ETIMEDOUT : MQM_OK);
    ck_assert_int_eq(mqm_run(m, d, 20, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 20);
}
END_TEST

START_TEST(test_limbo_of_many)
{
    static struct mqm_claim a[1000];
    int got = 0;

    for (int i = 0; i < 1000; i++) {
        a[i] = claim("kafka", new_id());
        atomic_store(&f->lose, 1);
        ck_assert_int_eq(mqm_acquire(m, &a[i]), -ETIMEDOUT);
    }
    for (int i = 999; i >= 900; i--)
        got += mqm_acquire(m, &a[i]) == MQM_OK;
    ck_assert_int_gt(got, 95); /* the newest are kept */
}
END_TEST

/* A lease counts from when it was asked for: an answer that came late, or to a
 * process that stood still, is no leave to begin. */
START_TEST(test_an_answer_that_comes_after_its_lease)
{
    struct mqm_claim a = claim("kafka", new_id());

    atomic_store(&f->delay_ms, 6000);
    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    ck_assert_int_le(a.lease_ms, 14000);
    atomic_store(&f->delay_ms, 12000); /* twice: asked, and swapped */
    ck_assert_int_eq(mqm_renew(m, &a), MQM_LOST);
    atomic_store(&f->delay_ms, 0);
    ck_assert_int_eq(mqm_renew(m, &a), MQM_OK); /* nobody has taken it */
    ck_assert_int_gt(a.lease_ms, 14000);
    ck_assert_int_eq(mqm_release_on_success(m, &a), MQM_OK);
}
END_TEST

enum { SLOW_MS = 30, QUICK = 64 };

/* So many swaps more than one claim and one end each. */
static int claimed_in_vain(struct mqm_delivery *d)
{
    int before = atomic_load(&f->swaps), n = 0;

    for (int i = 0; i < QUICK; i++)
        d[i] = delivery("kafka", new_id());
    ck_assert_int_eq(mqm_run(m, d, QUICK, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, QUICK);
    return atomic_load(&f->swaps) - before - 2 * QUICK;
}

/* What is slow is the store, not the work: handed back, it would only be asked
 * for the same again.  On a busy machine the work may be slow, too, once. */
START_TEST(test_a_slow_store_is_asked_once)
{
    static struct mqm_delivery d[QUICK];
    int calls_before = 0, in_vain = 1;

    for (int i = 0; i < 5 && in_vain; i++) {
        atomic_store(&f->delay_ms, 0);
        warm_up(60);
        atomic_store(&f->delay_ms, SLOW_MS);
        calls_before = atomic_load(&f->calls);
        in_vain = claimed_in_vain(d);
    }
    atomic_store(&f->delay_ms, 0);
    ck_assert_int_eq(in_vain, 0);
    ck_assert_int_le(atomic_load(&f->calls) - calls_before, QUICK / 10);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("guard_faults");

    tcase_add_checked_fixture(tc, open_fault, close_fault);
    tcase_add_test(tc, test_rule_04_lost_answer_meets_its_own_token);
    tcase_add_test(tc, test_rule_04_asked_again_after_its_lease);
    tcase_add_test(tc, test_rule_04_lost_doubt_stays_doubt);
    tcase_add_loop_test(tc, test_rule_04_ends_may_be_repeated, 0, 5);
    tcase_add_test(tc, test_run_waits_until_the_end_is_told);
    tcase_add_test(tc, test_run_tells_again);
    tcase_add_test(tc, test_an_answer_that_makes_no_sense_is_none);
    tcase_add_test(tc, test_run_gives_up_some_seconds_after_stop);
    tcase_add_test(tc, test_a_store_that_sets_no_result_grants_nothing);
    tcase_add_test(tc, test_an_unknown_format_grants_nothing);
    tcase_add_test(tc, test_pending_with_an_unreadable_record_is_no_answer);
    tcase_add_test(tc, test_one_of_many_loses_its_answer);
    tcase_add_test(tc, test_limbo_of_many);
    tcase_add_test(tc, test_an_answer_that_comes_after_its_lease);
    tcase_add_test(tc, test_a_slow_store_is_asked_once);
    return run_case("guard_faults", tc);
}
