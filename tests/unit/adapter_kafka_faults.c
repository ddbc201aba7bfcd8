/* LIBS: -lrdkafka -ldl */
/* SPDX-License-Identifier: MIT */
/* adapter_kafka_faults.c - each call that the Kafka adapter makes fails once,
 * or for good: the caller is told, with words, nothing is taken for read, sent
 * or absent that is not, and the next try is none the worse.
 */
#include "../fakes/kafka_faults.h"

enum { FOR_GOOD = 1000000, TRIES = 400, MESSAGES = 20 };

/* One for all: each reads it, in a group of its own if in one. */
static char topic[64];

static void topic_with_messages(void)
{
    topic_new(topic, 2);
    flood(topic, 2, 2 * MESSAGES);
}

/* -------------------------------- reading -------------------------------- */

static int visits;

static int visit(void *user, struct mqm_delivery *d)
{
    (void)user;
    ck_assert_ptr_nonnull(d->raw);
    visits++;
    return 0;
}

static int visit_place(void *user, const struct mqm_position *p)
{
    (void)user;
    ck_assert_int_eq(p->end, MESSAGES);
    visits++;
    return 0;
}

static int fetch_it(struct bench *b)
{
    return b->adapter->fetch(b->self, "g", topic, "1/7", visit, NULL);
}

static int scan_it(struct bench *b)
{
    return b->adapter->scan(b->self, topic, visit, NULL);
}

static int ask_positions(struct bench *b)
{
    return b->adapter->positions(b->self, "g", topic, visit_place, NULL);
}

static int probe_it(struct bench *b)
{
    visits++;
    return b->adapter->probe(b->self, "g", topic);
}

static int publish_it(struct bench *b)
{
    static const struct mqm_field f[] = {{"trace", "a", 1}};
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    d.msg.topic = "published";
    d.msg.id = "id";
    d.msg.id_len = 2;
    d.body = "b";
    d.body_len = 1;
    visits++;
    return b->adapter->publish_with(b->self, &d, f, 1);
}

static int (*const calls[])(struct bench *) = {fetch_it, scan_it,
                                               ask_positions, probe_it,
                                               publish_it};
enum { FETCH, SCAN, POSITIONS, PROBE, PUBLISH };
static const int all_of_it[] = {1, 2 * MESSAGES, 2, 1, 1};

struct expected {
    int call;
    const char *function;
    int nth, times;
    rd_kafka_resp_err_t err;
    int result;
    const char *words;
};

#define NO_WAY RD_KAFKA_RESP_ERR__TRANSPORT
#define TIMED_OUT RD_KAFKA_RESP_ERR__TIMED_OUT
#define NO_TOPIC RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
#define REFUSED RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
#define AT_END RD_KAFKA_RESP_ERR__PARTITION_EOF
#define NO_OFFSET RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET

