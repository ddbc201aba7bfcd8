/* SPDX-License-Identifier: MIT */
/* plain_consumer.c - see plain_consumer.h. */
#include "plain_consumer.h"

#include "demo.h"

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) !=
        RD_KAFKA_CONF_OK)
        demo_die("librdkafka: %s", why);
}

static rd_kafka_t *subscribe(const char *brokers, const char *group,
                             const char *topic)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *topics =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_t *rk;
    char why[256];

    set(conf, "bootstrap.servers", brokers);
    set(conf, "group.id", group);
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "session.timeout.ms", "6000");
    set(conf, "enable.auto.offset.store", "false");
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!rk)
        demo_die("librdkafka: %s", why);
    rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(rk, topics) != RD_KAFKA_RESP_ERR_NO_ERROR)
        demo_die("cannot subscribe to '%s'", topic);
    rd_kafka_topic_partition_list_destroy(topics);
    return rk;
}

void plain_consume(const char *brokers, const char *group, const char *topic,
                   void (*work)(const rd_kafka_message_t *msg, const void *id,
                                size_t id_len))
{
    rd_kafka_t *rk = subscribe(brokers, group, topic);

    while (!demo_stopping()) {
        rd_kafka_message_t *msg = rd_kafka_consumer_poll(rk, 100);
        rd_kafka_headers_t *headers = NULL;
        const void *id = "";
        size_t len = 0;

        if (msg && !msg->err) {
            if (rd_kafka_message_headers(msg, &headers) ==
                RD_KAFKA_RESP_ERR_NO_ERROR)
                (void)rd_kafka_header_get_last(headers, "mqm-id", &id, &len);
            work(msg, id, len);
            rd_kafka_offset_store(msg->rkt, msg->partition, msg->offset);
        }
        if (msg)
            rd_kafka_message_destroy(msg);
    }
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}
