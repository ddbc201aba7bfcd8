/* SPDX-License-Identifier: MIT */
/* kafka_topic.c - see kafka_topic.h. */
#include "kafka_topic.h"

#include "guard_cycle.h"

#include <mqmigrate/mqmigrate.h>

enum { PARTITIONS = 4, BODY = 100 };

void kafka_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];

    must(rd_kafka_conf_set(conf, name, value, why, sizeof(why)) ==
             RD_KAFKA_CONF_OK, "%s", why);
}

rd_kafka_t *kafka_client(const char *brokers, rd_kafka_type_t type,
                         rd_kafka_conf_t *conf)
{
    char why[256] = "";
    rd_kafka_t *rk;

    kafka_set(conf, "bootstrap.servers", brokers);
    rk = rd_kafka_new(type, conf, why, sizeof(why));
    must(rk != NULL, "%s", why);
    return rk;
}

static void make_topic(rd_kafka_t *rk)
{
    char why[256];
    rd_kafka_NewTopic_t *t =
        rd_kafka_NewTopic_new("rewards", PARTITIONS, 1, why, sizeof(why));
    rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
    rd_kafka_event_t *e;

    rd_kafka_CreateTopics(rk, &t, 1, NULL, q);
    e = rd_kafka_queue_poll(q, 20000);
    must(e && !rd_kafka_event_error(e), "the topic cannot be made");
    rd_kafka_event_destroy(e);
    rd_kafka_queue_destroy(q);
    rd_kafka_NewTopic_destroy(t);
}

static void send_one(rd_kafka_t *rk, int i)
{
    static char body[BODY];
    rd_kafka_vu_t vu[4] = {{.vtype = RD_KAFKA_VTYPE_TOPIC},
                           {.vtype = RD_KAFKA_VTYPE_PARTITION},
                           {.vtype = RD_KAFKA_VTYPE_VALUE},
                           {.vtype = RD_KAFKA_VTYPE_HEADER}};
    rd_kafka_error_t *e;

    vu[0].u.cstr = "rewards";
    vu[1].u.i32 = i % PARTITIONS;
    vu[2].u.mem.ptr = body;
    vu[2].u.mem.size = sizeof(body);
    vu[3].u.header.name = MQM_ID_HEADER;
    vu[3].u.header.val = bench_id[i];
    vu[3].u.header.size = MQM_ID_LEN;
    e = rd_kafka_produceva(rk, vu, 4);
    must(!e, "cannot send: %s", e ? rd_kafka_error_string(e) : "");
}

void kafka_fill(const char *brokers, int messages)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *rk;

    kafka_set(conf, "queue.buffering.max.messages", QUEUE);
    rk = kafka_client(brokers, RD_KAFKA_PRODUCER, conf);
    make_topic(rk);
    bench_ids = IDS_EVEN;
    bench_make_ids((size_t)messages);
    bench_ids = IDS_NOW;
    for (int i = 0; i < messages; i++)
        send_one(rk, i);
    must(rd_kafka_flush(rk, 60000) == RD_KAFKA_RESP_ERR_NO_ERROR, "flush");
    rd_kafka_destroy(rk);
}
