/* SPDX-License-Identifier: MIT */
/* consumer.c - what consumers do: ask, work, tell, repeat themselves, die. */
#include "world.h"

#include <string.h>

static bool body_is_safe(const struct world *w, int s)
{
    return w->copies[s] & 1u << PARKING;
}


static void set(struct world *w, int s, int c, int phase, int copy,
                unsigned token)
{
    w->at[s][c] = (struct consumer){(unsigned char)phase, (unsigned char)copy,
                                    (unsigned char)token};
}

void go_idle(struct world *w, int s, int c)
{
    set(w, s, c, IDLE, 0, 0);
}

/* Now or, with SLOW, at any time later. */
static void acknowledge(struct world *w, int s, int c, int copy)
{
    if (on & SLOW)
        set(w, s, c, DROPPING, copy, 0);
    else
        w->copies[s] &= (unsigned char)~(1u << copy);
}

/* -------------------------------- asking --------------------------------- */

static void given(struct world w, int s, int c, int copy, int v)
{
    go_idle(&w, s, c);
    if (v == MQM_OK || (v == MQM_DOUBT && (on & AGAIN)))
        set(&w, s, c, WORKING, copy, w.token);
    else if (v == MQM_DOUBT)
        set(&w, s, c, DOUBTING, copy, w.token);
    else if (v == MQM_SKIP)
        acknowledge(&w, s, c, copy);
    push(w);
}

static void look(struct world w, int s, int c, int copy, struct request rq)
{
    rq.op = OP_LOOK;
    now.what = "look";
    if (apply(&w, rq) == MQM_SKIP)
        given(w, s, c, copy, MQM_SKIP);
}

static void acquire(struct world w, int s, int c, int copy, struct request rq)
{
    struct world before = w, lost;
    int v;

    rq.op = OP_ACQUIRE;
    now.what = "acquire";
    v = apply(&w, rq);
    if (memcmp(&w, &before, sizeof(w)) != 0) {
        lost = w;
        now.what = "acquire (answer lost, dead)";
        go_idle(&lost, s, c);
        push_fault(lost);
        now.what = "acquire (answer lost, alive)";
        set(&lost, s, c, ASKED, copy, (unsigned)rq.token);
        push_fault(lost);
    }
    now.what = "acquire";
    given(w, s, c, copy, v);
}

static unsigned newest(const struct world *w)
{
    unsigned t = w->token;

    for (int s = 0; s < SIDES; s++)
        for (int c = 0; c < PER_SIDE; c++)
            t = w->at[s][c].token > t ? w->at[s][c].token : t;
    return t;
}

/* A copy comes, or the acquire is repeated; what policy says is arbitrary. */
static void hand_over(const struct world *w, int s, int c, int copy,
                      unsigned token)
{
    static const struct request view[] = {
        {.route = "kafka", .may_pin_away = true},
        {.route = "kafka", .may_pin_away = true, .by_rule = true},
        {.route = "rocketmq", .may_pin_away = true},
        {.route = "rocketmq"},
    };

    for (int i = 0; i < 4; i++) {
        struct request rq = view[i];

        if ((rq.by_rule && !(on & BY_RULE)) ||
            (rq.may_pin_away && is_gone(w, i == 2)))
            continue;
        rq.side = side_name[s];
        rq.parked_copy = copy == PARKING;
        rq.token = token ? token : newest(w) + STEP;
        look(*w, s, c, copy, rq);
        acquire(*w, s, c, copy, rq);
        if (!(on & LAG) || token || !w->token)
            continue;
        rq.token = w->token - STEP / 2u;
        acquire(*w, s, c, copy, rq);
    }
}

/* -------------------------------- telling -------------------------------- */

static void end_answered(struct world w, int s, int c, int op, int v,
                         int copy)
{
    bool parks = op == OP_PARK || op == OP_PARK_FAILED;

    go_idle(&w, s, c);
    if (op == OP_SUCCESS && v == MQM_OK)
        acknowledge(&w, s, c, copy);
    if (parks && v == MQM_OK && body_is_safe(&w, s) && copy != PARKING)
        acknowledge(&w, s, c, copy);
    push(w); /* LOST: leave the copy, acquire will tell */
}

static struct request request_of(const struct world *w, int s, int c, int op)
{
    struct request rq = {.op = op, .side = side_name[s],
                         .token = w->at[s][c].token, .proven = true,
                         .body_safe = body_is_safe(w, s)};

    if (op == OP_PARK)
        rq.why = WHY_UNSURE;
    if (op == OP_PARK_FAILED)
        rq.why = WHY_TRIES;
    return rq;
}

