/* SPDX-License-Identifier: MIT */
/* faults.c - the faults and moves of a plan, each at its moment. */
#include "sim.h"

static bool anybody_hangs(void)
{
    for (int i = 0; i < CONSUMERS; i++)
        if (w.proc[i].hangs || w.proc[i].hung)
            return true;
    return false;
}

static void to_one(const struct fault *f)
{
    struct process *p = &w.proc[f->target];

    switch (f->kind) {
    case F_CRASH:
        consumer_crash(f->target, f->length);
        break;
    case F_STOP: /* now and then while the store is away */
        consumer_close(f->target);
        if (f->at / MS % 4 == 0)
            store_fault(F_OUTAGE, 4000 * MS);
        break;
    case F_PAUSE:
        if (f->at / MS & 1)
            p->gap_stop = f->length;
        else if (f->at / MS & 2)
            p->call_stop = f->length;
        else
            consumer_stop(f->target, f->length);
        break;
    case F_CLOCK:
        p->clock_off += f->length / (f->at / MS & 1 ? 1 : -2);
        break;
    case F_PARK_FAILS:
        p->park_fails_until = sim_now + f->length;
        break;
    case F_SLOW_HANDLER:
        p->slow_until = sim_now + f->length;
        break;
    case F_LOST_COMMIT:
        p->commits_lost_until = sim_now + f->length;
        break;
    case F_HANG:
        p->hangs = !anybody_hangs(); /* or nobody would be left */
        break;
    case F_LONG_GAP:
        p->long_gap = true;
        break;
    default: /* the next call of the store */
        p->lose = f->kind;
        break;
    }
}

static void happen(void *arg)
{
    const struct fault *f = arg;

    table_fault(f->kind);
    trace("FAULT: %s (%d, %lld ms)", fault_name(f->kind), f->target,
          (long long)(f->length / MS));
    switch (f->kind) {
    case F_SLOW_STORE:
    case F_OUTAGE:
    case F_FAILOVER:
    case F_FORGET:
    case F_ROLLBACK:
        store_fault(f->kind, f->length);
        break;
    case F_REBALANCE:
        kafka_rebalance();
        break;
    case F_REDELIVER:
        kafka_redeliver(&w.rng);
        rocket_redeliver(&w.rng);
        break;
    case F_CONF_BROKEN:
    case F_CONF_GONE:
    case F_CONF_LAGS:
        conf_fault(f);
        break;
    case F_PRODUCER:
    case F_RESEND:
    case F_ONE_SIDE:
        break; /* see producer_start() */
    case F_NO_SWEEPER:
        w.sweeps = false;
        excuse(f->target, "one broker never got it, and nobody sweeps");
        break;
    default:
        to_one(f);
        break;
    }
}

static void move(void *arg)
{
    conf_move(arg);
}

void faults_start(void)
{
    const struct plan *p = w.plan;

    for (int i = 0; i < p->n_faults; i++) {
        const struct fault *f = &p->fault[i];
        /* A message's own begin with it. */
        int64_t at = f->kind == F_NO_SWEEPER ? 1 : f->at;

        if (!f->off)
            sched_at(BEGIN_US + at, happen, (void *)(uintptr_t)f);
    }
    for (int i = 0; i < p->n_moves; i++)
        if (!p->move[i].off)
            sched_at(BEGIN_US + p->move[i].at, move,
                     (void *)(uintptr_t)&p->move[i]);
}
