/* SPDX-License-Identifier: MIT */
/* check.c - the invariants of lib/record.h, by their numbers. */
#include "world.h"

#include <stdio.h>
#include <string.h>

/* Who asks, and from where: not what stands in the record already, so that an
 * overwritten field is seen. */
#define ASKER "asker"
#define HOLDER "holder"
#define HERE "here"
#define THERE "there"

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* ------------------------------ in a state ------------------------------- */

static bool in_doubt(const struct world *w, uint64_t token)
{
    return w->doubt && w->doubt <= token;
}

bool worked_twice(const struct world *w)
{
    return w->effects[0] + w->effects[1] > 1;
}

/* Whose attempt may still take effect: a "no" before they end is worthless. */
bool settled(const struct world *w)
{
    for (int s = 0; s < SIDES; s++)
        for (int c = 0; c < PER_SIDE; c++)
            if (w->at[s][c].phase == WORKING)
                return false;
    return true;
}

bool is_gone(const struct world *w, int side)
{
    return w->retired == side + 1;
}

static bool has_copy(const struct world *w, int side)
{
    return w->copies[side] && !is_gone(w, side);
}

/* It lies where the first look noted it, and can be published from there. */
static bool from_its_origin(const struct world *w)
{
    return (on & ONE) && w->state == MQM_OWED && w->attempts == 0;
}

static void check_copies(const struct world *w)
{
    bool left[SIDES] = {has_copy(w, 0), has_copy(w, 1)};
    int effects = w->effects[0] + w->effects[1];

    if (w->state == MQM_DONE || (w->forgot && effects))
        return; /* done and forgotten: nothing is left to lose */
    else if (w->reassigned || (w->state == MQM_FREE && w->forgot))
        must(3, left[0] || left[1], "lost: no copy is left");
    else if (w->state == MQM_FREE)
        must(3, (left[0] || is_gone(w, 0)) &&
                (left[1] || is_gone(w, 1) || (on & ONE)),
             "dropped, no record");
    else
        must(3, left[w->owner] || from_its_origin(w),
             "lost: its side has no copy");
}

/* Who looks at what is pending knows what has to be sent. */
static void check_coming(const struct world *w)
{
    if (w->state == MQM_OWED || w->state == MQM_HELD)
        must(3, w->copies[w->owner] & COMING || w->unsent || from_its_origin(w),
             "no copy is on its way, and nothing says so");
}

static void check_effects(const struct world *w)
{
    int effects = w->effects[0] + w->effects[1];
    bool may = (on & AGAIN) && (w->lapsed || w->forgot);

    must(4, effects < 2 || may, "done twice");
    must(4, !w->effects[0] || !w->effects[1] || (may && w->forgot),
         "done by both sides");
    if (w->state != MQM_HELD && w->state != MQM_DONE)
        must(5, !effects || w->doubt || w->forgot, "it happened, no doubt");
}

static void check_worker(const struct world *w, const struct consumer *c)
{
    if (c->phase != WORKING && c->phase != WORKED)
        return;
    if (w->state == MQM_DONE || (w->state == MQM_FREE && w->forgot))
        return;
    must(5, in_doubt(w, c->token) ||
            (w->state == MQM_HELD && w->token == c->token),
         "a worker that the record does not know");
}

/* After a store went back unseen nothing is promised but this. */
void check_world(const struct world *w)
{
    must(3, w->state != MQM_DONE || w->effects[0] + w->effects[1],
         "done, but it never happened");
    if (w->back)
        return;
    check_copies(w);
    check_coming(w);
    check_effects(w);
    for (int s = 0; s < SIDES; s++)
        for (int c = 0; c < PER_SIDE; c++)
            check_worker(w, &w->at[s][c]);
}

/* ------------------------------- of a change ----------------------------- */

static bool asks_again(const struct record *cur, const struct request *rq)
{
    return rq->op == OP_ACQUIRE && cur->state == MQM_HELD &&
           cur->token == rq->token && same(cur->side, rq->side);
}

static bool begins(const struct record *cur, const struct request *rq,
                   const struct record *next)
{
    return rq->op == OP_ACQUIRE && next->state == MQM_HELD &&
           !asks_again(cur, rq);
}