static void end(struct world w, int s, int c, int op, const char *what)
{
    struct consumer me = w.at[s][c];
    struct request rq = request_of(&w, s, c, op);
    bool unknown = (w.forgot || w.back) && w.token > me.token;
    struct world lost;
    int v;

    now.what = what;
    v = apply(&w, rq);
    if (op == OP_SUCCESS && me.phase == WORKED)
        must(8, v == MQM_OK || w.state == MQM_DONE || unknown,
             "a success is thrown away");
    lost = w;
    if (v == MQM_OK)
        must(7, apply(&lost, rq) == MQM_OK &&
                memcmp(&lost, &w, sizeof(w)) == 0, "a repeated end");
    now.verdict = (signed char)v;
    if (op == OP_RENEW && v == MQM_OK) {
        push(w); /* whether its answer came or not */
        return;
    }
    lost = w;
    go_idle(&lost, s, c);
    push_fault(lost); /* died */
    set(&lost, s, c, SAID + op, me.copy, me.token);
    if (op != OP_RENEW)
        push_fault(lost);
    end_answered(w, s, c, op, v, me.copy);
}

static void park(struct world w, int s, int c)
{
    bool worked = w.at[s][c].phase == WORKED;

    if ((on & UNSAFE) || body_is_safe(&w, s)) {
        end(w, s, c, OP_PARK, "park");
        if ((on & TRIES) && !worked)
            end(w, s, c, OP_PARK_FAILED, "park, failed too often");
    }
    now.what = "writes the body to the parking topic";
    now.verdict = -1;
    w.copies[s] |= 1u << PARKING;
    push(w);
}

/* Who holds a doubt asks the third party, whose "no" counts when nobody else
 * can be at it any more, and then renews: if that is LOST, it is not its. */
static void ask(struct world w, int s, int c)
{
    struct consumer me = w.at[s][c];

    if (w.effects[0] + w.effects[1]) {
        end(w, s, c, OP_SUCCESS, "asks, yes: success");
    } else if (settled(&w)) {
        now.what = "asks, no: renew and work";
        if (apply(&w, request_of(&w, s, c, OP_RENEW)) != MQM_OK)
            go_idle(&w, s, c);
        else
            set(&w, s, c, WORKING, me.copy, me.token);
        push(w);
    }
}

/* --------------------------------- steps --------------------------------- */

static void step_active(struct world w, int s, int c)
{
    struct consumer me = w.at[s][c];

    if (me.phase == WORKED)
        end(w, s, c, OP_SUCCESS, "success");
    now.fault = true;
    if (me.phase != WORKED) {
        end(w, s, c, OP_FAILURE, "failure");
        end(w, s, c, OP_HAND_BACK, "hand back");
    }
    end(w, s, c, OP_RENEW, "renew");
    now.fault = me.phase != DOUBTING;
    park(w, s, c);
    now.fault = false;
    if (me.phase == DOUBTING && (on & ASK))
        ask(w, s, c);
    if (me.phase == WORKING) {
        now.what = "EFFECT";
        now.verdict = -1;
        set(&w, s, c, WORKED, me.copy, me.token);
        w.effects[s] = (unsigned char)(w.effects[s] + (w.effects[s] < 2));
        push(w);
    }
}

static void step_idle(const struct world *w, int s, int c)
{
    for (int k = 0; k <= PARKING; k++) {
        now.copy = (signed char)k;
        if (w->copies[s] & 1u << k && (k != PARKING || (on & REPLAY)))
            hand_over(w, s, c, k, 0);
    }
}

static void step_dropping(struct world w, int s, int c)
{
    now.what = "acknowledges its copy";
    now.verdict = -1;
    w.copies[s] &= (unsigned char)~(1u << w.at[s][c].copy);
    go_idle(&w, s, c);
    push(w);
}

static void step(const struct world *w, int s, int c)
{
    struct consumer me = w->at[s][c];
    struct world dead = *w;

    now.side = (signed char)s;
    now.consumer = (signed char)c;
    now.copy = (signed char)me.copy;
    if (me.phase == IDLE) {
        step_idle(w, s, c);
        return;
    }
    if (me.phase == DROPPING)
        step_dropping(*w, s, c);
    else if (me.phase == ASKED)
        hand_over(w, s, c, me.copy, me.token);
    else if (me.phase > SAID)
        end(*w, s, c, me.phase - SAID, "the last call, repeated");
    else
        step_active(*w, s, c);
    if (me.phase == SAID + OP_PARK && w->effects[s])
        end(*w, s, c, OP_SUCCESS, "learns that it did happen: success");
    now.what = "dies";
    now.verdict = -1;
    go_idle(&dead, s, c);
    push_fault(dead);
}

void consumer_steps(const struct world *w)
{
    for (int s = 0; s < SIDES; s++)
        for (int c = 0; c < PER_SIDE; c++)
            if (!is_gone(w, s) && !(s == 1 && (on & FEW) && c == 0))
                step(w, s, c);
}
