/* SPDX-License-Identifier: MIT */
/* run_claim.c - see run_claim.h. */
#include "run_claim.h"
#include "error.h"
#include "copies.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert((int)CHUNKS * (int)CHUNK <= (int)SCRATCH_WORKS,
               "a work for each copy of a run's chunks");

struct mqm_delivery *mqm__nth(const struct run *r, size_t i)
{
    return (struct mqm_delivery *)(void *)(r->d + i * r->stride);
}

void mqm__put_off(struct mqm_delivery *d, int result, int64_t ms,
                  const char *why)
{
    d->result = result;
    d->retry_ms = ms > 0 ? ms : 1;
    d->why = why;
}

bool mqm__claims_ahead(const struct run *r)
{
    int64_t pace = atomic_load_explicit(r->pace_us, memory_order_relaxed);

    return pace * AHEAD_MIN <= r->span_us;
}

/* How many the handler begins within a span, or two where no other chunk is
 * claimed meanwhile. */
static size_t chunk_size(const struct run *r)
{
    int64_t pace = atomic_load_explicit(r->pace_us, memory_order_relaxed);
    int64_t us = mqm__claims_ahead(r) ? r->span_us : 2 * r->span_us;
    int64_t n = pace > 0 ? us / pace : CHUNK;

    n = n < 1 ? 1 : n > CHUNK ? CHUNK : n;
    return (size_t)n < r->n - r->at ? (size_t)n : r->n - r->at;
}

/* "kafka:rewards/3/1209" of "3/1209"; a program's own text as it is. */
static void set_origin(struct run *r, struct item *i, const struct work *w)
{
    i->origin[0] = '\0';
    if (!i->d->msg.origin || !r->side)
        return;
    mqm__origin(i->origin, w->rq.side, w->topic->topic, i->d->msg.origin);
    i->w->rq.origin = i->origin;
}

static void prepare(struct run *r, struct item *i)
{
    int err;

    i->asked = i->no_id = false;
    i->call.side = r->side;
    i->call.item = i;
    i->d->call = &i->call;
    i->d->token = 0;
    i->token = 0;
    i->w->finished = true;
    if (mqm__lane_blocked(r, i->d->lane)) {
        mqm__put_off(i->d, MQM_LATER, 0, "behind one that comes again");
        return;
    }
    err = mqm__work_init(r->m, i->w, r->snapshot->config, &i->d->msg,
                         OP_ACQUIRE, i->d->flags & MQM_FROM_PARKING);
    if (err == 0) {
        set_origin(r, i, i->w);
        i->asked = true;
        return;
    }
    i->w->finished = true;
    i->no_id = err == -EBADMSG;
    mqm__put_off(i->d, err, RUN_RETRY_MS, "refused");
}

void mqm__fill(struct run *r, struct chunk *c)
{
    struct work *w = r->scratch->work + (c - r->chunk) * CHUNK;

    c->from = r->at;
    c->n = chunk_size(r);
    c->begun = 0;
    c->rewound = false;
    for (size_t k = 0; k < c->n; k++) {
        c->item[k].d = mqm__nth(r, c->from + k);
        c->item[k].w = &w[k];
        prepare(r, &c->item[k]);
    }
    r->at += c->n;
}

/* Allocated once for a scratch, since it is too large for the stack.  All of an
 * earlier run's items are idle. */
int mqm__take_room(struct run *r)
{
    struct scratch *s = mqm__scratch(r->m);

    if (!s)
        return -ENOMEM;
    if (!s->chunk)
        s->chunk = calloc(CHUNKS, sizeof(*s->chunk));
    if (!s->chunk) {
        mqm__scratch_put(r->m, s);
        return mqm__fail(-ENOMEM, "no memory for a run");
    }
    r->scratch = s;
    r->chunk = s->chunk;
    return 0;
}
