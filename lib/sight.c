/* SPDX-License-Identifier: MIT */
/* sight.c - see sight.h. */
#include "sight.h"
#include "codec.h"

#include <string.h>

/* "kafka:rewards/3/1209" was seen by the side kafka; of a program's own text no
 * more is known than whether it is that of this copy. */
static bool own_side_saw_it(const struct record *met, const struct request *rq)
{
    size_t len = strlen(rq->side);

    if (rq->origin && strcmp(met->origin, rq->origin) == 0)
        return met->origin[0] != '\0';
    return strncmp(met->origin, rq->side, len) == 0 && met->origin[len] == ':';
}

static bool done_by_other(const struct work *w)
{
    const struct at_side *at = w->topic->at;
    bool is_new = w->rq.side == at[MQM_NEW].side->name;

    return w->side_tag ==
           mqm__side_tag(at[is_new ? MQM_OLD : MQM_NEW].side->name);
}

static bool is_second(const struct work *w, int verdict)
{
    const struct record *met = &w->now;

    if (met->state == MQM_DONE)
        return done_by_other(w);
    if (met->reassigned || own_side_saw_it(met, &w->rq))
        return false;
    if (strcmp(met->side, w->rq.side) != 0)
        return verdict == MQM_SKIP;
    return verdict == MQM_OK && met->state == MQM_OWED && !met->attempts &&
           !met->unsent;
}

int mqm__sight(const struct work *w, int verdict)
{
    const struct request *rq = &w->rq;

    if ((rq->op != OP_ACQUIRE && rq->op != OP_LOOK) || w->by_origin ||
        rq->parked_copy)
        return SIGHT_NONE;
    if (w->now.state != MQM_FREE)
        return is_second(w, verdict) ? SIGHT_SECOND : SIGHT_NONE;
    return !rq->unsure && (verdict == MQM_OK || verdict == MQM_SKIP)
               ? SIGHT_FIRST
               : SIGHT_NONE;
}
