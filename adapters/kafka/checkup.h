/* SPDX-License-Identifier: MIT */
/* checkup.h - one look at a topic and its group. */
#ifndef MQM_KAFKA_CHECKUP_H
#define MQM_KAFKA_CHECKUP_H

#include "kafka.h"

struct look {
    const struct mqm_inquiry *q;
    struct client *c;
    rd_kafka_t *rk; /* with the group's name, and no member of it */
    rd_kafka_queue_t *answers;
    int partitions;
};

/* position.c: < 0 with words where the broker does not answer. */
int kafka_look_at_group(const struct look *l);

#endif
