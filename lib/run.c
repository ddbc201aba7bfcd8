/* SPDX-License-Identifier: MIT */
/* run.c - see run.h.  run_claim.c has what comes before the store is asked,
 * run_work.c the work, run_end.c what happens after a handler. */
#include "run.h"
#include "error.h"
#include "run_claim.h"
#include "run_end.h"
#include "run_work.h"

#include <errno.h>
#include <string.h>

static size_t unfinished(struct chunk *c, struct work **w)
{
    size_t n = 0;

    for (size_t k = 0; k < c->n; k++)
        if (!c->item[k].w->finished)
            w[n++] = c->item[k].w;
    return n;
}

static void answer_came(struct item *i, int64_t asked_ms)
{
    if (i->w->result != MQM_OK && i->w->result != MQM_DOUBT)
        return;
    i->token = i->w->now.token;
    i->d->token = i->token;
    /* Of a claim whose first answer was lost the lease began then. */
    atomic_store(&i->leased_ms, asked_ms - i->w->now.age_ms);
    atomic_store(&i->deadline_ms, asked_ms + i->w->topic->handler_ms);
    atomic_store(&i->phase, PHASE_CLAIMED);
}

static void post(struct run *r, struct chunk *c)
{
    c->flight.n = unfinished(c, c->flight.w);
    mqm__work_post(r->m, &c->flight);
}

static void post_claims(struct run *r, struct chunk *c)
{
    c->asked_ms = mqm__mono_ms();
    c->worked_us = r->worked_us;
    c->told = false;
    post(r, c);
}

static void post_ends(struct run *r, struct chunk *c)
{
    if (c->told)
        return;
    c->told = true;
    post(r, c);
}

/* An end that is no success looks first and then writes.  Another copy of its
 * message is claimed after that, not in between. */
static bool only_successes(const struct chunk *c)
{
    for (size_t k = 0; k < c->n; k++)
        if (!c->item[k].w->finished && c->item[k].w->rq.op != OP_SUCCESS)
            return false;
    return true;
}

static void finish_claims(struct run *r, struct chunk *c)
{
    mqm__work_finish(r->m, &c->flight);
    for (size_t k = 0; k < c->n; k++)
        if (c->item[k].asked)
            answer_came(&c->item[k], c->asked_ms);
}

static void finish_ends(struct run *r, struct chunk *c)
{
    mqm__work_finish(r->m, &c->flight);
    mqm__conclude(r, c);
}

/* ------------------------------- the whole ------------------------------- */

/* How long work stood still for the store, the mean of late; chunks last as
 * long, within limits. */
static void set_span(struct run *r)
{
    int64_t wait = atomic_load_explicit(&r->m->wait_us, memory_order_relaxed);

    r->span_us = wait < SPAN_US ? SPAN_US : wait > SPAN_MAX_US ? SPAN_MAX_US
                                                               : wait;
}

static void learn_wait(struct run *r, int64_t us)
{
    int64_t wait = atomic_load_explicit(&r->m->wait_us, memory_order_relaxed);

    atomic_store_explicit(&r->m->wait_us, wait + (us - wait) / 4,
                          memory_order_relaxed);
    set_span(r);
}

/* The handler, or the store, became slow after so many were polled: the broker,
 * which takes who does not poll for dead, has waited for long enough. */
static void leave_rest(struct run *r)
{
    if (!r->side || mqm__mono_us() - r->began_us < LONG_US ||
        atomic_load(&r->m->stopped))
        return;
    for (; r->at < r->n; r->at++)
        mqm__put_off(mqm__nth(r, r->at), MQM_LATER, 0, "its batch took long");
}

static struct chunk *next_chunk(struct run *r, const struct chunk *worked_on)
{
    struct chunk *c = &r->chunk[r->turn];

    leave_rest(r);
    if (r->at >= r->n || atomic_load(&r->m->stopped) ||
        (worked_on && !mqm__claims_ahead(r)))
        return NULL;
    r->turn = (r->turn + 1) % CHUNKS;
    mqm__fill(r, c);
    return c;
}

/* What was claimed ahead of a chunk that was not finished goes back, too. */
static void give_back(struct run *r, struct chunk *c)
{
    size_t at = r->at;

    mqm__rewind_to(r, c, 0);
    r->at = at;
    post_ends(r, c);
    finish_ends(r, c);
}

