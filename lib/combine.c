/* SPDX-License-Identifier: MIT */
/* combine.c - see combine.h. */
#include "combine.h"
#include "combine_round.h"
#include "error.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { CROWD = 10, TURNS = 2 };

static bool can_begin(const struct mqm_store *store)
{
    return store->size >= offsetof(struct mqm_store, swap_end) +
                              sizeof(store->swap_end) &&
           store->swap_begin && store->swap_end;
}

int mqm__combine_init(struct combine *c, const struct mqm_store *store,
                      void *self)
{
    memset(c, 0, sizeof(*c));
    c->store = store;
    c->self = self;
    c->room = can_begin(store) ? MQM_STORE_BEGUN : 1;
    c->last = &c->first;
    if (pthread_mutex_init(&c->lock, NULL) != 0)
        return mqm__fail(-ENOMEM, "no mutex to be had");
    return 0;
}

void mqm__combine_destroy(struct combine *c)
{
    pthread_mutex_destroy(&c->lock);
}

/* -------------------------------- a round -------------------------------- */

/* All of these under the lock and by who leads; it is given up while the store
 * works. */

static int first_failure(const struct combine_call *call)
{
    for (size_t i = 0; i < call->n; i++)
        if (call->s[i]->result < 0)
            return call->s[i]->result;
    return MQM_OK;
}

/* A call is gone once it is woken, if it sleeps; once it is done, if it is
 * watched; else once it is done and the lock is free. */
static void wake(struct combine *c, struct combine_call *call)
{
    struct combine_call *next;

    pthread_mutex_unlock(&c->lock);
    for (; call; call = next) {
        next = call->next;
        sem_post(&call->wake);
    }
    pthread_mutex_lock(&c->lock);
}

static void settle(struct combine *c, struct combine_call **calls,
                   const char *story)
{
    struct combine_call *call, *next, *asleep = NULL;

    for (call = *calls; call; call = next) {
        next = call->next;
        call->result = first_failure(call);
        if (call->result < 0)
            snprintf(call->story, sizeof(call->story), "%s", story);
        if (call->sleeps) {
            call->sleeps = false;
            call->next = asleep;
            asleep = call;
        }
        if (call->watches)
            c->watching--;
        c->undone--;
        call->done = true;
    }
    *calls = NULL;
    if (asleep)
        wake(c, asleep);
}

static void settle_round(struct combine *c, struct combine_round *r, int result)
{
    c->sent -= r->count;
    settle(c, &r->calls,
           result < 0 ? mqm_errmsg() : "the store gave no answer");
}

static void settle_late(struct combine *c, struct combine_round *r)
{
    for (struct combine_call *call = r->late; call; call = call->next)
        for (size_t i = 0; i < call->n; i++)
            call->s[i]->result = COMBINE_LATE;
    settle(c, &r->late, "it waited for too long to be sent");
}

/* With up to so many calls. */
static void begin_round(struct combine *c, unsigned most)
{
    struct combine_round *r = &c->round[(c->oldest + c->flying) % c->room];
    int result = MQM_OK;

    mqm__round_take(c, r, most);
    if (r->n == 0) {
        settle_late(c, r);
        return;
    }
    c->flying++;
    c->sent += r->count;
    c->rounds++;
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < r->n; i++)
        r->s[i]->result = -EIO; /* what a store forgets to set is no grant */
    if (c->room > 1)
        result = c->store->swap_begin(c->self, r->s, r->n);
    pthread_mutex_lock(&c->lock);
    if (result != MQM_OK) {
        c->flying--;
        settle_round(c, r, result);
    }
    settle_late(c, r);
}

static void end_round(struct combine *c)
{
    struct combine_round *r = &c->round[c->oldest];
    int result;

    pthread_mutex_unlock(&c->lock);
    result = c->room > 1 ? c->store->swap_end(c->self)
                         : c->store->swap(c->self, r->s, r->n);
    pthread_mutex_lock(&c->lock);
    c->oldest = (c->oldest + 1) % c->room;
    c->flying--;
    settle_round(c, r, result);
}

/* A crowd goes in two halves: while the store has one, the answers of the other
 * are taken home and come back as calls. */
static void send_waiting(struct combine *c)
{
    unsigned n = c->undone - c->sent;

    if (n >= 2 * CROWD && c->flying == 0 && c->room > 1)
        begin_round(c, n / 2);
    if (c->first && c->flying < c->room)
        begin_round(c, UINT_MAX);
}

/* Those that were just woken, as long as more are on their way. */
static void let_come(struct combine *c)
{
    for (int i = 0; i < TURNS && c->flying > 0 && c->undone >= CROWD &&
                    c->undone - c->sent < c->sent; i++) {
        pthread_mutex_unlock(&c->lock);
        sched_yield();
        pthread_mutex_lock(&c->lock);
    }
}

static void lead_once(struct combine *c)
{
    let_come(c);
    send_waiting(c);
    if (c->flying)
        end_round(c);
}

/* --------------------------------- the lead ------------------------------ */

static struct combine_call *sleeper(struct combine_call *call)
{
    while (call && !call->sleeps)
        call = call->next;
    return call;
}

/* Who leads next, taken off its list if that is `alone`. */
static struct combine_call *heir(struct combine *c)
{
    struct combine_call *next = c->alone;