static void check_owner(const struct world *w, const struct record *cur,
                        const struct request *rq, const struct record *next)
{
    bool ends = rq->op == OP_SUCCESS &&
                (in_doubt(w, rq->token) || rq->token > cur->token);
    bool own = rq->op != OP_ACQUIRE ? cur->token == rq->token
                                    : asks_again(cur, rq);

    must(6, cur->state != MQM_DONE, "DONE is final");
    if (cur->state && !same(cur->side, next->side))
        must(1, rq->op == OP_RESOLVE_AGAIN && cur->state != MQM_HELD &&
                (!cur->doubt || settled(w)),
             "moved to the other side");
    if (cur->state == MQM_HELD)
        must(2, ends || own || (begins(cur, rq, next) && w->stale),
             "somebody else's HELD record changed");
    if (begins(cur, rq, next))
        must(6, next->token > cur->token, "the token does not grow");
    else if (next->state != MQM_DONE)
        must(6, next->token == cur->token, "the token changes");
    if (rq->op == OP_RESOLVE_DONE || rq->op == OP_RESOLVE_AGAIN)
        must(7, rq->token == cur->token, "resolved from old knowledge");
}

static void check_doubt(const struct record *cur, const struct request *rq,
                        const struct record *next)
{
    bool again = rq->op == OP_RESOLVE_AGAIN;

    if (cur->doubt && next->state != MQM_DONE && !again)
        must(5, next->doubt == cur->doubt, "a doubt vanishes");
    if (rq->op == OP_RESOLVE_DONE)
        must(2, cur->state == MQM_PARKED ||
                (cur->state == MQM_OWED && cur->doubt), "nobody doubts it");
    must(8, cur->doubt || !next->doubt || begins(cur, rq, next) ||
            rq->op == OP_PARK, "a doubt that nobody had");
    must(8, !next->doubt || (next->state != MQM_DONE && !again),
         "a doubt that was settled");
}

static void check_flags(const struct record *cur, const struct request *rq,
                        const struct record *next)
{
    bool pins = cur->state == MQM_FREE && next->state == MQM_OWED;
    bool open = next->state == MQM_OWED || next->state == MQM_HELD;
    bool unsure = cur->state == MQM_FREE && begins(cur, rq, next) && next->doubt;

    must(9, next->by_rule == (pins && rq->by_rule), "by_rule");
    must(9, next->body_safe == (next->state == MQM_PARKED && rq->body_safe),
         "body_safe");
    must(9, next->unsent == (rq->op == OP_RESOLVE_AGAIN || unsure ||
                             (cur->unsent && open)), "unsent");
    must(9, next->reassigned || !cur->reassigned, "reassigned vanishes");
    must(9, next->attempts == cur->attempts + begins(cur, rq, next) -
            (rq->op == OP_HAND_BACK), "attempts");
}

/* What no rule looks at must be right all the same: people do. */
static void check_words(const struct record *cur, const struct request *rq,
                        const struct record *next)
{
    const char *holder = begins(cur, rq, next) ? ASKER : HOLDER;

    must(9, same(next->origin, cur->state ? THERE : HERE) ||
            next->state == MQM_DONE, "origin");
    must(9, same(next->holder, next->state == MQM_HELD ? holder : ""),
         "holder");
    must(9, next->why == (next->state == MQM_PARKED ? rq->why : WHY_NONE),
         "why it is parked");
}

static void check_change(const struct world *w, const struct record *cur,
                         const struct request *rq, const struct record *next)
{
    bool timed = next->state == MQM_HELD || rq->op == OP_FAILURE;

    check_owner(w, cur, rq, next);
    check_doubt(cur, rq, next);
    check_flags(cur, rq, next);
    check_words(cur, rq, next);
    must(10, next->lease_ms == (timed ? rq->lease_ms : 0),
         "a lease or pause that nobody asked for");
}

/* ------------------------------ of a verdict ----------------------------- */

static void check_skip(const struct request *rq, const struct record *r)
{
    bool theirs = r->state && !same(r->side, rq->side);
    bool drops = r->state == MQM_DONE ||
                 (!rq->parked_copy &&
                  ((theirs && !r->reassigned) ||
                   (r->state == MQM_PARKED && r->body_safe)));

    must(3, drops, "SKIP without a record that says why");
}

/* Its side asks: while lease or pause last in vain, after that never. */
static void check_waiting(const struct world *w, const struct record *cur,
                          const struct request *rq, bool granted)
{
    if (!cur->state || !same(cur->side, rq->side))
        return;
    if (cur->state == MQM_OWED && w->paused)
        must(10, !granted, "granted in the pause after a failure");
    if (cur->state == MQM_OWED && !w->paused)
        must(10, granted, "nobody is at it, and yet refused");
    if (cur->state == MQM_HELD && w->stale)
        must(10, granted, "its lease is over, and yet refused");
}

