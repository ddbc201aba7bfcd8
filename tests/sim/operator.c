/* SPDX-License-Identifier: MIT */
/* operator.c - producers, and the operator with mqmctl in hand: looks at what
 * is pending, asks the third party, resolves, assigns, sends bodies again.
 *
 * The operator is as careful as the documents ask for, and no more: a "no" of
 * the third party counts if it was given after left_ms had come to 0.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

enum { SEEN = MESSAGES, SWEEP_MS = 1500, IMPATIENT_MS = 300, SPOILT_MS = 5000 };
enum { UNSEEN_MS = 200 };

struct seen {
    int message;
    struct mqm_record r;
};

struct list {
    struct seen seen[SEEN];
    int n;
};

static struct rng rng;

void broker_send(int side, int message)
{
    if (side == KAFKA)
        kafka_send(message);
    else
        rocket_send(message);
    trace("%d sent to %s", message, side_name(side));
}

/* ------------------------------- producers ------------------------------- */

static void send_kafka(void *arg)
{
    broker_send(KAFKA, (int)((struct message *)arg - w.message));
}

static void send_rocket(void *arg)
{
    broker_send(ROCKET, (int)((struct message *)arg - w.message));
}

static void send_at(int64_t at, int side, int message)
{
    sched_at(at, side == KAFKA ? send_kafka : send_rocket,
             &w.message[message]);
}

static void produce(int i, const struct message_plan *mp)
{
    const struct fault *dies = plan_fault_of(i, F_PRODUCER);
    const struct fault *again = plan_fault_of(i, F_RESEND);

    send_at(BEGIN_US + mp->at, mp->first, i);
    if (plan_fault_of(i, F_ONE_SIDE) || plan_fault_of(i, F_NO_SWEEPER))
        return;
    if (dies)
        send_at(BEGIN_US + mp->at + dies->length, mp->first, i);
    send_at(BEGIN_US + mp->at + mp->gap + (dies ? dies->length : 0), !mp->first,
            i);
    if (!again)
        return;
    send_at(BEGIN_US + mp->at + again->length, mp->first, i);
    send_at(BEGIN_US + mp->at + again->length + mp->gap, !mp->first, i);
}

void producer_start(void)
{
    for (int i = 0; i < w.plan->n_messages; i++)
        if (!w.plan->message[i].off)
            produce(i, &w.plan->message[i]);
}

/* -------------------------------- looking -------------------------------- */

static int collect(void *user, const struct mqm_msg *msg,
                   const struct mqm_record *record)
{
    struct list *l = user;

    l->seen[l->n].message = message_of(msg->id);
    l->seen[l->n++].r = *record;
    return 0;
}

static struct mqm_msg msg_of(int message, int side)
{
    struct mqm_delivery d;

    delivery_fill(&d, side, message);
    return d.msg;
}

static int side_of(const struct seen *s)
{
    return strcmp(s->r.side, "kafka") ? ROCKET : KAFKA;
}

/* --------------------------------- mending ------------------------------- */

static void resolve(mqm *m, const struct seen *s, int outcome)
{
    struct mqm_msg msg = msg_of(s->message, side_of(s));
    int r = mqm_resolve(m, &msg, s->r.token, outcome);

    trace("resolve %d as %s: %d", s->message,
          outcome == MQM_HANDLED ? "done" : "not done", r);
    if (r == MQM_OK)
        tally[outcome == MQM_HANDLED ? T_RESOLVE_DONE : T_RESOLVE_AGAIN]++;
}

static void assign(mqm *m, const struct seen *s)
{
    struct mqm_msg msg = msg_of(s->message, !side_of(s));
    int r = mqm_assign(m, &msg, s->r.token);

    w.message[s->message].assigned |= r == MQM_OK;
    trace("assign %d to %s: %d", s->message, msg.side, r);
    if (r == MQM_OK)
        tally[T_ASSIGN]++;
}

static bool quiet(void)
{
    return sim_now > w.quiet_at;
}

static void parked(mqm *m, const struct seen *s)
{
    bool settled = s->r.left_ms == 0;

    co_sleep(rng_between(&rng, 10, 3000)); /* asking */
    if (third_knows(s->message))
        resolve(m, s, MQM_HANDLED);
    else if (settled && !quiet() && rng_chance(&rng, 30))
        assign(m, s);
    else if (settled || (s->r.left_ms > IMPATIENT_MS && rng_chance(&rng, 20)))
        resolve(m, s, MQM_FAILED);
}

/* It must lie somewhere: nobody has it but brokers and parking.  What reached
 * one broker only is read from its origin, and so is what the store forgot. */
static bool body_is_somewhere(int i)
{
    return plan_fault_of(i, F_ONE_SIDE) || w.message[i].forgotten ||
           parking_has(KAFKA, i) ||
           parking_has(ROCKET, i) || parking_sends(i) || kafka_has(i) || rocket_has(i);
}

