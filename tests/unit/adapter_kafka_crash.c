/* LIBS: -lrdkafka */
/* SPDX-License-Identifier: MIT */
/* adapter_kafka_crash.c - the Kafka adapter while processes die: consumers, and
 * the broker.  The broker is one of our own, four ports above the shared one.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "../fakes/kafka.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { N = 400, PARTS = 4 };

/* Seen by all processes of a test. */
static struct {
    volatile int done[PARTS][N / PARTS];
} *all;

static char folder[] = "/tmp/mqm-kafka.XXXXXX";

static void server(const char *command, int port)
{
    char line[4096];

    snprintf(line, sizeof(line), "scripts/kafka %s %s/kafka %.0d >&2", command,
             folder, port);
    ck_assert_msg(system(line) == 0, "%s", line);
}

static int own_port(void)
{
    return (int)strtol(strrchr(broker(), ':') + 1, NULL, 10);
}

static void start(void)
{
    char at[64];

    snprintf(at, sizeof(at), "127.0.0.1:%d", own_port() + 4);
    setenv("MQM_TEST_KAFKA", at, 1);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    server("up", own_port());
}

static void forget(void)
{
    all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(all != MAP_FAILED);
}

static void end(void)
{
    char line[4096];

    snprintf(line, sizeof(line),
             "scripts/kafka kill %s/kafka >&2; rm -rf %s", folder, folder);
    ck_assert_int_eq(system(line), 0);
}

static int done_of_all(void)
{
    int n = 0;

    for (int i = 0; i < N; i++)
        n += all->done[i % PARTS][i / PARTS] > 0;
    return n;
}

/* With so many done, this process stands still, to be killed in its work. */
static int stands_at = N + 1;

static void mark(struct bench *b, struct mqm_delivery *d)
{
    int partition, offset;

    at_random(b, d);
    sscanf(d->msg.origin, "%d/%d", &partition, &offset);
    do
        host_wait(NULL, 2);
    while (done_of_all() >= stands_at);
    if (d->result == MQM_OK)
        all->done[partition][offset]++;
}

static void consume(struct bench *b, const char *group, const char *topic)
{
    b->script = mark;
    b->batch = 16;
    ck_assert_int_eq(b->adapter->subscribe(b->self, group, topic), 0);
}

static void wait_for(struct bench *b, int n, int64_t ms)
{
    int64_t end_ms = now_ms() + ms;

    while (done_of_all() < n && now_ms() < end_ms) {
        if (b)
            (void)b->adapter->poll(b->self, 100);
        else
            host_wait(NULL, 2);
    }
    ck_assert_int_ge(done_of_all(), n);
}

static void assert_all_committed(const char *group, const char *topic)
{
    for (int32_t p = 0; p < PARTS; p++)
        ck_assert_int_eq(committed(group, topic, p), N / PARTS);
}

START_TEST(killed_consumers_lose_nothing)
{
    char topic[64], group[64];
    struct bench *b;

    topic_new(topic, PARTS);
    name_new(group, "g");
    flood(topic, PARTS, N);
    for (int i = 1; i <= 3; i++) {
        pid_t pid = fork();

        if (!pid) {
            stands_at = i * 80 + 80;
            b = bench_on("session.timeout.ms", "1500");
            consume(b, group, topic);
            wait_for(b, N, 60000);
            _exit(0);
        }
        wait_for(NULL, i * 80, 60000);
        kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    }
    ck_assert_int_lt(done_of_all(), N);
    b = bench_on("session.timeout.ms", "1500");
    consume(b, group, topic);
    wait_for(b, N, 30000);
    bench_free(b);
    assert_all_committed(group, topic);
}
END_TEST

START_TEST(killed_broker_is_consumed_on)
{
    struct bench *b = bench_on("session.timeout.ms", "6000");
    char topic[64], group[64];

    topic_new(topic, PARTS);
    name_new(group, "g");
    flood(topic, PARTS, N);
    consume(b, group, topic);
    wait_for(b, 100, 60000);
    server("kill", 0);
    for (int i = 0; i < 5; i++)
        (void)b->adapter->poll(b->self, 100);
    server("up", own_port());
    wait_for(b, N, 40000);
    /* What was fetched before is done without the broker: let it come back. */
    for (int64_t end_ms = now_ms() + 4000; now_ms() < end_ms;)
        (void)b->adapter->poll(b->self, 100);
    bench_free(b);
    assert_all_committed(group, topic);
}
END_TEST

/* A broker that has stopped answers nothing, and refuses nothing. */
START_TEST(silent_broker_holds_nobody_up)
{
    struct bench *b = bench_on("message.timeout.ms", "2000");
    struct mqm_delivery d = MQM_DELIVERY_INIT;
    char topic[64], group[64];
    int64_t begin_ms;
    int r;

    topic_new(topic, PARTS);
    name_new(group, "g");
    flood(topic, PARTS, N);
    consume(b, group, topic);
    wait_for(b, 50, 60000);
    d.msg.topic = topic;
    ck_assert_int_eq(b->adapter->publish(b->self, &d), 0);
    server("stop", 0);
    begin_ms = now_ms();
    r = b->adapter->publish(b->self, &d);
    ck_assert_int_eq(r, -ETIMEDOUT);
    ck_assert_msg(strstr(b->why, "may have been sent"), "%s", b->why);
    ck_assert_int_le(now_ms() - begin_ms, 8000);
    begin_ms = now_ms();
    b->adapter->close(b->self);
    b->self = NULL;
    ck_assert_int_le(now_ms() - begin_ms, 15000);
    server("cont", 0);
    bench_free(b);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("adapter_kafka_crash");
    TCase *t = tcase_create("crash");

    (void)argc;
    tcase_set_timeout(t, 280);
    /* Not checked: the end comes whatever becomes of the tests. */
    tcase_add_unchecked_fixture(t, start, end);
    tcase_add_checked_fixture(t, forget, NULL);
    tcase_add_test(t, killed_consumers_lose_nothing);
    tcase_add_test(t, killed_broker_is_consumed_on);
    tcase_add_test(t, silent_broker_holds_nobody_up);
    suite_add_tcase(s, t);
    return run_suite(s, argv);
}
