/* SPDX-License-Identifier: MIT */
/* kafka.h - the bench for the Kafka adapter: the adapter as a plugin,
 * a host that answers by script and writes down what it saw, and a broker,
 * asked beside the adapter.
 *
 * The broker is a real one: MQM_TEST_KAFKA=host:port.  Each test makes topics
 * and groups of its own. */
#ifndef FAKES_KAFKA_H
#define FAKES_KAFKA_H

#include "../suite.h"

#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <mqmigrate/plugin.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SEEN_MAX = 20000, TEXT_MAX = 1024 };

struct seen {
    char topic[64];
    int32_t partition;
    int64_t offset, at_ms;
    int result;
};

struct bench {
    struct mqm_host host; /* first: the host is the bench */
    const struct mqm_adapter *adapter;
    void *self;
    size_t batch;
    /* The script: sets d->result and retry_ms; NULL: all is well. */
    void (*script)(struct bench *b, struct mqm_delivery *d);
    int64_t hold_offset; /* for scripts */
    unsigned times;
    struct seen seen[SEEN_MAX];
    size_t n;
    char why[TEXT_MAX]; /* the last failure's story */
    char log[65536];    /* all that was logged */
    pthread_mutex_t lock;
};

static char program[4096]; /* argv[0] */

static inline int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline const char *broker(void)
{
    const char *s = getenv("MQM_TEST_KAFKA");

    if (!s || !*s)
        ck_abort_msg("set MQM_TEST_KAFKA to a broker, host:port");
    return s;
}

/* ------------------------------- the host -------------------------------- */

MQM_PRINTF static inline void host_log(const struct mqm_host *host, int level,
                                       const char *fmt, ...)
{
    struct bench *b = (struct bench *)(uintptr_t)host;
    char line[TEXT_MAX];
    va_list ap;
    size_t used;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (getenv("MQM_TEST_VERBOSE"))
        fprintf(stderr, "%d %s\n", level, line);
    pthread_mutex_lock(&b->lock);
    used = strlen(b->log);
    snprintf(&b->log[used], sizeof(b->log) - used, "%d %s\n", level, line);
    pthread_mutex_unlock(&b->lock);
}

MQM_PRINTF static inline int host_fail(const struct mqm_host *host, int err,
                                       const char *fmt, ...)
{
    struct bench *b = (struct bench *)(uintptr_t)host;
    va_list ap;

    pthread_mutex_lock(&b->lock);
    va_start(ap, fmt);
    vsnprintf(b->why, sizeof(b->why), fmt, ap);
    va_end(ap);
    pthread_mutex_unlock(&b->lock);
    return err;
}

static inline size_t host_batch(const struct mqm_host *host)
{
    return ((const struct bench *)host)->batch;
}

static inline int host_wait(const struct mqm_host *host, int64_t ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    (void)host;
    nanosleep(&t, NULL);
    return 0;
}

static inline void write_down(struct bench *b, const struct mqm_delivery *d)
{
    struct seen *s = &b->seen[b->n++];

    ck_assert_uint_lt(b->n, SEEN_MAX);
    snprintf(s->topic, sizeof(s->topic), "%s", d->msg.topic);
    ck_assert_int_eq(sscanf(d->msg.origin, "%" SCNd32 "/%" SCNd64,
                            &s->partition, &s->offset),
                     2);
    s->at_ms = now_ms();
    s->result = d->result;
}

/* As mqm_run(): behind one that comes again, its lane is not touched. */
static inline int host_deliver(const struct mqm_host *host,
                               struct mqm_delivery *d, size_t n)
{
    struct bench *b = (struct bench *)(uintptr_t)host;
    int first = MQM_OK;

    for (size_t i = 0; i < n; i++) {
        const struct mqm_delivery *stop = NULL;

        for (size_t j = 0; j < i && !stop; j++)
            if (d[j].lane == d[i].lane && d[j].result != MQM_OK)
                stop = &d[j];
        d[i].result = stop ? MQM_LATER : MQM_OK;
        d[i].retry_ms = stop ? stop->retry_ms : 0;
        if (stop)
            continue;
        if (b->script)
            b->script(b, &d[i]);
        write_down(b, &d[i]);
        if (first == MQM_OK)
            first = d[i].result;
    }
    return first;
}

