/* SPDX-License-Identifier: MIT */
/* run.c - see run.h.  run_claim.c has what comes before the store is
 * asked, run_end.c what happens after a handler. */
#include "run.h"
#include "error.h"
#include "run_claim.h"
#include "run_end.h"

#include <errno.h>
#include <string.h>

/* A holder is usually done long before its lease ends, and until then the lane
 * stands still. */
enum { HELD_MS = 100 };

/* A copy that cannot be told from others is nobody's on the new side: kept in
 * the parking topic, neither dropped nor worked on. */
static void no_id(struct run *r, struct item *i)
{
    int err = mqm__keep_body(r, i->w->topic, i->d);
    mqm__log(r->m, MQM_ERROR, "side '%s', topic '%s', %s: %s; its body %s",
             i->w->rq.side, i->w->topic->topic,
             i->d->msg.origin ? i->d->msg.origin : "?", i->w->why,
             err < 0 ? "could not be kept, the copy comes again"
                     : "is in the parking topic");
    mqm__put_off(i->d, err < 0 ? -EBADMSG : MQM_OK, RUN_RETRY_MS, i->w->why);
}

/* In its turn, as all that blocks a lane or is done for good: what is before it
 * in its lane may go, and what is rewound to is not done twice. */
static void not_asked(struct run *r, struct item *i)
{
    if (mqm__lane_blocked(r, i->d->lane))
        mqm__put_off(i->d, MQM_LATER, 0, "behind one that comes again");
    else if (i->no_id)
        no_id(r, i);
    if (i->d->result != MQM_OK)
        mqm__block_lane(r, i->d->lane);
}

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
    c->claimed_us = mqm__mono_us();
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
            answer_came(&c->item[k], c->claimed_us / 1000);
}

static void finish_ends(struct run *r, struct chunk *c)
{
    mqm__work_finish(r->m, &c->flight);
    mqm__conclude(r, c);
}

/* -------------------------------- working -------------------------------- */

static void learn_pace(struct run *r, int64_t us)
{
    int64_t old = atomic_load_explicit(r->pace_us, memory_order_relaxed);
    int64_t new = us > old ? us : old - (old - us) / 4;

    atomic_store_explicit(r->pace_us, new, memory_order_relaxed);
}

/* False if this process stood still, or the store did, or the keeper has handed
 * it back because it waited too long. */
static bool may_begin(struct item *i)
{
    int64_t age = mqm__mono_ms() - atomic_load(&i->leased_ms);
    int claimed = PHASE_CLAIMED;

    return age < i->w->topic->lease_ms / 2 &&
           atomic_compare_exchange_strong(&i->phase, &claimed, PHASE_WORKING);
}

static void call_handler(struct run *r, struct item *i)
{
    int64_t t0 = mqm__mono_us();
    int outcome;

    i->d->result = i->w->result;
    i->d->attempt = i->w->now.attempts;
    i->d->why = i->w->why;
    i->d->deadline_ms = mqm__now_ms() + i->w->topic->handler_ms;
    atomic_store(&i->deadline_ms, t0 / 1000 + i->w->topic->handler_ms);
    outcome = r->handler(r->user, i->d);
    mqm__handler_said(r, i, outcome);
    learn_pace(r, mqm__mono_us() - t0);
}

static int64_t when_again(const struct work *w)
{
    if (w->result != MQM_LATER || !w->retry_ms)
        return RUN_RETRY_MS;
    if (w->now.state == MQM_HELD && w->retry_ms > HELD_MS)
        return HELD_MS;
    return w->retry_ms;
}

/* A copy of the same message, earlier in this run, has had it, and its end is
 * on its way: how that went is known after the next exchange, not when its
 * lease would be over. */
static bool is_held_here(const struct run *r, const struct item *i)
{
    if (i->w->result != MQM_LATER || !i->w->now.token)
        return false;
    for (size_t c = 0; c < CHUNKS; c++)
        for (size_t k = 0; k < r->chunk[c].n; k++) {
            const struct item *other = &r->chunk[c].item[k];

            if (other->token == i->w->now.token &&
                atomic_load(&other->phase) == PHASE_ENDING)
                return true;
        }
    return false;
}

/* Not ours to work on: what becomes of the copy. */
static void not_ours(struct run *r, struct item *i)
{
    int result = i->w->result;

    mqm__audit(r->m, "acquire", &i->d->msg, i->w);
    if (result == MQM_SKIP) {
        mqm__put_off(i->d, MQM_OK, 0, i->w->why);
        return;
    }
    mqm__put_off(i->d, result, when_again(i->w), i->w->why);
    mqm__block_lane(r, i->d->lane);
}

/* Claimed.  False: it is handed back, and so is what follows. */
static bool ours(struct run *r, struct chunk *c, struct item *i)
{
    bool late = c->begun &&
                mqm__mono_us() - c->claimed_us > (CHUNKS + 1) * CHUNK_US;

    mqm__audit(r->m, "acquire", &i->d->msg, i->w);
    if (mqm__lane_blocked(r, i->d->lane)) {
        mqm__put_off(i->d, MQM_LATER, 0, "behind one that comes again");
        mqm__end(r, i, OP_HAND_BACK);
        return true;
    }
    if (late || atomic_load(&r->m->stopped))
        return false;
    if (!may_begin(i)) {
        mqm__put_off(i->d, MQM_LATER, 0, "its lease was used up unbegun");
        mqm__block_lane(r, i->d->lane);
        mqm__end(r, i, OP_HAND_BACK);
        return true;
    }
    c->begun++;
    if (i->w->result == MQM_DOUBT &&
        i->w->topic->in_doubt == MQM_DOUBT_PARK)
        mqm__park(r, i, OP_PARK, i->w->now.doubt == 1 ? WHY_FORGOTTEN
                                                      : WHY_LEASE);
    else
        call_handler(r, i);
    return true;
}

/* What was claimed and is not begun goes back, to be claimed anew. */
static void rewind_to(struct run *r, struct chunk *c, size_t k)
{
    r->at = c->from + k;
    c->rewound = true;
    for (size_t n = k; n < c->n; n++) {
        struct item *i = &c->item[n];

        mqm__put_off(i->d, -ECANCELED, 0, "not begun");
        if (atomic_load(&i->phase) != PHASE_IDLE)
            mqm__end(r, i, OP_HAND_BACK);
    }
}

static void work(struct run *r, struct chunk *c)
{
    for (size_t k = 0; k < c->n; k++) {
        struct item *i = &c->item[k];

        if (!i->asked) {
            not_asked(r, i);
            continue;
        }
        if (is_held_here(r, i)) {
            rewind_to(r, c, k);
            return;
        }
        if (atomic_load(&i->phase) == PHASE_IDLE) {
            not_ours(r, i);
        } else if (!ours(r, c, i)) {
            rewind_to(r, c, k);
            return;
        }
    }
}

/* ------------------------------- the whole ------------------------------- */

static struct chunk *next_chunk(struct run *r, const struct chunk *worked_on)
{
    struct chunk *c = &r->chunk[r->turn];

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

    rewind_to(r, c, 0);
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
    work(r, c);
    c->plain = only_successes(c);
    if (flies)
        post_ends(r, c);
}

static void go(struct run *r)
{
    struct chunk *old = NULL, *now = NULL, *next;

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
        if (old)
            finish_ends(r, old);
        if (next)
            finish_claims(r, next);
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
                    .d = (unsigned char *)d, .n = n};

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
