/* SPDX-License-Identifier: MIT */
/* record.c - see record.h. */
#include "record.h"

#include <string.h>

#define ANY_TOKEN 1 /* in doubt since before the store's memory */

static int verdict(int result, const char *text, const char **why)
{
    *why = text;
    return result;
}

/* snprintf() would do, at half of the price of a whole decision. */
static void copy_text(char *to, size_t size, const char *from)
{
    size_t len = strnlen(from, size - 1);

    memmove(to, from, len);
    to[len] = '\0';
}

/* What is true of one state only does not outlive it.  That no copy may be on
 * its way does: who acquires may be a zombie, whose copy is acknowledged. */
static void become(struct record *next, const struct record *cur, int state,
                   const char *side)
{
    *next = *cur;
    next->state = state;
    next->age_ms = next->lease_ms = 0;
    next->by_rule = next->body_safe = false;
    next->unsent &= state == MQM_OWED || state == MQM_HELD;
    next->why = WHY_NONE;
    next->holder[0] = '\0';
    copy_text(next->side, sizeof(next->side), side);
}

/* Where the first copy lies: kept through all states, changed by none. */
static void keep_origin(struct record *next, const struct request *rq)
{
    if (rq->origin && !next->origin[0])
        copy_text(next->origin, sizeof(next->origin), rq->origin);
}

static bool forgotten(const struct record *cur, const struct request *rq)
{
    return cur->state == MQM_FREE && (rq->unsure || rq->parked_copy);
}

static int first_look(const struct record *cur, const struct request *rq,
                      struct record *next, const char **why)
{
    if (forgotten(cur, rq))
        return verdict(MQM_OK, "perhaps forgotten", why);
    if (strcmp(rq->route, rq->side) == 0)
        return verdict(MQM_OK, "new", why);
    if (!rq->may_pin_away)
        return verdict(MQM_LATER, "policy is stale", why);
    become(next, cur, MQM_OWED, rq->route);
    next->by_rule = rq->by_rule;
    keep_origin(next, rq);
    return verdict(MQM_SKIP, "left to the other side", why);
}

/* Whose is it?  MQM_OK: the asker's, as far as this goes. */
static int look(const struct record *cur, const struct request *rq,
                struct record *next, const char **why)
{
    bool keep = rq->parked_copy; /* only DONE acknowledges it */

    if (cur->state == MQM_FREE)
        return first_look(cur, rq, next, why);
    if (cur->state == MQM_DONE)
        return verdict(MQM_SKIP, "done", why);
    if (cur->state == MQM_PARKED && cur->body_safe)
        return verdict(keep ? MQM_LATER : MQM_SKIP, "parked", why);
    if (strcmp(cur->side, rq->side) != 0)
        return verdict(keep || cur->reassigned ? MQM_LATER : MQM_SKIP,
                       "belongs to the other side", why);
    if (cur->state == MQM_PARKED)
        return verdict(MQM_LATER, "parked, and its body is here", why);
    return verdict(MQM_OK, "ours", why);
}

static void begin(const struct record *cur, const struct request *rq,
                  struct record *next)
{
    become(next, cur, MQM_HELD, rq->side);
    next->token = rq->token > cur->token ? rq->token : cur->token + 1;
    next->lease_ms = rq->lease_ms;
    next->attempts++;
    keep_origin(next, rq);
    if (rq->holder)
        copy_text(next->holder, sizeof(next->holder), rq->holder);
    if (forgotten(cur, rq)) {
        next->doubt = ANY_TOKEN;
        next->reassigned = next->unsent = true;
    }
    if (cur->state == MQM_HELD && !cur->doubt)
        next->doubt = cur->token;
}

/* By the holder, whose first answer was lost.  A lease that is over meanwhile
 * begins afresh, since nobody has taken the message over: or who works on the
 * strength of this answer would have no lease. */
static int asked_again(const struct record *cur, const struct request *rq,
                       struct record *next, const char **why)
{
    bool over = cur->age_ms >= cur->lease_ms;

    if (over) {
        *next = *cur;
        next->age_ms = 0;
        next->lease_ms = rq->lease_ms;
    }
    return verdict(cur->doubt ? MQM_DOUBT : MQM_OK,
                   over ? "asked again, after its lease" : "asked again", why);
}

static int acquire(const struct record *cur, const struct request *rq,
                   struct record *next, const char **why)
{
    bool held = cur->state == MQM_HELD;
    int r = look(cur, rq, next, why);

