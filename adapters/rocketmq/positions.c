/* SPDX-License-Identifier: MIT */
/* positions.c - how far a group has read in each queue of a topic, and of its
 * retry topic, where copies of the topic wait that it sent back.
 *
 * The client library's C interface does not tell, so the brokers are asked
 * (remoting.c).  Those that demand signed requests refuse.  What lies in the
 * broker's schedule, on its way back to the retry topic, nobody can see.
 */
#include "rocketmq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    NOT_FOUND = 22,
    MAY_READ = 4,
};

typedef int (*visitor)(void *user, const struct mqm_position *p);

struct asking {
    const struct rmq *self;
    const char *group, *topic, *prefix; /* of the queues' names */
    int fd;                             /* the broker */
    visitor visit;
    void *user;
};

static int refused(const struct asking *q, int code, const char *header)
{
    const struct mqm_host *host = q->self->host;
    char words[200] = "no reason given";

    if (code < 0)
        return host->fail(host, -EIO, "the broker of '%s' does not answer",
                          q->topic);
    (void)rmq_json_text(rmq_json_member(header, "remark"), words,
                        sizeof(words));
    return host->fail(host, -EIO,
                      "the broker does not tell the offsets of '%s' (code %d: "
                      "%s)",
                      q->topic, code, words);
}

void rmq_offset_fields(char *out, size_t size, const char *group,
                       const char *topic, int queue)
{
    snprintf(out, size,
             "\"consumerGroup\":\"%s\",\"topic\":\"%s\",\"queueId\":\"%d\","
             "\"setZeroIfNotFound\":\"false\"",
             group, topic, queue);
}

int64_t rmq_offset_of(const struct rmq_answer *a)
{
    int64_t offset;

    if (a->code != 0)
        return a->code == NOT_FOUND ? RMQ_NO_OFFSET : RMQ_NOT_TOLD;
    offset = rmq_json_number(
        rmq_json_member(rmq_json_member(a->header, "extFields"), "offset"),
        RMQ_NOT_TOLD);
    return offset < RMQ_NO_OFFSET ? RMQ_NOT_TOLD : offset;
}

/* *offset: -1 where there is none: a group has not read, or a queue was never
 * written to.  A last offset there always is. */
static int ask_offset(const struct asking *q, int what, int queue,
                      int64_t *offset)
{
    struct rmq_answer a;
    char fields[600];
    int r = MQM_OK;

    rmq_offset_fields(fields, sizeof(fields), q->group, q->topic, queue);
    if (rmq_ask(q->fd, what, fields, &a) < 0)
        return refused(q, -1, NULL);
    *offset = rmq_offset_of(&a);
    if (*offset == RMQ_NOT_TOLD || (*offset < 0 && what == RMQ_LAST) ||
        (a.code != 0 && what != RMQ_COMMITTED))
        r = refused(q, a.code, a.header);
    rmq_answer_free(&a);
    return r;
}

static int tell_queue(const struct asking *q, int queue)
{
    struct mqm_position p = {.size = sizeof(p)};
    char name[32], next[64];
    int64_t at;
    int r = ask_offset(q, RMQ_COMMITTED, queue, &p.committed);

    if (r == MQM_OK)
        r = ask_offset(q, RMQ_FIRST, queue, &p.begin);
    if (r == MQM_OK)
        r = ask_offset(q, RMQ_LAST, queue, &p.end);
    if (r < 0)
        return r;
    if (p.begin < 0)
        p.begin = 0;
    if (p.end < p.begin)
        return refused(q, 0, NULL);
    snprintf(name, sizeof(name), "%s%d", q->prefix, queue);
    p.queue = name;
    at = p.committed > p.begin ? p.committed : p.begin;
    snprintf(next, sizeof(next), "%s/%lld", name, (long long)at);
    p.next = at < p.end ? next : NULL;
    return q->visit(q->user, &p);
}

/* To its master: a replica may not know all. */
static int dial_broker(const char *route, const char *name)
{
    const char *b = rmq_json_first(rmq_json_member(route, "brokerDatas"));
    const char *list, *address;
    char text[300];

    for (; b; b = rmq_json_after(b)) {
        if (rmq_json_text(rmq_json_member(b, "brokerName"), text,
                          sizeof(text)) < 0 ||
            strcmp(text, name))
            continue;
        list = rmq_json_member(b, "brokerAddrs");
        address = rmq_json_member(list, "0");
        if (rmq_json_text(address, text, sizeof(text)) == 0)
            return rmq_dial(text, strlen(text));
    }
    return -1;
}

/* One element of "queueDatas": the queues that one broker has. */
static int tell_broker(struct asking *q, const char *route, const char *data)
{
    const struct mqm_host *host = q->self->host;
    char name[256];
    long long n = rmq_json_number(rmq_json_member(data, "readQueueNums"), 0);
    int r = MQM_OK;

    if (!(rmq_json_number(rmq_json_member(data, "perm"), 0) & MAY_READ))
        return MQM_OK;
    if (rmq_json_text(rmq_json_member(data, "brokerName"), name,
                      sizeof(name)) < 0)
        return host->fail(host, -EIO, "the route of '%s' is not understood",
                          q->topic);
    q->fd = dial_broker(route, name);
    if (q->fd < 0)
        return host->fail(host, -EIO, "broker '%s' of '%s' is not in reach",
                          name, q->topic);
    for (int i = 0; i < n && r == MQM_OK; i++)
        r = tell_queue(q, i);
    close(q->fd);
    return r;
}

static int tell_topic(struct asking *q)
{
    struct rmq_answer a;
    const char *data;
    int r = rmq_ask_route(q->self, q->topic, &a);

    if (r < 0)
        return r;
    data = rmq_json_first(rmq_json_member(a.body, "queueDatas"));
    if (!data)
        r = q->self->host->fail(q->self->host, -EIO,
                                "the route of '%s' has no queues", q->topic);
    for (; data && r == MQM_OK; data = rmq_json_after(data))
        r = tell_broker(q, a.body, data);
    rmq_answer_free(&a);
    return r;
}

int rmq_positions(void *p, const char *group, const char *topic, visitor visit,
                  void *user)
{
    struct rmq *self = p;
    struct asking q = {self, group, topic, "", -1, visit, user};
    char retry[256];
    int r = rmq_check_name(self->host, "group", group);

    if (r == MQM_OK)
        r = tell_topic(&q);
    if (r != MQM_OK)
        return r;
    snprintf(retry, sizeof(retry), "%%RETRY%%%s", group);
    q.topic = retry;
    q.prefix = "retry/";
    r = rmq_route(self, retry); /* it comes to be with the group's start */
    return r == -ENOENT ? MQM_OK : tell_topic(&q);
}
