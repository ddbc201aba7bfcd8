/* SPDX-License-Identifier: MIT */
/* run_end.c - see run_end.h. */
#include "run_end.h"
#include "error.h"
#include "run_claim.h"

#include <errno.h>

enum { AGAIN_MS = 50, AGAIN_MAX_MS = 1000, AFTER_STOP_MS = 3000 };
enum { RETRY_MS = 1000 };

/* ------------------------------ the handler ------------------------------ */

void mqm__end(struct run *r, struct item *i, int op)
{
    (void)r;
    i->w->rq.op = op;
    i->w->rq.token = i->token;
    i->w->rq.proven = true;
    i->w->finished = false;
    atomic_store(&i->phase, PHASE_ENDING);
}

static void comes_again(struct run *r, struct item *i, int result, int64_t ms,
                        const char *why)
{
    mqm__put_off(i->d, result, ms, why);
    mqm__block_lane(r, i->d->lane);
}

int64_t mqm__pause_after(const struct topic_config *t, unsigned attempt)
{
    int64_t ms = t->pause_ms;

    while (attempt-- > 1 && ms < t->pause_max_ms)
        ms *= 2;
    return ms < t->pause_max_ms ? ms : t->pause_max_ms;
}

static void owed_again(struct run *r, struct item *i)
{
    i->w->rq.lease_ms = mqm__pause_after(i->w->topic, i->d->attempt);
    mqm__end(r, i, OP_FAILURE);
    /* At once, so that what follows in its lane is not begun. */
    mqm__block_lane(r, i->d->lane);
}

/* The doubt of what may have happened is left to the lease's end, when whoever
 * takes it over tries to keep the body; what did not is owed as before. */
static void body_not_kept(struct run *r, struct item *i, int op)
{
    mqm__log(r->m, MQM_ERROR, "the body of %s cannot be kept: %s; its copy "
             "comes again", i->origin, mqm_errmsg());
    if (op == OP_PARK_FAILED) {
        owed_again(r, i);
        return;
    }
    comes_again(r, i, MQM_LATER, i->w->rq.lease_ms, "body not kept");
    i->asked = false;
}

void mqm__park(struct run *r, struct item *i, int op, int why)
{
    int err = mqm__keep_body(r, i->w->topic, i->d);

    if (err < 0 && err != -ENOTSUP) {
        body_not_kept(r, i, op);
        return;
    }
    i->w->rq.body_safe = err == 0;
    if (err < 0) /* its copy comes again: nothing of its lane goes before it */
        mqm__block_lane(r, i->d->lane);
    i->w->rq.why = why;
    mqm__end(r, i, op);
}

static void failed(struct run *r, struct item *i)
{
    const struct topic_config *t = i->w->topic;

    mqm__count(r->m, i->w, COUNT_FAILED);
    if (i->d->attempt >= t->tries)
        mqm__park(r, i, OP_PARK_FAILED, WHY_TRIES);
    else
        owed_again(r, i);
}

void mqm__handler_said(struct run *r, struct item *i, int outcome)
{
    if (outcome == MQM_HANDLED)
        mqm__end(r, i, OP_SUCCESS);
    else if (outcome == MQM_FAILED)
        failed(r, i);
    else
        mqm__park(r, i, OP_PARK, WHY_UNSURE);
}

/* ------------------------------ the answers ------------------------------ */

static const char *name_of(int op)
{
    switch (op) {
    case OP_SUCCESS:     return "success";
    case OP_FAILURE:     return "failure";
    case OP_HAND_BACK:   return "hand back";
    case OP_PARK_FAILED: return "park (failed)";
    default:             return "park";
    }
}

static void overtaken(struct run *r, struct item *i)
{
    mqm__log(r->m, MQM_WARN, "%s: overtaken before its %s was told: the lease "
             "of %lld ms ran out", i->origin, name_of(i->w->rq.op),
             (long long)i->w->topic->lease_ms);
    comes_again(r, i, MQM_LATER, RETRY_MS, "overtaken");
}

static void parked(struct run *r, struct item *i)
{
    mqm__count(r->m, i->w, COUNT_PARKED);
    if (i->w->rq.body_safe) {
        i->d->result = MQM_OK;
        i->d->why = mqm__parked_words(i->w->rq.why);
    } else {
        comes_again(r, i, MQM_LATER, i->w->topic->settle_ms,
                    "parked, and its body is here");
    }
}

static void answered(struct run *r, struct item *i)
{
    int op = i->w->rq.op, result = i->w->result;

    mqm__audit(r->m, name_of(op), &i->d->msg, i->w);
    if (op == OP_HAND_BACK)
        return; /* claimed anew, or told already that it comes again */
    if (result < 0) {
        comes_again(r, i, result, RETRY_MS, "the store did not answer");
    } else if (result == MQM_LOST) {
        overtaken(r, i);
    } else if (op == OP_SUCCESS) {
        mqm__count(r->m, i->w, COUNT_SUCCEEDED);
        i->d->result = MQM_OK;
        i->d->why = "done";
    } else if (op == OP_FAILURE) {
        comes_again(r, i, MQM_LATER, i->w->rq.lease_ms, "failed");
    } else {
        parked(r, i);
    }
}

/* Those whose end the store did not answer. */
static size_t unanswered(struct chunk *c, struct work **w)
{
    size_t n = 0;

    for (size_t k = 0; k < c->n; k++) {
        struct item *i = &c->item[k];

        if (atomic_load(&i->phase) != PHASE_ENDING || i->w->result >= 0 ||
            i->w->unreadable)
            continue;
        i->w->finished = false;
        w[n++] = i->w;
    }
    return n;
}

/* The work is done and nobody else knows: this is worth waiting for. */
static void tell_again(struct run *r, struct chunk *c)
{
    struct work *w[CHUNK];
    int64_t pause = AGAIN_MS, stop_at = 0;
    size_t n;

    while ((n = unanswered(c, w)) > 0) {
        mqm__log(r->m, MQM_WARN, "the store does not answer (%s); %zu ends "
                 "are told again", mqm_errmsg(), n);
        if (atomic_load(&r->m->stopped) && !stop_at)
            stop_at = mqm__mono_ms() + AFTER_STOP_MS;
        if (stop_at && mqm__mono_ms() > stop_at)
            break;
        mqm__pause(pause);
        pause = pause * 2 < AGAIN_MAX_MS ? pause * 2 : AGAIN_MAX_MS;
        mqm__work_do(r->m, w, n);
    }
}

void mqm__conclude(struct run *r, struct chunk *c)
{
    tell_again(r, c);
    for (size_t k = 0; k < c->n; k++)
        if (atomic_load(&c->item[k].phase) == PHASE_ENDING)
            answered(r, &c->item[k]);
    pthread_mutex_lock(&r->m->lock);
    for (size_t k = 0; k < c->n; k++)
        atomic_store(&c->item[k].phase, PHASE_IDLE);
    pthread_mutex_unlock(&r->m->lock);
}
