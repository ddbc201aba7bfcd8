/* SPDX-License-Identifier: MIT */
/* group.h - one consumer group: its handle, its partitions, its batch.
 *
 * A partition is in one of three states:
 *
 *     RUNS     what comes is delivered
 *     PAUSED   a message is to come again: sought back to it and paused
 *     RETURNS  sought back and not paused: the next message must be that one
 *
 *     RUNS --a verdict other than OK--> PAUSED --after retry_ms--> RETURNS
 *       ^                                                             |
 *       +------------------ the message came again -------------------+
 *
 * A message that comes in PAUSED, or another one than awaited in RETURNS, is a
 * stray of librdkafka's queues: dropped, and sought again, so it is never taken
 * for progress.  A partition that is not ours is in no state: it has no entry.
 */
#ifndef MQM_KAFKA_GROUP_H
#define MQM_KAFKA_GROUP_H

#include "kafka.h"

enum part_state { RUNS, PAUSED, RETURNS };

struct part {
    rd_kafka_topic_t *rkt; /* the group's */
    unsigned topic;        /* its number in the group */
    int32_t partition;
    enum part_state state;
    int64_t want;     /* PAUSED, RETURNS: the offset to come next      */
    int64_t until_ms; /* PAUSED                                        */
    int64_t stray;    /* the offset that came instead, and how often   */
    unsigned strays;
    /* Of the batch in hand: */
    int64_t next;     /* to be stored, or -1 */
    int64_t again;    /* the first that comes again, or -1 */
    int64_t retry_ms;
};

struct group {
    struct client c;
    struct group *next;
    char *name;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue; /* what it polls: see wake.c */
    rd_kafka_topic_partition_list_t *topics;
    rd_kafka_topic_t **rkts; /* of the same order */
    struct part *parts;
    size_t n_parts, room;
    size_t n;
    rd_kafka_message_t *batch[KAFKA_BATCH_MAX];
    struct mqm_delivery d[KAFKA_BATCH_MAX];
    char origin[KAFKA_BATCH_MAX][32];
};

/* parts.c */
struct part *part_find(struct group *g, const char *topic, int32_t partition);
struct part *part_of(struct group *g, const rd_kafka_message_t *m);
int parts_add(struct group *g, const rd_kafka_topic_partition_list_t *list);
void parts_remove(struct group *g,
                  const rd_kafka_topic_partition_list_t *list);
int part_accepts(struct group *g, struct part *p, int64_t offset);
void part_hold(struct group *g, struct part *p);
void parts_resume(struct group *g, int64_t now_ms);
int64_t parts_next_ms(const struct group *g);

/* rebalance.c */
void group_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                     rd_kafka_topic_partition_list_t *list, void *opaque);
void group_close(struct group *g, int64_t end_ms);

#endif
