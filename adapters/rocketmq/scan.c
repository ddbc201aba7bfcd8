/* SPDX-License-Identifier: MIT */
/* scan.c - reads a topic from its beginning to its present end, over the
 * client's pull interface: no offsets are committed, nobody's are touched.
 *
 * The pull interface takes no instance name, and two of one group in a process
 * refuse each other, so each has a slot, which names its group: mqm_scan_0 to
 * mqm_scan_7.  They are the same in every process, so that a broker that makes
 * no groups by itself can be prepared.
 */
#include "rocketmq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SLOTS = 8, BATCH = 32 };

static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned slots; /* a bit each: in use */

struct reader {
    struct rmq *self;
    const char *topic;
    struct CPullConsumer *handle;
    int slot, started;
    struct rmq_queue *queues;
    int n;
};

static int take_slot(void)
{
    int slot = 0;

    pthread_mutex_lock(&slots_lock);
    while (slot < SLOTS && (slots & 1u << slot))
        slot++;
    if (slot < SLOTS)
        slots |= 1u << slot;
    pthread_mutex_unlock(&slots_lock);
    return slot < SLOTS ? slot : -1;
}

static void give_slot(int slot)
{
    pthread_mutex_lock(&slots_lock);
    slots &= ~(1u << slot);
    pthread_mutex_unlock(&slots_lock);
}

static void end_reader(struct reader *rd)
{
    const struct rmq_api *api = &rd->self->api;

    if (rd->queues)
        api->ReleaseSubscriptionMessageQueue(rd->queues);
    if (rd->started)
        api->ShutdownPullConsumer(rd->handle);
    if (rd->handle)
        api->DestroyPullConsumer(rd->handle);
    if (rd->slot >= 0)
        give_slot(rd->slot);
}

static int start_reader(struct reader *rd)
{
    const struct rmq_api *api = &rd->self->api;
    const struct rmq_settings *set = &rd->self->set;
    const struct mqm_host *host = rd->self->host;
    char group[32];
    int r;

    rd->slot = take_slot();
    if (rd->slot < 0)
        return host->fail(host, -EAGAIN,
                          "%d topics are read at once already: wait for one to "
                          "end",
                          (int)SLOTS);
    snprintf(group, sizeof(group), "mqm_scan_%d", rd->slot);
    rd->handle = api->CreatePullConsumer(group);
    if (!rd->handle)
        return host->fail(host, -ENOMEM, "out of memory");
    r = api->SetPullConsumerNameServerAddress(rd->handle, set->name_server);
    if (!r && set->access_key)
        r = api->SetPullConsumerSessionCredentials(
            rd->handle, set->access_key, set->secret_key,
            set->channel ? set->channel : "");
    if (!r && set->log_dir)
        r = api->SetPullConsumerLogPath(rd->handle, set->log_dir);
    if (!r)
        r = api->StartPullConsumer(rd->handle);
    rd->started = !r;
    if (r)
        return host->fail(host, -EIO, "reading '%s': no start (%d: %s)",
                          rd->topic, r, rmq_last_words(rd->self));
    return MQM_OK;
}

static int find_queues(struct reader *rd)
{
    int r = rd->self->api.FetchSubscriptionMessageQueues(rd->handle, rd->topic,
                                                         &rd->queues, &rd->n);

    if (!r && rd->n > 0)
        return MQM_OK;
    return rmq_no_route(rd->self, rd->topic);
}

static int begin_reader(struct reader *rd, struct rmq *self, const char *topic)
{
    int r = rmq_check_name(self->host, "topic", topic);

    memset(rd, 0, sizeof(*rd));
    rd->self = self;
    rd->topic = topic;
    rd->slot = -1;
    if (r == MQM_OK)
        r = start_reader(rd);
    if (r == MQM_OK)
        r = find_queues(rd);
    return r;
}

static int no_answer(const struct reader *rd, const struct rmq_queue *q)
{
    return rd->self->host->fail(rd->self->host, -EIO,
                                "broker '%s' does not answer for '%s', queue "
                                "%d",
                                q->broker, rd->topic, q->id);
}

/* ------------------------------- scanning ------------------------------- */

typedef int (*visitor)(void *user, struct mqm_delivery *d);

static int visit_some(struct reader *rd, const struct rmq_pulled *got,
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

/* Where to read on after an answer without messages; -1: nowhere. */
static long long move_on(const struct rmq_pulled *got, long long at)
{
    if (got->status == E_NO_MATCHED_MSG || got->status == E_OFFSET_ILLEGAL)
        return got->next > at ? got->next : -1;
    return -1;
}

static int scan_queue(struct reader *rd, const struct rmq_queue *q,
                      visitor visit, void *user)
{
    const struct rmq_api *api = &rd->self->api;
    long long at = 0, end = -1;
    struct rmq_pulled got;
    int r = MQM_OK;

    while (r == MQM_OK && at >= 0 && (end < 0 || at < end)) {
        got = api->Pull(rd->handle, q, "*", at, BATCH);
        if (got.status == E_BROKER_TIMEOUT)
            return no_answer(rd, q);
        if (end < 0 && got.max > 0)
            end = got.max;
        if (got.status != E_FOUND) {
            at = move_on(&got, at);
            continue;
        }
        r = visit_some(rd, &got, end, visit, user);
        if (r == MQM_OK && got.next <= at)
            r = no_answer(rd, q);
        at = got.next;
        api->ReleasePullResult(got);
    }
    return r;
}

int rmq_scan(void *self, const char *topic, visitor visit, void *user)
{
    struct reader rd;
    int r = begin_reader(&rd, self, topic);

    for (int i = 0; r == MQM_OK && i < rd.n; i++)
        r = scan_queue(&rd, &rd.queues[i], visit, user);
    end_reader(&rd);
    return r;
}

/* ------------------------------- probing -------------------------------- */

/* The name server knows the topic, and each queue's broker answers. */
int rmq_probe(void *p, const char *group, const char *topic)
{
    struct rmq *self = p;
    struct rmq_pulled got;
    struct reader rd;
    int r = MQM_OK;

    if (group)
        r = rmq_check_name(self->host, "group", group);
    if (r < 0)
        return r;
    r = begin_reader(&rd, self, topic);
    for (int i = 0; r == MQM_OK && i < rd.n; i++) {
        got = self->api.Pull(rd.handle, &rd.queues[i], "*", 0, 1);
        if (got.status == E_BROKER_TIMEOUT)
            r = no_answer(&rd, &rd.queues[i]);
        if (got.status == E_FOUND)
            self->api.ReleasePullResult(got);
    }
    end_reader(&rd);
    return r;
}
