/* SPDX-License-Identifier: MIT */
/* position.c - where a group stands in the queues of its topic.
 *
 * A group that has no position begins at the end of a queue (all but a young
 * topic's; the client knows no other way), so the new side's has to have one
 * before the first message that was sent to both.  What lies before a position
 * is never read: see adapters/kafka/position.c, which asks the same.
 */
#include "rocketmq.h"

#include <inttypes.h>
#include <stdio.h>

enum { MEMBERS = 38, BY_TIME = 29 };

struct position {
    int64_t lost, unread, skipped;
    int n, missing, unknown;
};

static int64_t ask(const struct rmq_queues *at, int code, const char *fields)
{
    struct rmq_answer a;
    int64_t offset;

    rmq_ask_broker(at, code, fields, &a);
    offset = rmq_offset_of(&a);
    rmq_answer_free(&a);
    return offset;
}

static void add_queue(const struct mqm_inquiry *q, const struct rmq_queues *at,
                      int queue, struct position *p)
{
    char fields[600];
    int64_t low, high, offset, since = INT64_MAX;

    rmq_offset_fields(fields, sizeof(fields), q->group, q->topic, queue);
    low = ask(at, RMQ_FIRST, fields);
    high = ask(at, RMQ_LAST, fields);
    offset = ask(at, RMQ_COMMITTED, fields);
    if (q->since_ms > 0) {
        snprintf(fields, sizeof(fields),
                 "\"topic\":\"%s\",\"queueId\":\"%d\",\"timestamp\":\"%" PRId64
                 "\"",
                 q->topic, queue, q->since_ms);
        since = ask(at, BY_TIME, fields);
    }
    p->n++;
    if (low < 0 || high < 0 || offset == RMQ_NOT_TOLD || since < 0) {
        p->unknown++;
    } else if (offset == RMQ_NO_OFFSET) {
        p->missing++;
        p->unread += high - low;
    } else {
        p->lost += offset < low ? low - offset : 0;
        p->skipped += offset > since ? offset - since : 0;
    }
}

static int has_members(const struct mqm_inquiry *q, const struct rmq_queues *at)
{
    char fields[320];
    struct rmq_answer a;
    int yes;

    snprintf(fields, sizeof(fields), "\"consumerGroup\":\"%s\"", q->group);
    yes = rmq_ask_broker(at, MEMBERS, fields, &a) == 0;
    rmq_answer_free(&a);
    return yes;
}

/* ------------------------------- judging -------------------------------- */

/* Whether what is there was sent to both already, only since tells. */
static void find_no_position(const struct mqm_inquiry *q,
                             const struct position *p)
{
    if (!q->is_new)
        q->find(q, MQM_WARNING, "group",
                "give the group of the consumers that run today",
                "'%s' has no position in %d of %d queues: is that its name?",
                q->group, p->missing, p->n);
    else
        q->find(q,
                q->since_ms > 0 && p->unread > 0 ? MQM_FATAL : MQM_WARNING,
                "group",
                "start a consumer of it before the producers send to both, or "
                "'mqadmin resetOffsetByTime' to a moment before that",
                "'%s' has no position in %d of %d queues, with %" PRId64
                " messages in them: it begins behind what is there then "
                "(only a young topic is read from its beginning)",
                q->group, p->missing, p->n, p->unread);
}

static void find_position(const struct mqm_inquiry *q,
                          const struct rmq_queues *at, const struct position *p)
{
    if (p->lost > 0)
        q->find(q, MQM_FATAL, "group",
                "make fileReservedTime longer, and send what is missing again",
                "'%s' has not read %" PRId64 " messages that are removed "
                "already",
                q->group, p->lost);
    else if (p->skipped > 0 && !has_members(q, at))
        q->find(q, MQM_WARNING, "group",
                "if it was set there by hand, set it back to \"since\": "
                "'mqadmin resetOffsetByTime'",
                "'%s' has no members and stands %" PRId64 " messages behind "
                "the moment of the switch: what it skipped it never looks at",
                q->group, p->skipped);
    else
        q->find(q, MQM_FINE, "group", NULL, "'%s' has a position%s", q->group,
                p->skipped > 0    ? ", and read past the moment of the switch"
                : q->since_ms > 0 ? " before the moment of the switch"
                                  : ": what comes from now on it will see");
}

void rmq_look_at_group(const struct mqm_inquiry *q,
                       const struct rmq_queues *queues, size_t n)
{
    struct position p = {0};

    for (size_t i = 0; i < n; i++)
        for (int queue = 0; queue < queues[i].n; queue++)
            add_queue(q, &queues[i], queue, &p);
    if (p.unknown > 0)
        q->find(q, MQM_WARNING, "group",
                "look with 'mqadmin consumerProgress -g' and its group",
                "not looked at in %d of %d queues: the broker does not answer",
                p.unknown, p.n);
    if (p.missing > 0)
        find_no_position(q, &p);
    if (p.missing + p.unknown < p.n)
        find_position(q, queues, &p);
}
