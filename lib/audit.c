/* SPDX-License-Identifier: MIT */
/* audit.c - what was asked and answered: counted, and told to the program. */
#include "error.h"
#include "run.h"

#include <errno.h>
#include <string.h>

/* Verdicts of claims; ends are counted where they are told. */
static void count(mqm *m, const struct work *w)
{
    switch (w->result) {
    case MQM_OK:
        if (w->rq.op == OP_ACQUIRE)
            mqm__count(m, COUNT_GRANTED);
        break;
    case MQM_DOUBT: mqm__count(m, COUNT_DOUBTFUL); break;
    case MQM_SKIP:  mqm__count(m, COUNT_SKIPPED); break;
    case MQM_LATER: mqm__count(m, COUNT_LATER); break;
    case MQM_LOST:  mqm__count(m, COUNT_LOST); break;
    default:
        if (w->result < 0)
            mqm__count(m, COUNT_ERRORS);
    }
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

int mqm_read_stats(mqm *m, struct mqm_stats *out)
{
    struct mqm_stats s = {.size = 0};
    uint64_t *at[COUNTS] = {&s.granted, &s.doubtful, &s.skipped, &s.later,
                            &s.lost, &s.succeeded, &s.failed, &s.parked,
                            &s.errors, &s.without_id, &s.future_born,
                            &s.went_back};
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!out || out->size < sizeof(out->size))
        return mqm__fail(-EINVAL, "set the stats up with MQM_STATS_INIT");
    for (int i = 0; i < COUNTS; i++)
        *at[i] = atomic_load(&m->counts[i]);
    s.store_calls = mqm__combine_rounds(&m->combine);
    s.size = out->size < sizeof(s) ? out->size : sizeof(s);
    memcpy(out, &s, s.size);
    return 0;
}
