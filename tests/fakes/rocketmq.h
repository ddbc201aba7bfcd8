/* SPDX-License-Identifier: MIT */
/* rocketmq.h - a real RocketMQ and the real adapter, for tests.
 *
 *   MQM_TEST_ROCKETMQ      name server, "127.0.0.1:23000"
 *   MQM_TEST_LIBROCKETMQ   path of the client library
 *   MQM_TEST_SERVERS       holds the folder rocketmq/, for scripts/rocketmq
 *
 * Topics and groups are new in each run, so one server does for many.  All
 * begin with messages, since a topic is made by the first one sent to it.
 */
#ifndef FAKE_ROCKETMQ_H
#define FAKE_ROCKETMQ_H

#include "../suite.h"
#include "adapter_host.h"

#include <check.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *need_env(const char *name)
{
    const char *value = getenv(name);

    if (value && *value)
        return value;
    fprintf(stderr,
            "%s is not set: this test needs a real RocketMQ, see "
            "tests/fakes/rocketmq.h\n",
            name);
    exit(1);
}

/* The client's count of deliveries, asked from the library itself. */
static int tries_of(const struct mqm_delivery *d)
{
    static int (*count)(void *ext);

    if (!count) {
        void *lib = dlopen(need_env("MQM_TEST_LIBROCKETMQ"),
                           RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        void *f = lib ? dlsym(lib, "GetMessageReconsumeTimes") : NULL;

        memcpy(&count, &f, sizeof(f));
    }
    return count(d->raw);
}

/* A name that no other test or run has. */
static const char *fresh(const char *what)
{
    static char names[16][100];
    static int n;
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    snprintf(names[n % 16], sizeof(names[0]), "%s_%d_%lld_%d", what,
             (int)getpid(), (long long)t.tv_sec, n);
    return names[n++ % 16];
}

/* The client writes logs under HOME: beside the tests. */
static void use_test_home(void)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 64);
    char *slash;

    path[len > 0 ? len : 0] = '\0';
    slash = strrchr(path, '/');
    snprintf(slash ? slash : path, 64, "/rocketmq-home");
    mkdir(path, 0700);
    setenv("HOME", path, 1);
}

static void open_adapter(const char *mode, const char *more, const char *value)
{
    struct mqm_setting s[] = {
        {"name_server", need_env("MQM_TEST_ROCKETMQ"), 0},
        {"library", need_env("MQM_TEST_LIBROCKETMQ"), 0},
        {"mode", mode, 0},
        {more, value, 0},
    };
    int r;

    use_test_home();
    if (!fake.adapter)
        fake_load("mqm_rocketmq.so");
    fake.tries_of = tries_of;
    r = fake.adapter->open(&fake.self, &fake.host, s, more ? 4 : 3);
    ck_assert_msg(r == MQM_OK, "open: %d %s", r, fake.error);
}

static void close_adapter(void)
{
    fake.adapter->close(fake.self);
    fake.self = NULL;
}

static void subscribe(const char *group, const char *topic)
{
    int r = fake.adapter->subscribe(fake.self, group, topic);

    ck_assert_msg(r == MQM_OK, "subscribe: %d %s", r, fake.error);
}

static int publish_one(const char *topic, int i, const void *body, size_t len)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;
    char id[32], key[32];

    snprintf(id, sizeof(id), "id-%04d", i);
    snprintf(key, sizeof(key), "user-%d", i % 7);
    d.msg.topic = topic;
    d.msg.id = id;
    d.msg.id_len = strlen(id);
    d.msg.key = key;
    d.msg.key_len = strlen(key);
    d.tag = "gold";
    d.body = body;
    d.body_len = len;
    return fake.adapter->publish(fake.self, &d);
}

static void publish(const char *topic, int first, int n)
{
    char body[32];

    for (int i = first; i < first + n; i++) {
        int r;

        snprintf(body, sizeof(body), "body-%04d", i);
        r = publish_one(topic, i, body, strlen(body));
        /* As a program does: the client may still believe in a dead route. */
        for (int again = 0; r < 0 && again < 20; again++) {
            sleep(1);
            r = publish_one(topic, i, body, strlen(body));
        }
        ck_assert_msg(r == MQM_OK, "publish %d: %d %s", i, r, fake.error);
    }
}

static inline int count_one(void *user, struct mqm_delivery *d)
{
    (void)d;
    ++*(int *)user;
    return 0;
}

/* A broker has a message safely before it files it in its queue, where a scan
 * looks: on a busy disk seconds before. */
static inline void await_filed(const char *topic, int least)
{
    int64_t end = clock_ms() + 30000;
    int n;

    do {
        n = 0;
        fake.adapter->scan(fake.self, topic, count_one, &n);
    } while (n < least && clock_ms() < end);
    ck_assert_int_ge(n, least);
}

static void poll_for(int ms)
{
    int64_t end = clock_ms() + ms;

    while (clock_ms() < end)
        fake.adapter->poll(fake.self, 50);
}

static int run_suite(const char *name, const TTest *const *tests, size_t n)
{
    Suite *suite = suite_create(name);
    TCase *c = tcase_create(name);

    need_env("MQM_TEST_ROCKETMQ");
    need_env("MQM_TEST_LIBROCKETMQ");
    tcase_set_timeout(c, 280);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(c, tests[i]);
    suite_add_tcase(suite, c);
    return run_all(suite);
}

#endif
