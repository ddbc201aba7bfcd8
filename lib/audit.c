/* SPDX-License-Identifier: MIT */
/* audit.c - what was asked and answered: counted, and told to the program. */
#include "error.h"
#include "run.h"
#include "sight.h"

#include <errno.h>
#include <string.h>

/* A look that lets go of the copy is the last that is heard of it. */
static void count_sight(mqm *m, const struct work *w)
{
    if (w->rq.op != OP_ACQUIRE &&
        (w->rq.op != OP_LOOK || w->result != MQM_SKIP))
        return;
    if (w->sight == SIGHT_FIRST)
        mqm__count(m, w, COUNT_FIRST);
    else if (w->sight == SIGHT_SECOND)
        mqm__count(m, w, COUNT_SECOND);
}

/* Verdicts of claims; ends are counted where they are told. */
static void count(mqm *m, const struct work *w)
{
    switch (w->result) {
    case MQM_OK:
        if (w->rq.op == OP_ACQUIRE)
            mqm__count(m, w, COUNT_GRANTED);
        break;
    case MQM_DOUBT: mqm__count(m, w, COUNT_DOUBTFUL); break;
    case MQM_SKIP:  mqm__count(m, w, COUNT_SKIPPED); break;
    case MQM_LATER: mqm__count(m, w, COUNT_LATER); break;
    case MQM_LOST:  mqm__count(m, w, COUNT_LOST); break;
    default:
        if (w->result < 0)
            mqm__count(m, w, COUNT_ERRORS);
    }
    if (w->result >= 0)
        count_sight(m, w);
}

void mqm__audit(mqm *m, const char *call, const struct mqm_msg *msg,
                const struct work *w)
{
    struct mqm_event event = {.size = sizeof(event), .call = call, .msg = msg,
                              .token = w->now.token, .result = w->result,
                              .why = w->why};

    count(m, w);
    if (!m->opts.audit)
        return;
    if (w->result < 0)
        event.why = mqm_errmsg();
    m->opts.audit(m->opts.user, &event);
}

static void lately(mqm *m, struct mqm_stats *out)
{
    int64_t now = mqm__mono_ms();

    pthread_mutex_lock(&m->lock);
    for (const struct tally *t = m->tallies; t; t = t->next)
        for (int i = 0; i < MQM_SIDES; i++) {
            struct sample s = mqm__tally_since(&t->at[i], SAMPLES, now);

            out->lately_first += s.first;
            out->lately_second += s.second;
            if (s.at_ms > out->lately_ms)
                out->lately_ms = s.at_ms;
        }
    pthread_mutex_unlock(&m->lock);
}

int mqm_read_stats(mqm *m, struct mqm_stats *out)
{
    struct mqm_stats s = {.size = 0};
    uint64_t *at[COUNTS] = {&s.granted, &s.doubtful, &s.skipped, &s.later,
                            &s.lost, &s.succeeded, &s.failed, &s.parked,
                            &s.errors, &s.without_id, &s.future_born,
                            &s.seen_first, &s.seen_second, &s.went_back};
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!out || out->size < sizeof(out->size))
        return mqm__fail(-EINVAL, "set the stats up with MQM_STATS_INIT");
    for (int i = 0; i < COUNTS; i++)
        *at[i] = mqm__tally_sum(m, (enum count)i);
    lately(m, &s);
    s.store_calls = mqm__combine_rounds(&m->combine);
    s.size = out->size < sizeof(s) ? out->size : sizeof(s);
    memcpy(out, &s, s.size);
    return 0;
}
