/* SPDX-License-Identifier: MIT */
/* plan.c - a history before it happens: messages, faults and moves, each of
 * which can be left out to see whether it matters.
 */
#include "sim.h"

#include <stdio.h>
#include <string.h>

enum { ACTIVE_MS = 2500 };

struct way {
    const char *name;
    int weight;
    int low_ms, high_ms; /* its length */
};

static const struct way ways[FAULT_KINDS] = {
    [F_CRASH] = {"a consumer dies", 10, 20, 900},
    [F_PAUSE] = {"a consumer stands still", 12, 20, 4500},
    [F_LOST_REQUEST] = {"a request to the store gets lost", 6, 0, 0},
    [F_LOST_ANSWER] = {"an answer of the store gets lost", 12, 0, 0},
    [F_LATE_REQUEST] = {"a request arrives late", 6, 0, 0},
    [F_HALF_ANSWER] = {"half of a batch is answered", 6, 0, 0},
    [F_SLOW_STORE] = {"the store is slow", 4, 50, 600},
    [F_OUTAGE] = {"the store is away", 5, 50, 1500},
    [F_FAILOVER] = {"the store forgets the last writes", 4, 5, 400},
    [F_FORGET] = {"the store forgets what is due", 4, 0, 0},
    [F_REBALANCE] = {"kafka rebalances", 5, 0, 0},
    [F_REDELIVER] = {"a broker delivers again", 8, 0, 0},
    [F_CLOCK] = {"a clock jumps", 5, 0, 6000},
    [F_PARK_FAILS] = {"the parking topic is away", 4, 100, 1500},
    [F_SLOW_HANDLER] = {"handlers take long", 6, 100, 1500},
    [F_STOP] = {"a consumer closes", 5, 0, 0},
    [F_HANG] = {"a handler never ends", 3, 0, 0},
    [F_CONF_BROKEN] = {"the configuration is broken", 4, 100, 3000},
    [F_CONF_GONE] = {"the configuration is gone", 4, 100, 3000},
    [F_CONF_LAGS] = {"a consumer sees an old configuration", 5, 100, 2500},
    [F_LOST_COMMIT] = {"acknowledgements get lost", 6, 50, 800},
    [F_PRODUCER] = {"a producer dies between its sends", 6, 50, 1500},
    [F_RESEND] = {"a producer sends again", 8, 1, 1500},
    [F_ONE_SIDE] = {"one broker never gets it (swept)", 4, 0, 0},
    [F_NO_SWEEPER] = {"one broker never gets it (excused)", 1, 0, 0},
    [F_LONG_GAP] = {"stopped before the call (excused)", 1, 0, 0},
    [F_ROLLBACK] = {"the store goes back (excused)", 1, 5, 300},
};

const char *fault_name(int kind)
{
    return ways[kind].name;
}

static bool is_of_message(int kind)
{
    return kind == F_PRODUCER || kind == F_RESEND || kind == F_ONE_SIDE ||
           kind == F_NO_SWEEPER;
}

static bool is_gentle(int kind)
{
    return kind == F_LOST_REQUEST || kind == F_LOST_ANSWER ||
           kind == F_HALF_ANSWER || kind == F_SLOW_HANDLER ||
           kind == F_PRODUCER || kind == F_CONF_LAGS || kind == F_CLOCK;
}

static int choose_kind(struct rng *r)
{
    int total = 0, at;

    for (int k = 0; k < FAULT_KINDS; k++)
        total += ways[k].weight;
    at = (int)rng_below(r, total);
    for (int k = 0; k < FAULT_KINDS; k++) {
        if (at < ways[k].weight)
            return k;
        at -= ways[k].weight;
    }
    return 0;
}

static void make_messages(struct plan *p, struct rng *r)
{
    static const int off_ms[] = {0, 0, 0, 0, -1500, 700, 1500};

    p->n_messages = (int)rng_between(r, 20, 28);
    for (int i = 0; i < p->n_messages; i++) {
        struct message_plan *m = &p->message[i];

        m->at = rng_between(r, 1, ACTIVE_MS * 4 / 5) * MS;
        m->gap = rng_chance(r, 10) ? rng_between(r, 100, 1200) * MS
                                   : rng_between(r, 0, 20 * MS);
        m->first = (int)rng_below(r, SIDES);
        m->clock = rng_chance(r, 2) ? 9000 * MS : off_ms[rng_below(r, 7)] * MS;
    }
}