static const struct expected expected[] = {
    {FETCH, "calloc", 1, 1, 0, -ENOMEM, "out of memory"},
    {FETCH, "rd_kafka_conf_set", 1, 1, 0, -EIO, "makes no reader"},
    {FETCH, "rd_kafka_conf_set", 2, 1, 0, -EIO, "makes no reader"},
    {FETCH, "rd_kafka_conf_set", 3, 1, 0, -EIO, "makes no reader"},
    {FETCH, "rd_kafka_new", 1, 1, 0, -EINVAL, "no memory for it"},
    {FETCH, "rd_kafka_topic_new", 1, 1, 0, -EINVAL, topic},
    {FETCH, "rd_kafka_topic_new", 2, 1, 0, -ENOMEM, "out of memory"},
    {FETCH, "rd_kafka_metadata", 1, 1, NO_WAY, 0, "no broker answers"},
    {FETCH, "rd_kafka_query_watermark_offsets", 1, 1, TIMED_OUT, -ETIMEDOUT,
     "cannot read"},
    {FETCH, "rd_kafka_query_watermark_offsets", 1, 1, REFUSED, 0,
     "cannot read"},
    {FETCH, "rd_kafka_consume_start", 1, 1, NO_WAY, 0, "cannot read"},
    {FETCH, "rd_kafka_consume", 1, 1, NO_WAY, 0, "cannot read"},
    {FETCH, "rd_kafka_consume", 1, 1, AT_END, -ENOENT, "compacted"},
    {FETCH, "rd_kafka_consume", 1, 1, NO_OFFSET, -ENOENT, "compacted"},
    {FETCH, "rd_kafka_consume", 1, FOR_GOOD, 0, -ETIMEDOUT, "silent"},
    {SCAN, "rd_kafka_conf_set", 1, 1, 0, -EIO, "makes no reader"},
    {SCAN, "rd_kafka_metadata", 1, 1, NO_WAY, 0, "no broker answers"},
    {SCAN, "rd_kafka_metadata", 1, 1, NO_TOPIC, -ENOENT, ""},
    {SCAN, "rd_kafka_topic_new", 2, 1, 0, -ENOMEM, "out of memory"},
    {SCAN, "rd_kafka_queue_new", 1, 1, 0, -ENOMEM, "out of memory"},
    {SCAN, "calloc", 1, 1, 0, -ENOMEM, "out of memory"},
    {SCAN, "rd_kafka_query_watermark_offsets", 2, 1, NO_WAY, 0,
     "partition 1"},
    {SCAN, "rd_kafka_consume_start_queue", 2, 1, NO_WAY, 0,
     "partition 1"},
    {SCAN, "rd_kafka_consume_queue", 3, 1, NO_WAY, 0, "cannot read"},
    {SCAN, "rd_kafka_consume_queue", 3, FOR_GOOD, 0, -ETIMEDOUT,
     "2 of 2 partitions not read to their end"},
    {POSITIONS, "rd_kafka_conf_set", 4, 1, 0, -EIO, "makes no reader"},
    {POSITIONS, "rd_kafka_new", 1, 1, 0, -EINVAL, "no memory for it"},
    {POSITIONS, "rd_kafka_metadata", 1, 1, NO_WAY, 0, "no broker answers"},
    {POSITIONS, "rd_kafka_committed", 1, 1, TIMED_OUT, -ETIMEDOUT,
     "the offsets of group 'g' are not told"},
    {POSITIONS, "rd_kafka_query_watermark_offsets", 2, 1, NO_WAY, 0,
     "partition 1"},
    {PROBE, "rd_kafka_new", 1, 1, 0, -EINVAL, "no memory for it"},
    {PROBE, "rd_kafka_topic_new", 1, 1, 0, -EINVAL, topic},
    {PUBLISH, "rd_kafka_new", 1, 1, 0, -EINVAL, "no memory for it"},
    {PUBLISH, "rd_kafka_header_add", 1, 1, NO_WAY, 0, "it was not sent"},
    {PUBLISH, "rd_kafka_header_add", 2, 1, NO_WAY, 0, "it was not sent"},
    {PUBLISH, "rd_kafka_produceva", 1, 1, NO_WAY, 0, "it was not sent"},
    {PUBLISH, "rd_kafka_produceva", 1, 1, RD_KAFKA_RESP_ERR__QUEUE_FULL, 0,
     "it was not sent"},
};

/* The result that is 0 in the table: an error, but not "it is not there". */
static void failed_as_expected(const struct expected *e, int r,
                               const struct bench *b)
{
    ck_assert_msg(fault.failed > 0, "%d: %s was not called", e->call,
                  e->function);
    ck_assert_msg(e->result ? r == e->result : r < 0 && r != -ENOENT,
                  "%d: %s: %d %s", e->call, e->function, r, b->why);
    ck_assert_msg(b->why[0] && strstr(b->why, e->words), "%d: %s: %s", e->call,
                  e->function, b->why);
}

START_TEST(one_failing_call)
{
    const struct expected *e = &expected[_i];
    struct bench *b = bench_on(NULL, NULL);
    int r;

    visits = 0;
    fail_call(e->function, e->nth, e->times, e->err);
    r = calls[e->call](b);
    fault.name = NULL;
    failed_as_expected(e, r, b);
    if (e->call == FETCH || (e->call == SCAN && r == -ENOENT))
        ck_assert_int_eq(visits, 0);
    visits = 0;
    r = calls[e->call](b);
    ck_assert_msg(r == 0, "%d: after %s: %d %s", e->call, e->function, r,
                  b->why);
    ck_assert_int_eq(visits, all_of_it[e->call]);
    bench_free(b);
}
END_TEST

/* ------------------------------- consuming ------------------------------- */

