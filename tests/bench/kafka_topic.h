/* SPDX-License-Identifier: MIT */
/* kafka_topic.h - the topic "rewards" of a real Kafka, with the messages that
 * are consumed, and clients of it. */
#ifndef BENCH_KAFKA_TOPIC_H
#define BENCH_KAFKA_TOPIC_H

#include <librdkafka/rdkafka.h>

/* queued.min.messages, queued.max.messages.kbytes */
#define QUEUE "1000000"

void kafka_set(rd_kafka_conf_t *conf, const char *name, const char *value);
rd_kafka_t *kafka_client(const char *brokers, rd_kafka_type_t type,
                         rd_kafka_conf_t *conf);

/* Make the topic and send so many, by the bench's ids. */
void kafka_fill(const char *brokers, int messages);

#endif
