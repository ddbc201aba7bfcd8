/* LIBS: -lrdkafka -ldl */
/* SPDX-License-Identifier: MIT */
/* adapter_kafka_group.c - the Kafka adapter among other members of its group, and
 * in several groups. */
#include "../fakes/kafka_faults.h"

static void slow_now_and_then(struct bench *b, struct mqm_delivery *d)
{
    at_random(b, d);
    if ((b->times >> 16) % 16 == 1)
        host_wait(&b->host, 2);
}

struct member {
    struct bench *b;
    pthread_t thread;
    volatile int stop;
};

static void *member_main(void *arg)
{
    struct member *m = arg;

    while (!m->stop)
        (void)m->b->adapter->poll(m->b->self, 50);
    return NULL;
}

static void member_join(struct member *m, const char *strategy,
                        const char *group, const char *topic)
{
    m->b = bench_on("partition.assignment.strategy", strategy);
    m->b->script = slow_now_and_then;
    m->b->times = (unsigned)now_ms();
    m->b->batch = 20;
    m->stop = 0;
    ck_assert_int_eq(m->b->adapter->subscribe(m->b->self, group, topic), 0);
    pthread_create(&m->thread, NULL, member_main, m);
}

static void member_leave(struct member *m)
{
    m->stop = 1;
    pthread_join(m->thread, NULL);
    m->b->adapter->close(m->b->self);
    m->b->self = NULL;
}

enum { PARTS = 6, EACH = 300 };

/* Counts what was well, and that no member passed over an offset. */
static int count(const struct bench *b, char well[PARTS][EACH])
{
    int n = 0;

    for (size_t i = 0; i < b->n; i++) {
        char *w = &well[b->seen[i].partition][b->seen[i].offset];

        if (b->seen[i].result == MQM_OK && !*w)
            n += *w = 1;
    }
    return n;
}

/* b: ends with NULL. */
static int count_all(struct bench *const *b)
{
    char well[PARTS][EACH] = {{0}};
    int n = 0;

    for (; *b; b++)
        n += count(*b, well);
    return n;
}

static const struct seen *last_of(const struct bench *b, int32_t partition)
{
    size_t i = b->n;

    while (i > 0 && b->seen[i - 1].partition != partition)
        i--;
    return i > 0 ? &b->seen[i - 1] : NULL;
}

/* Nothing of a partition is to come again: who saw it last is at its end. */
static int is_at_end(struct bench *const *b, int32_t partition)
{
    const struct seen *last = NULL;

    for (; *b; b++) {
        const struct seen *s = last_of(*b, partition);

        if (s && (!last || s->at_ms >= last->at_ms))
            last = s;
    }
    return last && last->offset == EACH - 1 && last->result == MQM_OK;
}

static int all_done(struct bench *const *b, int parts)
{
    int32_t p = 0;

    while (p < parts && is_at_end(b, p))
        p++;
    return p == parts && count_all(b) == parts * EACH;
}

/* One consumes, a second joins, the first leaves, comes back, the second
 * leaves: each message is well with somebody, and nothing else is committed. */
START_TEST(rebalances_lose_nothing)
{
    static const char *const strategies[] = {"range", "cooperative-sticky"};
    char topic[64], group[64], well[PARTS][EACH] = {{0}};
    struct bench *all[4] = {NULL};
    struct member a, b, c;

    topic_new(topic, PARTS);
    name_new(group, "g");
    flood(topic, PARTS, PARTS * EACH);
    member_join(&a, strategies[_i], group, topic);
    host_wait(NULL, 800);
    member_join(&b, strategies[_i], group, topic);
    host_wait(NULL, 1500);
    member_leave(&a);
    for (int32_t p = 0; p < PARTS; p++) {
        int64_t end = committed(group, topic, p);

        count(a.b, well);
        count(b.b, well);
        for (int64_t i = 0; i < end; i++)
            ck_assert_msg(well[p][i], "%d/%d committed unseen", (int)p, (int)i);
    }
    member_join(&c, strategies[_i], group, topic);
    host_wait(NULL, 1500);
    member_leave(&b);
    all[0] = a.b;
    all[1] = b.b;
    all[2] = c.b;
    for (int i = 0; i < 300 && !all_done(all, PARTS); i++)
        host_wait(NULL, 100);
    member_leave(&c);
    ck_assert_int_eq(count_all(all), PARTS * EACH);
    ck_assert_uint_gt(a.b->n, 0);
    ck_assert_uint_gt(b.b->n, 0);
    ck_assert_uint_gt(c.b->n, 0);
    for (int32_t p = 0; p < PARTS; p++)
        ck_assert_int_eq(committed(group, topic, p), EACH);
    bench_free(a.b);
    bench_free(b.b);
    bench_free(c.b);
}
END_TEST

