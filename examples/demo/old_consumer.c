/* SPDX-License-Identifier: MIT */
/* LIBS: -lrdkafka -lcurl */
/* old_consumer.c - the service's consumer before the migration: librdkafka,
 * and nothing that guards.
 *
 * While it runs, the third party spoils nothing but refusals (503): after a
 * time-out this consumer could only guess, and would lose or double.  That is
 * how it was before, and not what this demo is about.
 *
 * Its end must be clean, since whoever takes over its group begins where it
 * committed: the message in hand is finished, its offset stored, then all
 * stored offsets are committed by closing.
 */
#include "demo.h"
#include "third.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const header = "mqm-id";

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

static void work_on(const rd_kafka_message_t *msg)
{
    rd_kafka_headers_t *headers = NULL;
    const void *id = "";
    size_t len = 0;

    if (rd_kafka_message_headers(msg, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        (void)rd_kafka_header_get_last(headers, header, &id, &len);
    while (third_issue(id, len, "old", msg->payload, msg->len) == THIRD_REFUSED)
        demo_sleep_ms(20);
}

int main(int argc, char **argv)
{
    unsigned long worked = 0;
    rd_kafka_t *rk;

    if (argc != 5)
        demo_die("usage: old_consumer KAFKA GROUP TOPIC THIRD_PARTY");
    demo_stop_on_signals(NULL);
    third_open(argv[4], 5000);
    rk = subscribe(argv[1], argv[2], argv[3]);
    while (!demo_stopping()) {
        rd_kafka_message_t *msg = rd_kafka_consumer_poll(rk, 100);

        if (msg && !msg->err) {
            work_on(msg);
            worked++;
            rd_kafka_offset_store(msg->rkt, msg->partition, msg->offset);
        }
        if (msg)
            rd_kafka_message_destroy(msg);
    }
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    printf("{\"worked\": %lu}\n", worked);
    return 0;
}
