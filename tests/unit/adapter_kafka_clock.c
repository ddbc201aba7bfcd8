/* LIBS: -lrdkafka */
/* SPDX-License-Identifier: MIT */
/* adapter_kafka_clock.c - the machine's clock is set while a Kafka consumer
 * runs.  librdkafka waits by the wall clock: a wait that began while it was an
 * hour ahead lasts an hour longer once it is put right.
 *
 * libfaketime moves the clock, so the program starts itself again under it. */
#include "../fakes/kafka_mock.h"

#include <glob.h>

enum { AHEAD_S = 3600, EACH = 40, PARTS = 4 };

static char clock_file[] = "/tmp/mqm-clock.XXXXXX";

static void set_clock(int seconds)
{
    FILE *f = fopen(getenv("FAKETIME_TIMESTAMP_FILE"), "w");

    if (!f || fprintf(f, "%+d\n", seconds) < 0 || fclose(f) != 0) {
        perror("the clock's file");
        exit(2);
    }
}

static int64_t ahead_s(int64_t since_s)
{
    return (int64_t)time(NULL) - since_s;
}

/* The clock goes ahead for a while, with everybody waiting, and back. */
static void clock_goes_back(struct bench *b)
{
    int64_t began_s = (int64_t)time(NULL);

    set_clock(AHEAD_S);
    poll_until(b, SEEN_MAX, 4000);
    ck_assert_int_ge(ahead_s(began_s), AHEAD_S - 1);
    set_clock(0);
    poll_until(b, SEEN_MAX, 2500);
    ck_assert_int_lt(ahead_s(began_s), AHEAD_S / 2);
}

static void again_once(struct bench *b, struct mqm_delivery *d)
{
    if (b->times++ % 8 == 0) {
        d->result = MQM_LATER;
        d->retry_ms = 300;
    }
}

static size_t well(const struct bench *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        n += b->seen[i].result == MQM_OK;
    return n;
}

/* A member of a group of its own, with its partitions. */
static struct bench *joined(const char *topic)
{
    struct bench *b = bench_on("session.timeout.ms", "6000");
    char group[64];

    name_new(group, "g");
    ck_assert_int_eq(b->adapter->subscribe(b->self, group, topic), 0);
    poll_until(b, 1, 3000);
    return b;
}

/* Nothing arrives that could wake a wait by chance: an empty topic is polled,
 * and each poll is to be over when it should be. */
START_TEST(a_poll_does_not_last_for_the_difference)
{
    char topic[64];
    struct bench *b;

    topic_new(topic, PARTS);
    b = joined(topic);
    for (int i = 0; i < 2; i++)
        clock_goes_back(b);
    bench_free(b);
}
END_TEST

/* The consumer stays in its group: nobody takes it for dead, and what is to
 * come again comes again. */
START_TEST(the_group_does_not_lose_us)
{
    char topic[64];
    struct bench *b;

    topic_new(topic, PARTS);
    b = joined(topic);
    clock_goes_back(b);
    poll_until(b, 1, 9000);
    b->script = again_once;
    flood(topic, PARTS, EACH);
    for (int64_t end_ms = now_ms() + 20000;
         well(b) < EACH && now_ms() < end_ms;)
        poll_until(b, b->n + 1, 1000);
    ck_assert_uint_eq(well(b), EACH);
    ck_assert_ptr_null(strstr(b->log, "(lost)"));
    bench_free(b);
}
END_TEST

static int publish(struct bench *b, const char *topic)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    d.msg.topic = topic;
    d.msg.id = "id";
    d.msg.id_len = 2;
    return b->adapter->publish_with(b->self, &d, NULL, 0);
}

static void *publish_beside(void *arg)
{
    struct bench *b = arg;
    static int r;

    r = publish(b, "clocked");
    return &r;
}

/* Between two tries to connect the clock goes back: the next is not tried an
 * hour later, neither by the consumer nor by what sends to the parking topic;
 * and who waits for that is told.
 */
START_TEST(a_broker_that_comes_back_is_found)
{
    const char *topic = "clocked";
    struct mock mock = mock_new(topic, PARTS);
    struct bench *b = joined(topic);
    pthread_t beside;
    void *r;

    ck_assert_int_eq(publish(b, topic), 0);
    set_clock(AHEAD_S);
    poll_until(b, SEEN_MAX, 1500);
    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    ck_assert(!pthread_create(&beside, NULL, publish_beside, b));
    poll_until(b, SEEN_MAX, 3000);
    set_clock(0);
    poll_until(b, SEEN_MAX, 2500);
    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    flood(topic, PARTS, EACH);
    poll_until(b, b->n + EACH, 30000);
    ck_assert_uint_ge(well(b), EACH);
    ck_assert(!pthread_join(beside, &r));
    ck_assert(*(int *)r == 0 || *(int *)r == -ETIMEDOUT);
    ck_assert_int_eq(publish(b, topic), 0);
    bench_free(b);
    mock_free(&mock);
}
END_TEST

/* Once more, with a clock that can be set. */
static void begin_again(char **argv)
{
    int fd = mkstemp(clock_file);
    glob_t found;

    if (fd < 0 || close(fd) < 0 ||
        glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, NULL, &found) != 0) {
        fprintf(stderr, "no libfaketime: run scripts/setup check\n");
        exit(2);
    }
    setenv("FAKETIME_TIMESTAMP_FILE", clock_file, 1);
    setenv("FAKETIME_CACHE_DURATION", "1", 1);
    setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
    setenv("FAKETIME_FORCE_MONOTONIC_FIX", "0", 1); /* timed waits end at once */
    setenv("FAKETIME_DONT_RESET", "1", 1);
    set_clock(0);
    setenv("LD_PRELOAD", found.gl_pathv[0], 1);
    execv("/proc/self/exe", argv);
    perror("execv");
    exit(2);
}

int main(int argc, char **argv)
{
    Suite *s = suite_create("adapter_kafka_clock");
    TCase *t = tcase_create("clock");
    int r;

    (void)argc;
    if (!getenv("FAKETIME_TIMESTAMP_FILE"))
        begin_again(argv);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_poll_does_not_last_for_the_difference);
    tcase_add_test(t, the_group_does_not_lose_us);
    tcase_add_test(t, a_broker_that_comes_back_is_found);
    suite_add_tcase(s, t);
    r = run_suite(s, argv);
    unlink(getenv("FAKETIME_TIMESTAMP_FILE"));
    return r;
}