/* Ends that would only wait for somebody to send them go with the claims of the
 * chunk after the next. */
static void work_and_tell(struct run *r, struct chunk *c)
{
    bool flies = mqm__combine_flies(&r->m->combine);

    if (!flies)
        mqm__posted(r->m);
    mqm__work_on(r, c);
    c->plain = only_successes(c);
    if (flies)
        post_ends(r, c);
}

static void go(struct run *r)
{
    struct chunk *old = NULL, *now = NULL, *next;
    int64_t asked_us;

    set_span(r);
    for (;;) {
        if (old && !old->plain) {
            post_ends(r, old);
            finish_ends(r, old);
            old = NULL;
        }
        next = next_chunk(r, now);
        if (!old && !now && !next)
            return;
        if (old)
            post_ends(r, old);
        if (next)
            post_claims(r, next);
        if (now)
            work_and_tell(r, now);
        asked_us = mqm__mono_us();
        if (old)
            finish_ends(r, old);
        if (next)
            finish_claims(r, next);
        if (old || next)
            learn_wait(r, mqm__mono_us() - asked_us);
        if (now && now->rewound && next) {
            give_back(r, next);
            next = NULL;
        }
        old = now;
        now = next;
    }
}

static void enlist(struct run *r)
{
    pthread_mutex_lock(&r->m->lock);
    r->next = r->m->runs;
    r->m->runs = r;
    pthread_mutex_unlock(&r->m->lock);
}

static void delist(struct run *r)
{
    struct run **p;

    pthread_mutex_lock(&r->m->lock);
    for (p = &r->m->runs; *p != r; p = &(*p)->next)
        ;
    *p = r->next;
    mqm__scratch_back(r->m, r->scratch); /* the keeper looks into it no more */
    pthread_mutex_unlock(&r->m->lock);
}

static int first_other(const struct run *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (mqm__nth(r, i)->result != MQM_OK)
            return mqm__nth(r, i)->result;
    return MQM_OK;
}

int mqm__run(mqm *m, struct side *side, struct mqm_delivery *d, size_t n,
             mqm_handler handler, void *user)
{
    struct run r = {.m = m, .side = side, .handler = handler, .user = user,
                    .d = (unsigned char *)d, .n = n,
                    .began_us = mqm__mono_us()};

    if (n == 0)
        return MQM_OK;
    r.stride = d->size;
    for (size_t i = 0; i < n; i++)
        mqm__put_off(mqm__nth(&r, i), -ECANCELED, 0, "stopped");
    r.pace_us = side ? &side->pace_us : &m->pace_us;
    if (mqm__take_room(&r) < 0)
        return -ENOMEM;
    r.snapshot = mqm__snapshot(m);
    enlist(&r);
    go(&r);
    delist(&r); /* the last touch of m, see mqm_close() */
    mqm__snapshot_put(r.snapshot);
    for (size_t i = 0; i < n; i++)
        mqm__nth(&r, i)->call = NULL;
    return first_other(&r) == -ECANCELED
               ? mqm__fail(-ECANCELED, "mqm_stop() was called")
               : first_other(&r);
}

/* Who looks at the results alone must not take one for an acknowledgement. */
static int refused(struct mqm_delivery *d, size_t n, int err)
{
    unsigned char *at = (unsigned char *)d;

    for (size_t i = 0; d && d->size >= sizeof(*d) && i < n; i++)
        mqm__put_off((struct mqm_delivery *)(at + i * d->size), err, 0,
                     "refused");
    return err;
}

int mqm_run(mqm *m, struct mqm_delivery *d, size_t n, mqm_handler handler,
            void *user)
{
    int r = mqm__enter(m);

    if (r == 0 && ((!d && n) || !handler))
        r = mqm__fail(-EINVAL, "mqm_run() needs %s",
                      handler ? "deliveries" : "a handler");
    else if (r == 0 && n && d->size < sizeof(*d))
        r = mqm__fail(-EINVAL, "a delivery says its size is %zu bytes; set "
                      "it up with MQM_DELIVERY_INIT", d->size);
    return r < 0 ? refused(d, n, r) : mqm__run(m, NULL, d, n, handler, user);
}
