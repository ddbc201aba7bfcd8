/* SPDX-License-Identifier: MIT */
/* kafka.c - a broker with partitions: an offset each, one owner each, and
 * whatever is not acknowledged comes again from the committed offset on.
 */
#include "sim.h"

#include <string.h>

enum { PARTS = 3, LOG = 256, POLL = 24 };

struct part {
    int log[LOG];
    int n, committed, owner;
    unsigned epoch;
};

/* What a consumer knows of a partition. */
struct place {
    int at;
    unsigned epoch;
    int64_t paused_until;
};

struct consumer {
    struct place place[PARTS];
    struct rng rng;
};

static struct part part[PARTS];
static struct consumer consumer[PER_SIDE];
static struct rng rng;
static uint64_t idle[PER_SIDE]; /* tickets of workers that wait */

static void wake_all(void)
{
    for (int i = 0; i < PER_SIDE; i++)
        if (idle[i]) {
            co_wake(idle[i], sim_now + rng_between(&rng, 50, 2000));
            idle[i] = 0;
        }
}

static bool is_there(int proc)
{
    return w.proc[proc].up && !w.proc[proc].hung && !w.proc[proc].closing &&
           w.proc[proc].stopped_until <= sim_now;
}

void kafka_rebalance(void)
{
    int there[PER_SIDE], n = 0;

    for (int i = 0; i < PER_SIDE; i++)
        if (is_there(i))
            there[n++] = i;
    for (int i = 0; i < PARTS; i++) {
        part[i].epoch++;
        part[i].owner = n ? there[rng_below(&rng, n)] : -1;
    }
    trace("kafka: rebalance, %d members", n);
    wake_all();
}

void kafka_reset(void)
{
    memset(part, 0, sizeof(part));
    memset(consumer, 0, sizeof(consumer));
    memset(idle, 0, sizeof(idle));
    rng.s = w.plan->seed ^ 0x6afca;
    for (int i = 0; i < PER_SIDE; i++)
        consumer[i].rng.s = w.plan->seed * 31 + (uint64_t)i;
    kafka_rebalance();
}

void kafka_forget(int c)
{
    memset(consumer[c].place, 0, sizeof(consumer[c].place));
}

void kafka_send(int message)
{
    struct part *p = &part[message % PARTS];

    if (p->n < LOG)
        p->log[p->n++] = message;
    wake_all();
}

void kafka_redeliver(struct rng *r)
{
    struct part *p = &part[rng_below(r, PARTS)];

    p->committed -= (int)rng_between(r, 1, 4);
    if (p->committed < 0)
        p->committed = 0;
    p->epoch++;
    wake_all();
}

bool kafka_idle(void)
{
    for (int i = 0; i < PARTS; i++)
        if (part[i].committed < part[i].n)
            return false;
    return true;
}

bool kafka_has(int message)
{
    const struct part *p = &part[message % PARTS];

    for (int i = p->committed; i < p->n; i++)
        if (p->log[i] == message)
            return true;
    return false;
}

/* -------------------------------- a poll --------------------------------- */

static void commit(int c, int i)
{
    const struct place *at = &consumer[c].place[i];

    if (part[i].owner == c && part[i].epoch == at->epoch &&
        w.proc[c].commits_lost_until <= sim_now && at->at > part[i].committed)
        part[i].committed = at->at;
}

static size_t take(int c, int i, struct mqm_delivery *d, size_t room)
{
    struct place *at = &consumer[c].place[i];
    size_t n = 0;

    if (at->epoch != part[i].epoch) {
        at->epoch = part[i].epoch;
        at->at = part[i].committed;
        at->paused_until = 0;
    }
    if (at->paused_until > sim_now)
        return 0;
    for (; n < room && at->at + (int)n < part[i].n; n++) {
        delivery_fill(&d[n], KAFKA, part[i].log[at->at + (int)n]);
        d[n].lane = (unsigned)i + 1;
    }
    return n;
}

static size_t poll(int c, struct mqm_delivery *d)
{
    size_t n = 0, most = (size_t)rng_between(&consumer[c].rng, 1,
                                             w.plan->quick ? POLL : POLL / 3);

    for (int i = 0; i < PARTS && n < most; i++)
        if (part[i].owner == c)
            n += take(c, i, d + n, most - n);
    return n;
}

/* Up to the first that comes again, and then from there on. */
static void acknowledge(int c, const struct mqm_delivery *d, size_t n)
{
    bool stands[PARTS] = {false};

    for (size_t k = 0; k < n; k++) {
        int i = (int)d[k].lane - 1;
        struct place *at = &consumer[c].place[i];

        if (stands[i])
            continue;
        if (d[k].result == MQM_OK) {
            at->at++;
        } else {
            stands[i] = true;
            at->paused_until = sim_now + d[k].retry_ms * MS;
        }
    }
    for (int i = 0; i < PARTS; i++)
        commit(c, i);
}

/* Until something comes, or a pause is over. */
static void wait(int c)
{
    int64_t until = sim_now + 400 * MS;

    for (int i = 0; i < PARTS; i++) {
        const struct place *at = &consumer[c].place[i];

        if (part[i].owner == c && at->paused_until > sim_now &&
            at->paused_until < until)
            until = at->paused_until;
    }
    idle[c] = co_ticket();
    co_wake(idle[c], until);
    co_block();
    idle[c] = 0;
}

void kafka_worker(void *arg)
{
    int c = (int)((struct process *)arg - w.proc);
    struct process *p = arg;
    struct mqm_delivery d[POLL];
    size_t n;

    for (; !p->closing;) {
        n = poll(c, d);
        if (n == 0) {
            wait(c);
            for (int i = 0; i < PARTS; i++)
                commit(c, i);
            continue;
        }
        p->threads++;
        mqm_run(p->m, d, n, third_handler, NULL);
        p->threads--;
        co_sleep(rng_between(&consumer[c].rng, 20, w.plan->quick ? 60 * MS
                                                                 : 300));
        acknowledge(c, d, n);
    }
}
