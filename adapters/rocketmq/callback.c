/* SPDX-License-Identifier: MIT */
/* callback.c - what a callback of the client answers.
 *
 * The answer "again" is dear in concurrent mode: the client sends the whole
 * batch back (up to 32 copies, shown or not), each loses one of its 16 tries,
 * and a client older than 2.0 loses the copies for good if the sending back
 * fails.  So a copy that is not done waits here, inside the callback, and is
 * delivered again and again.
 *
 *   concurrent, from 2.0 on   after wait_ms sent back, but only if it comes
 *                             from the topic itself: in a batch out of the
 *                             retry topic may lie copies with few tries left
 *   concurrent, older         never sent back while running
 *   orderly                   "again" after at most a second: only this copy
 *                             comes again, at once, in order, and no try is
 *                             counted
 *
 * Once the program stops nothing is answered until close(), so that no more is
 * sent back than what is at hand then; see ending.c.
 */
#include "rocketmq.h"

#include <errno.h>
#include <time.h>

enum { SLICE_MS = 1000 }; /* the longest wait between two looks */

static void leave(struct rmq_consumer *k)
{
    pthread_mutex_lock(&k->lock);
    k->running--;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

static int is_open(struct rmq_consumer *k)
{
    int open;

    pthread_mutex_lock(&k->lock);
    open = k->phase == RMQ_OPEN;
    pthread_mutex_unlock(&k->lock);
    return open;
}

static void wait_for_release(struct rmq_consumer *k)
{
    struct timespec until;

    while (k->phase != RMQ_ENDING) /* RMQ_LEFT: for ever */
        pthread_cond_wait(&k->changed, &k->lock);
    until.tv_sec = (time_t)(k->release_ms / 1000);
    until.tv_nsec = (long)(k->release_ms % 1000) * 1000000;
    while (rmq_now_ms() < k->release_ms)
        pthread_cond_timedwait(&k->changed, &k->lock, &until);
}

/* Stay here until close() has decided.  From here on the adapter itself may be
 * gone: nothing but *k is touched. */
static void hold(struct rmq_consumer *k, int tries)
{
    pthread_mutex_lock(&k->lock);
    k->held++;
    if (tries > k->most_tries)
        k->most_tries = tries;
    pthread_cond_broadcast(&k->changed);
    wait_for_release(k);
    k->held--;
    k->running--;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

static int64_t slice(const struct rmq *self, int64_t retry_ms)
{
    /* In orderly mode the client itself takes a tenth of a second. */
    int64_t ms = self->set.orderly ? retry_ms - 100 : retry_ms;

    if (ms < 1)
        return 1;
    return ms > SLICE_MS ? SLICE_MS : ms;
}

static int may_send_back(const struct rmq *self, int tries, int64_t waited_ms)
{
    if (self->set.orderly)
        return 1;
    return self->sends_back && tries == 0 && waited_ms >= self->set.wait_ms;
}

static void deliver(struct rmq_consumer *k, struct CMessageExt *ext,
                    struct mqm_delivery *d)
{
    const struct mqm_host *host = k->self->host;
    char origin[RMQ_ORIGIN_MAX];

    if (rmq_fill(k->self, d, k->group, ext, origin) == MQM_OK) {
        host->deliver(host, d, 1);
        return;
    }
    host->log(host, MQM_ERROR,
              "%s %s waits: its body is empty or cut off by the client "
              "library, which knows no NUL bytes in bodies and only zlib; use "
              "one with GetMessageBodyLength",
              d->msg.topic, origin);
    d->result = MQM_LATER;
    d->retry_ms = SLICE_MS;
}

/* 1: answered, *answer is set.  0: to be held. */
static int consume(struct rmq_consumer *k, struct CMessageExt *ext, int tries,
                   int *answer)
{
    int64_t began = rmq_now_ms();
    struct mqm_delivery d;

    while (is_open(k)) {
        const struct mqm_host *host = k->self->host;

        deliver(k, ext, &d);
        *answer = E_CONSUME_SUCCESS;
        if (d.result == MQM_OK)
            return 1;
        if (host->wait(host, slice(k->self, d.retry_ms)) < 0)
            return 0;
        *answer = E_RECONSUME_LATER;
        if (may_send_back(k->self, tries, rmq_now_ms() - began))
            return 1;
    }
    return 0;
}

int rmq_on_message(struct CPushConsumer *handle, struct CMessageExt *ext)
{
    struct rmq_consumer *k = rmq_enter(handle);
    int answer = E_RECONSUME_LATER, tries;

    if (!k)
        return E_RECONSUME_LATER;
    /* Who comes in another phase than OPEN may find the adapter gone. */
    tries = is_open(k) ? k->self->api.GetMessageReconsumeTimes(ext) : 0;
    if (consume(k, ext, tries, &answer)) {
        leave(k);
        return answer;
    }
    hold(k, tries);
    return E_RECONSUME_LATER;
}
