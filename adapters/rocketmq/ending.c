/* SPDX-License-Identifier: MIT */
/* ending.c - the client's consumers and its producer end.
 *
 * No answer must lose a copy, and the client waits for its callbacks, so all of
 * them are first brought to a halt (CLOSING), where each finds out whether its
 * copy can go back to the broker:
 *
 *   orderly                  yes, it stays within the client
 *   concurrent, from 2.0 on  yes, unless the copy would lose its last tries
 *   concurrent, older        if the broker that has the copy answers
 *
 * If so: ENDING, the client is shut down, and what is held goes back a moment
 * after that began, when the client hands out nothing more.  If not, or if a
 * copy then cannot be sent back after all: LEFT, the callbacks stay where they
 * are and the shutdown does not begin, or does not end: the broker still has
 * the copies and brings them once the process has ended.
 *
 * All of one instance share the client's connections, which end with the last
 * of them.  Until then an answer to a pull may still come in, for a consumer
 * that was shut down (seen in 1.2: abort, in its freed memory).  So nothing is
 * destroyed before everything is shut down; beside one that is left, nothing.
 */
#include "rocketmq.h"

enum {
    SETTLE_MS = 100, /* for the client to stop handing out */
    /* The client looks for changed routes so long after its beginning, and so
     * often from then on; it is left alone for some time around that. */
    FIRST_UPDATE_MS = 3000,
    UPDATE_MS = 30000,
    BEFORE_MS = 500,
    AFTER_MS = 1200,
};

/* A client that is shut down while it takes over a changed route aborts the
 * program (1.2: a thread is interrupted in a destructor).  A route has changed
 * when a broker came back, so that is not rare. */
void rmq_let_it_update(const struct rmq *self)
{
    int64_t since_ms =
        rmq_now_ms() - self->began_ms - FIRST_UPDATE_MS + BEFORE_MS;

    if (since_ms >= 0 && since_ms % UPDATE_MS < BEFORE_MS + AFTER_MS)
        rmq_nap(BEFORE_MS + AFTER_MS - since_ms % UPDATE_MS);
}

static void set_phase(struct rmq_consumer *k, int phase)
{
    pthread_mutex_lock(&k->lock);
    k->phase = phase;
    k->release_ms = rmq_now_ms() + SETTLE_MS;
    pthread_cond_broadcast(&k->changed);
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

/* Until the rest is at rest. */
static void wait_for_callbacks(struct rmq_consumer *k)
{
    pthread_mutex_lock(&k->lock);
    while (k->running > k->held)
        pthread_cond_wait(&k->changed, &k->lock);
    pthread_mutex_unlock(&k->lock);
}

/* If a copy stays, the client waits for it, and this thread with it. */
static void *call_shut_down(void *user)
{
    struct rmq_consumer *k = user;

    k->shut_down(k->handle);
    pthread_mutex_lock(&k->lock);
    k->was_shut_down = 1;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

static int shut_down_lossy(struct rmq_consumer *k)
{
    pthread_t thread;
    int ended;

    k->shut_down = k->self->api.ShutdownPushConsumer;
    if (pthread_create(&thread, NULL, call_shut_down, k))
        return 0;
    /* In between two copies of a batch nothing runs either. */
    pthread_mutex_lock(&k->lock);
    while (!k->stays && (!k->was_shut_down || k->running > 0))
        pthread_cond_wait(&k->changed, &k->lock);
    ended = !k->stays;
    pthread_mutex_unlock(&k->lock);
    if (ended)
        pthread_join(thread, NULL);
    else
        pthread_detach(thread);
    return ended;
}

/* 1: to its end. */
static int shut_down(struct rmq_consumer *k)
{
    rmq_let_it_update(k->self);
    set_phase(k, RMQ_ENDING); /* not before: it would hand out, and get back */
    if (rmq_is_lossy(k->self))
        return shut_down_lossy(k);
    k->self->api.ShutdownPushConsumer(k->handle);
    wait_for_the_last(k);
    return 1;
}

static void leave_alone(struct rmq_consumer *k)
{
    const struct mqm_host *host = k->self->host;

    host->log(host, MQM_WARN,
              "the consumer of group '%s' is not shut down, so that no copy in "
              "it is lost (%s): the broker brings them again once this process "
              "has ended, by _exit() or a signal",
              k->group,
              k->self->sends_back ? "their tries are nearly used up"
                                  : "a broker does not take them back");
    set_phase(k, RMQ_LEFT);
    wait_for_callbacks(k); /* some may still be asking */
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
        if (!rmq_stays(k) && shut_down(k))
            continue;
        leave_alone(k);
        left++;
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
        rmq_let_it_update(self);
        self->api.ShutdownProducer(producer);
    }
    left = end_consumers(self);
    if (producer && !left)
        self->api.DestroyProducer(producer);
    self->producer = NULL;
    forget_consumers(self, !left);
}
