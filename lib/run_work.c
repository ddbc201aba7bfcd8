/* SPDX-License-Identifier: MIT */
/* run_work.c - see run_work.h. */
#include "run_work.h"
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

/* The mean of late: one that takes long once, since a busy machine let it wait,
 * must not make chunks of one for the next dozen.  If all take longer from now
 * on, what was claimed too much is handed back once. */
static void learn_pace(struct run *r, int64_t us)
{
    int64_t old = atomic_load_explicit(r->pace_us, memory_order_relaxed);
    int64_t new = old ? old + (us - old) / 4 : us;

    atomic_store_explicit(r->pace_us, new, memory_order_relaxed);
}

/* False if this process stood still, or the store did, or the keeper has handed
 * it back because it waited too long. */
static bool may_begin(struct item *i, int64_t now_us)
{
    int64_t age = now_us / 1000 - atomic_load(&i->leased_ms);
    int claimed = PHASE_CLAIMED;

    return age < i->w->topic->lease_ms / 2 &&
           atomic_compare_exchange_strong(&i->phase, &claimed, PHASE_WORKING);
}

static void call_handler(struct run *r, struct item *i, int64_t now_us)
{
    int64_t until_us = now_us + i->w->topic->handler_ms * 1000;
    int outcome;

    i->d->result = i->w->result;
    i->d->attempt = i->w->now.attempts;
    i->d->why = i->w->why;
    i->d->deadline_ms = (until_us + r->wall_ahead_us) / 1000;
    atomic_store(&i->deadline_ms, until_us / 1000);
    outcome = r->handler(r->user, i->d);
    mqm__handler_said(r, i, outcome);
    learn_pace(r, mqm__mono_us() - now_us);
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

/* Given to the other side, whose copy nobody has begun for a lease's time: what
 * is at work changes its record all the time. */
static bool waits_long_for_others(const struct item *i)
{
    const struct record *now = &i->w->now;

    return i->w->result == MQM_LATER && now->reassigned &&
           strcmp(now->side, i->w->rq.side) != 0 &&
           now->age_ms >= i->w->topic->lease_ms &&
           !(i->d->flags & MQM_FROM_PARKING);
}

/* The copy of what was given to the other side stays until that has done it,
 * since it may be the only one.  Meanwhile it is in the way of all behind it,
 * or keeps one of RocketMQ's threads; and over there others may be in the way
 * for this side: where many were given away, each side would wait for the other
 * for ever.  So it goes to the parking topic, where a rescue finds it. */
static bool moved(struct run *r, struct item *i)
{
    if (!waits_long_for_others(i) ||
        mqm__keep_body(r, i->w->topic, i->d) < 0)
        return false;
    mqm__log(r->m, MQM_INFO, "side '%s', topic '%s', %s: belongs to the other "
             "side, which has not done it; its body is in the parking topic",
             i->w->rq.side, i->w->topic->topic,
             i->d->msg.origin ? i->d->msg.origin : "?");
    mqm__put_off(i->d, MQM_OK, 0, "kept for the other side");
    return true;
}

/* Not ours to work on: what becomes of the copy. */
static void not_ours(struct run *r, struct item *i)
{
    int result = i->w->result;

    mqm__audit(r->m, "acquire", &i->d->msg, i->w);
    if (!mqm__lane_blocked(r, i->d->lane) && moved(r, i))
        return;
    if (result == MQM_SKIP) {
        mqm__put_off(i->d, MQM_OK, 0, i->w->why);
        return;
    }
    mqm__put_off(i->d, result, when_again(i->w), i->w->why);
    mqm__block_lane(r, i->d->lane);
}

/* The program takes longer than it was thought to, so what was claimed is worth
 * more to others.  Only its work counts, since the claims were posted: a store
 * that is slow would be asked for the same again.  What that costs of the lease
 * may_begin() sees. */
static bool is_late(const struct run *r, const struct chunk *c, int64_t now_us)
{
    int64_t us = r->worked_us + now_us - r->working_us - c->worked_us;

    return c->begun && us > LATE * r->span_us;
}

/* Claimed.  False: it is handed back, and so is what follows. */
static bool ours(struct run *r, struct chunk *c, struct item *i)
{
    int64_t now_us;

    mqm__audit(r->m, "acquire", &i->d->msg, i->w);
    if (mqm__lane_blocked(r, i->d->lane)) {
        mqm__put_off(i->d, MQM_LATER, 0, "behind one that comes again");
        mqm__end(r, i, OP_HAND_BACK);
        return true;
    }
    now_us = mqm__mono_us();
    if (is_late(r, c, now_us) || atomic_load(&r->m->stopped))
        return false;
    if (!may_begin(i, now_us)) {
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
        call_handler(r, i, now_us);
    return true;
}

/* What was claimed and is not begun goes back, to be claimed anew. */
void mqm__rewind_to(struct run *r, struct chunk *c, size_t k)
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
            mqm__rewind_to(r, c, k);
            return;
        }
        if (atomic_load(&i->phase) == PHASE_IDLE) {
            not_ours(r, i);
        } else if (!ours(r, c, i)) {
            mqm__rewind_to(r, c, k);
            return;
        }
    }
}

void mqm__work_on(struct run *r, struct chunk *c)
{
    int64_t wall_us = mqm__wall_us();

    /* The later of the two readings, which is cut off to microseconds: a
     * deadline may be early, never late. */
    r->working_us = mqm__mono_us();
    r->wall_ahead_us = wall_us - (r->working_us + 1);
    work(r, c);
    r->worked_us += mqm__mono_us() - r->working_us;
}