/* ------------------------------- the bench ------------------------------- */

static inline const struct mqm_adapter *load(void)
{
    char path[8192];
    char *slash = strrchr(program, '/');
    const struct mqm_plugin *plugin;
    void *so;

    snprintf(path, sizeof(path), "%.*s/../lib/mqmigrate/mqm_kafka.so",
             slash ? (int)(slash - program) : 1, slash ? program : ".");
    so = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    ck_assert_msg(so, "%s", dlerror());
    plugin = dlsym(so, MQM_PLUGIN_SYMBOL);
    ck_assert_msg(plugin, "no " MQM_PLUGIN_SYMBOL);
    ck_assert_str_eq(plugin->name, "kafka");
    ck_assert_ptr_nonnull(plugin->adapter);
    ck_assert_ptr_null(plugin->store);
    return plugin->adapter;
}

static inline struct bench *bench_new(void)
{
    struct bench *b = calloc(1, sizeof(*b));

    ck_assert_ptr_nonnull(b);
    b->host = (struct mqm_host){.size = sizeof(b->host), .log = host_log,
                                .fail = host_fail, .deliver = host_deliver,
                                .batch = host_batch, .wait = host_wait};
    b->batch = 256;
    pthread_mutex_init(&b->lock, NULL);
    b->adapter = load();
    return b;
}

static inline int bench_open(struct bench *b, const struct mqm_setting *s,
                             size_t n)
{
    return b->adapter->open(&b->self, &b->host, s, n);
}

static inline void bench_free(struct bench *b)
{
    if (b->self)
        b->adapter->close(b->self);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

/* Opened on the broker, with a short heartbeat so that rebalances are quick. */
static inline struct bench *bench_on(const char *name, const char *value)
{
    static struct mqm_setting s[3]; /* live until close */
    struct bench *b = bench_new();

    s[0] = (struct mqm_setting){"bootstrap.servers", broker(), 0};
    s[1] = (struct mqm_setting){"heartbeat.interval.ms", "200", 0};
    s[2] = (struct mqm_setting){name, value, 0};
    ck_assert_msg(bench_open(b, s, name ? 3 : 2) == 0, "%s", b->why);
    return b;
}

/* Poll until n were seen or ms are over. */
static inline void poll_until(struct bench *b, size_t n, int64_t ms)
{
    int64_t end_ms = now_ms() + ms;

    while (b->n < n && now_ms() < end_ms) {
        int r = b->adapter->poll(b->self, 100);

        ck_assert_msg(r == 0, "poll: %d %s", r, b->why);
    }
}

/* A script: one in twenty is to come again soon. */
static inline void at_random(struct bench *b, struct mqm_delivery *d)
{
    b->times = b->times * 1103515245u + 12345u;
    if ((b->times >> 16) % 20)
        return;
    d->result = MQM_LATER;
    d->retry_ms = (int64_t)((b->times >> 20) % 60);
}

/* ----------------------- the broker, asked directly ---------------------- */

static inline void name_new(char name[64], const char *what)
{
    static int n;
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    snprintf(name, 64, "%s-%ld-%ld-%d", what, (long)getpid(),
             (long)(t.tv_nsec / 1000), n++);
}

static inline rd_kafka_t *direct(rd_kafka_type_t type, const char *group)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];
    rd_kafka_t *rk;

    rd_kafka_conf_set(conf, "bootstrap.servers", broker(), NULL, 0);
    if (group)
        rd_kafka_conf_set(conf, "group.id", group, NULL, 0);
    rk = rd_kafka_new(type, conf, why, sizeof(why));
    ck_assert_msg(rk, "%s", why);
    return rk;
}

static inline bool topic_is_led(rd_kafka_t *rk, const char *name, int partitions)
{
    rd_kafka_topic_t *t = rd_kafka_topic_new(rk, name, NULL);
    const struct rd_kafka_metadata *m = NULL;
    bool led = rd_kafka_metadata(rk, 0, t, &m, 5000) == 0 &&
               m->topic_cnt == 1 && !m->topics[0].err &&
               m->topics[0].partition_cnt == partitions;

    for (int i = 0; led && i < partitions; i++)
        led = m->topics[0].partitions[i].leader >= 0;
    if (m)
        rd_kafka_metadata_destroy(m);
    rd_kafka_topic_destroy(t);
    return led;
}

