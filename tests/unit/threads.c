/* SPDX-License-Identifier: MIT */
/* threads.c - many threads on one handle: each message is worked on once, calls
 * are combined, and nothing is torn while configurations change and runs stop.
 */
#include "guard.h"

enum { THREADS = 8, IDS = 400, ROUNDS = 3 };

static const char *ids[IDS];
static atomic_int worked[IDS], active[IDS], together;

struct job {
    pthread_t thread;
    unsigned seed;
    int left; /* copies that come again */
};

static void make_ids(void)
{
    for (int i = 0; i < IDS; i++)
        ids[i] = new_id();
}

static void work_on(int i)
{
    if (atomic_fetch_add(&active[i], 1) > 0)
        atomic_fetch_add(&together, 1);
    atomic_fetch_add(&worked[i], 1);
    atomic_fetch_sub(&active[i], 1);
}

static int handle(void *user, const struct mqm_delivery *d)
{
    (void)user;
    work_on((int)(size_t)d->raw);
    return MQM_HANDLED;
}

static void *run_batches(void *user)
{
    struct job *job = user;
    struct mqm_delivery d[50];

    for (int round = 0; round < ROUNDS * IDS / 50; round++) {
        for (int i = 0; i < 50; i++) {
            size_t which = (size_t)rand_r(&job->seed) % IDS;

            d[i] = delivery("kafka", ids[which]);
            d[i].raw = (void *)which;
        }
        if (mqm_run(m, d, 50, handle, NULL) < 0)
            job->left = -1;
    }
    return NULL;
}

static void *acquire_each(void *user)
{
    struct job *job = user;

    for (int n = 0; n < ROUNDS * IDS; n++) {
        int which = (int)((unsigned)rand_r(&job->seed) % IDS);
        struct mqm_claim c = claim("kafka", ids[which]);
        int r = mqm_acquire(m, &c);

        if (r == MQM_OK) {
            work_on(which);
            r = mqm_release_on_success(m, &c);
        }
        if (r < 0 || r == MQM_DOUBT || r == MQM_LOST)
            job->left = -1;
    }
    return NULL;
}

static void race(struct job *job, int n, void *(*body)(void *))
{
    for (int i = 0; i < n; i++) {
        job[i] = (struct job){.seed = (unsigned)i + 1};
        ck_assert_int_eq(pthread_create(&job[i].thread, NULL,
                                        body ? body : i % 2 ? run_batches
                                                            : acquire_each,
                                        &job[i]), 0);
    }
}

static void join(struct job *job, int n)
{
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(pthread_join(job[i].thread, NULL), 0);
        ck_assert_int_eq(job[i].left, 0);
    }
}

static void finish_all(void)
{
    for (int i = 0; i < IDS; i++) {
        struct mqm_delivery d = delivery("kafka", ids[i]);

        d.raw = (void *)(size_t)i;
        ck_assert_int_eq(mqm_run(m, &d, 1, handle, NULL), MQM_OK);
        ck_assert_int_eq(atomic_load(&worked[i]), 1);
    }
    ck_assert_int_eq(atomic_load(&together), 0);
}

START_TEST(test_each_once)
{
    static const char *const url[] = {"memory:", "fault:"};
    struct job job[THREADS];

    m = open_on(url[_i], "");
    make_ids();
    race(job, THREADS, NULL);
    join(job, THREADS);
    finish_all();
    if (_i == 1) {
        ck_assert_int_eq(atomic_load(&the_fault()->twice), 0);
        ck_assert_int_eq(atomic_load(&the_fault()->together), 0);
    }
}
END_TEST