static void send_again(const struct seen *s)
{
    int side = side_of(s);

    if (!body_is_somewhere(s->message)) {
        tally[T_NO_BODY_YET]++;
        return;
    }
    if (parking_has(side, s->message) || rng_chance(&rng, 50))
        parking_replay(side, s->message);
    else
        broker_send(side, s->message);
    tally[T_RESENT]++;
}

/* Never tried for long: read from its origin, it is sent again. */
static bool nobody_asks(const struct seen *s)
{
    return w.sweeps && s->r.age_ms > SWEEP_MS && !s->r.attempts;
}

static void owed(mqm *m, const struct seen *s)
{
    if (s->r.doubt && s->r.age_ms > UNSEEN_MS && rng_chance(&rng, 30))
        parked(m, s); /* perhaps no copy asks for it */
    else if (s->r.flags & MQM_UNSENT) {
        if (s->r.age_ms > UNSEEN_MS)
            send_again(s);
    } else if (nobody_asks(s)) {
        tally[T_SWEPT]++;
        broker_send(side_of(s), s->message);
    } else if (!quiet() && rng_chance(&rng, 4)) {
        assign(m, s);
    }
}

/* A zombie took it with a copy that was gone, and died. */
static void held(mqm *m, const struct seen *s)
{
    if (s->r.flags & MQM_UNSENT && s->r.left_ms == 0)
        send_again(s);
    else if (rng_chance(&rng, 5))
        assign(m, s); /* must be refused */
}

static void walk(mqm *m)
{
    struct list l = {.n = 0};

    mqm_tick(m);
    mqm_pending(m, NULL, "g", "t", collect, &l);
    for (int i = 0; i < l.n; i++)
        if (l.seen[i].r.state == MQM_PARKED)
            parked(m, &l.seen[i]);
        else if (l.seen[i].r.state == MQM_HELD)
            held(m, &l.seen[i]);
        else if (l.seen[i].r.state == MQM_OWED)
            owed(m, &l.seen[i]);
}

/* Bodies go out again also before anything is resolved: too early, and
 * harmless. */
static void replay_some(void)
{
    int n = w.plan->n_messages, from = (int)rng_below(&rng, SIDES * n);
    int left = quiet() ? 3 : 1;

    for (int k = 0; k < SIDES * n && left; k++) {
        int side = (from + k) % SIDES, i = (from + k) / SIDES % n;

        if (parking_has(side, i)) {
            parking_replay(side, i);
            left--;
        }
    }
}

/* --------------------------------- the end ------------------------------- */

static bool is_done(mqm *m, int i)
{
    struct mqm_record r = MQM_RECORD_INIT;
    struct mqm_msg msg = msg_of(i, KAFKA);

    if (w.message[i].excuse)
        return true;
    if (mqm_inspect(m, &msg, &r) != 0)
        return false;
    if (plan_fault_of(i, F_ONE_SIDE) && r.state == MQM_OWED &&
        (r.flags & MQM_BY_RULE || !w.sweeps)) {
        excuse(i, "reached one broker only, and nobody sweeps it");
        return true;
    }
    if (r.state == MQM_FREE && third_knows(i)) /* done, and forgotten */
        return true;
    if (r.state == MQM_DONE && !third_knows(i))
        violation(i, "done, and never worked on");
    return r.state == MQM_DONE && third_knows(i);
}

/* The first that is not done, or -1. */
static int missing(mqm *m)
{
    for (int i = 0; i < w.plan->n_messages; i++)
        if (!w.plan->message[i].off && !is_done(m, i))
            return i;
    return -1;
}

static bool any_excuse(void)
{
    for (int i = 0; i < w.plan->n_messages; i++)
        if (w.message[i].excuse)
            return true;
    return false;
}

/* Where something is excused, what lies behind it in its lane may wait for
 * ever, too: then only what happened twice counts. */
static void judge(mqm *m)
{
    bool idle = kafka_idle() && rocket_idle() && parking_idle();
    bool spoilt = any_excuse();
    bool late = sim_now > (spoilt ? w.quiet_at + SPOILT_MS * MS : w.end_at);
    int i;

    if (!late && !idle && !spoilt)
        return;
    i = missing(m);
    if ((i < 0 && (idle || spoilt)) || (late && any_excuse()))
        w.over = true;
    else if (late && i >= 0)
        violation(i, "never done");
    else if (late)
        violation(0, "copies that nobody acknowledges");
}

static void operate(void *arg)
{
    struct process *p = arg;

    for (;;) {
        co_sleep(rng_between(&rng, 100 * MS, 400 * MS));
        walk(p->m);
        if (rng_chance(&rng, quiet() ? 70 : 20))
            replay_some();
        if (quiet())
            judge(p->m);
    }
}

void operator_start(void)
{
    rng.s = w.plan->seed ^ 0x09e4a704;
    sched_go(OPERATOR, operate, &w.proc[OPERATOR]);
}
