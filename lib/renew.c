/* SPDX-License-Identifier: MIT */
/* renew.c - leases of what mqm_run() works on are renewed while it does.
 *
 * No longer than until the handler's deadline: a resolver's "no" counts only
 * when the attempt can no longer act, and that must come (rule 7).  What waits
 * behind a handler that takes so long is handed back (rule 14): the moment its
 * phase is LOST the run cannot begin it any more.
 */
#include "run.h"
#include "error.h"

#include <errno.h>
#include <string.h>

struct renewal {
    struct item *item;
    const struct run *run;
};

static bool due(const struct item *i, int64_t now)
{
    int phase = atomic_load(&i->phase);

    if (phase != PHASE_CLAIMED && phase != PHASE_WORKING)
        return false;
    if (now - atomic_load(&i->leased_ms) < i->w->topic->lease_ms / 3)
        return false;
    return phase == PHASE_CLAIMED || now < atomic_load(&i->deadline_ms);
}

/* A work of the keeper's own, with what may be read under the lock. */
static void copy(const mqm *m, struct work *to, const struct item *i, int op)
{
    const struct work *from = i->w;

    memset(&to->rq, 0, sizeof(to->rq));
    memset(&to->now, 0, sizeof(to->now));
    to->topic = from->topic;
    to->rq.op = op;
    to->rq.side = from->rq.side;
    to->rq.holder = m->instance;
    to->rq.token = i->token;
    to->rq.proven = true;
    to->rq.lease_ms = from->topic->lease_ms;
    to->version = 0;
    to->away_until_ms = COMBINE_EVER;
    to->finished = to->unreadable = to->went_back = false;
    memcpy(to->id, from->id, from->swap.key.id_len);
    to->swap.key = from->swap.key;
    to->swap.key.id = to->id;
}

static size_t collect(mqm *m, struct scratch *s, struct renewal *list,
                      struct snapshot **hold, struct run *r)
{
    int64_t now = mqm__mono_ms();
    size_t n = 0;

    for (int c = 0; c < CHUNKS; c++)
        for (size_t k = 0; k < CHUNK && n < WORK_MAX; k++) {
            struct item *i = &r->chunk[c].item[k];
            int claimed = PHASE_CLAIMED;

            if (!due(i, now))
                continue;
            copy(m, &s->work[n], i,
                 atomic_compare_exchange_strong(&i->phase, &claimed, PHASE_LOST)
                     ? OP_HAND_BACK : OP_RENEW);
            list[n++] = (struct renewal){i, r};
        }
    if (n) {
        *hold = r->snapshot;
        atomic_fetch_add(&(*hold)->users, 1);
    }
    return n;
}

/* Most of the time nothing is, and then no memory is wanted either. */
static bool any_due(mqm *m)
{
    int64_t now = mqm__mono_ms();
    bool found = false;

    pthread_mutex_lock(&m->lock);
    for (const struct run *r = m->runs; r && !found; r = r->next)
        for (size_t k = 0; k < (size_t)CHUNKS * CHUNK && !found; k++)
            found = due(&r->chunk[k / CHUNK].item[k % CHUNK], now);
    pthread_mutex_unlock(&m->lock);
    return found;
}

static bool runs_still(const mqm *m, const struct run *r)
{
    for (const struct run *p = m->runs; p; p = p->next)
        if (p == r)
            return true;
    return false;
}

static void spread(mqm *m, struct scratch *s, struct renewal *list, size_t n,
                   int64_t asked)
{
    pthread_mutex_lock(&m->lock);
    for (size_t k = 0; k < n; k++) {
        struct item *i = list[k].item;
        int phase;

        if (!runs_still(m, list[k].run))
            break;
        phase = atomic_load(&i->phase);
        if (phase != PHASE_WORKING ||
            i->token != s->work[k].rq.token)
            continue;
        if (s->work[k].result == MQM_OK)
            atomic_store(&i->leased_ms, asked);
        else if (s->work[k].result == MQM_LOST)
            atomic_compare_exchange_strong(&i->phase, &phase, PHASE_LOST);
    }
    pthread_mutex_unlock(&m->lock);
}

/* One run after the other: each holds its own snapshot. */
static struct run *nth_run(mqm *m, size_t nth)
{
    struct run *r = m->runs;

    while (r && nth--)
        r = r->next;
    return r;
}

void mqm__renew_all(mqm *m)
{
    struct scratch *s = any_due(m) ? mqm__scratch(m) : NULL;

    for (size_t nth = 0; s; nth++) {
        struct renewal list[WORK_MAX];
        struct work *w[WORK_MAX];
        struct snapshot *hold = NULL;
        int64_t asked = mqm__mono_ms();
        struct run *r;
        size_t n = 0;

        pthread_mutex_lock(&m->lock);
        r = nth_run(m, nth);
        if (r)
            n = collect(m, s, list, &hold, r);
        pthread_mutex_unlock(&m->lock);
        if (!r)
            break;
        for (size_t k = 0; k < n; k++)
            w[k] = &s->work[k];
        if (n == 0)
            continue;
        mqm__work_do(m, w, n);
        spread(m, s, list, n, asked);
        mqm__snapshot_put(hold);
    }
    if (s)
        mqm__scratch_put(m, s);
}

int mqm_check(const struct mqm_delivery *d)
{
    const struct call *call = d ? d->call : NULL;
    const struct item *i = call ? call->item : NULL;
    int64_t now = mqm__mono_ms();

    if (!i)
        return mqm__fail(-EINVAL, "mqm_check() is for a delivery in its "
                         "handler");
    if (atomic_load(&i->phase) != PHASE_WORKING)
        return MQM_LOST;
    if (now - atomic_load(&i->leased_ms) >= i->w->topic->lease_ms ||
        now >= atomic_load(&i->deadline_ms))
        return MQM_LOST;
    return MQM_OK;
}
