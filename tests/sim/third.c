/* SPDX-License-Identifier: MIT */
/* third.c - the third party without an idempotency key, and the handler that
 * calls it.  Its ledger is the oracle: each message once, none twice.
 *
 * A call takes effect at some moment after it was made, whatever becomes of the
 * caller, and at most EFFECT_MS later.
 */
#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct rng stream[MESSAGES];

void third_reset(void)
{
    for (int i = 0; i < MESSAGES; i++)
        stream[i].s = w.plan->seed * 1000003 + (uint64_t)i;
}

int message_of(const void *id)
{
    char text[5] = "";

    memcpy(text, (const char *)id + MQM_ID_LEN - 4, 4); /* it ends nowhere */
    return (int)strtol(text, NULL, 16);
}

bool third_knows(int message)
{
    return w.message[message].effects > 0;
}

/* Whoever knows is asked, if he can be reached. */
int third_asked(int message)
{
    struct rng *r = &stream[message];

    co_sleep(rng_between(r, 10, rng_chance(r, 30) ? 300 * MS : 3000));
    if (rng_chance(r, 30))
        return MQM_FAILED; /* not reached, and nothing done */
    return third_knows(message) ? MQM_HANDLED : MQM_UNSURE;
}

/* --------------------------------- a call -------------------------------- */

static void lands(void *arg)
{
    struct message *m = arg;
    int i = (int)(m - w.message);

    m->effects++;
    tally[T_EFFECT]++;
    trace("EFFECT %d, number %d", i, m->effects);
    if (m->effects > 1)
        violation(i, "worked on twice");
}

static void call_lands(int message, int64_t at)
{
    sched_at(at, lands, &w.message[message]);
}

int third_call(int message)
{
    struct rng *r = &stream[message];
    int64_t takes = rng_chance(r, w.plan->quick ? 2 : 15)
                        ? rng_between(r, MS, EFFECT_MS * MS - 1)
                        : rng_between(r, 100, w.plan->quick ? 300 : 4 * MS);
    int64_t after = rng_between(r, 1, takes);
    int luck = (int)rng_below(r, 100);

    if (luck < (w.plan->gentle ? 25 : 6)) { /* refused: it certainly had no effect */
        tally[T_REFUSED]++;
        co_sleep(takes);
        return MQM_FAILED;
    }
    if (luck < (w.plan->gentle ? 26 : 9)) { /* timed out, and nothing happened */
        tally[T_TIMEOUT_NOT]++;
        co_sleep(takes);
        return luck & 1 ? -ETIMEDOUT : MQM_UNSURE;
    }
    call_lands(message, sim_now + after);
    co_sleep(takes);
    if (luck > 95) {
        tally[T_TIMEOUT_DONE]++;
        return luck & 1 ? -ETIMEDOUT : MQM_UNSURE;
    }
    return MQM_HANDLED;
}

static void wake_too_late(struct process *p, int message)
{
    p->long_gap = false;
    p->stopped_until = sim_now + (SETTLE_MS + LEASE_MS + HANDLER_MS + 500) * MS;
    excuse(message, "stopped too long between the last question and the call");
}

/* As long as may be: see settle_ms. */
static void stand_still(struct process *p)
{
    int64_t most = (LEASE_MS + HANDLER_MS) * MS;

    tally[T_GAP_STOP]++;
    consumer_stop((int)(p - w.proc), p->gap_stop < most ? p->gap_stop : most);
    p->gap_stop = 0;
}

void third_gap(int message)
{
    struct process *p = &w.proc[sim_cur];
    uint32_t bit = (uint32_t)1 << message;

    p->in_gap |= bit;
    if (p->long_gap)
        wake_too_late(p, message);
    else if (p->gap_stop)
        stand_still(p);
    co_sleep(rng_between(&stream[message], 1, 200));
    p->in_gap &= ~bit;
}

/* ------------------------------ the handler ------------------------------ */

/* Tokens only grow, so that a sink can refuse who was overtaken; and the same
 * one twice would be one attempt, worked on by two. */
static void check_token(int message, uint64_t token)
{
    struct message *m = &w.message[message];

    m->told++;
    if (token <= m->token && !m->forgotten)
        violation(message, "a token that does not grow");
    m->token = token;
}

static void hang(struct process *p)
{
    p->hangs = false;
    p->hung = true;
    sched_at(sim_now + 300 * MS, consumer_noticed, p);
    co_sleep(200000 * MS);
}

int third_handler(void *user, const struct mqm_delivery *d)
{
    int message = message_of(d->msg.id);
    struct process *p = &w.proc[sim_cur];
    struct rng *r = &stream[message];
    int64_t began = sim_now;

    (void)user;
    tally[T_CALLED]++;
    check_token(message, d->token);
    trace("handler %d of process %d, token %llx%s", message, sim_cur,
          (unsigned long long)d->token, d->result == MQM_DOUBT ? ", doubt" : "");
    if (d->result == MQM_DOUBT && !conf_again())
        violation(message, "a handler was called in doubt");
    if (d->result == MQM_DOUBT)
        return third_asked(message);
    if (p->hangs)
        hang(p);
    if (p->slow_until > sim_now)
        /* Longer than it has told, and not renewed any more: with a renewal
         * whose answer got lost, too, that is a reason for a doubt. */
        co_sleep(rng_between(r, 50 * MS,
                             (w.plan->gentle ? HANDLER_MS - 100 : 800) * MS));
    else
        co_sleep(rng_between(r, 20, w.plan->quick ? 60
                                    : rng_chance(r, 20) ? 20 * MS : 600));
    if (mqm_check(d) != MQM_OK) {
        if (w.plan->gentle && sim_now - began < (HANDLER_MS - 50) * MS)
            violation(message, "stopped without a reason");
        tally[T_CHECK_LOST]++;
        return MQM_FAILED;
    }
    third_gap(message);
    return third_call(message);
}
