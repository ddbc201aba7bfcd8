/* SPDX-License-Identifier: MIT */
/* guard_bad.c - careless callers and a rough world: NULL everywhere, ids that
 * cannot be, forked children, signals; forgetting (rule 8).
 */
#include "guard.h"

#include <signal.h>
#include <sys/wait.h>

#define REFUSED(call)                                                          \
    do {                                                                       \
        int r_ = (call);                                                       \
        ck_assert_msg(r_ == -EINVAL, "%s: %d", #call, r_);                     \
        ck_assert_msg(strlen(mqm_errmsg()) > 10, "%s: '%s'", #call,            \
                      mqm_errmsg());                                           \
    } while (0)

static int visit_any(void *user, const struct mqm_msg *msg,
                     const struct mqm_record *r)
{
    (void)user, (void)msg, (void)r;
    return 0;
}

static int visit_body(void *user, struct mqm_delivery *d)
{
    (void)user, (void)d;
    return 0;
}

static void try_claims(mqm *with)
{
    int (*const call[])(mqm *, struct mqm_claim *) = {
        mqm_acquire, mqm_renew, mqm_release_on_success, mqm_release_on_failure,
        mqm_release_in_doubt, mqm_hand_back};
    struct mqm_claim none = claim("kafka", new_id());

    for (size_t i = 0; i < sizeof(call) / sizeof(*call); i++) {
        REFUSED(call[i](with, NULL));
        if (i > 0 || !with)
            REFUSED(call[i](with, &none)); /* not ours: no token */
    }
}

START_TEST(test_null_handle)
{
    struct mqm_claim c = claim("kafka", new_id()), *list = &c;
    struct mqm_delivery d = delivery("kafka", new_id());
    struct mqm_record rec = MQM_RECORD_INIT;
    struct mqm_stats stats = MQM_STATS_INIT;
    int n = 0;

    try_claims(NULL);
    REFUSED(mqm_submit(NULL, &list, 1));
    ck_assert_int_eq(c.result, -EINVAL);
    REFUSED(mqm_should_consume(NULL, &c.msg));
    REFUSED(mqm_run(NULL, &d, 1, handle_counting, &n));
    ck_assert_int_eq(d.result, -EINVAL); /* it says OK before */
    REFUSED(mqm_reload(NULL));
    REFUSED(mqm_tick(NULL));
    REFUSED(mqm_publish(NULL, &d));
    REFUSED(mqm_subscribe(NULL, "kafka", NULL, "rewards", handle_counting, &n));
    REFUSED(mqm_poll(NULL, "kafka", 0));
    REFUSED(mqm_inspect(NULL, &c.msg, &rec));
    REFUSED(mqm_pending(NULL, NULL, NULL, "rewards", visit_any, NULL));
    REFUSED(mqm_resolve(NULL, &c.msg, 1, MQM_HANDLED));
    REFUSED(mqm_assign(NULL, &c.msg, 1));
    REFUSED(mqm_read_parking(NULL, "kafka", NULL, "rewards", visit_body, 0));
    REFUSED(mqm_topics(NULL, NULL, NULL));
    REFUSED(mqm_plugins(NULL, NULL, NULL));
    REFUSED(mqm_read_stats(NULL, &stats));
    mqm_stop(NULL);
    mqm_close(NULL);
}
END_TEST

START_TEST(test_null_arguments)
{
    struct mqm_delivery d = delivery("kafka", new_id());
    struct mqm_claim c = claim("kafka", new_id()), *list[2] = {&c, NULL};
    struct mqm_record rec = MQM_RECORD_INIT;
    struct mqm_msg empty = MQM_MSG_INIT;
    struct mqm_delivery bare = MQM_DELIVERY_INIT;
    size_t len = 7;
    int n = 0;

    open_with("");
    try_claims(m);
    REFUSED(mqm_submit(m, NULL, 1));
    REFUSED(mqm_submit(m, list, 2));
    ck_assert_int_eq(c.result, -EINVAL);
    ck_assert_int_eq(mqm_submit(m, NULL, 0), MQM_OK);
    REFUSED(mqm_should_consume(m, NULL));
    REFUSED(mqm_should_consume(m, &empty));
    REFUSED(mqm_run(m, NULL, 1, handle_counting, &n));
    REFUSED(mqm_run(m, &d, 1, NULL, &n));
    ck_assert_int_eq(d.result, -EINVAL);
    REFUSED(mqm_run(m, &bare, 1, handle_counting, &n));
    ck_assert_int_eq(bare.result, -EINVAL);
    bare.size = 8;
    REFUSED(mqm_run(m, &bare, 1, handle_counting, &n));
    ck_assert_int_eq(mqm_run(m, NULL, 0, handle_counting, &n), MQM_OK);
    REFUSED(mqm_publish(m, NULL));
    REFUSED(mqm_subscribe(m, NULL, NULL, "rewards", handle_counting, &n));
    REFUSED(mqm_subscribe(m, "kafka", NULL, NULL, handle_counting, &n));
    REFUSED(mqm_subscribe(m, "kafka", NULL, "rewards", NULL, &n));
    REFUSED(mqm_poll(m, NULL, 0));
    REFUSED(mqm_poll(m, "kafka", 0));
    REFUSED(mqm_inspect(m, NULL, &rec));
    REFUSED(mqm_inspect(m, &c.msg, NULL));
    REFUSED(mqm_pending(m, NULL, NULL, NULL, visit_any, NULL));
    REFUSED(mqm_pending(m, NULL, NULL, "rewards", NULL, NULL));
    REFUSED(mqm_resolve(m, NULL, 1, MQM_HANDLED));
    REFUSED(mqm_resolve(m, &empty, 1, MQM_HANDLED));
    REFUSED(mqm_assign(m, NULL, 1));
    REFUSED(mqm_assign(m, &empty, 1));
    REFUSED(mqm_read_parking(m, NULL, NULL, "rewards", visit_body, NULL));
    REFUSED(mqm_read_parking(m, "kafka", NULL, "rewards", NULL, NULL));
    REFUSED(mqm_topics(m, NULL, NULL));
    REFUSED(mqm_plugins(m, NULL, NULL));
    REFUSED(mqm_settings(NULL, NULL));
    REFUSED(mqm_read_stats(m, NULL));
    REFUSED(mqm_check(NULL));
    REFUSED(mqm_check(&d));
    REFUSED(mqm_new_id(NULL));
    REFUSED(mqm_change(NULL, NULL, "rewards", "cut", "1%"));
    REFUSED(mqm_change("x", NULL, NULL, "cut", "1%"));
    REFUSED(mqm_change("x", NULL, "rewards", NULL, "1%"));
    REFUSED(mqm_change("x", NULL, "rewards", "cut", NULL));
    ck_assert_ptr_null(mqm_header(NULL, "a", &len));
    ck_assert_uint_eq(len, 0);
    ck_assert_ptr_null(mqm_header(&d, NULL, NULL));
    ck_assert_ptr_nonnull(mqm_strerror(-5));
    ck_assert_ptr_nonnull(mqm_strerror(12345));
}
END_TEST

START_TEST(test_null_options)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    mqm *out = (mqm *)&o;

    REFUSED(mqm_open(NULL, &o));
    REFUSED(mqm_open(&out, NULL));
    REFUSED(mqm_open(&out, &o));
    ck_assert_ptr_null(out);
    o.config = "{";
    REFUSED(mqm_open(&out, &o));
    o.config = "no/such/file";
    ck_assert_int_eq(mqm_open(&out, &o), -ENOENT);
    ck_assert(strstr(mqm_errmsg(), "no/such/file") != NULL);
    o.size = 1;
    REFUSED(mqm_open(&out, &o));
}
END_TEST

