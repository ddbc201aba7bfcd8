/* LIBS: -lrdkafka */
/* SPDX-License-Identifier: MIT */
/* kafka_steps.c - the guard step by step, in a plain librdkafka loop.
 *
 *     kafka_steps mqmigrate.json kafka:9092 issuer rewards
 *
 * For programs that want to see each verdict.  mqm_run() does all of it, and a
 * batch at a time: see kafka_own_loop.c, which also lets other partitions go on
 * while one waits.  Here all of them wait, up to a second.
 */
#include <librdkafka/rdkafka.h>
#include <mqmigrate/mqmigrate.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

enum answer { ACKNOWLEDGE, AGAIN };

static volatile sig_atomic_t stop;
static mqm *m;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* Longer work calls mqm_renew(m, c) at each third of c->lease_ms. */
static int issue_reward(const rd_kafka_message_t *msg, uint64_t token)
{
    printf("reward: %.*s (token %llu)\n", (int)msg->len,
           (const char *)msg->payload, (unsigned long long)token);
    return MQM_HANDLED;
}

/* It is ours: work, and tell how it ended.  What cannot be told is not
 * acknowledged, so that it is asked again. */
static enum answer work(struct mqm_claim *c, const rd_kafka_message_t *msg)
{
    int outcome = issue_reward(msg, c->token);

    if (outcome == MQM_HANDLED)
        return mqm_release_on_success(m, c) == MQM_OK ? ACKNOWLEDGE : AGAIN;
    if (outcome == MQM_FAILED)
        (void)mqm_release_on_failure(m, c); /* it had no effect */
    else
        (void)mqm_release_in_doubt(m, c); /* nobody can know */
    return AGAIN;
}

static enum answer guard(struct mqm_claim *c, const rd_kafka_message_t *msg)
{
    if (mqm_should_consume(m, &c->msg) == 0)
        return ACKNOWLEDGE; /* the other side's, and that is on record */

    switch (mqm_acquire(m, c)) {
    case MQM_OK: return work(c, msg);
    case MQM_SKIP: return ACKNOWLEDGE;
    case MQM_DOUBT: /* somebody began, and never told: not again blindly */
        (void)mqm_release_in_doubt(m, c);
        return AGAIN;
    case MQM_LATER: return AGAIN;
    default: fprintf(stderr, "%s\n", mqm_errmsg()); return AGAIN;
    }
}

static void describe(struct mqm_claim *c, char origin[32], const char *group,
                     const rd_kafka_message_t *msg)
{
    rd_kafka_headers_t *headers;

    snprintf(origin, 32, "%d/%lld", (int)msg->partition,
             (long long)msg->offset);
    c->msg.side = "kafka";
    c->msg.group = group;
    c->msg.topic = rd_kafka_topic_name(msg->rkt);
    c->msg.key = msg->key;
    c->msg.key_len = msg->key_len;
    c->msg.origin = origin;
    if (!rd_kafka_message_headers(msg, &headers))
        (void)rd_kafka_header_get_last(headers, MQM_ID_HEADER, &c->msg.id,
                                       &c->msg.id_len);
}

/* -1: end the program; the next start goes on at the last stored offset. */
static int handle(const char *group, const rd_kafka_message_t *msg)
{
    struct mqm_claim c = MQM_CLAIM_INIT;
    struct timespec pause = {0, 0};
    rd_kafka_resp_err_t err;
    char origin[32];
    int64_t ms;

    describe(&c, origin, group, msg);
    if (guard(&c, msg) == ACKNOWLEDGE) {
        (void)rd_kafka_offset_store(msg->rkt, msg->partition, msg->offset);
        return 0;
    }
    ms = c.lease_ms < 1 ? 100 : c.lease_ms > 1000 ? 1000 : c.lease_ms;
    pause.tv_sec = ms / 1000;
    pause.tv_nsec = (long)(ms % 1000) * 1000000;
    nanosleep(&pause, NULL);
    err = rd_kafka_seek(msg->rkt, msg->partition, msg->offset, 5000);
    return err && err != RD_KAFKA_RESP_ERR__STATE ? -1 : 0;
}

static rd_kafka_t *consumer(const char *brokers, const char *group,
                            const char *topic)
{
    rd_kafka_topic_partition_list_t *topics =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];
    rd_kafka_t *rk;

    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", group, NULL, 0);
    rd_kafka_conf_set(conf, "enable.auto.offset.store", "false", NULL, 0);
    rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", NULL, 0);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (rk) {
        rd_kafka_poll_set_consumer(rk);
        rd_kafka_subscribe(rk, topics);
    } else {
        fprintf(stderr, "%s\n", why);
        rd_kafka_conf_destroy(conf);
    }
    rd_kafka_topic_partition_list_destroy(topics);
    return rk;
}

int main(int argc, char **argv)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    rd_kafka_t *rk;
    int r = 0;

    if (argc != 5) {
        fprintf(stderr, "usage: kafka_steps CONFIG BROKERS GROUP TOPIC\n");
        return 2;
    }
    opts.config = argv[1];
    if (mqm_open(&m, &opts) < 0) {
        fprintf(stderr, "%s\n", mqm_errmsg());
        return 1;
    }
    rk = consumer(argv[2], argv[3], argv[4]);
    if (!rk)
        return 1;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    while (!stop && r == 0) {
        rd_kafka_message_t *msg = rd_kafka_consumer_poll(rk, 100);

        if (!msg)
            continue;
        if (msg->err)
            fprintf(stderr, "%s\n", rd_kafka_message_errstr(msg));
        else
            r = handle(argv[3], msg);
        rd_kafka_message_destroy(msg);
    }
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    mqm_close(m);
    return r < 0;
}
