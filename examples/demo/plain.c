/* SPDX-License-Identifier: MIT */
/* plain.c - a Kafka producer without the library's guard (see plain.h). */
#include "plain.h"

#include "demo.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

enum { PARTITIONS = 8, PATIENCE_MS = 30000 };

static rd_kafka_t *kafka;
static const char *topic;

static void produce(struct sent *s, int32_t partition);

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *user)
{
    struct sent *s = m->_private;

    (void)rk, (void)user;
    if (!s)
        return;
    if (m->err) { /* the same id again: that is what ids are for */
        produce(s, RD_KAFKA_PARTITION_UA);
        return;
    }
    sent_write(s);
    free(s);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) !=
        RD_KAFKA_CONF_OK)
        demo_die("librdkafka: %s", why);
}

void plain_open(const char *brokers, const char *name)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];

    topic = name;
    set(conf, "bootstrap.servers", brokers);
    set(conf, "enable.idempotence", "true");
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!kafka)
        demo_die("librdkafka: %s", why);
}

static void fill(rd_kafka_vu_t v[7], const struct sent *s, int32_t partition,
                 void *mine)
{
    memset(v, 0, 7 * sizeof(*v));
    v[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    v[0].u.cstr = topic;
    v[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    v[1].u.i32 = partition;
    v[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    v[2].u.i = RD_KAFKA_MSG_F_COPY;
    v[3].vtype = RD_KAFKA_VTYPE_KEY;
    v[3].u.mem.ptr = (void *)(uintptr_t)s->user;
    v[3].u.mem.size = strlen(s->user);
    v[4].vtype = RD_KAFKA_VTYPE_VALUE;
    v[4].u.mem.ptr = (void *)(uintptr_t)s->body;
    v[4].u.mem.size = strlen(s->body);
    v[5].vtype = RD_KAFKA_VTYPE_HEADER;
    v[5].u.header.name = MQM_ID_HEADER;
    v[5].u.header.val = s->id;
    v[5].u.header.size = MQM_ID_LEN;
    v[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
    v[6].u.ptr = mine;
}

static rd_kafka_resp_err_t try_produce(const struct sent *s, int32_t partition,
                                       void *mine)
{
    rd_kafka_vu_t v[7];
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_error_t *e;

    fill(v, s, partition, mine);
    e = rd_kafka_produceva(kafka, v, 7);
    if (e) {
        code = rd_kafka_error_code(e);
        rd_kafka_error_destroy(e);
    }
    return code;
}

static void produce(struct sent *s, int32_t partition)
{
    rd_kafka_resp_err_t e;

    while ((e = try_produce(s, partition, s)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        demo_sleep_ms(10);
    if (e)
        demo_die("cannot send to Kafka: %s", rd_kafka_err2str(e));
}

void plain_send(const struct sent *s)
{
    struct sent *copy = malloc(sizeof(*copy));

    if (!copy)
        demo_die("no memory for a message");
    *copy = *s;
    produce(copy, RD_KAFKA_PARTITION_UA);
}

void plain_send_again(const struct sent *s, uint64_t chance)
{
    try_produce(s, (int32_t)(chance % PARTITIONS), NULL);
}

void plain_poll(int ms)
{
    rd_kafka_poll(kafka, ms);
}

void plain_close(void)
{
    if (rd_kafka_flush(kafka, PATIENCE_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        demo_die("Kafka did not take the last messages");
    rd_kafka_destroy(kafka);
}
