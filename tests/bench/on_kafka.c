/* SPDX-License-Identifier: MIT */
/* on_kafka.c - guarded against unguarded consumption from a real Kafka, with an
 * empty handler and one that costs 10 us of CPU.
 *
 * All read the id from its header and store each message's offset when it is
 * done; Redis is the store.  Each turn is a fresh group that reads the whole
 * topic; the clock runs from its first message on.
 *
 * queued.min.messages is raised: with its default a fast consumer runs into a
 * fetch stall of librdkafka, and that would be what is measured.
 */
#include "bench.h"
#include "guard_cycle.h"
#include "kafka_topic.h"
#include "sets.h"

#include "../../lib/id.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>

enum { BATCH = 4096, PIPELINE = 256, MESSAGES = 50000 };
enum { SPINS = 20000000 };

struct consumer {
    unsigned long spins; /* in the handler */
    size_t handled;
    struct lap *lap;
};

static const char *brokers, *build;
static int redis_port;
static unsigned groups;
static char group[32];
static volatile uint64_t spun;

/* ------------------------------- the handler ----------------------------- */

/* Out of line, as the handler is: inlined copies differ in speed by half. */
__attribute__((noinline)) static void spin(unsigned long n)
{
    uint64_t x = spun;

    while (n-- > 0)
        x = x * 6364136223846793005u + 1442695040888963407u;
    spun = x;
}

/* So many of them take us microseconds of CPU. */
static unsigned long spins_for(double us)
{
    struct lap lap = {0};

    lap_begin(&lap);
    spin(SPINS);
    lap_end(&lap);
    return (unsigned long)(us * SPINS / lap.own_us);
}

__attribute__((noinline))
static int handler(void *user, const struct mqm_delivery *d)
{
    struct consumer *c = user;

    (void)d;
    if (c->handled++ == 0)
        lap_begin(c->lap);
    spin(c->spins);
    return MQM_HANDLED;
}

/* ------------------------- consumers' common parts ----------------------- */

static void next_group(struct consumer *c, struct lap *lap)
{
    snprintf(group, sizeof(group), "g%u", groups++);
    c->handled = 0;
    c->lap = lap;
}

static rd_kafka_t *subscribe(void)
{
    rd_kafka_topic_partition_list_t *topics =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *rk;

    kafka_set(conf, "group.id", group);
    kafka_set(conf, "enable.auto.offset.store", "false");
    kafka_set(conf, "auto.offset.reset", "earliest");
    kafka_set(conf, "queued.min.messages", QUEUE);
    kafka_set(conf, "queued.max.messages.kbytes", QUEUE);
    rk = kafka_client(brokers, RD_KAFKA_CONSUMER, conf);
    rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_add(topics, "rewards",
                                      RD_KAFKA_PARTITION_UA);
    must(rd_kafka_subscribe(rk, topics) == RD_KAFKA_RESP_ERR_NO_ERROR,
         "subscribe");
    rd_kafka_topic_partition_list_destroy(topics);
    return rk;
}

static void leave(rd_kafka_t *rk)
{
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

static void describe(struct mqm_delivery *d, rd_kafka_message_t *msg)
{
    rd_kafka_headers_t *headers;

    must(!msg->err, "kafka: %s", rd_kafka_message_errstr(msg));
    *d = (struct mqm_delivery)MQM_DELIVERY_INIT;
    d->why = "unguarded";
    d->msg.side = "kafka";
    d->msg.group = group;
    d->msg.topic = "rewards";
    d->body = msg->payload;
    d->body_len = msg->len;
    d->raw = msg;
    d->lane = (unsigned)msg->partition + 1;
    if (!rd_kafka_message_headers(msg, &headers))
        (void)rd_kafka_header_get_last(headers, MQM_ID_HEADER, &d->msg.id,
                                       &d->msg.id_len);
    must(d->msg.id_len == MQM_ID_LEN, "a message without its id");
}

/* What has come, up to max of them. */
static size_t fill(rd_kafka_t *rk, struct mqm_delivery *d, size_t max)
{
    size_t n = 0;

    while (n < max) {
        rd_kafka_message_t *msg = rd_kafka_consumer_poll(rk, n ? 0 : 1000);

        if (!msg)
            break;
        describe(&d[n++], msg);
    }
    return n;
}

static void done_with(const struct mqm_delivery *d)
{
    rd_kafka_message_t *msg = d->raw;

    must(d->result == MQM_OK, "not done: %s", d->why);
    must(rd_kafka_offset_store(msg->rkt, msg->partition, msg->offset) ==
             RD_KAFKA_RESP_ERR_NO_ERROR, "an offset cannot be stored");
    rd_kafka_message_destroy(msg);
}

/* ------------------------------- consumers ------------------------------- */

/* As it was before the guard: message by message. */
static void unguarded(void *self, struct lap *lap)
{
    struct consumer *c = self;
    struct mqm_delivery d;
    rd_kafka_t *rk;

    next_group(c, lap);
    rk = subscribe();
    while (c->handled < lap->n) {
        if (fill(rk, &d, 1) == 0)
            continue;
        (void)handler(c, &d);
        done_with(&d);
    }
    lap_end(lap);
    leave(rk);
}

/* The ids of a poll, as a store has them. */
struct poll {
    struct mqm_delivery d[PIPELINE];
    unsigned char id[PIPELINE][MQM_ID_MAX];
    size_t n;
};

static void poll_ids(rd_kafka_t *rk, struct poll *p)
{
    p->n = fill(rk, p->d, PIPELINE);
    for (size_t i = 0; i < p->n; i++)
        must(mqm__id_fold(p->id[i], p->d[i].msg.id, p->d[i].msg.id_len) == 16,
             "no UUID");
}

/* The ends of the last poll and the claims of the next, in one pipeline. */
static void exchange(redisContext *redis, struct poll *last, struct poll *next)
{
    for (size_t i = 0; i < last->n; i++)
        sets_append(redis, group, last->id[i], 0);
    for (size_t i = 0; i < next->n; i++)
        sets_append(redis, group, next->id[i], 1);
    for (size_t i = 0; i < last->n + next->n; i++)
        sets_take(redis);
    for (size_t i = 0; i < last->n; i++)
        done_with(&last->d[i]);
    last->n = 0;
}

/* Guarded by hand: SET NX, and SET when it is done. */
static void by_hand(void *self, struct lap *lap)
{
    static struct poll poll[2];
    redisContext *redis = sets_connect(redis_port);
    struct consumer *c = self;
    size_t turn = 0;
    rd_kafka_t *rk;

    next_group(c, lap);
    rk = subscribe();
    while (c->handled < lap->n) {
        struct poll *next = &poll[turn ^= 1];

        poll_ids(rk, next);
        exchange(redis, &poll[turn ^ 1], next);
        lap->calls++;
        for (size_t i = 0; i < next->n; i++)
            (void)handler(c, &next->d[i]);
    }
    poll[turn ^ 1].n = 0;
    exchange(redis, &poll[turn], &poll[turn ^ 1]);
    lap_end(lap);
    leave(rk);
    redisFree(redis);
}

static mqm *open_guard(void)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    char text[2048];
    mqm *m;

    snprintf(text, sizeof(text),
             "{\"app\": \"bench\", \"plugin_dir\": \"%s/lib/mqmigrate\","
             " \"store\": {\"url\": \"redis://127.0.0.1:%d\"},"
             " \"sides\": {\"kafka\": {\"bootstrap.servers\": \"%s\","
             " \"queued.min.messages\": \"" QUEUE "\","
             " \"queued.max.messages.kbytes\": \"" QUEUE "\"},"
             " \"rocketmq\": {}}, \"topics\": [{\"topic\": \"rewards\","
             " \"group\": \"%s\", \"old\": \"kafka\", \"new\": \"rocketmq\","
             " \"switch\": true, \"since\": 1766400000000, \"cut\": \"0%%\","
             " \"clock_margin_ms\": 0}]}",
             build, redis_port, brokers, group);
    opts.config = text;
    must(mqm_open(&m, &opts) == 0, "cannot open");
    return m;
}