    if (next)
        c->alone = next->next;
    for (unsigned i = 0; !next && i < c->flying; i++)
        next = sleeper(c->round[(c->oldest + i) % c->room].calls);
    return next ? next : sleeper(c->first);
}

/* The heir sends what waits, when it runs: until then those that were just
 * woken may come again, and go with it.  Who watches needs no waking. */
static void hand_over(struct combine *c)
{
    struct combine_call *next = heir(c);

    if (!next && !c->watching && c->room > 1 && c->first &&
        c->flying < c->room) {
        send_waiting(c); /* of those who went away to work */
        next = heir(c);
    }
    if (!next) {
        c->leading = false;
        return;
    }
    next->sleeps = false;
    sem_post(&next->wake);
}

/* To sleep and be woken costs more than all the rest of a call.  Who lets the
 * others of a crowd run before often finds it done, and they come meanwhile and
 * go with the next round.  (Measured, docs/speed.md: half as much again with 64
 * threads; more turns gain nothing; fewer than the crowd only send too soon.)
 *
 * True: it is done, and the lock is given up.  Else it is held. */
static bool watch(struct combine *c, struct combine_call *call)
{
    if (call->done || !c->leading || c->undone < CROWD)
        return false;
    call->watches = true;
    c->watching++;
    pthread_mutex_unlock(&c->lock);
    for (int i = 0; i < TURNS && !call->done && c->leading; i++)
        sched_yield();
    if (call->done)
        return true;
    pthread_mutex_lock(&c->lock);
    if (!call->done) {
        call->watches = false;
        c->watching--;
    }
    return false;
}

/* Under the lock, which is given up. */
static void sleep_until_woken(struct combine *c, struct combine_call *call)
{
    call->sleeps = true;
    pthread_mutex_unlock(&c->lock);
    while (sem_wait(&call->wake) != 0)
        ;
}

/* ------------------------------- the calls ------------------------------- */

/* Under the lock from here on. */
static void enqueue(struct combine *c, struct combine_call *call,
                    struct mqm_swap **s, size_t n, int64_t until_ms)
{
    call->s = s;
    call->n = n;
    call->until_ms = until_ms;
    call->done = call->watches = call->sleeps = false;
    call->next = NULL;
    sem_init(&call->wake, 0, 0);
    pthread_mutex_lock(&c->lock);
    *c->last = call;
    c->last = &call->next;
    c->undone++;
}

void mqm__combine_post(struct combine *c, struct combine_call *call,
                       struct mqm_swap **s, size_t n, int64_t until_ms)
{
    enqueue(c, call, s, n, until_ms);
    if (c->room > 1 && !c->leading && c->flying < c->room) {
        c->leading = true;
        send_waiting(c);
        hand_over(c);
    }
    pthread_mutex_unlock(&c->lock);
}

/* Under the lock, which is given up.  Whoever is woken and not done leads. */
static void see_it_done(struct combine *c, struct combine_call *call)
{
    if (watch(c, call))
        return;
    if (!call->done && c->leading) {
        sleep_until_woken(c, call);
        if (call->done)
            return;
        pthread_mutex_lock(&c->lock);
    }
    if (!call->done) {
        c->leading = true;
        while (!call->done)
            lead_once(c);
        hand_over(c);
    }
    pthread_mutex_unlock(&c->lock);
}

/* What it came to.  The call is over. */
static int result_of(struct combine_call *call)
{
    sem_destroy(&call->wake);
    return call->result < 0 ? mqm__fail(call->result, "%s", call->story)
                            : call->result;
}

int mqm__combine_finish(struct combine *c, struct combine_call *call)
{
    pthread_mutex_lock(&c->lock);
    see_it_done(c, call);
    return result_of(call);
}

int mqm__combine_swap(struct combine *c, struct mqm_swap **s, size_t n,
                      int64_t until_ms)
{
    struct combine_call call;

    if (n == 0)
        return MQM_OK;
    enqueue(c, &call, s, n, until_ms);
    see_it_done(c, &call);
    return result_of(&call);
}

void mqm__combine_serve(struct combine *c)
{
    pthread_mutex_lock(&c->lock);
    if (!c->leading && (c->first || c->flying)) {
        c->leading = true;
        lead_once(c);
        hand_over(c);
    }
    pthread_mutex_unlock(&c->lock);
}

void mqm__combine_enter(struct combine *c)
{
    struct combine_call me;

    pthread_mutex_lock(&c->lock);
    if (c->leading) {
        sem_init(&me.wake, 0, 0);
        me.next = c->alone;
        c->alone = &me;
        sleep_until_woken(c, &me);
        sem_destroy(&me.wake);
        pthread_mutex_lock(&c->lock);
    }
    c->leading = true;
    while (c->flying)
        end_round(c);
    c->rounds++;
    pthread_mutex_unlock(&c->lock);
}

void mqm__combine_leave(struct combine *c)
{
    pthread_mutex_lock(&c->lock);
    hand_over(c);
    pthread_mutex_unlock(&c->lock);
}

uint64_t mqm__combine_rounds(struct combine *c)
{
    uint64_t n;

    pthread_mutex_lock(&c->lock);
    n = c->rounds;
    pthread_mutex_unlock(&c->lock);
    return n;
}