static struct member late;
static char late_group[64], late_topic[64];
static const char *late_strategy;

/* Another one joins while five messages wait in the batch; the poll that
 * follows serves the rebalance. */
static void join_meanwhile(int polled)
{
    if (polled < 5)
        return;
    before_poll = NULL;
    member_join(&late, late_strategy, late_group, late_topic);
    host_wait(NULL, 2000);
}

/* In what was said since then: of a partition left over, or all anew.  Who
 * leaves before that, while the group is between two generations, cannot
 * commit, since the brokers refuse it. */
static int took_more(const struct bench *b, size_t since)
{
    return strstr(&b->log[since], " 1 partitions taken") ||
           strstr(&b->log[since], " 2 partitions taken");
}

/* What waits in a batch when its partition goes is the next owner's: it is
 * not delivered twice at once, and nothing is passed over. */
START_TEST(a_rebalance_in_the_middle_of_a_batch)
{
    static const char *const strategies[] = {"range", "cooperative-sticky"};
    struct bench *all[3] = {NULL};
    struct member a;
    size_t said;

    late_strategy = strategies[_i];
    topic_new(late_topic, 2);
    name_new(late_group, "g");
    flood(late_topic, 2, 2 * EACH);
    a.b = bench_on("partition.assignment.strategy", late_strategy);
    a.b->batch = 1000;
    a.stop = 0;
    before_poll = join_meanwhile;
    ck_assert_int_eq(
        a.b->adapter->subscribe(a.b->self, late_group, late_topic), 0);
    pthread_create(&a.thread, NULL, member_main, &a);
    all[0] = a.b;
    for (int i = 0; i < 500 && !all_done(all, 2); i++) {
        host_wait(NULL, 100);
        all[1] = late.b;
    }
    ck_assert_ptr_nonnull(late.b);
    said = strlen(late.b->log);
    member_leave(&a);
    for (int i = 0; i < 200 && !took_more(late.b, said); i++)
        host_wait(NULL, 100);
    member_leave(&late);
    ck_assert_int_eq(count_all(all), 2 * EACH);
    ck_assert_msg(strstr(a.b->log, "given up"), "%s", a.b->log);
    for (int32_t p = 0; p < 2; p++)
        ck_assert_msg(committed(late_group, late_topic, p) == EACH,
                      "%d: one\n%sthe other\n%s", (int)p, a.b->log,
                      late.b->log);
    bench_free(a.b);
    bench_free(late.b);
}
END_TEST

START_TEST(two_groups_see_all_each)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], group[2][64];

    topic_new(topic, 2);
    flood(topic, 2, 100);
    for (int i = 0; i < 2; i++) {
        name_new(group[i], "g");
        ck_assert_int_eq(b->adapter->subscribe(b->self, group[i], topic), 0);
    }
    poll_until(b, 200, 20000);
    ck_assert_uint_eq(b->n, 200);
    bench_free(b);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(committed(group[i], topic, 1), 50);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("adapter_kafka_group");
    TCase *t = tcase_create("group");

    (void)argc;
    tcase_set_timeout(t, 90);
    tcase_add_loop_test(t, rebalances_lose_nothing, 0, 2);
    tcase_add_loop_test(t, a_rebalance_in_the_middle_of_a_batch, 0, 2);
    tcase_add_test(t, two_groups_see_all_each);
    suite_add_tcase(s, t);
    return run_suite(s, argv);
}