/* Its own loop, with the guard in it. */
static void guarded(void *self, struct lap *lap)
{
    static struct mqm_delivery d[BATCH];
    struct consumer *c = self;
    size_t seen = 0;
    rd_kafka_t *rk;
    mqm *m;

    next_group(c, lap);
    m = open_guard();
    rk = subscribe();
    while (c->handled < lap->n) {
        size_t n = fill(rk, d, BATCH);

        must(mqm_run(m, d, n, handler, c) == MQM_OK, "run");
        seen += n;
        must(c->handled == seen, "not all were worked on: %s", d->why);
        for (size_t i = 0; i < n; i++)
            done_with(&d[i]);
    }
    lap_end(lap);
    lap->calls = guard_calls(m);
    leave(rk);
    mqm_close(m);
}

/* The library drives the broker. */
static void driven(void *self, struct lap *lap)
{
    struct consumer *c = self;
    size_t polls = 0;
    mqm *m;

    next_group(c, lap);
    m = open_guard();
    must(mqm_subscribe(m, "kafka", group, "rewards", handler, c) == 0,
         "subscribe");
    while (c->handled < lap->n)
        must(mqm_poll(m, "kafka", 1) >= 0 && polls++ < 60000,
             "poll");
    lap_end(lap);
    lap->calls = guard_calls(m);
    mqm_close(m);
}

/* --------------------------------- races --------------------------------- */

/* bare: beside the unguarded loop. */
static void race_of(const char *tag, double us, double bar, double bare)
{
    struct consumer c = {.spins = us > 0 ? spins_for(us) : 0};
    char title[64], run[40], poll[40];
    struct race race = {.title = title,
                        .servers = {"redis us", "kafka us"},
                        .n = 4};

    snprintf(title, sizeof(title), "Kafka, %s handler, store Redis", tag);
    snprintf(run, sizeof(run), "Kafka, %s: mqm_run", tag);
    snprintf(poll, sizeof(poll), "Kafka, %s: mqm_poll", tag);
    race.racer[0] =
        (struct racer){"by hand, pipelined", by_hand, &c, MESSAGES, 0, {{0}}};
    race.racer[3] =
        (struct racer){"unguarded", unguarded, &c, MESSAGES, 0, {{0}}};
    race.racer[1] = (struct racer){run, guarded, &c, MESSAGES, bar, {{0}}};
    race.racer[2] = (struct racer){poll, driven, &c, MESSAGES, bar, {{0}}};
    race_run(&race);
    for (size_t i = 1; bare > 0 && i <= 2; i++)
        bar_note(race.racer[i].name, race_ratio(&race, i, 3), bare, 1);
}

void bench_kafka(const char *where, int port, const char *built)
{
    redisContext *redis;

    brokers = where;
    redis_port = port;
    build = built;
    bench_redis_fill(port);
    /* What was born before its store is in doubt. */
    snprintf(group, sizeof(group), "first");
    mqm_close(open_guard());
    redis = sets_connect(port);
    sets_make_old(redis, NULL);
    redisFree(redis);
    kafka_fill(brokers, MESSAGES);
    race_of("empty", 0, 1.19, 0);
    race_of("10 us", 10, 0, 0.85);
}