    if (r != MQM_OK)
        return r;
    if (held && cur->token == rq->token)
        return asked_again(cur, rq, next, why);
    if (cur->state != MQM_FREE && cur->age_ms < cur->lease_ms)
        return verdict(MQM_LATER, held ? "held" : "failed, pausing", why);
    begin(cur, rq, next);
    return next->doubt ? verdict(MQM_DOUBT, "in doubt", why) : MQM_OK;
}

static void leave(const struct record *cur, const struct request *rq,
                  int to, struct record *next)
{
    become(next, cur, to, cur->state == MQM_FREE ? rq->side : cur->side);
    if (rq->op == OP_RENEW)
        memcpy(next->holder, cur->holder, sizeof(next->holder));
    if (rq->op == OP_RENEW || rq->op == OP_FAILURE)
        next->lease_ms = rq->lease_ms;
    if (rq->op == OP_HAND_BACK)
        next->attempts--;
    if (to == MQM_PARKED) {
        next->body_safe = rq->body_safe;
        next->why = rq->why;
    }
    if (rq->op == OP_PARK && !cur->doubt)
        next->doubt = cur->token;
    if (to == MQM_DONE)
        next->doubt = 0;
    next->token = rq->token;
}

bool mqm__is_older(const struct record *cur, const struct request *rq)
{
    return rq->proven &&
           (cur->state == MQM_FREE || cur->token < rq->token);
}

/* It happened, say those who know: an attempt since the doubt, or a person who
 * asked about what is owed and may have no copy that would ask for it. */
static bool settles_doubt(const struct record *cur, const struct request *rq)
{
    if (!cur->doubt)
        return false;
    if (rq->op == OP_RESOLVE_DONE)
        return cur->state == MQM_OWED && cur->token == rq->token;
    return rq->op == OP_SUCCESS && cur->doubt <= rq->token;
}

/* What ends an attempt, or its doubt. */
static int end(const struct record *cur, const struct request *rq,
               struct record *next, const char **why)
{
    static const struct { int from, to; } way[] = {
        [OP_RENEW] = {MQM_HELD, MQM_HELD},
        [OP_SUCCESS] = {MQM_HELD, MQM_DONE},
        [OP_FAILURE] = {MQM_HELD, MQM_OWED},
        [OP_HAND_BACK] = {MQM_HELD, MQM_OWED},
        [OP_PARK] = {MQM_HELD, MQM_PARKED},
        [OP_PARK_FAILED] = {MQM_HELD, MQM_PARKED},
        [OP_RESOLVE_DONE] = {MQM_PARKED, MQM_DONE},
    };
    bool newest = cur->token == rq->token;
    bool settles = settles_doubt(cur, rq);

    if (settles || (newest && cur->state == way[rq->op].from)) {
        leave(cur, rq, way[rq->op].to, next);
        return verdict(MQM_OK, settles ? "settles a doubt" : "owner", why);
    }
    if (newest && cur->state == way[rq->op].to)
        return verdict(MQM_OK, "repeated", why);
    if (rq->op == OP_SUCCESS && cur->state != MQM_DONE &&
        mqm__is_older(cur, rq)) {
        leave(cur, rq, MQM_DONE, next);
        return verdict(MQM_OK, "the store went back", why);
    }
    return verdict(MQM_LOST, "overtaken", why);
}

/* Resolve again, and assign: it did not happen, and route's side owes it. */
static int resolve_again(const struct record *cur, const struct request *rq,
                         struct record *next, const char **why)
{
    if (cur->token != rq->token ||
        (cur->state != MQM_OWED && cur->state != MQM_PARKED))
        return verdict(MQM_LOST, "overtaken", why);
    if (cur->doubt && cur->age_ms < rq->settle_ms)
        return verdict(MQM_LATER, "not settled", why);
    become(next, cur, MQM_OWED, rq->route);
    next->doubt = 0;
    next->unsent = true;
    next->reassigned |= strcmp(cur->side, rq->route) != 0;
    return verdict(MQM_OK, "owed again", why);
}

int mqm__decide(const struct record *cur, const struct request *rq,
                struct record *next, const char **why)
{
    memset(next, 0, sizeof(*next));
    switch (rq->op) {
    case OP_LOOK:          return look(cur, rq, next, why);
    case OP_ACQUIRE:       return acquire(cur, rq, next, why);
    case OP_RESOLVE_AGAIN: return resolve_again(cur, rq, next, why);
    default:               return end(cur, rq, next, why);
    }
}

const char *mqm__parked_words(int why)
{
    switch (why) {
    case WHY_UNSURE:    return "the handler could not tell";
    case WHY_LEASE:     return "a lease ran out";
    case WHY_FORGOTTEN: return "the store may have forgotten it";
    case WHY_TRIES:     return "failed too often";
    default:            return "";
    }
}
