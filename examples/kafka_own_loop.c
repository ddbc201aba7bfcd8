/* LIBS: -lrdkafka */
/* SPDX-License-Identifier: MIT */
/* kafka_own_loop.c - a plain librdkafka consumer that keeps its own loop.
 *
 *     kafka_own_loop mqmigrate.json kafka:9092 issuer rewards
 *
 * What the guard added stands between marks; the rest was there before.  Two
 * settings had to change, too: see main().  Group and topic are called the same
 * here at the broker and in the configuration; if yours are not, the broker's
 * names go to librdkafka and the configuration's to the guard.
 */
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* guard { */
#include <mqmigrate/mqmigrate.h>
#include <time.h>

enum { BATCH = 256, PARTITIONS = 1024 };
static const char *group, *topic;
static mqm *m;
static int64_t paused_until_ms[PARTITIONS]; /* 0: is not paused */
static unsigned turns, stopped_in[PARTITIONS];
/* } */

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
    /* guard { */
    mqm_stop(m);
    /* } */
}

/* The work.  It was: static void issue_reward(const rd_kafka_message_t *) */
static int issue_reward(void *user, const struct mqm_delivery *d)
{
    const rd_kafka_message_t *msg = d->raw;

    (void)user;
    /* guard { right before the effect: is it still ours? */
    if (mqm_check(d) != MQM_OK)
        return MQM_FAILED; /* nothing happened */
    /* } */
    printf("reward: %.*s\n", (int)msg->len, (const char *)msg->payload);
    return MQM_HANDLED; /* after a time-out: MQM_UNSURE */
}

/* guard { */
static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void describe(struct mqm_delivery *d, char origin[32],
                     rd_kafka_message_t *msg)
{
    rd_kafka_headers_t *headers;

    snprintf(origin, 32, "%d/%lld", (int)msg->partition,
             (long long)msg->offset);
    *d = (struct mqm_delivery)MQM_DELIVERY_INIT;
    d->msg.side = "kafka";
    d->msg.group = group;
    d->msg.topic = topic;
    d->msg.key = msg->key;
    d->msg.key_len = msg->key_len;
    d->msg.origin = origin;
    d->body = msg->payload;
    d->body_len = msg->len;
    d->raw = msg;
    d->lane = (unsigned)msg->partition + 1;
    if (!rd_kafka_message_headers(msg, &headers))
        (void)rd_kafka_header_get_last(headers, MQM_ID_HEADER, &d->msg.id,
                                       &d->msg.id_len);
}

static int set_paused(rd_kafka_t *rk, int32_t partition, int64_t until_ms)
{
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t err;

    rd_kafka_topic_partition_list_add(one, topic, partition);
    err = until_ms ? rd_kafka_pause_partitions(rk, one)
                   : rd_kafka_resume_partitions(rk, one);
    rd_kafka_topic_partition_list_destroy(one);
    paused_until_ms[partition] = until_ms;
    return err ? -1 : 0;
}

/* A partition that a rebalance has resumed already is resumed again: at worst
 * messages that are done come again and are dropped. */
static int resume_due(rd_kafka_t *rk)
{
    for (int32_t p = 0; p < PARTITIONS; p++)
        if (paused_until_ms[p] && paused_until_ms[p] <= now_ms() &&
            set_paused(rk, p, 0) < 0)
            return -1;
    return 0;
}

/* Acknowledged: its offset is stored, for librdkafka to commit.  If not, go
 * back to it and pause, so that it and all behind it come again while the loop
 * and the other partitions go on. */
static int settle(rd_kafka_t *rk, const struct mqm_delivery *d)
{
    const rd_kafka_message_t *msg = d->raw;
    int32_t p = msg->partition;
    rd_kafka_resp_err_t err;

    if (stopped_in[p] == turns)
        return 0; /* behind one that comes again */
    if (d->result == MQM_OK) {
        /* Fails if the partition was taken away: another gets the message. */
        (void)rd_kafka_offset_store(msg->rkt, p, msg->offset);
        return 0;
    }
    stopped_in[p] = turns;
    err = rd_kafka_seek(msg->rkt, p, msg->offset, 5000);
    if (err == RD_KAFKA_RESP_ERR__STATE)
        return 0; /* taken away */
    return err ? -1 : set_paused(rk, p, now_ms() + d->retry_ms + 1);
}
/* } */

/* Polls once and works on what has come; -1: end the program, since the next
 * start goes on at the last stored offset, and nothing is lost. */
static int turn(rd_kafka_t *rk)
{
    rd_kafka_message_t *batch[BATCH];
    /* guard { one round trip for all that is there, so: a batch */
    static struct mqm_delivery d[BATCH];
    static char origin[BATCH][32];
    size_t n = 0;
    int r = resume_due(rk);

    turns++;
    while (n < BATCH) {
        rd_kafka_message_t *msg = rd_kafka_consumer_poll(rk, n ? 0 : 100);

        if (!msg)
            break;
        if (msg->err || msg->partition >= PARTITIONS) {
            fprintf(stderr, "%s\n", rd_kafka_message_errstr(msg));
            r = msg->err ? r : -1;
            rd_kafka_message_destroy(msg);
            continue;
        }
        describe(&d[n], origin[n], msg);
        batch[n++] = msg;
    }
    /* It was: issue_reward(msg), and the offset was stored anyhow. */
    if (r == 0 && n > 0 && mqm_run(m, d, n, issue_reward, NULL) < 0)
        fprintf(stderr, "%s\n", mqm_errmsg());
    for (size_t i = 0; i < n && r == 0; i++)
        r = settle(rk, &d[i]);
    /* } */
    for (size_t i = 0; i < n; i++)
        rd_kafka_message_destroy(batch[i]);
    return r;
}

static rd_kafka_t *consumer(const char *brokers)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *topics;
    char why[256];
    rd_kafka_t *rk;

    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", group, NULL, 0);
    /* guard { else what is in work at a crash counts as done, and a new group
     * begins behind messages that nobody has seen */
    rd_kafka_conf_set(conf, "enable.auto.offset.store", "false", NULL, 0);
    rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", NULL, 0);
    /* } */
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!rk) {
        fprintf(stderr, "%s\n", why);
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_poll_set_consumer(rk);
    topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return rk;
}

int main(int argc, char **argv)
{
    rd_kafka_t *rk;
    int r = 0;

    if (argc != 5) {
        fprintf(stderr, "usage: kafka_own_loop CONFIG BROKERS GROUP TOPIC\n");
        return 2;
    }
    group = argv[3];
    topic = argv[4];
    /* guard { */
    struct mqm_options opts = MQM_OPTIONS_INIT;

    opts.config = argv[1];
    if (mqm_open(&m, &opts) < 0) {
        fprintf(stderr, "%s\n", mqm_errmsg());
        return 1;
    }
    /* } */
    rk = consumer(argv[2]);
    if (!rk)
        return 1;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    while (!stop && r == 0)
        r = turn(rk);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    /* guard { */
    mqm_close(m);
    /* } */
    return r < 0;
}
