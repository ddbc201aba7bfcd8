/* SPDX-License-Identifier: MIT */
/* parts.c - the partitions that a group has: which of them wait for a message
 * to come again.
 *
 * Waiting is seeking back and pausing, not sleeping, so the other partitions go
 * on and the group does not take us for dead.  What librdkafka 2.0.2 does wrong
 * there is kept away by:
 * - rd_kafka_seek() instead of rd_kafka_seek_partitions(), whose time-out is a
 *   thousand times too short;
 * - resuming only what is paused, since resuming anything else rewinds it;
 * - looking at what comes after a seek (see group.h).
 */
#include "group.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEEK_MS = 1000,
    SEEK_TRIES = 3,
    STRAYS_MAX = 3,    /* the same one so often is no stray: see below */
    AGAIN_MS = 500,    /* after a failure, the next try */
};

struct part *part_find(struct group *g, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < g->n_parts; i++) {
        struct part *p = &g->parts[i];

        if (p->partition == partition &&
            !strcmp(rd_kafka_topic_name(p->rkt), topic))
            return p;
    }
    return NULL;
}

struct part *part_of(struct group *g, const rd_kafka_message_t *m)
{
    return part_find(g, rd_kafka_topic_name(m->rkt), m->partition);
}

static int topic_number(const struct group *g, const char *topic, unsigned *n)
{
    for (int i = 0; i < g->topics->cnt; i++) {
        if (strcmp(g->topics->elems[i].topic, topic))
            continue;
        *n = (unsigned)i;
        return 1;
    }
    return 0;
}

static int make_room(struct group *g, size_t more)
{
    size_t room = g->n_parts + more;
    struct part *p;

    if (room <= g->room)
        return 0;
    p = realloc(g->parts, room * sizeof(*p));
    if (!p)
        return -1;
    g->parts = p;
    g->room = room;
    return 0;
}

/* -1: out of memory, and none was added. */
int parts_add(struct group *g, const rd_kafka_topic_partition_list_t *list)
{
    if (make_room(g, (size_t)list->cnt) < 0)
        return -1;
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *e = &list->elems[i];
        unsigned topic;

        if (!topic_number(g, e->topic, &topic) ||
            part_find(g, e->topic, e->partition))
            continue;
        g->parts[g->n_parts++] = (struct part){.rkt = g->rkts[topic],
                                               .topic = topic,
                                               .partition = e->partition,
                                               .state = RUNS};
    }
    return 0;
}

/* 0, or the partition is where it was: what comes from it will show. */
static int seek_back(struct group *g, const struct part *p)
{
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__TIMED_OUT;

    for (int i = 0; i < SEEK_TRIES && err == RD_KAFKA_RESP_ERR__TIMED_OUT; i++)
        err = rd_kafka_seek(p->rkt, p->partition, p->want, SEEK_MS);
    if (!err)
        return 0;
    g->c.k->host->log(g->c.k->host, MQM_WARN,
                      "%s/%" PRId32 ": cannot seek to %" PRId64 ": %s",
                      rd_kafka_topic_name(p->rkt), p->partition, p->want,
                      rd_kafka_err2str(err));
    return -1;
}

static int pause_or_resume(struct group *g, const struct part *p, int pause)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t err;

    rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(p->rkt),
                                      p->partition);
    err = pause ? rd_kafka_pause_partitions(g->rk, list)
                : rd_kafka_resume_partitions(g->rk, list);
    if (!err)
        err = list->elems[0].err;
    rd_kafka_topic_partition_list_destroy(list);
    if (!err)
        return 0;
    g->c.k->host->log(g->c.k->host, MQM_WARN, "%s/%" PRId32 ": cannot %s: %s",
                      rd_kafka_topic_name(p->rkt), p->partition,
                      pause ? "pause" : "resume", rd_kafka_err2str(err));
    return -1;
}

/* A pause of ours outlives the assignment in librdkafka: whoever got the
 * partition again later would wait for ever. */
void parts_remove(struct group *g, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        struct part *p =
            part_find(g, list->elems[i].topic, list->elems[i].partition);

        if (!p)
            continue;
        if (p->state == PAUSED)
            (void)pause_or_resume(g, p, 0);
        *p = g->parts[--g->n_parts];
    }
}

/* Have p->again and what follows come again after p->retry_ms. */
void part_hold(struct group *g, struct part *p)
{
    p->want = p->again;
    p->strays = 0;
    p->until_ms = kafka_now_ms() + (p->retry_ms > 0 ? p->retry_ms : 1);
    p->state = RETURNS;
    (void)seek_back(g, p);
    if (pause_or_resume(g, p, 1) == 0)
        p->state = PAUSED;
}

void parts_resume(struct group *g, int64_t now_ms)
{
    for (size_t i = 0; i < g->n_parts; i++) {
        struct part *p = &g->parts[i];

        if (p->state != PAUSED || p->until_ms > now_ms)
            continue;
        if (pause_or_resume(g, p, 0) == 0)
            p->state = RETURNS;
        else
            p->until_ms = now_ms + AGAIN_MS;
    }
}

/* When the next one is to be resumed; INT64_MAX: none. */
int64_t parts_next_ms(const struct group *g)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < g->n_parts; i++) {
        const struct part *p = &g->parts[i];

        if (p->state == PAUSED && p->until_ms < next_ms)
            next_ms = p->until_ms;
    }
    return next_ms;
}

/* The message that was to come again can be gone from the broker: retention or
 * compaction took it, or the log was truncated.  Then the broker answers each
 * seek with the same other one, and that is where the partition goes on. */
static int is_gone(struct group *g, struct part *p, int64_t offset)
{
    p->strays = p->stray == offset ? p->strays + 1 : 1;
    p->stray = offset;
    if (p->strays <= STRAYS_MAX)
        return 0;
    g->c.k->host->log(g->c.k->host, MQM_ERROR,
                      "%s/%" PRId32 ": offset %" PRId64 " was to come again, "
                      "but the broker no longer has it; goes on at %" PRId64,
                      rd_kafka_topic_name(p->rkt), p->partition, p->want,
                      offset);
    return 1;
}

/* Is the message of this offset to be delivered? */
int part_accepts(struct group *g, struct part *p, int64_t offset)
{
    if (p->state == RUNS)
        return 1;
    if (p->state == RETURNS && (offset == p->want || is_gone(g, p, offset))) {
        p->state = RUNS;
        return 1;
    }
    g->c.k->host->log(g->c.k->host, MQM_DEBUG,
                      "%s/%" PRId32 ": offset %" PRId64 " came instead of "
                      "%" PRId64 ", sought again",
                      rd_kafka_topic_name(p->rkt), p->partition, offset,
                      p->want);
    (void)seek_back(g, p);
    return 0;
}
