/* SPDX-License-Identifier: MIT */
/* plain_consumer.h - librdkafka's consumer loop with nothing that guards: as
 * it was before the migration, and as the naive way keeps it. */
#ifndef DEMO_PLAIN_CONSUMER_H
#define DEMO_PLAIN_CONSUMER_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

/* Consume until demo_stopping(); id is the header's, "" where there is none.
 * A message's offset is stored when work returns, and all that are stored are
 * committed at the end: whoever takes over the group begins where it ended. */
void plain_consume(const char *brokers, const char *group, const char *topic,
                   void (*work)(const rd_kafka_message_t *msg, const void *id,
                                size_t id_len));

#endif
