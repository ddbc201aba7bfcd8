/* SPDX-License-Identifier: MIT */
/* position.c - where a group stands in its topic.
 *
 * What lies before its position it never reads.  So what it has not read must
 * still be there, and the new side's group has to stand before the first
 * message that was sent to both.  A group that consumes is past that soon, by
 * consumers that look at each message; one without members that is past it may
 * have been set there by hand.
 */
#include "checkup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RATE_S = 600 };

struct position {
    int64_t lost;      /* removed before they were read       */
    int64_t unread;    /* in partitions that have no position */
    int64_t skipped;   /* between since and the position      */
    int64_t lately;    /* came in the last RATE_S seconds     */
    int64_t future;    /* from the first one that is born later than now */
    int missing, n;
};

static rd_kafka_topic_partition_list_t *new_list(const struct look *l,
                                                 int64_t offset)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(l->partitions);

    for (int i = 0; i < l->partitions; i++)
        rd_kafka_topic_partition_list_add(list, l->q->topic, i)->offset =
            offset;
    return list;
}

static int failed(const struct look *l, const char *what,
                  rd_kafka_resp_err_t err)
{
    const struct mqm_host *host = l->c->k->host;

    return host->fail(host, kafka_errno(err), "%s of '%s' (group '%s'): %s",
                      what, l->q->topic, l->q->group, rd_kafka_err2str(err));
}

/* An offset of a list that may stand for "behind all there is". */
static int64_t offset_of(const rd_kafka_topic_partition_list_t *list, int i,
                         int64_t high)
{
    const int64_t offset = list->elems[i].offset;

    return offset >= 0 ? offset : high;
}

struct lists {
    rd_kafka_topic_partition_list_t *committed, *since, *lately,
        *future;
};

static int add_partition(const struct look *l, const struct lists *at, int i,
                         struct position *p)
{
    const int64_t offset = at->committed->elems[i].offset;
    int64_t low, high, since;
    rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(
        l->rk, l->q->topic, i, &low, &high, KAFKA_ASK_MS);

    if (err)
        return failed(l, "the ends", err);
    p->n++;
    p->future += high - offset_of(at->future, i, high);
    p->lately += high - offset_of(at->lately, i, high);
    if (offset < 0) {
        p->missing++;
        p->unread += high - low;
        return 0;
    }
    since = l->q->since_ms > 0 ? offset_of(at->since, i, high) : high;
    p->lost += offset < low ? low - offset : 0;
    p->skipped += offset > since ? offset - since : 0;
    return 0;
}

/* The offset of the first message from a time on, in each partition. */
static int by_time(const struct look *l, rd_kafka_topic_partition_list_t *list)
{
    const rd_kafka_resp_err_t err = kafka_list_error(
        list, rd_kafka_offsets_for_times(l->rk, list, KAFKA_ASK_MS));

    return err ? failed(l, "the offsets by time", err) : 0;
}

static int measure(const struct look *l, struct position *p)
{
    const int64_t now_ms = kafka_wall_ms();
    struct lists at = {new_list(l, RD_KAFKA_OFFSET_INVALID),
                       new_list(l, l->q->since_ms),
                       new_list(l, now_ms - RATE_S * 1000),
                       new_list(l, now_ms + l->q->margin_ms)};
    rd_kafka_resp_err_t err =
        kafka_list_error(at.committed, rd_kafka_committed(l->rk, at.committed,
                                                          KAFKA_ASK_MS));
    int r = err ? failed(l, "the position", err) : 0;

    if (r == 0 && l->q->since_ms > 0)
        r = by_time(l, at.since);
    if (r == 0)
        r = by_time(l, at.lately);
    if (r == 0)
        r = by_time(l, at.future);
    for (int i = 0; i < l->partitions && r == 0; i++)
        r = add_partition(l, &at, i, p);
    rd_kafka_topic_partition_list_destroy(at.committed);
    rd_kafka_topic_partition_list_destroy(at.since);
    rd_kafka_topic_partition_list_destroy(at.lately);
    rd_kafka_topic_partition_list_destroy(at.future);
    return r;
}

