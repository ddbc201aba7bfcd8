/* SPDX-License-Identifier: MIT */
/* plain.h - a Kafka producer as the service had it before: librdkafka alone.
 *
 * All that is new in it is the header mqm-id, which a service begins to send
 * long before it migrates.
 */
#ifndef DEMO_PLAIN_H
#define DEMO_PLAIN_H

#include "sent.h"

void plain_open(const char *brokers, const char *topic);

/* Hand a message to librdkafka; when the broker has it, it is written to the
 * list of what was sent. */
void plain_send(const struct sent *s);

/* The same message once more, into the partition chance picks, as after a
 * time-out and a change of the number of partitions. */
void plain_send_again(const struct sent *s, uint64_t chance);

/* Serve delivery reports, for up to ms. */
void plain_poll(int ms);

/* Wait until the broker has all of it. */
void plain_close(void);

#endif
