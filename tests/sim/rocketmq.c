/* SPDX-License-Identifier: MIT */
/* rocketmq.c - a broker whose consumers answer for a whole batch: one copy that
 * comes again brings its neighbours, each with one try less.  After sixteen
 * tries a copy is dead, which must never happen.
 *
 * A consumer waits in its callback first, as the adapter does, and sends a
 * batch back only while its copies have tries to spare.
 */
#include "sim.h"

#include <string.h>

enum { COPIES = 512, BATCH = 4, TRIES_MAX = 16, SPARE = 4, IDLE = 2 * PER_SIDE };
enum copy_state { WAITS, OUT, ACKED };

struct copy {
    int message, state, holder;
    unsigned tries, serial;
    int64_t due;
};

static struct copy copy[COPIES];
static int n_copies, first_open;
static struct rng rng;
static uint64_t idle[IDLE]; /* tickets of workers that wait */

static void wake_one(int64_t at)
{
    for (int i = 0; i < IDLE; i++)
        if (idle[i]) {
            co_wake(idle[i], at + rng_between(&rng, 50, 2000));
            idle[i] = 0;
            return;
        }
}

void rocket_reset(void)
{
    n_copies = first_open = 0;
    memset(idle, 0, sizeof(idle));
    rng.s = w.plan->seed ^ 0x30c4e7;
}

void rocket_send(int message)
{
    if (n_copies < COPIES)
        copy[n_copies++] = (struct copy){.message = message, .due = sim_now};
    wake_one(sim_now);
}

bool rocket_idle(void)
{
    while (first_open < n_copies && copy[first_open].state == ACKED)
        first_open++;
    for (int i = first_open; i < n_copies; i++)
        if (copy[i].state != ACKED)
            return false;
    return true;
}

bool rocket_has(int message)
{
    for (int i = first_open; i < n_copies; i++)
        if (copy[i].message == message && copy[i].state != ACKED)
            return true;
    return false;
}

static void again(struct copy *c, int64_t after)
{
    c->state = WAITS;
    c->due = sim_now + after;
    c->serial++;
    wake_one(c->due);
}

void rocket_lost(int consumer)
{
    for (int i = 0; i < n_copies; i++)
        if (copy[i].state == OUT && copy[i].holder == consumer)
            again(&copy[i], 20 * MS);
}

void rocket_redeliver(struct rng *r)
{
    if (n_copies > 0) {
        int i = (int)rng_below(r, n_copies);

        if (copy[i].state == ACKED) {
            again(&copy[i], 0);
            first_open = i < first_open ? i : first_open;
        }
    }
}

/* ------------------------------- a callback ------------------------------ */

static size_t take(int consumer, int *at)
{
    size_t n = 0, most = (size_t)rng_between(&rng, 1, BATCH);

    rocket_idle();
    for (int i = first_open; i < n_copies && n < most; i++)
        if (copy[i].state == WAITS && copy[i].due <= sim_now) {
            copy[i].state = OUT;
            copy[i].holder = consumer;
            copy[i].serial++;
            at[n++] = i;
        }
    return n;
}

static void send_back(struct copy *c)
{
    static const int ladder[] = {30, 60, 120, 200, 300, 400};

    tally[T_SENT_BACK]++;
    if (++c->tries >= TRIES_MAX)
        violation(c->message, "a dead letter");
    again(c, ladder[c->tries < 6 ? c->tries - 1 : 5] * MS);
}

static bool all_ok(const struct mqm_delivery *d, size_t n, int64_t *wait)
{
    bool ok = true;

    *wait = 0;
    for (size_t i = 0; i < n; i++)
        if (d[i].result != MQM_OK) {
            ok = false;
            if (d[i].retry_ms * MS > *wait)
                *wait = d[i].retry_ms * MS;
        }
    return ok;
}

static bool may_send_back(const int *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (copy[at[i]].tries >= SPARE)
            return false;
    return !w.plan->gentle && rng_chance(&rng, 30);
}

/* Only what the broker still takes for this consumer's. */
static void conclude(const int *at, const unsigned *serial, size_t n, bool ok)
{
    for (size_t i = 0; i < n; i++) {
        struct copy *c = &copy[at[i]];

        if (c->state != OUT || c->serial != serial[i]) {
            tally[T_ZOMBIE]++;
            if (!ok || c->state == ACKED || rng_chance(&rng, 50))
                continue; /* the broker may take it or not */
        }
        if (ok)
            c->state = ACKED;
        else
            send_back(c);
    }
}

/* One copy alone may be worked on step by step. */
static bool work(struct process *p, const int *at, size_t n, int64_t *wait)
{
    struct mqm_delivery d[BATCH];
    int r;

    p->threads++;
    if (n == 1 && copy[at[0]].message % 4 == 0) {
        r = steps_deliver(p->m, ROCKET, copy[at[0]].message, 0, wait);
        *wait *= MS;
        p->threads--;
        return r == MQM_OK;
    }
    for (size_t i = 0; i < n; i++)
        delivery_fill(&d[i], ROCKET, copy[at[i]].message);
    mqm_run(p->m, d, n, third_handler, NULL);
    p->threads--;
    return all_ok(d, n, wait);
}

static void callback(struct process *p, const int *at, size_t n)
{
    unsigned serial[BATCH];
    int64_t wait;
    bool ok;

    for (size_t i = 0; i < n; i++)
        serial[i] = copy[at[i]].serial;
    for (;;) {
        ok = work(p, at, n, &wait);
        co_sleep(rng_between(&rng, 20, 300));
        if (ok && p->commits_lost_until > sim_now) {
            for (size_t i = 0; i < n; i++)
                if (copy[at[i]].serial == serial[i])
                    again(&copy[at[i]], 10 * MS);
            return;
        }
        if (ok || may_send_back(at, n))
            break;
        if (p->closing)
            return;
        co_sleep(wait < 200 * MS ? wait : 200 * MS);
    }
    conclude(at, serial, n, ok);
}

/* Until something comes.  Nobody is told twice, so each looks now and then. */
static void wait(void)
{
    uint64_t ticket = co_ticket();
    int i = (int)rng_below(&rng, IDLE);

    for (int k = 0; k < IDLE && idle[i]; k++)
        i = (i + 1) % IDLE;
    idle[i] = ticket;
    co_wake(ticket, sim_now + rng_between(&rng, 150 * MS, 400 * MS));
    co_block();
    if (idle[i] == ticket)
        idle[i] = 0;
}

void rocket_worker(void *arg)
{
    struct process *p = arg;
    int at[BATCH];
    size_t n;

    for (; !p->closing;) {
        n = take((int)(p - w.proc), at);
        if (n > 0)
            callback(p, at, n);
        else
            wait();
    }
}
