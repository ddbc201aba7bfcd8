/* SPDX-License-Identifier: MIT */
/* adapter_rocketmq_crash.c - the RocketMQ adapter while processes die: other
 * consumers, and the broker.
 *
 * The client library does not survive fork(), so a test's own process opens
 * the adapter only after the last child was made; children send as well.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "../fakes/rocketmq.h"

#include <signal.h>
#include <sys/mman.h>

enum { N = 200 };

/* Seen by all processes of a test. */
static struct {
    volatile int done[N], begun, stop;
} * all;

static void share(void)
{
    all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(all != MAP_FAILED);
}

static int done_of_all(void)
{
    int n = 0;

    for (int i = 0; i < N; i++)
        n += all->done[i] > 0;
    return n;
}

static int mark(const struct seen *s)
{
    __atomic_add_fetch(&all->done[strtol(s->id + 3, NULL, 10) % N], 1,
                       __ATOMIC_SEQ_CST);
    return MQM_OK;
}

static int quickly(struct mqm_delivery *d, const struct seen *s)
{
    (void)d;
    return mark(s);
}

static int slowly(struct mqm_delivery *d, const struct seen *s)
{
    (void)d;
    all->begun++;
    sleep_ms(100);
    return mark(s);
}

static int never(struct mqm_delivery *d, const struct seen *s)
{
    (void)s;
    all->begun++;
    d->retry_ms = 60000;
    return MQM_LATER;
}

