/* SPDX-License-Identifier: MIT */
/* callback.c - what a callback of the client answers.
 *
 * The answer "again" is dear in concurrent mode: the client sends the whole
 * batch back (up to 32 copies, shown or not), each loses one of its 16 tries,
 * and a client older than 2.0 loses the copies for good if the sending back
 * fails, so it never gets that answer.  A copy that is not done waits here,
 * inside the callback, and is delivered again and again.
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

enum {
    SLICE_MS = 1000,       /* the longest wait between two looks */
    PER_COPY_MS = 3000,    /* for its broker to answer           */
    ALL_COPIES_MS = 15000, /* to be back                         */
    ASK_AGAIN_MS = 200,
};

static void leave(struct rmq_consumer *k)
{
    pthread_mutex_lock(&k->lock);
    k->running--;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

static int phase_of(struct rmq_consumer *k)
{
    int phase;

    pthread_mutex_lock(&k->lock);
    phase = k->phase;
    pthread_mutex_unlock(&k->lock);
    return phase;
}

static int is_open(struct rmq_consumer *k)
{
    return phase_of(k) == RMQ_OPEN;
}

int rmq_is_lossy(const struct rmq *self)
{
    return !self->sends_back && !self->set.orderly;
}

int rmq_stays(struct rmq_consumer *k)
{
    int yes;

    pthread_mutex_lock(&k->lock);
    yes = k->stays;
    pthread_mutex_unlock(&k->lock);
    return yes;
}

static void set_stays(struct rmq_consumer *k)
{
    pthread_mutex_lock(&k->lock);
    k->stays = 1;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

/* A broker may be busy, or just come back.  0, or -1: it takes too long, or
 * another copy stays anyhow. */
static int ask_until(int64_t end_ms,
                     int (*ask)(const struct rmq_consumer *k,
                                struct CMessageExt *ext),
                     struct rmq_consumer *k, struct CMessageExt *ext)
{
    const int64_t own_end_ms = rmq_now_ms() + PER_COPY_MS;

    if (end_ms > own_end_ms)
        end_ms = own_end_ms;
    while (!rmq_stays(k) && rmq_now_ms() < end_ms) {
        if (ask(k, ext) == 0)
            return 0;
        rmq_nap(ASK_AGAIN_MS);
    }
    return -1;
}

static int may_go_back(struct rmq_consumer *k, struct CMessageExt *ext)
{
    const struct rmq *self = k->self;

    if (rmq_is_lossy(self))
        return ask_until(INT64_MAX, rmq_find_copy, k, ext) == 0;
    return self->set.orderly ||
           self->api.GetMessageReconsumeTimes(ext) < RMQ_TRIES_MAX;
}

/* The answer, or -1: nobody knows whether the broker has it. */
static int go_back(struct rmq_consumer *k, struct CMessageExt *ext,
                   int64_t release_ms)
{
    if (!rmq_is_lossy(k->self))
        return E_RECONSUME_LATER;
    if (ask_until(release_ms + ALL_COPIES_MS, rmq_send_back, k, ext) < 0)
        return -1;
    rmq_let_it_update(k->self); /* its shutdown goes on with the last of us */
    return E_CONSUME_SUCCESS;
}

static void wait_for_release(struct rmq_consumer *k)
{
    struct timespec until;

    until.tv_sec = (time_t)(k->release_ms / 1000);
    until.tv_nsec = (long)(k->release_ms % 1000) * 1000000;
    if (k->phase == RMQ_ENDING && !k->stays)
        pthread_cond_timedwait(&k->changed, &k->lock, &until);
    else
        pthread_cond_wait(&k->changed, &k->lock);
}

static int is_released(const struct rmq_consumer *k)
{
    return k->phase == RMQ_ENDING && !k->stays &&
           rmq_now_ms() >= k->release_ms;
}

static void wait_for_close(struct rmq_consumer *k)
{
    pthread_mutex_lock(&k->lock);
    while (k->phase == RMQ_OPEN)
        pthread_cond_wait(&k->changed, &k->lock);
    pthread_mutex_unlock(&k->lock);
}

/* Meanwhile the adapter itself may go: nothing but *k is touched.  When it was
 * released. */
static int64_t rest(struct rmq_consumer *k)
{
    int64_t release_ms;

    pthread_mutex_lock(&k->lock);
    k->held++;
    pthread_cond_broadcast(&k->changed);
    while (!is_released(k))
        wait_for_release(k);
    k->held--;
    release_ms = k->release_ms;
    pthread_mutex_unlock(&k->lock);
    return release_ms;
}

/* Stay here until close() has decided.  Who comes later than CLOSING asks
 * nothing first: if it is LEFT, the adapter may be gone. */
static int hold(struct rmq_consumer *k, struct CMessageExt *ext)
{
    int answer;

    wait_for_close(k);
    if (phase_of(k) == RMQ_CLOSING && !may_go_back(k, ext))
        set_stays(k);
    for (;;) {
        answer = go_back(k, ext, rest(k));
        if (answer >= 0)
            break;
        set_stays(k);
    }
    leave(k);
    return answer;
}

static int64_t slice(const struct rmq *self, int64_t retry_ms)
{
    /* In orderly mode the client itself takes a tenth of a second. */
    int64_t ms = self->set.orderly ? retry_ms - 100 : retry_ms;

    if (ms < 1)
        return 1;
    return ms > SLICE_MS ? SLICE_MS : ms;
}

static int may_send_back(const struct rmq *self, struct CMessageExt *ext,
                         int64_t waited_ms)
{
    if (self->set.orderly)
        return 1;
    return self->sends_back && waited_ms >= self->set.wait_ms &&
           self->api.GetMessageReconsumeTimes(ext) == 0;
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
static int consume(struct rmq_consumer *k, struct CMessageExt *ext, int *answer)
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
        if (may_send_back(k->self, ext, rmq_now_ms() - began))
            return 1;
    }
    return 0;
}

int rmq_on_message(struct CPushConsumer *handle, struct CMessageExt *ext)
{
    struct rmq_consumer *k = rmq_enter(handle);
    int answer = E_RECONSUME_LATER;

    if (!k) /* it was shut down: no client calls then */
        return E_RECONSUME_LATER;
    if (!consume(k, ext, &answer))
        return hold(k, ext);
    leave(k);
    return answer;
}