static void check_verdict(const struct world *w, const struct record *cur,
                          const struct request *rq, const struct record *next,
                          int v)
{
    const struct record *r = next->state ? next : cur;
    bool theirs = r->state && !same(r->side, rq->side);
    bool granted = v == MQM_OK || v == MQM_DOUBT;

    if (v == MQM_SKIP)
        check_skip(rq, r);
    if (rq->op != OP_ACQUIRE)
        return;
    if (granted)
        must(2, r->state == MQM_HELD && !theirs, "OK without a record");
    if (asks_again(cur, rq))
        must(7, v == (cur->doubt ? MQM_DOUBT : MQM_OK) &&
                (!next->state || w->stale), "a repeated acquire");
    must(10, !granted || next->state || !w->stale, "granted without a lease");
    must(5, v != MQM_OK || !r->doubt, "OK in spite of a doubt");
    must(8, v != MQM_DOUBT || (r->doubt && (w->lapsed || rq->unsure || w->back ||
                                            rq->parked_copy)),
         "a doubt without a reason");
    check_waiting(w, cur, rq, granted);
}

/* The asker's own setting must not matter. */
static void check_time(const struct record *cur, struct request rq, int v)
{
    struct record next;
    const char *why;

    if (rq.op != OP_ACQUIRE)
        return;
    rq.lease_ms *= 20;
    must(2, mqm__decide(cur, &rq, &next, &why) == v, "the asker's lease");
}

/* ------------------------------- the call -------------------------------- */

static void times_of(struct record *r, const struct world *w)
{
    if (w->state == MQM_HELD) {
        r->lease_ms = LEASE;
        r->age_ms = w->stale ? LEASE : LEASE - 1;
    }
    if (w->state == MQM_OWED || w->state == MQM_PARKED)
        r->age_ms = settled(w) ? SETTLE : SETTLE - 1;
    if (w->state == MQM_OWED) /* of any length */
        r->lease_ms = r->age_ms + w->paused;
}

/* Of a DONE record stores keep no more than its token. */
static struct record record_of(const struct world *w)
{
    struct record r = {.state = w->state, .token = w->token,
                       .doubt = w->doubt, .attempts = w->attempts,
                       .by_rule = w->by_rule, .body_safe = w->body_safe,
                       .reassigned = w->reassigned, .unsent = w->unsent};

    if (w->state == MQM_FREE || w->state == MQM_DONE)
        return r;
    memcpy(r.side, side_name[w->owner], strlen(side_name[w->owner]));
    memcpy(r.origin, THERE, sizeof(THERE));
    if (w->state == MQM_HELD)
        memcpy(r.holder, HOLDER, sizeof(HOLDER));
    times_of(&r, w);
    return r;
}

void clear_record(struct world *w)
{
    w->state = w->owner = w->stale = w->paused = w->by_rule = 0;
    w->body_safe = w->reassigned = w->unsent = 0;
    w->token = w->doubt = w->attempts = 0;
}

static void write_down(struct world *w, const struct record *next)
{
    clear_record(w);
    w->state = (unsigned char)next->state;
    w->token = (unsigned char)next->token;
    if (next->state == MQM_DONE)
        return;
    w->owner = same(next->side, side_name[1]);
    w->paused = next->state == MQM_OWED && next->lease_ms > 0;
    w->by_rule = next->by_rule;
    w->body_safe = next->body_safe;
    w->reassigned = next->reassigned;
    w->unsent = next->unsent;
    w->doubt = (unsigned char)next->doubt;
    if (on & (PUBLISH | ONE))
        w->attempts = next->attempts > 2 ? 2 : (unsigned char)next->attempts;
    else
        w->attempts = next->state == MQM_HELD;
}

int apply(struct world *w, struct request rq)
{
    struct record cur = record_of(w), next;
    const char *why;
    int v;

    rq.settle_ms = SETTLE;
    rq.lease_ms = LEASE / 2;
    rq.unsure |= w->forgot;
    rq.holder = ASKER;
    rq.origin = HERE;
    v = mqm__decide(&cur, &rq, &next, &why);
    now.verdict = (signed char)v;
    if (next.state)
        check_change(w, &cur, &rq, &next);
    check_time(&cur, rq, v);
    check_verdict(w, &cur, &rq, &next, v);
    if (next.state)
        write_down(w, &next);
    return v;
}
