/* SPDX-License-Identifier: MIT */
/* reader.c - the client's pull interface: no offsets are committed, nobody's
 * are touched.
 *
 * It takes no instance name, and two of one group in a process refuse each
 * other, so each has a slot, which names its group: mqm_scan_0 to mqm_scan_7.
 * They are the same in every process, so that a broker that makes no groups by
 * itself can be prepared.
 */
#include "rocketmq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SLOTS = 8 };

static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned slots; /* a bit each: in use */

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

void rmq_end_reader(struct rmq_reader *rd)
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

static int start_reader(struct rmq_reader *rd)
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

static int find_queues(struct rmq_reader *rd)
{
    int r = rd->self->api.FetchSubscriptionMessageQueues(rd->handle, rd->topic,
                                                         &rd->queues, &rd->n);

    if (!r && rd->n > 0)
        return MQM_OK;
    return rmq_no_route(rd->self, rd->topic);
}

int rmq_begin_reader(struct rmq_reader *rd, struct rmq *self, const char *topic)
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

int rmq_no_answer(const struct rmq_reader *rd, const struct rmq_queue *q)
{
    return rd->self->host->fail(rd->self->host, -EIO,
                                "broker '%s' does not answer for '%s', queue "
                                "%d",
                                q->broker, rd->topic, q->id);
}
