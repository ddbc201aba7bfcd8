/* SPDX-License-Identifier: MIT */
/* e2e.h - one migration on real brokers, for tests of the whole: fresh topics
 * and groups, a configuration file, and a handle to look with.
 *
 *   MQM_TEST_KAFKA, MQM_TEST_ROCKETMQ   the brokers
 *   MQM_TEST_LIBROCKETMQ                the client library
 *   MQM_TEST_SERVERS                    the folder for scripts/kafka, rocketmq
 *   BUILD                               what was built: build
 *
 * The old side is "mine", the one under test; while the switch is off every
 * message is mine.  Consumers are processes of their own (e2e_consumer.h), so
 * that they can be killed.  Run it through tests/with_servers.
 */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* realpath() */
#endif
#ifndef TESTS_E2E_H
#define TESTS_E2E_H

#include "../clock.h"
#include "message.h"

#include <mqmigrate/mqmigrate.h>

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEASE_MS = 2000, HANDLER_MS = 1000, PAUSE_MS = 200 };
enum { PATIENCE_MS = 60000 };

static const char *const side_names[] = {"kafka", "rocketmq"};

/* What a test may ask for before it begins. */
struct plan {
    const char *more;          /* settings of the topic                     */
    const char *store;         /* its url; NULL: SQLite, a file of its own  */
    const char *kafka;         /* settings of the sides, each begins        */
    const char *rocketmq;      /*   with a comma                            */
    int parts;                 /* partitions, queues; 0: 4                  */
    int lease_ms;              /* 0: LEASE_MS                               */
};

static struct {
    char dir[40], topic[48], config[64], log[64], db[64];
    const char *mine, *theirs;
    mqm *m;
    pthread_t main_thread;
} st;

static inline const char *need_env(const char *name)
{
    const char *value = getenv(name);

    if (value && *value)
        return value;
    fprintf(stderr, "%s is not set: run it through tests/with_servers\n", name);
    exit(1);
}

static inline const char *build_dir(void)
{
    static char path[4096];
    const char *build = getenv("BUILD");

    if (realpath(build && *build ? build : "build", path))
        return path;
    fprintf(stderr, "BUILD: there is no folder '%s'\n",
            build && *build ? build : "build");
    exit(1);
}

__attribute__((format(printf, 1, 2))) static inline int sh(const char *fmt, ...)
{
    char line[4096];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    return n < (int)sizeof(line) ? system(line) : -1;
}

static inline const char *group_at(const char *side)
{
    static char name[2][64];
    int i = strcmp(side, "kafka") != 0;

    snprintf(name[i], sizeof(name[i]), "%s%s", i ? "GID_" : "g_", st.topic);
    return name[i];
}

/* ------------------------------ the stage -------------------------------- */

static inline void write_config(const struct plan *p)
{
    int lease_ms = p->lease_ms ? p->lease_ms : LEASE_MS;
    FILE *f = fopen(st.config, "w");

    ck_assert_ptr_nonnull(f);
    fprintf(f,
            "{\"app\": \"e2e\", \"plugin_dir\": \"%s/lib/mqmigrate\",\n"
            " \"store\": {\"url\": \"%s%s\", \"timeout_ms\": 1000},\n"
            " \"sides\": {\n"
            "  \"kafka\": {\"adapter\": \"kafka\",\n"
            "   \"bootstrap.servers\": \"%s\",\n"
            "   \"consumer.session.timeout.ms\": \"2000\",\n"
            "   \"consumer.heartbeat.interval.ms\": \"300\",\n"
            "   \"consumer.auto.commit.interval.ms\": \"100\"%s},\n",
            build_dir(), p->store ? "" : "sqlite:",
            p->store ? p->store : st.db, need_env("MQM_TEST_KAFKA"),
            p->kafka ? p->kafka : "");
    fprintf(f,
            "  \"rocketmq\": {\"adapter\": \"rocketmq\",\n"
            "   \"name_server\": \"%s\", \"library\": \"%s\",\n"
            "   \"threads\": \"4\", \"properties\": \"colour shape\"%s}},\n",
            need_env("MQM_TEST_ROCKETMQ"), need_env("MQM_TEST_LIBROCKETMQ"),
            p->rocketmq ? p->rocketmq : "");
    fprintf(f,
            " \"topics\": [{\"topic\": \"rewards\", \"group\": \"issuer\",\n"
            "  \"old\": \"%s\", \"new\": \"%s\", \"hash_of\": \"id\",\n"
            "  \"lease_ms\": %d, \"handler_ms\": %d, \"settle_ms\": %d,\n"
            "  \"pause_ms\": %d, \"sides\": {\n",
            st.mine, st.theirs, lease_ms, HANDLER_MS,
            lease_ms + HANDLER_MS + 500, PAUSE_MS);
    for (int i = 0; i < 2; i++)
        fprintf(f, "   \"%s\": {\"topic\": \"%s\", \"parking\": \"%s_park\", "
                "\"group\": \"%s\"}%s", side_names[i], st.topic, st.topic,
                group_at(side_names[i]), i ? "}" : ",\n");
    fprintf(f, "%s}]}\n", p->more ? p->more : "");
    ck_assert_int_eq(fclose(f), 0);
}