/* With settings NAME, VALUE, ..., NULL.  A broker knows of a topic some time
 * after it has said that it made it. */
static inline void topic_make(const char *name, int partitions,
                              const char *const *settings)
{
    int64_t end_ms = now_ms() + 40000;
    rd_kafka_t *rk = direct(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
    rd_kafka_NewTopic_t *t;
    rd_kafka_event_t *ev;
    bool led;

    t = rd_kafka_NewTopic_new(name, partitions, 1, NULL, 0);
    for (; *settings; settings += 2)
        rd_kafka_NewTopic_set_config(t, settings[0], settings[1]);
    rd_kafka_CreateTopics(rk, &t, 1, NULL, q);
    ev = rd_kafka_queue_poll(q, 20000);
    ck_assert_msg(ev && !rd_kafka_event_error(ev), "no topic '%s': %s", name,
                  ev ? rd_kafka_event_error_string(ev) : "no answer");
    rd_kafka_event_destroy(ev);
    rd_kafka_NewTopic_destroy(t);
    rd_kafka_queue_destroy(q);
    while (!(led = topic_is_led(rk, name, partitions)) && now_ms() < end_ms)
        host_wait(NULL, 20);
    ck_assert_msg(led, "nobody leads '%s'", name);
    rd_kafka_destroy(rk);
}

static inline void topic_new(char name[64], int partitions)
{
    name_new(name, "t");
    topic_make(name, partitions, (const char *const[]){NULL});
}

/* n messages, in turn to each partition; the body is the number. */
static inline void flood(const char *topic, int partitions, int n)
{
    rd_kafka_t *rk = direct(RD_KAFKA_PRODUCER, NULL);

    for (int i = 0; i < n; i++) {
        char body[16];
        rd_kafka_vu_t v[] = {
            {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
            {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = i % partitions},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
            {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {body, 0}},
        };

        v[3].u.mem.size = (size_t)snprintf(body, sizeof(body), "%d", i);
        ck_assert_ptr_null(rd_kafka_produceva(rk, v, 4));
    }
    ck_assert_int_eq(rd_kafka_flush(rk, 20000), 0);
    rd_kafka_destroy(rk);
}

/* What retention does, at once. */
static inline void remove_before(const char *topic, int64_t offset)
{
    rd_kafka_t *rk = direct(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
    rd_kafka_DeleteRecords_t *del;
    rd_kafka_event_t *ev;

    rd_kafka_topic_partition_list_add(l, topic, 0)->offset = offset;
    del = rd_kafka_DeleteRecords_new(l);
    rd_kafka_DeleteRecords(rk, &del, 1, NULL, q);
    ev = rd_kafka_queue_poll(q, 20000);
    ck_assert_msg(ev && !rd_kafka_event_error(ev), "not removed");
    rd_kafka_event_destroy(ev);
    rd_kafka_DeleteRecords_destroy(del);
    rd_kafka_topic_partition_list_destroy(l);
    rd_kafka_queue_destroy(q);
    rd_kafka_destroy(rk);
}

/* A new topic with n messages, and a new group that reads it. */
static inline void subscribe_flooded(struct bench *b, char topic[64],
                                     char group[64], int partitions, int n)
{
    topic_new(topic, partitions);
    name_new(group, "g");
    flood(topic, partitions, n);
    ck_assert_int_eq(b->adapter->subscribe(b->self, group, topic), 0);
}

static inline int64_t committed(const char *group, const char *topic,
                                int32_t partition)
{
    rd_kafka_t *rk = direct(RD_KAFKA_CONSUMER, group);
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
    int64_t offset;

    rd_kafka_topic_partition_list_add(l, topic, partition);
    ck_assert_int_eq(rd_kafka_committed(rk, l, 10000), 0);
    offset = l->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(l);
    rd_kafka_destroy(rk);
    return offset;
}

static inline int run_suite(Suite *s, char **argv)
{
    snprintf(program, sizeof(program), "%s", argv[0]);
    return run_all(s);
}

#endif