/* How many members the group has; -1: nobody said. */
static int members(const struct look *l)
{
    const struct rd_kafka_group_list *list = NULL;
    int n = -1;

    if (rd_kafka_list_groups(l->rk, l->q->group, &list, KAFKA_ASK_MS))
        return -1;
    if (list->group_cnt == 1 && !list->groups[0].err)
        n = list->groups[0].member_cnt;
    rd_kafka_group_list_destroy(list);
    return n;
}

/* ------------------------------- judging -------------------------------- */

static void find_no_position(const struct mqm_inquiry *q,
                             const struct position *p)
{
    if (p->unread == 0)
        q->find(q, MQM_FINE, "group", NULL,
                "'%s' has no position yet, and there is no message that it "
                "has not read",
                q->group);
    else if (q->is_new)
        q->find(q, MQM_WARNING, "group",
                "start a consumer of it before the producers send to both",
                "'%s' has no position in %d of %d partitions: it will begin "
                "with the oldest of %" PRId64 " messages, if they are still "
                "there then",
                q->group, p->missing, p->n, p->unread);
    else
        q->find(q, MQM_WARNING, "group",
                "give the group of the consumers that run today",
                "'%s' has no position in %d of %d partitions: is that its "
                "name?",
                q->group, p->missing, p->n);
}

static void find_position(const struct look *l, const struct position *p)
{
    const struct mqm_inquiry *q = l->q;
    const int n = p->skipped > 0 ? members(l) : 0;

    if (p->lost > 0)
        q->find(q, MQM_FATAL, "group",
                "make retention.ms longer, and send what is missing again",
                "'%s' has not read %" PRId64 " messages that are removed "
                "already",
                q->group, p->lost);
    else if (p->skipped > 0 && n <= 0)
        q->find(q, MQM_WARNING, "group",
                "if it was set there by hand, set it back to \"since\" "
                "(kafka-consumer-groups.sh --reset-offsets --to-datetime)",
                "'%s' has no members and stands %" PRId64 " messages behind "
                "the moment of the switch: what it skipped it never looks at",
                q->group, p->skipped);
    else if (p->skipped > 0)
        q->find(q, MQM_FINE, "group", NULL,
                "'%s' has %d members, and read past the moment of the switch",
                q->group, n);
    else if (q->since_ms == 0)
        q->find(q, MQM_FINE, "group", NULL,
                "'%s' has a position: what comes from now on it will see",
                q->group);
    else
        q->find(q, MQM_FINE, "group", NULL,
                "'%s' stands before the moment of the switch", q->group);
}

static void find_rate(const struct mqm_inquiry *q, const struct position *p)
{
    const int64_t rate = p->lately / RATE_S;

    if (q->rate > 0 && rate > 2 * q->rate)
        q->find(q, MQM_WARNING, "rate", "set \"rate\" to the real one",
                "%" PRId64 " messages a second came lately, not %" PRId64,
                rate, q->rate);
    else
        q->find(q, MQM_FINE, "rate", NULL,
                "%" PRId64 " messages a second came in the last %d minutes",
                rate, RATE_S / 60);
}

/* The broker tells no time, but producers wrote theirs. */
static void find_clock(const struct mqm_inquiry *q, const struct position *p)
{
    if (p->future > 0)
        q->find(q, MQM_WARNING, "clock",
                "keep all producers' clocks by NTP, and this machine's",
                "'%s': messages are born more than clock_margin_ms (%" PRId64
                ") later than it is here: they are taken for the old side's",
                q->topic, q->margin_ms);
    else
        q->find(q, MQM_FINE, "clock", NULL,
                "'%s': no message is born later than it is here", q->topic);
}

int kafka_look_at_group(const struct look *l)
{
    struct position p = {0};
    int r = measure(l, &p);

    if (r < 0)
        return r;
    if (p.missing > 0)
        find_no_position(l->q, &p);
    if (p.missing < p.n)
        find_position(l, &p);
    find_rate(l->q, &p);
    find_clock(l->q, &p);
    return 0;
}
