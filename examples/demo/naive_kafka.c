/* SPDX-License-Identifier: MIT */
/* naive_kafka.c - the naive consumer's loop on librdkafka (see naive.h). */
#include "naive.h"

#include "demo.h"
#include "plain_consumer.h"

enum { PAUSE_MS = 100 };

static void handle(const rd_kafka_message_t *m, const void *id, size_t id_len)
{
    struct naive_message msg = {id,     m->key,     m->payload,
                                id_len, m->key_len, m->len};

    while (id_len > 0 && naive_handle(&msg) == NAIVE_AGAIN && !demo_stopping())
        demo_sleep_ms(PAUSE_MS);
}

void naive_kafka(const char *brokers, const char *group, const char *topic)
{
    plain_consume(brokers, group, topic, handle);
}
