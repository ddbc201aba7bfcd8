/* SPDX-License-Identifier: MIT */
/* fetch.c - reads one message again, by its queue and offset.
 *
 * Over the pull interface, as scan.c.  The reader stays for the next call,
 * since many are read one after the other when they are; one thread pulls at a
 * time.  A queue's number does not name its broker: where a topic has several,
 * all are asked, and the host takes the message whose id is right.
 */
#include "rocketmq.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY "retry/"

struct rmq_fetcher {
    struct rmq_reader reader;
    char topic[256];
};

struct place {
    char topic[256];
    int queue;
    long long offset;
};

void rmq_end_fetcher(struct rmq *self)
{
    if (!self->fetcher)
        return;
    rmq_end_reader(&self->fetcher->reader);
    free(self->fetcher);
    self->fetcher = NULL;
}

static int use_topic(struct rmq *self, const char *topic)
{
    int r;

    if (self->fetcher && !strcmp(self->fetcher->topic, topic))
        return MQM_OK;
    rmq_end_fetcher(self);
    self->fetcher = calloc(1, sizeof(*self->fetcher));
    if (!self->fetcher)
        return self->host->fail(self->host, -ENOMEM, "out of memory");
    snprintf(self->fetcher->topic, sizeof(self->fetcher->topic), "%s", topic);
    r = rmq_begin_reader(&self->fetcher->reader, self, self->fetcher->topic);
    if (r < 0)
        rmq_end_fetcher(self);
    return r;
}

static int gone(const struct rmq *self, const struct place *p)
{
    return self->host->fail(self->host, -ENOENT,
                            "'%s' has no message at queue %d, offset %lld: "
                            "retention has removed it, or the topic was made "
                            "anew",
                            p->topic, p->queue, p->offset);
}

/* MQM_OK: *got is to be released. */
static int pull(struct rmq *self, const struct rmq_queue *q,
                const struct place *p, struct rmq_pulled *got)
{
    const struct rmq_reader *rd = &self->fetcher->reader;
    const struct rmq_api *api = &self->api;
    int r;

    *got = api->Pull(rd->handle, q, "*", p->offset, 1);
    if (got->status < E_FOUND || got->status > E_OFFSET_ILLEGAL) {
        r = rmq_no_answer(rd, q);
        rmq_end_fetcher(self); /* a new one may find the way */
        return r;
    }
    if (got->status != E_FOUND)
        return gone(self, p);
    if (got->n > 0 && api->GetMessageQueueOffset(got->messages[0]) == p->offset)
        return MQM_OK;
    api->ReleasePullResult(*got);
    return gone(self, p);
}

/* *nth: at which of the reader's queues to begin, then behind the one that was
 * asked; -1: there is none more. */
static int pull_next(struct rmq *self, int *nth, const struct place *p,
                     struct rmq_pulled *got)
{
    const struct rmq_reader *rd;
    int r, i = *nth;

    pthread_mutex_lock(&self->fetch_lock);
    r = use_topic(self, p->topic);
    rd = r == MQM_OK ? &self->fetcher->reader : NULL;
    while (rd && i < rd->n && rd->queues[i].id != p->queue)
        i++;
    *nth = rd && i < rd->n ? i + 1 : -1;
    if (*nth > 0)
        r = pull(self, &rd->queues[i], p, got);
    else if (r == MQM_OK)
        r = gone(self, p);
    pthread_mutex_unlock(&self->fetch_lock);
    return r;
}

/* The next call looks for the queues anew: there may be more by now. */
static void forget_queues(struct rmq *self)
{
    pthread_mutex_lock(&self->fetch_lock);
    rmq_end_fetcher(self);
    pthread_mutex_unlock(&self->fetch_lock);
}

static int parse(const struct rmq *self, struct place *p, const char *group,
                 const char *topic, const char *origin)
{
    const int retry = !strncmp(origin, RETRY, sizeof(RETRY) - 1);
    const char *at = origin + (retry ? sizeof(RETRY) - 1 : 0);
    int end = 0;

    snprintf(p->topic, sizeof(p->topic), "%s%s", retry ? "%RETRY%" : "",
             retry ? group : topic);
    /* No more digits than fit: what is too large would be another place. */
    if (sscanf(at, "%9d/%18lld%n", &p->queue, &p->offset, &end) == 2 &&
        !at[end] && p->queue >= 0 && p->offset >= 0)
        return MQM_OK;
    return self->host->fail(self->host, -EINVAL,
                            "'%s' is no place in '%s': QUEUE/OFFSET is one, "
                            "and retry/QUEUE/OFFSET",
                            origin, topic);
}

static int show(struct rmq *self, struct rmq_pulled *got, const char *group,
                int (*visit)(void *user, struct mqm_delivery *d), void *user)
{
    char origin[RMQ_ORIGIN_MAX];
    struct mqm_delivery d;
    int r = rmq_fill(self, &d, group, got->messages[0], origin);

    if (r == MQM_OK)
        r = visit(user, &d);
    self->api.ReleasePullResult(*got);
    return r;
}

int rmq_fetch(void *p, const char *group, const char *topic, const char *origin,
              int (*visit)(void *user, struct mqm_delivery *d), void *user)
{
    struct rmq *self = p;
    struct rmq_pulled got;
    struct place place;
    int r = parse(self, &place, group, topic, origin);
    int nth = 0, asked = 0, found = 0;

    while (r == MQM_OK && nth >= 0) {
        r = pull_next(self, &nth, &place, &got);
        asked += nth > 0;
        if (r == MQM_OK) {
            found = 1;
            r = show(self, &got, group, visit, user);
        } else if (r == -ENOENT && (nth > 0 || found)) {
            r = MQM_OK;
        }
    }
    if (r == -ENOENT && !asked)
        forget_queues(self);
    return r;
}
