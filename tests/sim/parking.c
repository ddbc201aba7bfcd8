/* SPDX-License-Identifier: MIT */
/* parking.c - the parking topics, and what is sent again out of them.
 *
 * A body that is sent again leaves the topic: if its copy were dropped, it
 * would be gone.  Such copies are worked on step by step (mqm_acquire, ...), or
 * by mqm_run(), as it happens.
 */
#include "sim.h"

#include <errno.h>
#include <string.h>

enum { OUTGOING = 64, TELL = 40 };

struct outgoing {
    int side, message;
    int64_t due;
    unsigned serial;
    bool open;
};

static int bodies[SIDES][MESSAGES];
static struct outgoing out[OUTGOING];
static struct rng rng;

static void look(void *arg);

void parking_reset(void)
{
    memset(bodies, 0, sizeof(bodies));
    memset(out, 0, sizeof(out));
    rng.s = w.plan->seed ^ 0xba4c;
    sched_at(sim_now + 100 * MS, look, NULL);
}

int parking_keep(void *user, const struct mqm_delivery *d)
{
    int proc = sim_cur;

    (void)user;
    co_sleep(rng_between(&rng, 100, 900));
    if (w.proc[proc].park_fails_until > sim_now)
        return -EIO;
    tally[T_PARKED_BODY]++;
    bodies[strcmp(d->msg.side, "kafka") ? ROCKET : KAFKA]
          [message_of(d->msg.id)]++;
    return 0;
}

bool parking_has(int side, int message)
{
    return bodies[side][message] > 0;
}

bool parking_idle(void)
{
    for (int i = 0; i < OUTGOING; i++)
        if (out[i].open)
            return false;
    return true;
}

bool parking_sends(int message)
{
    for (int i = 0; i < OUTGOING; i++)
        if (out[i].open && out[i].message == message)
            return true;
    return false;
}

void parking_replay(int side, int message)
{
    int i = 0;

    while (i < OUTGOING && out[i].open)
        i++;
    if (i == OUTGOING)
        return;
    tally[T_REPLAY]++;
    w.message[message].replayed = true;
    if (bodies[side][message])
        bodies[side][message]--;
    out[i] = (struct outgoing){side, message, sim_now + 5 * MS,
                               out[i].serial + 1, true};
    trace("out of parking: %d, on %s", message, side_name(side));
}

/* ------------------------------ step by step ----------------------------- */

static void put_off(struct outgoing *o, int64_t ms)
{
    o->due = sim_now + (ms > 20 ? ms : 20) * MS;
}

static void let_go(struct outgoing *o, unsigned serial)
{
    if (o->serial == serial)
        o->open = false;
}

static int end(mqm *m, struct mqm_claim *c, int outcome)
{
    if (outcome == MQM_HANDLED)
        return mqm_release_on_success(m, c);
    if (outcome == MQM_FAILED)
        return mqm_release_on_failure(m, c);
    return mqm_release_in_doubt(m, c);
}

static int work(mqm *m, struct mqm_claim *c, int message)
{
    int r;

    if (c->result == MQM_DOUBT) /* whoever knows is asked before the work */
        return third_asked(message);
    co_sleep(rng_between(&rng, 50, 3000));
    if (rng_chance(&rng, 10)) {
        for (int i = 0; i < TELL && mqm_hand_back(m, c) < 0; i++)
            co_sleep(30 * MS);
        return -ECANCELED;
    }
    r = mqm_renew(m, c);
    if (r != MQM_OK)
        return MQM_FAILED; /* not begun */
    third_gap(message);
    return third_call(message);
}

/* MQM_OK: the copy may be acknowledged. */
static int granted(mqm *m, struct mqm_claim *c, int side, int message)
{
    struct mqm_delivery d;
    int outcome, r = -EIO;

    w.message[message].told++;
    outcome = work(m, c, message);
    if (outcome == -ECANCELED)
        return MQM_LATER;
    if (outcome != MQM_HANDLED && outcome != MQM_FAILED) {
        delivery_fill(&d, side, message);
        if (parking_keep(NULL, &d) == 0)
            c->flags |= MQM_BODY_KEPT;
    }
    for (int i = 0; r < 0 && i < TELL; i++) {
        r = end(m, c, outcome);
        if (r < 0)
            co_sleep(50 * MS);
    }
    if (r == MQM_OK && (outcome == MQM_HANDLED || c->flags & MQM_BODY_KEPT))
        return MQM_OK;
    return MQM_LATER;
}

/* Only of a claim whose first answer got lost the lease began before. */
static void check_lease(const struct mqm_claim *c, int message, int64_t began)
{
    bool whole = c->lease_ms + (sim_now - began) / MS >= LEASE_MS - 2;

    if (!whole && strcmp(c->why, "asked again") != 0)
        violation(message, "granted with a lease that is over");
}

int steps_deliver(mqm *m, int side, int message, unsigned flags,
                  int64_t *again_ms)
{
    struct mqm_claim c = MQM_CLAIM_INIT;
    struct mqm_delivery d;
    int64_t began = sim_now;
    int r;

    delivery_fill(&d, side, message);
    c.msg = d.msg;
    c.flags = flags;
    r = mqm_acquire(m, &c);
    *again_ms = c.lease_ms;
    if (r == MQM_SKIP)
        return MQM_OK;
    if (r != MQM_OK && r != MQM_DOUBT)
        return MQM_LATER;
    check_lease(&c, message, began);
    return granted(m, &c, side, message);
}

static void by_steps(mqm *m, struct outgoing *o)
{
    unsigned serial = o->serial;
    int64_t again_ms;
    int r = steps_deliver(m, o->side, o->message, MQM_FROM_PARKING, &again_ms);

    if (r == MQM_OK)
        let_go(o, serial);
    else if (o->serial == serial)
        put_off(o, again_ms < 500 ? again_ms : 500);
}

static void by_run(mqm *m, struct outgoing *o)
{
    unsigned serial = o->serial;
    struct mqm_delivery d;

    delivery_fill(&d, o->side, o->message);
    d.flags = MQM_FROM_PARKING;
    if (mqm_run(m, &d, 1, third_handler, NULL) == MQM_OK)
        let_go(o, serial);
    else if (o->serial == serial)
        put_off(o, d.retry_ms < 500 ? d.retry_ms : 500);
}

static void deliver(void *arg)
{
    struct outgoing *o = arg;
    mqm *m = w.proc[sim_cur].m;

    if (!o->open)
        return;
    w.proc[sim_cur].threads++;
    if (rng_chance(&rng, 50))
        by_steps(m, o);
    else
        by_run(m, o);
    w.proc[sim_cur].threads--;
}

/* Whoever gets one and says nothing: it comes again. */
static void look(void *arg)
{
    for (int i = 0; i < OUTGOING; i++) {
        int p = (int)rng_below(&rng, CONSUMERS); /* of either side */

        if (!out[i].open || out[i].due > sim_now || !w.proc[p].up ||
            w.proc[p].closing ||
            w.proc[p].stopped_until > sim_now)
            continue;
        put_off(&out[i], 1500);
        sched_go(p, deliver, &out[i]);
    }
    sched_at(sim_now + rng_between(&rng, 20 * MS, 60 * MS), look, arg);
}
