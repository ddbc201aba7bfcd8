/* SPDX-License-Identifier: MIT */
/* ending.c - the client's consumers and its producer end.
 *
 * No answer must lose a copy, and the client waits for its callbacks, so all of
 * them are first brought to a halt (CLOSING), then asked whether "again" is a
 * safe answer:
 *
 *   orderly                  yes, it stays within the client
 *   concurrent, from 2.0 on  yes, unless a copy would lose its last tries
 *   concurrent, older        if the topics' brokers answer now
 *
 * Safe: ENDING, the client is shut down, and what is held is sent back a moment
 * after that began, when the client hands out nothing more.  Not safe: LEFT,
 * the callbacks stay where they are and the consumer is not shut down: the
 * broker still has the copies and brings them once the process has ended.
 *
 * All of one instance share the client's connections, which end with the last
 * of them.  Until then an answer to a pull may still come in, for a consumer
 * that was shut down (seen in 1.2: abort, in its freed memory).  So nothing is
 * destroyed before everything is shut down; beside one that is left, nothing.
 */
#include "rocketmq.h"

#include <time.h>

enum {
    SETTLE_MS = 100,  /* for the client to stop handing out */
    ANSWER_MS = 3000, /* so long a broker is asked again    */
    ASK_AGAIN_MS = 200,
    /* The client looks for changed routes so long after its beginning, and so
     * often from then on; it is left alone for some time around that. */
    FIRST_UPDATE_MS = 3000,
    UPDATE_MS = 30000,
    BEFORE_MS = 500,
    AFTER_MS = 1200,
};

static void nap(int64_t ms)
{
    const struct timespec t = {(time_t)(ms / 1000),
                               (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL);
}

/* A client that is shut down while it takes over a changed route aborts the
 * program (1.2: a thread is interrupted in a destructor).  A route has changed
 * when a broker came back, so that is not rare. */
static void let_it_update(const struct rmq *self)
{
    int64_t since_ms =
        rmq_now_ms() - self->began_ms - FIRST_UPDATE_MS + BEFORE_MS;

    if (since_ms >= 0 && since_ms % UPDATE_MS < BEFORE_MS + AFTER_MS)
        nap(BEFORE_MS + AFTER_MS - since_ms % UPDATE_MS);
}

static void set_phase(struct rmq_consumer *k, int phase)
{
    pthread_mutex_lock(&k->lock);
    k->phase = phase;
    k->release_ms = rmq_now_ms() + SETTLE_MS;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

static int brokers_answer(struct rmq_consumer *k)
{
    for (struct rmq_topic *t = k->topics; t; t = t->next)
        if (rmq_probe(k->self, k->group, t->name) < 0)
            return 0;
    return 1;
}

/* The client says so, too, of a broker that it is just connecting to. */
static int brokers_answer_soon(struct rmq_consumer *k)
{
    const int64_t end_ms = rmq_now_ms() + ANSWER_MS;

    while (!brokers_answer(k)) {
        if (rmq_now_ms() >= end_ms)
            return 0;
        nap(ASK_AGAIN_MS);
    }
    return 1;
}

/* Until the rest is held. */
static void wait_for_callbacks(struct rmq_consumer *k)
{
    pthread_mutex_lock(&k->lock);
    while (k->running > k->held)
        pthread_cond_wait(&k->changed, &k->lock);
    pthread_mutex_unlock(&k->lock);
}

/* The client has waited for them, as long as it does what it should. */
static void wait_for_the_last(struct rmq_consumer *k)
{
    pthread_mutex_lock(&k->lock);
    while (k->running > 0)
        pthread_cond_wait(&k->changed, &k->lock);
    pthread_mutex_unlock(&k->lock);
}

static int may_send_back(struct rmq_consumer *k)
{
    int tries;

    pthread_mutex_lock(&k->lock);
    tries = k->most_tries;
    pthread_mutex_unlock(&k->lock);
    if (k->self->set.orderly)
        return 1;
    return k->self->sends_back ? tries < RMQ_TRIES_MAX
                               : brokers_answer_soon(k);
}

static void shut_down(struct rmq_consumer *k)
{
    let_it_update(k->self);
    set_phase(k, RMQ_ENDING); /* not before: it would hand out, and get back */
    k->self->api.ShutdownPushConsumer(k->handle);
    wait_for_the_last(k);
}

static void leave_alone(struct rmq_consumer *k)
{
    const struct mqm_host *host = k->self->host;

    host->log(host, MQM_WARN,
              "the consumer of group '%s' is not shut down, so that no copy in "
              "it is lost (%s): the broker brings them again once this process "
              "has ended",
              k->group,
              k->self->sends_back ? "their tries are nearly used up"
                                  : "a broker does not answer");
    set_phase(k, RMQ_LEFT);
}

static void halt(struct rmq *self)
{
    for (struct rmq_consumer *k = self->consumers; k; k = k->next)
        set_phase(k, RMQ_CLOSING);
    for (struct rmq_consumer *k = self->consumers; k; k = k->next)
        wait_for_callbacks(k);
}

/* How many are left alone. */
static int end_consumers(struct rmq *self)
{
    int left = 0;

    for (struct rmq_consumer *k = self->consumers; k; k = k->next) {
        if (!k->handle)
            continue;
        if (may_send_back(k)) {
            shut_down(k);
        } else {
            leave_alone(k);
            left++;
        }
    }
    return left;
}

static void forget_consumers(struct rmq *self, int destroy)
{
    struct rmq_consumer *k, *next;

    for (k = self->consumers; k; k = next) {
        struct CPushConsumer *handle = k->handle;

        next = k->next;
        if (k->phase == RMQ_LEFT)
            continue;
        rmq_forget(k);
        if (handle && destroy)
            rmq_destroy(self, handle);
        rmq_free_consumer(k);
    }
    self->consumers = NULL;
}

/* Callbacks may publish until they are held. */
void rmq_end_clients(struct rmq *self)
{
    struct CProducer *producer;
    int left;

    halt(self);
    producer = self->producer;
    if (producer) {
        let_it_update(self);
        self->api.ShutdownProducer(producer);
    }
    left = end_consumers(self);
    if (producer && !left)
        self->api.DestroyProducer(producer);
    self->producer = NULL;
    forget_consumers(self, !left);
}