struct consuming {
    const char *function;
    int nth, times;
    rd_kafka_resp_err_t err;
    const char *strategy;
    const char *words; /* in the log */
};

static const struct consuming consuming[] = {
    {"calloc", 1, 1, 0, "range", "out of memory"},
    {"strdup", 1, 1, 0, "range", "out of memory"},
    {"realloc", 1, 1, 0, "range", "out of memory"}, /* of the topics     */
    {"realloc", 2, 1, 0, "range", "cannot take"},   /* of the partitions */
    {"realloc", 2, 1, 0, "cooperative-sticky", "cannot take"},
    {"rd_kafka_conf_set", 1, 1, 0, "range", "cannot be a group"},
    {"rd_kafka_new", 1, 1, 0, "range", "no memory for it"},
    {"rd_kafka_topic_new", 1, 1, 0, "range", "topic '"},
    {"rd_kafka_subscribe", 1, 1, NO_WAY, "range", "cannot subscribe"},
    {"rd_kafka_assign", 1, 1, NO_WAY, "range", "cannot take"},
    {"rd_kafka_assign", 2, DONE_ALL_THE_SAME, NO_WAY, "range",
     "cannot give up"},
    {"rd_kafka_rebalance_protocol", 1, 1, 0, "range", "left already"},
    {"rd_kafka_incremental_assign", 1, 1, NO_WAY, "cooperative-sticky",
     "cannot take"},
    {"rd_kafka_incremental_unassign", 1, DONE_ALL_THE_SAME, NO_WAY,
     "cooperative-sticky", "cannot give up"},
    {"rd_kafka_offsets_store", 1, 1, NO_WAY, "range", "cannot store offsets"},
    {"rd_kafka_seek", 1, 1, NO_WAY, "range", "cannot seek"},
    {"rd_kafka_seek", 1, 2, TIMED_OUT, "range", ""}, /* the third does */
    {"rd_kafka_seek", 1, 3, TIMED_OUT, "range", "cannot seek"},
    {"rd_kafka_pause_partitions", 1, 1, NO_WAY, "range", "cannot pause"},
    {"rd_kafka_resume_partitions", 1, 1, NO_WAY, "range", "cannot resume"},
    {"rd_kafka_consumer_poll", 3, 1, NO_WAY, "range", "group '"},
    {"rd_kafka_consumer_poll", 3, 1, AT_END, "range", ""},
    {"rd_kafka_fatal_error", 1, 1, NO_WAY, "range", "is dead, open anew"},
    {"rd_kafka_commit_queue", 1, 1, NO_WAY, "range", "cannot commit"},
    {"rd_kafka_queue_poll", 1, FOR_GOOD, 0, "range", "cannot commit"},
    {"rd_kafka_event_error", 1, 1, NO_WAY, "range", "cannot commit"},
    {"rd_kafka_consumer_close_queue", 1, 1, NO_WAY, "range", "as told"},
    {"rd_kafka_consumer_closed", 1, FOR_GOOD, 0, "range",
     "left without a goodbye"},
};

static char well[2][MESSAGES];

static int count_well(const struct bench *b)
{
    int n = 0;

    for (size_t i = 0; i < b->n; i++)
        if (b->seen[i].result == MQM_OK)
            well[b->seen[i].partition][b->seen[i].offset] = 1;
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < MESSAGES; i++)
            n += well[p][i];
    return n;
}

/* With a short session: a group that is left without a goodbye is free soon. */
static struct bench *open_for(const char *strategy)
{
    static struct mqm_setting s[] = {{"bootstrap.servers", NULL, 0},
                                     {"heartbeat.interval.ms", "200", 0},
                                     {"session.timeout.ms", "3000", 0},
                                     {"partition.assignment.strategy", NULL, 0}};
    struct bench *b = bench_new();

    s[0].value = broker();
    s[3].value = strategy;
    ck_assert_msg(bench_open(b, s, 4) == 0, "%s", b->why);
    return b;
}

/* What failed told why: that goes beside the log. */
static int told(struct bench *b, const char *call, int r)
{
    ck_assert_msg(r == 0 || b->why[0], "%s: %d without words", call, r);
    if (r < 0)
        host_log(&b->host, MQM_DEBUG, "%s: %d %s", call, r, b->why);
    b->why[0] = '\0';
    return r;
}

/* What fails is tried again, until all are well or it takes too long: a group
 * that could not take its partitions waits for its next life. */