START_TEST(test_names_and_ids)
{
    static const char odd_id[] = "a\0b\nc";
    struct mqm_claim c;
    char big[10000];

    open_with("");
    memset(big, 'x', sizeof(big));
    c = claim("kafka", NULL);
    ck_assert_int_eq(mqm_acquire(m, &c), -EBADMSG); /* no origin either */
    ck_assert_str_eq(c.why, "it has no id");
    c = claim("rocketmq", NULL);
    c.msg.origin = "0/1";
    ck_assert_int_eq(mqm_acquire(m, &c), -EBADMSG);
    c.msg.id = big;
    c.msg.id_len = sizeof(big);
    ck_assert_int_eq(mqm_acquire(m, &c), -EBADMSG);
    ck_assert_str_eq(c.why, "its id is too long");
    c.msg.side = "kafka"; /* by its origin */
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    ck_assert_int_eq(mqm_release_on_success(m, &c), MQM_OK);
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_SKIP);
    c.msg.origin = big;
    big[9999] = '\0';
    ck_assert_int_eq(mqm_acquire(m, &c), -EBADMSG);
    c = claim("kafka", "");
    c.msg.id = odd_id;
    c.msg.id_len = 5;
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    ck_assert_int_eq(mqm_release_on_success(m, &c), MQM_OK);
    c.msg.id_len = 1; /* "a" is another one */
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    c.msg.id = "exactly128";
    memset(big, 'y', 129);
    c.msg.id = big;
    c.msg.id_len = MQM_ID_MAX;
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    c.msg.id_len = MQM_ID_MAX + 1;
    ck_assert_int_eq(mqm_acquire(m, &c), -EBADMSG);
    c = claim("kafkq", new_id());
    ck_assert_int_eq(mqm_acquire(m, &c), -ENOENT);
    ck_assert(strstr(mqm_errmsg(), "kafkq") && strstr(mqm_errmsg(), "rocketmq"));
    c = claim("kafka", new_id());
    c.msg.group = "nobody";
    ck_assert_int_eq(mqm_acquire(m, &c), -ENOENT);
    c.msg.group = NULL; /* there is only one */
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    c.msg.topic = NULL;
    ck_assert_int_eq(mqm_acquire(m, &c), -EINVAL);
    c.op = 99;
    struct mqm_claim *list = &c;
    ck_assert_int_eq(mqm_submit(m, &list, 1), -EINVAL);
}
END_TEST

