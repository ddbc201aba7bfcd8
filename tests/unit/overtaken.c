/* SPDX-License-Identifier: MIT */
/* overtaken.c - work that took longer than its lease, and claims that meet in
 * one call: whoever comes too late is told so, and nothing is done twice.
 */
#include "../quick_clock.h"

#include "guard.h"

#include "../../lib/claim.h"

#include <sys/wait.h>

#define SHORT ", \"lease_ms\": 20000, \"handler_ms\": 5000, \"settle_ms\": " \
              "60000, \"pause_ms\": 10"

/* --------------------------------- a batch ------------------------------- */

/* The answer took more than half of the lease: too late to begin. */
START_TEST(test_leases_that_are_used_up_unbegun)
{
    struct mqm_delivery d[3];
    int n = 0, r;

    m = open_on("fault:", SHORT);
    for (int i = 0; i < 3; i++) {
        d[i] = delivery("kafka", new_id());
        d[i].lane = i ? 7 : 0;
    }
    atomic_store(&the_fault()->delay_ms, 12000);
    r = mqm_run(m, d, 3, handle_counting, &n);
    atomic_store(&the_fault()->delay_ms, 0);
    ck_assert_int_eq(r, MQM_LATER);
    ck_assert_int_eq(n, 0);
    for (int i = 0; i < 3; i++) {
        struct mqm_record rec = look_at(m, d[i].msg.id);

        ck_assert_int_eq(d[i].result, MQM_LATER);
        /* As if never claimed; what is behind in its lane was not. */
        ck_assert_msg(rec.state == MQM_OWED || (i > 0 && rec.state == MQM_FREE),
                      "%d: %d, %s", i, rec.state, d[i].why);
        ck_assert_uint_eq(rec.attempts, 0);
        ck_assert_uint_eq(rec.doubt, 0);
    }
    for (int i = 0; i < 50 && r != MQM_OK; i++)
        r = mqm_run(m, d, 3, handle_counting, &n);
    ck_assert_int_eq(r, MQM_OK);
    ck_assert_int_eq(n, 3);
}
END_TEST

/* -------------------------------- overtaken ------------------------------ */

static const char *the_id;
static int then; /* what the handler answers in the end */
static int checked;

/* Sleeps beyond its lease; meanwhile another one takes the message. */
static int oversleep(void *user, const struct mqm_delivery *d)
{
    struct mqm_claim c = claim("kafka", the_id);

    ++*(int *)user;
    sleep_ms(20050);
    ck_assert_int_eq(mqm_acquire(other, &c), MQM_DOUBT);
    ck_assert_int_eq(mqm_tick(m), 0);
    checked = mqm_check(d);
    return then;
}

static void oversleep_with(int answer)
{
    struct mqm_delivery d;
    int n = 0;

    open_two(SHORT ", \"in_doubt\": \"again\"");
    the_id = new_id();
    d = delivery("kafka", the_id);
    then = answer;
    checked = MQM_OK;
    /* On a busy machine half of the lease may be over before it can begin. */
    for (int i = 0; i < 50 && n == 0; i++)
        (void)mqm_run(m, &d, 1, oversleep, &n);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(checked, MQM_LOST);
    ck_assert_int_eq(d.result, answer == MQM_HANDLED ? MQM_OK : MQM_LATER);
}

/* A failure that comes too late changes nothing. */
START_TEST(test_a_failure_that_comes_too_late)
{
    struct mqm_record rec;

    oversleep_with(MQM_FAILED);
    rec = look_at(m, the_id);
    ck_assert_int_eq(rec.state, MQM_HELD);
    ck_assert_uint_ne(rec.doubt, 0);
    ck_assert_uint_eq(rec.attempts, 2);
    ck_assert_msg(was_said("overtaken before its failure was told"), "%s",
                  said);
}
END_TEST

/* But no success is thrown away. */
START_TEST(test_a_success_that_comes_late_counts)
{
    oversleep_with(MQM_HANDLED);
    ck_assert_int_eq(look_at(m, the_id).state, MQM_DONE);
}
END_TEST

/* ------------------------------- in one call ------------------------------ */

/* The same message in two parts of one call: the claims take effect in their
 * order, and one alone is granted. */
START_TEST(test_a_call_that_meets_itself)
{
    enum { N = WORK_MAX + 8 };
    static struct mqm_claim c[N];
    struct mqm_claim *list[N];

    open_memory();
    for (int i = 0; i < N; i++) {
        c[i] = claim("kafka", i == N - 1 ? c[0].msg.id : new_id());
        list[i] = &c[i];
    }
    ck_assert_int_ge(mqm_submit(m, list, N), 0);
    for (int i = 0; i < N - 1; i++) {
        ck_assert_int_eq(c[i].result, MQM_OK);
        ck_assert_uint_ne(c[i].token, 0);
    }
    ck_assert_int_eq(c[N - 1].result, MQM_LATER);
    ck_assert_uint_eq(c[N - 1].token, 0);
    ck_assert_uint_eq(look_at(m, c[0].msg.id).token, c[0].token);
    list[3] = NULL;
    ck_assert_int_eq(mqm_submit(m, list, N), -EINVAL);
    ck_assert_int_eq(mqm_submit(m, NULL, 1), -EINVAL);
    ck_assert_int_eq(mqm_submit(m, NULL, 0), 0);
}
END_TEST

/* The record changes under each question: at some time it is given up, with
 * words, and nothing counts as claimed. */
START_TEST(test_a_record_that_never_holds_still)
{
    struct mqm_claim c = claim("kafka", new_id());
    int r;

    m = open_on("fault:", SHORT);
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    ck_assert_int_eq(mqm_release_on_failure(m, &c), MQM_OK);
    sleep_ms(20);
    atomic_store(&the_fault()->restless, 1000);
    c = claim("kafka", c.msg.id);
    r = mqm_acquire(m, &c);
    ck_assert_msg(r == -EBUSY, "%d %s", r, mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), "changed under each"), "%s",
                  mqm_errmsg());
    ck_assert_uint_eq(c.token, 0);
    atomic_store(&the_fault()->restless, 0);
    r = mqm_acquire(m, &c);
    ck_assert_msg(r == MQM_OK, "%d %s", r, mqm_errmsg());
}
END_TEST

/* ------------------------------ another process --------------------------- */

START_TEST(test_a_child_has_no_share_in_it)
{
    struct mqm_claim c = claim("kafka", new_id());
    int status = 0;
    pid_t pid;

    open_memory();
    pid = fork();
    if (pid == 0) {
        const int r = mqm_acquire(m, &c);

        mqm_close(m); /* leaves all as it is */
        _exit(r == -ECHILD && strstr(mqm_errmsg(), "opened in process") ? 42
                                                                        : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 42);
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("overtaken");

    how.flags = MQM_NO_KEEPER;
    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_leases_that_are_used_up_unbegun);
    tcase_add_test(tc, test_a_failure_that_comes_too_late);
    tcase_add_test(tc, test_a_success_that_comes_late_counts);
    tcase_add_test(tc, test_a_call_that_meets_itself);
    tcase_add_test(tc, test_a_record_that_never_holds_still);
    tcase_add_test(tc, test_a_child_has_no_share_in_it);
    return run_case("overtaken", tc);
}