START_TEST(test_each_once_on_two_handles_of_a_file)
{
    struct mqm_delivery d[100];
    int n = 0;

    open_two("");
    make_ids();
    for (int i = 0; i < 100; i++)
        d[i] = delivery("kafka", ids[i]);
    ck_assert_int_eq(mqm_run(m, d, 60, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(mqm_run(other, d, 100, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 100);
}
END_TEST

START_TEST(test_calls_are_combined)
{
    struct job job[THREADS];
    struct fault *f;

    how.flags = MQM_NO_KEEPER;
    m = open_on("fault:", "");
    f = the_fault();
    make_ids();
    atomic_store(&f->delay_ms, 1);
    race(job, THREADS, acquire_each);
    join(job, THREADS);
    /* Two calls a message, one a copy that is too many. */
    ck_assert_int_lt(atomic_load(&f->calls), THREADS * ROUNDS * IDS / 2);
    ck_assert_int_gt(atomic_load(&f->largest), 2);
    atomic_store(&f->delay_ms, 0);
    finish_all();
}
END_TEST

/* One id under two topics in one call, with others in line behind it. */
static void *submit_two_topics(void *user)
{
    struct job *job = user;

    for (int n = 0; n < IDS; n++) {
        struct mqm_claim c[2], *list[2] = {&c[0], &c[1]};

        c[0] = c[1] = claim("kafka", ids[n]);
        c[1].msg.topic = "coupons";
        if (mqm_submit(m, list, 2) < 0)
            job->left = -1;
    }
    return NULL;
}

START_TEST(test_one_id_of_two_topics)
{
    static char more[600];
    struct job job[4];

    snprintf(more, sizeof(more), "}, {\"topic\": \"coupons\", \"group\": "
             "\"issuer\", \"old\": \"kafka\", \"new\": \"rocketmq\"");
    m = open_on("fault:", more);
    atomic_store(&the_fault()->delay_ms, 1);
    make_ids();
    race(job, 4, submit_two_topics);
    join(job, 4);
    ck_assert_int_eq(look_at(m, ids[IDS - 1]).state, MQM_HELD);
}
END_TEST

static atomic_bool enough;
static char path[200];

static void write_cut(int cut, long long since)
{
    char more[200], beside[256];
    const char *text;
    FILE *f;

    snprintf(more, sizeof(more), ", \"switch\": true, \"cut\": \"%d%%\", "
             "\"since\": %lld", cut, since);
    text = config_text("memory:", more);
    snprintf(beside, sizeof(beside), "%s.new", path);
    f = fopen(beside, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    ck_assert_int_eq(rename(beside, path), 0);
}

static void *run_until_enough(void *user)
{
    struct job *job = user;
    int n = 0;

    while (!atomic_load(&enough)) {
        struct mqm_delivery d[4];
        char four[4][MQM_ID_LEN + 1];

        for (int i = 0; i < 4; i++) {
            if (mqm_new_id(four[i]) < 0)
                job->left = -1;
            d[i] = delivery(i % 2 ? "kafka" : "rocketmq", four[i]);
        }
        if (mqm_run(m, d, 4, handle_counting, &n) != MQM_OK)
            job->left = -1;
    }
    return NULL;
}

START_TEST(test_reload_while_four_run)
{
    long long since = now_ms() - 1000;
    struct mqm_options o = how;
    struct job job[4];

    snprintf(path, sizeof(path), "%s", new_path("mqm.json"));
    write_cut(0, since);
    o.config = path;
    ck_assert_int_eq(mqm_open(&m, &o), 0);
    race(job, 4, run_until_enough);
    for (int i = 1; i <= 40; i++) {
        write_cut(i * 2, since);
        ck_assert_int_eq(mqm_reload(m), 0);
        ck_assert_int_eq(mqm_tick(m), 0);
    }
    atomic_store(&enough, true);
    join(job, 4);
}
END_TEST

enum { SLOW_MS = 2000 };

static atomic_int begun;
static int slow(void *user, const struct mqm_delivery *d)
{
    (void)user, (void)d;
    atomic_fetch_add(&begun, 1);
    sleep_ms(SLOW_MS);
    return MQM_HANDLED;
}

static void *run_slowly(void *user)
{
    struct mqm_delivery d = delivery("kafka", ids[0]);

    *(int *)user = mqm_run(m, &d, 1, slow, NULL);
    return NULL;
}

START_TEST(test_close_waits_for_a_handler)
{
    int64_t t0 = now_ms();
    pthread_t thread;
    int r = -1;

    open_with(", \"lease_ms\": 1500"); /* is renewed meanwhile */
    make_ids();
    ck_assert_int_eq(pthread_create(&thread, NULL, run_slowly, &r), 0);
    while (!atomic_load(&begun))
        sleep_ms(1);
    mqm_close(m);
    ck_assert_int_ge(now_ms() - t0, SLOW_MS - 10);
    m = NULL;
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(r, MQM_OK);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("threads");

    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_loop_test(tc, test_each_once, 0, 2);
    tcase_add_test(tc, test_each_once_on_two_handles_of_a_file);
    tcase_add_test(tc, test_calls_are_combined);
    tcase_add_test(tc, test_one_id_of_two_topics);
    tcase_add_test(tc, test_reload_while_four_run);
    tcase_add_test(tc, test_close_waits_for_a_handler);
    return run_case("threads", tc);
}
