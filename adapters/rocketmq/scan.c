/* SPDX-License-Identifier: MIT */
/* scan.c - reads a topic from its beginning to its present end, and asks
 * whether there is one. */
#include "rocketmq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 32 };

/* ------------------------------- scanning ------------------------------- */

typedef int (*visitor)(void *user, struct mqm_delivery *d);

static int visit_some(struct rmq_reader *rd, const struct rmq_pulled *got,
                      long long end, visitor visit, void *user)
{
    struct rmq *self = rd->self;
    char origin[RMQ_ORIGIN_MAX];
    struct mqm_delivery d;
    int r = MQM_OK;

    for (int i = 0; r == MQM_OK && i < got->n; i++) {
        if (self->api.GetMessageQueueOffset(got->messages[i]) >= end)
            break;
        r = rmq_fill(self, &d, "", got->messages[i], origin);
        if (r == MQM_OK)
            r = visit(user, &d);
    }
    return r;
}

/* What has messages behind the end of all, or leads nowhere before it, is no
 * answer, whatever it is called: something would not be seen. */
static int is_answer(const struct rmq_pulled *got, long long at, long long end)
{
    return at < end ? got->next > at : got->status != E_FOUND;
}

/* Until the end that the first answer told. */
static int scan_queue(struct rmq_reader *rd, const struct rmq_queue *q,
                      visitor visit, void *user)
{
    const struct rmq_api *api = &rd->self->api;
    long long at = 0, end = -1;
    struct rmq_pulled got;
    int r = MQM_OK;

    while (r == MQM_OK && (end < 0 || at < end)) {
        got = api->Pull(rd->handle, q, "*", at, BATCH);
        if (got.status == E_BROKER_TIMEOUT)
            return rmq_no_answer(rd, q);
        if (end < 0)
            end = got.max < 0 ? 0 : got.max;
        if (got.status == E_FOUND)
            r = visit_some(rd, &got, end, visit, user);
        if (r == MQM_OK && !is_answer(&got, at, end))
            r = rmq_no_answer(rd, q);
        at = got.next;
        if (got.status == E_FOUND)
            api->ReleasePullResult(got);
    }
    return r;
}

int rmq_scan(void *self, const char *topic, visitor visit, void *user)
{
    struct rmq_reader rd;
    int r = rmq_begin_reader(&rd, self, topic);

    for (int i = 0; r == MQM_OK && i < rd.n; i++)
        r = scan_queue(&rd, &rd.queues[i], visit, user);
    rmq_end_reader(&rd);
    return r;
}

/* ----------------------------- dead letters ----------------------------- */

struct dead {
    struct rmq *self;
    const char *group, *topic;
    visitor visit;
    void *user;
};

/* The group's dead letters of all topics lie together. */
static int visit_dead(void *user, struct mqm_delivery *d)
{
    const struct dead *dead = user;
    static const char *const names[] = {"RETRY_TOPIC", "DLQ_ORIGIN_TOPIC"};

    for (int i = 0; i < 2; i++) {
        size_t len = 0;
        const char *from = rmq_header(dead->self, d, names[i], &len);

        if (from && !strcmp(from, dead->topic)) {
            d->msg.group = dead->group;
            return dead->visit(dead->user, d);
        }
    }
    return MQM_OK;
}

int rmq_dead(void *p, const char *group, const char *topic, visitor visit,
             void *user)
{
    struct dead dead = {p, group, topic, visit, user};
    char name[256];
    int r = rmq_check_name(dead.self->host, "group", group);

    if (r < 0)
        return r;
    snprintf(name, sizeof(name), "%%DLQ%%%s", group);
    r = rmq_route(p, name); /* it comes to be with the first of them */
    if (r != -ENOENT)
        return rmq_scan(p, name, visit_dead, &dead);
    /* A name server that has just begun knows of nothing at all. */
    return rmq_route(p, topic) == MQM_OK ? MQM_OK : rmq_no_route(p, topic);
}

/* ------------------------------- probing -------------------------------- */

/* The name server knows the topic, and each queue's broker answers. */
int rmq_probe(void *p, const char *group, const char *topic)
{
    struct rmq *self = p;
    struct rmq_pulled got;
    struct rmq_reader rd;
    int r = MQM_OK;

    if (group)
        r = rmq_check_name(self->host, "group", group);
    if (r < 0)
        return r;
    r = rmq_begin_reader(&rd, self, topic);
    for (int i = 0; r == MQM_OK && i < rd.n; i++) {
        got = self->api.Pull(rd.handle, &rd.queues[i], "*", 0, 1);
        if (got.status == E_BROKER_TIMEOUT)
            r = rmq_no_answer(&rd, &rd.queues[i]);
        if (got.status == E_FOUND)
            self->api.ReleasePullResult(got);
    }
    rmq_end_reader(&rd);
    return r;
}