/* A group of RocketMQ's without a position may begin behind what comes first. */
static inline void make_topics(int parts)
{
    const char *dir = need_env("MQM_TEST_SERVERS");
    const char *t = st.topic;

    ck_assert_msg(
        sh("{ scripts/kafka topic '%s/kafka' %s %d &&"
           " scripts/kafka topic '%s/kafka' %s_park 1; } >&2 & k=$!;"
           "{ scripts/rocketmq topic '%s/rocketmq' %s %d &&"
           " scripts/rocketmq topic '%s/rocketmq' %s_park 1 &&"
           " scripts/rocketmq group '%s/rocketmq' %s &&"
           " scripts/rocketmq commit '%s/rocketmq' %s %s 0; } >&2 && wait $k",
           dir, t, parts, dir, t, dir, t, parts, dir, t, dir,
           group_at("rocketmq"), dir, group_at("rocketmq"), t) == 0,
        "the topics cannot be made");
}

static inline void say(void *user, int level, const char *text)
{
    (void)user;
    if (level <= MQM_WARN)
        fprintf(stderr, "# %d: %s\n", (int)getpid(), text);
}

static inline void open_handle(void)
{
    struct mqm_options o = MQM_OPTIONS_INIT;

    o.config = st.config;
    o.log = say;
    ck_assert_msg(mqm_open(&st.m, &o) == 0, "%s", mqm_errmsg());
}

/* mine: 0 Kafka, 1 RocketMQ. */
static inline void begin(const char *what, int mine, struct plan p)
{
    st.mine = side_names[mine];
    st.theirs = side_names[!mine];
    snprintf(st.dir, sizeof(st.dir), "/tmp/mqm-e2e.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(st.dir));
    snprintf(st.topic, sizeof(st.topic), "e2e_%s_%d_%lld", what, (int)getpid(),
             (long long)(now_ms() % 100000000));
    snprintf(st.config, sizeof(st.config), "%s/mqmigrate.json", st.dir);
    snprintf(st.log, sizeof(st.log), "%s/effects", st.dir);
    snprintf(st.db, sizeof(st.db), "%s/mqm.db", st.dir);
    make_topics(p.parts ? p.parts : 4);
    write_config(&p);
    open_handle();
}

/* RocketMQ's client 1.2 once in some hundred times interrupts a thread of its
 * own so that it dies of that ("terminate ... boost::thread_interrupted"), while
 * its producer is shut down.  All has been checked then. */
static inline void on_abort(int number)
{
    static const char words[] = "# RocketMQ's client aborted at its end\n";

    if (pthread_equal(pthread_self(), st.main_thread)) {
        signal(number, SIG_DFL);
        return; /* abort() goes on */
    }
    _exit(write(2, words, sizeof(words) - 1) < 0);
}

static inline void end(void)
{
    sh("rm -rf '%s'", st.dir);
    st.main_thread = pthread_self();
    signal(SIGABRT, on_abort);
    mqm_close(st.m);
    signal(SIGABRT, SIG_DFL);
    st.m = NULL;
}

/* ------------------------------- messages -------------------------------- */

/* Ids live as long as the test. */
static inline const char *new_id(void)
{
    static char id[2048][MQM_ID_LEN + 1];
    static int n;

    ck_assert_int_lt(n, 2048);
    ck_assert_int_eq(mqm_new_id(id[n]), 0);
    return id[n++];
}

/* To one side, or to both (NULL); the body says what the handler does. */
static inline int try_send(const char *side, const char *id, const char *key,
                           const char *body)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    d.msg = message(side, id);
    d.msg.key = key;
    d.msg.key_len = key ? strlen(key) : 0;
    d.body = body;
    d.body_len = strlen(body);
    return mqm_publish(st.m, &d);
}

static inline const char *send_as(const char *side, const char *id,
                                  const char *key, const char *body)
{
    int r = try_send(side, id, key, body);

    ck_assert_msg(r == 0, "sending: %d %s", r, mqm_errmsg());
    return id;
}

static inline const char *send_new(const char *side, const char *body)
{
    const char *id = new_id();

    return send_as(side, id, id, body);
}

static inline struct mqm_record look_at(const char *id)
{
    struct mqm_record r = MQM_RECORD_INIT;
    struct mqm_msg msg = message(st.mine, id);
    int e = mqm_inspect(st.m, &msg, &r);

    ck_assert_msg(e == 0, "%s: %d %s", id, e, mqm_errmsg());
    return r;
}

static inline void await_state(const char *id, int state)
{
    int64_t until = now_ms() + PATIENCE_MS;
    struct mqm_record r;

    while ((r = look_at(id)).state != state && now_ms() < until)
        sleep_ms(50);
    ck_assert_msg(r.state == state, "%s is %d, not %d (side %s, attempts %u, "
                  "why %s)", id, r.state, state, r.side, r.attempts, r.why);
}

static inline void change(const char *name, const char *value)
{
    int r = mqm_change(st.config, NULL, "rewards", name, value);

    ck_assert_msg(r == 0, "%s %s: %d %s", name, value, r, mqm_errmsg());
}

/* -------------------------------- running -------------------------------- */

typedef int (*helper_mode)(int argc, char **argv);

/* A test program: `NAME MODE ...` is a helper process of it. */
static inline int run_tests(const char *name, TCase *tc)
{
    Suite *s = suite_create(name);
    SRunner *r;
    int failed;
    char home[4200];

    need_env("MQM_TEST_KAFKA");
    need_env("MQM_TEST_ROCKETMQ");
    need_env("MQM_TEST_LIBROCKETMQ");
    need_env("MQM_TEST_SERVERS");
    /* RocketMQ's client writes logs under HOME. */
    snprintf(home, sizeof(home), "%s/tests/rocketmq-home", build_dir());
    mkdir(home, 0700);
    setenv("HOME", home, 1);
    suite_add_tcase(s, tc);
    tcase_set_timeout(tc, 280);
    r = srunner_create(s);
    srunner_set_fork_status(r, CK_FORK);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}

#endif