static void consume(struct bench *b, const char *group)
{
    int r = told(b, "subscribe",
                 b->adapter->subscribe(b->self, group, topic));

    if (r < 0)
        r = b->adapter->subscribe(b->self, group, topic);
    ck_assert_msg(r == 0, "subscribe: %d %s", r, b->why);
    for (int i = 0; i < TRIES && count_well(b) < 2 * MESSAGES; i++) {
        (void)told(b, "poll", b->adapter->poll(b->self, 20));
        if (i == TRIES / 4 && strstr(b->log, "cannot take"))
            break;
    }
}

/* What is committed was well.  How many are not. */
static size_t nothing_passed_over(const char *group)
{
    size_t left = 2 * MESSAGES;

    for (int p = 0; p < 2; p++) {
        const int64_t end = committed(group, topic, p);

        for (int64_t i = 0; i < end; i++, left--)
            ck_assert_msg(well[p][i], "%d/%d committed unseen", p, (int)i);
    }
    return left;
}

START_TEST(consumed_all_the_same)
{
    const struct consuming *c = &consuming[_i];
    struct bench *b = open_for(c->strategy);
    char group[64];
    size_t left;

    name_new(group, "g");
    b->script = at_random;
    b->batch = 7;
    fail_call(c->function, c->nth, c->times, c->err);
    consume(b, group);
    b->adapter->close(b->self);
    b->self = NULL;
    fault.name = NULL;
    ck_assert_msg(fault.failed > 0, "%s was not called so often", c->function);
    ck_assert_msg(strstr(b->log, c->words), "%s: %s", c->function, b->log);
    left = nothing_passed_over(group);
    bench_free(b);

    b = open_for(c->strategy); /* the next life gets what is left */
    ck_assert_int_eq(b->adapter->subscribe(b->self, group, topic), 0);
    poll_until(b, left, 40000);
    ck_assert_int_eq(count_well(b), 2 * MESSAGES);
    bench_free(b);
    for (int p = 0; p < 2; p++)
        ck_assert_int_eq(committed(group, topic, p), MESSAGES);
}
END_TEST

/* --------------------------------- opening ------------------------------- */

static void fails_to_open(struct bench *b, const char *function, int r,
                          const char *words)
{
    struct mqm_setting s[] = {{"bootstrap.servers", broker(), 0}};

    for (int nth = 1; nth <= 2; nth++) {
        b->why[0] = '\0';
        fail_call(function, nth, 1, 0);
        ck_assert_int_eq(bench_open(b, s, 1), r);
        fault.name = NULL;
        ck_assert_str_eq(b->why, words);
        ck_assert_ptr_null(b->self);
    }
}

START_TEST(opening_without_means)
{
    struct mqm_setting s[] = {{"bootstrap.servers", broker(), 0}};
    struct bench *b = bench_new();

    fails_to_open(b, "calloc", -ENOMEM, "out of memory");
    fails_to_open(b, "pipe", -EMFILE, "cannot make a pipe");
    ck_assert_int_eq(bench_open(b, s, 1), 0);
    bench_free(b);
}
END_TEST

/* Met by one, an idempotent producer's fatal error ends at the next. */
START_TEST(a_producer_begins_anew)
{
    struct bench *b = bench_on(NULL, NULL);
    int r = publish_it(b);

    ck_assert_msg(r == 0, "%d %s", r, b->why);
    fail_call("rd_kafka_fatal_error", 1, 1, NO_WAY);
    r = publish_it(b);
    ck_assert_msg(r == 0, "%d %s", r, b->why);
    ck_assert_int_eq(fault.failed, 1);
    bench_free(b);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("adapter_kafka_faults");
    TCase *t = tcase_create("faults");

    (void)argc;
    tcase_set_timeout(t, 90);
    tcase_add_unchecked_fixture(t, topic_with_messages, NULL);
    tcase_add_loop_test(t, one_failing_call, 0,
                        (int)(sizeof(expected) / sizeof(*expected)));
    tcase_add_loop_test(t, consumed_all_the_same, 0,
                        (int)(sizeof(consuming) / sizeof(*consuming)));
    tcase_add_test(t, opening_without_means);
    tcase_add_test(t, a_producer_begins_anew);
    suite_add_tcase(s, t);
    return run_suite(s, argv);
}