/* Two answers lost within one lease are a reason for a doubt. */
static bool lost_before(const struct plan *p, int n)
{
    for (int i = 0; i < n; i++)
        if (p->fault[i].target == p->fault[n].target &&
            p->fault[i].kind >= F_LOST_REQUEST &&
            p->fault[i].kind <= F_HALF_ANSWER)
            return true;
    return false;
}

/* Kinds that make the others what they are: three at least differ. */
static void make_faults(struct plan *p, struct rng *r)
{
    p->n_faults = (int)rng_between(r, 5, 16);
    for (int i = 0; i < p->n_faults; i++) {
        struct fault *f = &p->fault[i];

        f->kind = choose_kind(r);
        while (p->gentle && !is_gentle(f->kind))
            f->kind = choose_kind(r);
        while (!p->gentle && i < 3 && i > 0 &&
               (f->kind == f[-1].kind || f->kind == p->fault[0].kind))
            f->kind = choose_kind(r);
        f->at = rng_between(r, 10, ACTIVE_MS) * MS;
        f->length = rng_between(r, ways[f->kind].low_ms * MS,
                                ways[f->kind].high_ms * MS);
        f->target = (int)rng_below(r, is_of_message(f->kind) ? p->n_messages
                                                             : CONSUMERS);
        if (p->gentle && lost_before(p, i))
            f->kind = F_CLOCK;
    }
}

static void make_moves(struct plan *p, struct rng *r)
{
    static const int cuts[] = {0, 1, 25, 50, 75, 99, 100};
    int64_t at = rng_below(r, 600) * MS;

    p->n_moves = (int)rng_between(r, 2, 4);
    for (int i = 0; i < p->n_moves; i++) {
        struct move *m = &p->move[i];
        int luck = (int)rng_below(r, 10);

        m->at = at;
        m->value = cuts[rng_below(r, 7)];
        m->kind = i == 0 ? M_ON : luck < 7 ? M_CUT : luck < 8 ? M_OFF
                : luck < 9 ? M_ALLOW : M_DISALLOW;
        at += rng_between(r, 50, 900) * MS;
    }
}

/* All in a third of the time, and messages as one wave. */
static void crowd(struct plan *p)
{
    for (int i = 0; i < p->n_messages; i++)
        p->message[i].at = 1 + p->message[i].at / 16;
    for (int i = 0; i < p->n_faults; i++)
        p->fault[i].at = 1 + p->fault[i].at / 3;
    for (int i = 0; i < p->n_moves; i++)
        p->move[i].at = p->move[i].at / 3;
}

void plan_make(struct plan *p, uint64_t seed)
{
    struct rng r = {seed * 0x2545f4914f6cdd1du + 7};

    memset(p, 0, sizeof(*p));
    p->seed = seed;
    p->gentle = rng_chance(&r, 12);
    p->variant = (int)rng_below(&r, conf_variants());
    p->quiet_at = (ACTIVE_MS + 500) * MS;
    make_messages(p, &r);
    make_faults(p, &r);
    make_moves(p, &r);
    p->quick = rng_chance(&r, 30);
    if (p->quick)
        crowd(p);
}

const struct fault *plan_fault_of(int message, int kind)
{
    for (int i = 0; i < w.plan->n_faults; i++) {
        const struct fault *f = &w.plan->fault[i];

        if (!f->off && f->kind == kind && f->target == message)
            return f;
    }
    return NULL;
}

void plan_print(const struct plan *p)
{
    static const char *const moves[] = {"switch on", "switch off", "cut",
                                        "allow vip", "disallow vip"};
    int n = 0;

    printf("# the shortest history found: seed %llu, variant %d\n",
           (unsigned long long)p->seed, p->variant);
    for (int i = 0; i < p->n_messages; i++)
        if (!p->message[i].off && ++n <= MESSAGES)
            printf("#   message %d, first to %s at %lld ms, to the other %lld "
                   "us later\n", i, side_name(p->message[i].first),
                   (long long)p->message[i].at / MS,
                   (long long)p->message[i].gap);
    for (int i = 0; i < p->n_moves; i++)
        if (!p->move[i].off)
            printf("#   %s %d at %lld ms\n", moves[p->move[i].kind],
                   p->move[i].value, (long long)p->move[i].at / MS);
    for (int i = 0; i < p->n_faults; i++)
        if (!p->fault[i].off)
            printf("#   %s: %d at %lld ms for %lld ms\n",
                   ways[p->fault[i].kind].name, p->fault[i].target,
                   (long long)p->fault[i].at / MS,
                   (long long)p->fault[i].length / MS);
}