START_TEST(test_a_claim_struct_is_used_again)
{
    struct mqm_claim c;

    open_with("");
    c = claim("kafka", new_id());
    for (int i = 0; i < 50; i++) {
        c.msg = message("kafka", new_id());
        ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
        ck_assert_int_eq(mqm_renew(m, &c), MQM_OK);
        ck_assert_int_eq(i % 2 ? mqm_release_on_success(m, &c)
                               : mqm_hand_back(m, &c), MQM_OK);
    }
}
END_TEST

/* Two claims of one call, whose messages lie in memory that changed hands. */
START_TEST(test_claims_that_are_mixed_up)
{
    open_memory();
    for (int i = 0; i < 200; i++) {
        struct mqm_claim a = claim("kafka", new_id());
        struct mqm_claim b = claim("kafka", new_id()), *both[] = {&a, &b};

        ck_assert_int_eq(mqm_submit(m, both, 2), MQM_OK);
        if (a.token == b.token)
            continue; /* by chance: one in four million of the same ms */
        a.msg = b.msg;
        ck_assert_int_eq(mqm_release_on_success(m, &a), MQM_LOST);
        ck_assert_int_eq(look_at(m, b.msg.id).state, MQM_HELD);
        ck_assert_int_eq(mqm_release_on_success(m, &b), MQM_OK);
    }
}
END_TEST

START_TEST(test_forked_child_is_refused)
{
    struct mqm_claim c;
    int status;
    pid_t pid;

    open_with("");
    c = claim("kafka", new_id());
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int r = mqm_release_on_success(m, &c);
        int words = strstr(mqm_errmsg(), "mqm_open()") != NULL;

        mqm_close(m);
        _exit(r == -ECHILD && words ? 42 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    ck_assert_int_eq(mqm_release_on_success(m, &c), MQM_OK);
}
END_TEST

static atomic_int storms;
static void on_alarm(int number)
{
    (void)number;
    atomic_fetch_add(&storms, 1);
}

START_TEST(test_signal_storm)
{
    struct sigaction a = {.sa_handler = on_alarm}; /* no SA_RESTART */
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    struct itimerspec every = {{0, 500000}, {0, 500000}};
    struct mqm_delivery d[100];
    timer_t timer;
    int n = 0;

    open_two("");
    ck_assert_int_eq(sigaction(SIGALRM, &a, NULL), 0);
    ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &e, &timer), 0);
    ck_assert_int_eq(timer_settime(timer, 0, &every, NULL), 0);
    for (int batch = 0; batch < 10; batch++) {
        for (int i = 0; i < 100; i++)
            d[i] = delivery("kafka", new_id());
        ck_assert_int_eq(mqm_run(m, d, 100, handle_counting, &n), MQM_OK);
    }
    timer_delete(timer);
    ck_assert_int_eq(n, 1000);
    ck_assert_int_gt(atomic_load(&storms), 10);
}
END_TEST

START_TEST(test_rule_08_forgotten_is_doubt_for_both)
{
    const char *url[] = {"memory:", "sqlite:"}, *id;
    struct mqm_claim k, r;
    char full[200];

    snprintf(full, sizeof(full), "%s%s", url[_i],
             _i ? new_path("keep.db") : "");
    m = open_on(full, ", \"keep_ms\": 1000, \"lease_ms\": 100, "
                      "\"handler_ms\": 50, \"settle_ms\": 500");
    sleep_ms(20);
    id = new_id();
    k = claim("kafka", id);
    r = claim("rocketmq", id);
    ck_assert_int_eq(mqm_acquire(m, &k), MQM_OK);
    ck_assert_int_eq(mqm_release_on_success(m, &k), MQM_OK);
    for (int i = 0; i < 100 && look_at(m, id).state == MQM_DONE; i++)
        sleep_ms(100);
    ck_assert_int_eq(look_at(m, id).state, MQM_FREE);
    ck_assert_int_lt(mqm_should_consume(m, &r.msg), 2);
    ck_assert_int_ne(mqm_should_consume(m, &r.msg), 0);
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_DOUBT);
    ck_assert_int_eq(mqm_acquire(m, &k), MQM_LATER); /* keeps its copy */
    ck_assert_int_eq(mqm_release_on_success(m, &r), MQM_OK);
    ck_assert_int_eq(mqm_acquire(m, &k), MQM_SKIP);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("guard_bad");

    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_null_handle);
    tcase_add_test(tc, test_null_arguments);
    tcase_add_test(tc, test_null_options);
    tcase_add_test(tc, test_names_and_ids);
    tcase_add_test(tc, test_a_claim_struct_is_used_again);
    tcase_add_test(tc, test_claims_that_are_mixed_up);
    tcase_add_test(tc, test_forked_child_is_refused);
    tcase_add_test(tc, test_signal_storm);
    tcase_add_loop_test(tc, test_rule_08_forgotten_is_doubt_for_both, 0, 2);
    return run_case("guard_bad", tc);
}