static void send_in_child(const char *topic, int first, int n)
{
    pid_t pid = fork();
    int status = 0;

    if (!pid) {
        open_adapter("concurrent", NULL, NULL);
        publish(topic, first, n);
        close_adapter();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

/* Consumes until all->stop, closes and exits as a program does: 0, or 3 if the
 * consumer was left as it is, if close() took less than 25 s: the adapter gives
 * the copies 15 s to be back, and its first questions 3. */
static pid_t consume_in_child(const char *group, const char *topic,
                              int (*answer)(struct mqm_delivery *d,
                                            const struct seen *s))
{
    int64_t began;
    pid_t pid = fork();

    if (pid)
        return pid;
    open_adapter("concurrent", "threads", "4");
    fake.answer = answer;
    subscribe(group, topic);
    while (!all->stop)
        fake.adapter->poll(fake.self, 20);
    began = clock_ms();
    fake_stop();
    close_adapter();
    if (fake.inside || clock_ms() - began > 25000)
        exit(2);
    if (strstr(fake.log, "is not shut down"))
        _exit(3);
    exit(0);
}

static int wait_for(const volatile int *what, int least, int ms)
{
    int64_t end = clock_ms() + ms;

    while (*what < least && clock_ms() < end)
        sleep_ms(10);
    return *what >= least;
}

static int end_of(pid_t pid, int ms)
{
    int64_t end = clock_ms() + ms;
    int status = 0;

    while (clock_ms() < end) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return status;
        sleep_ms(10);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

static void poll_all(int ms)
{
    int64_t end = clock_ms() + ms;

    while (done_of_all() < N && clock_ms() < end)
        fake.adapter->poll(fake.self, 50);
}

START_TEST(two_processes_share_a_group)
{
    const char *topic = fresh("two"), *group = fresh("GID_two");
    int others;
    pid_t pid;

    share();
    send_in_child(topic, 0, 4);
    pid = consume_in_child(group, topic, quickly);
    ck_assert(wait_for(&all->done[3], 1, 60000));
    open_adapter("concurrent", NULL, NULL);
    fake.answer = quickly;
    subscribe(group, topic);
    poll_for(3000); /* both know of each other now */
    publish(topic, 4, N - 4);
    poll_all(20000);
    ck_assert_int_eq(done_of_all(), N);
    others = N - (int)fake_ids(0);
    ck_assert_msg(others > N / 8 && others < N - N / 8,
                  "the other process had %d of %d", others, (int)N);
    all->stop = 1;
    ck_assert_int_eq(end_of(pid, 60000), 0);
    fake_stop();
    close_adapter();
}
END_TEST

START_TEST(what_a_killed_consumer_had_comes_to_another)
{
    const char *topic = fresh("kill"), *group = fresh("GID_kill");
    int before, in_work;
    pid_t pid;

    share();
    send_in_child(topic, 0, N);
    pid = consume_in_child(group, topic, slowly);
    ck_assert(wait_for(&all->begun, 20, 60000));
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    before = done_of_all();
    in_work = all->begun - before;
    ck_assert_int_lt(before, N);
    ck_assert_int_gt(in_work, 0);
    open_adapter("concurrent", NULL, NULL);
    fake.answer = quickly;
    subscribe(group, topic);
    poll_all(40000);
    ck_assert_int_eq(done_of_all(), N);
    fake_stop();
    close_adapter();
}
END_TEST

/* A broker of our own: others would miss the one they share. */
static char folder[] = "/tmp/mqm-broker.XXXXXX";

static int server(const char *command, const char *port)
{
    char line[4096];

    snprintf(line, sizeof(line), "scripts/rocketmq %s %s/rocketmq %s >&2",
             command, folder, port);
    return system(line);
}

static int start_server(void)
{
    return server("up", strrchr(need_env("MQM_TEST_ROCKETMQ"), ':') + 1);
}

START_TEST(a_broker_that_dies_and_returns_is_consumed_on)
{
    const char *topic = fresh("broker"), *group = fresh("GID_broker");
    pid_t pid;

    share();
    send_in_child(topic, 0, N / 2);
    pid = consume_in_child(group, topic, slowly);
    ck_assert(wait_for(&all->begun, 10, 60000));
    ck_assert_int_eq(server("kill", ""), 0);
    sleep_ms(1000);
    ck_assert_int_eq(start_server(), 0);
    send_in_child(topic, N / 2, N / 2);
    for (int i = 0; i < N; i++)
        ck_assert_msg(wait_for(&all->done[i], 1, 60000), "no id-%04d", i);
    all->stop = 1;
    ck_assert_int_eq(end_of(pid, 60000), 0);
}
END_TEST

/* A program stops that has many copies at hand, after `before`. */
static void stop_one(const char *group, const char *topic, const char *before,
                     const char *before_arg, int (*then)(void), int code)
{
    pid_t pid;
    int status;

    all->begun = all->stop = 0;
    pid = consume_in_child(group, topic, never);
    ck_assert(wait_for(&all->begun, 3, 60000));
    ck_assert_int_eq(server(before, before_arg), 0);
    all->stop = 1;
    status = end_of(pid, 60000);
    ck_assert_int_eq(then(), 0);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), code);
}

/* So often one stops, and the broker brings them again, after `then`. */
static void stop_in_between(int times, const char *before,
                            const char *before_arg, int (*then)(void), int code)
{
    const char *topic = fresh("gone"), *group = fresh("GID_gone");

    share();
    send_in_child(topic, 0, N);
    while (times-- > 0)
        stop_one(group, topic, before, before_arg, then, code);
    open_adapter("concurrent", NULL, NULL);
    fake.answer = quickly;
    subscribe(group, topic);
    poll_all(60000);
    ck_assert_int_eq(done_of_all(), N);
    fake_stop();
    close_adapter();
}

START_TEST(a_stop_without_a_broker_loses_nothing)
{
    stop_in_between(1, "kill", "", start_server, 3);
}
END_TEST

static int allow_sending(void)
{
    return server("setting", "brokerPermission=6");
}

/* As a broker that is busy does; the client itself would lose them. */
START_TEST(a_broker_that_takes_nothing_back_loses_nothing)
{
    stop_in_between(1, "setting", "brokerPermission=4", allow_sending, 3);
}
END_TEST

static int nothing(void)
{
    return 0;
}

/* The second and the third have at hand what was sent back. */
START_TEST(what_a_stop_sends_back_comes_again)
{
    stop_in_between(3, "setting", "brokerPermission=6", nothing, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        two_processes_share_a_group,
        what_a_killed_consumer_had_comes_to_another,
        a_broker_that_dies_and_returns_is_consumed_on,
        a_stop_without_a_broker_loses_nothing,
        a_broker_that_takes_nothing_back_loses_nothing,
        what_a_stop_sends_back_comes_again,
    };

    char line[4096];
    int failed;

    need_env("MQM_TEST_LIBROCKETMQ"); /* before anything is started */
    snprintf(line, sizeof(line), "127.0.0.1:%d", 23000 + getpid() % 250 * 8);
    setenv("MQM_TEST_ROCKETMQ", line, 1);
    if (!mkdtemp(folder) || start_server()) {
        fprintf(stderr, "no broker can be started\n");
        return 1;
    }
    failed = run_suite("adapter_rocketmq_crash", tests,
                       sizeof(tests) / sizeof(tests[0]));
    server("kill", "");
    snprintf(line, sizeof(line), "rm -rf %s", folder);
    return system(line) || failed;
}
