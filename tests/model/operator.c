/* SPDX-License-Identifier: MIT */
/* operator.c - what people, the store and time do to a message. */
#include "world.h"

static int operate(struct world w, int op, int route, unsigned token,
                   const char *what)
{
    int v;

    now.what = what;
    v = apply(&w, (struct request){.op = op, .side = side_name[w.owner],
                                   .route = side_name[route], .token = token});
    push(w);
    return v;
}

/* Who resolves has asked whoever knows, so it never says what is not true; what
 * is in doubt, and nobody has, can always be resolved, or nobody might ever. */
static void resolve(const struct world *w)
{
    bool happened = w->effects[0] + w->effects[1];
    int v = MQM_OK;
    bool asked = w->state == MQM_PARKED || (w->state == MQM_OWED && w->doubt);

    if ((on & RESOLVE) && asked && happened)
        must(8, operate(*w, OP_RESOLVE_DONE, w->owner, w->token,
                        "resolve done") == MQM_OK, "and yet refused");
    if ((on & RESOLVE) && happened && !asked)
        operate(*w, OP_RESOLVE_DONE, w->owner, w->token, "resolve done");
    if ((on & RESOLVE) && w->state && !(asked && happened))
        v = operate(*w, OP_RESOLVE_AGAIN, w->owner, w->token, "resolve again");
    if (asked && settled(w))
        must(8, v == MQM_OK, "settled, and yet refused");
    now.fault = true; /* from here on: nobody has to */
    if ((on & RESOLVE) && happened && w->doubt != w->token)
        operate(*w, OP_RESOLVE_DONE, w->owner, w->doubt,
                "resolve done, inspected long ago");
    if ((on & RESOLVE) && w->state && !happened && w->doubt != w->token)
        operate(*w, OP_RESOLVE_AGAIN, w->owner, w->doubt,
                "resolve again, inspected long ago");
    if ((on & ASSIGN) && w->state && !(asked && happened) &&
        !is_gone(w, !w->owner))
        operate(*w, OP_RESOLVE_AGAIN, !w->owner, w->token, "assign");
    now.fault = false;
}

/* What was never tried, and what says that it has to be sent. */
static void publish_again(struct world w)
{
    bool never = (on & PUBLISH) && w.state == MQM_OWED && w.attempts == 0;

    if (!never && !w.unsent)
        return;
    now.what = "published again";
    w.copies[w.owner] |= 1;
    push(w);
}

static void forget(struct world w)
{
    if (!(on & FORGET) || !w.state || w.forgot)
        return;
    now.what = "THE STORE FORGETS";
    clear_record(&w);
    w.forgot = 1;
    push_fault(w);
}

/* To what it may have been before: free, or owed with an older token. */
static void go_back(struct world w)
{
    unsigned char owner = w.owner;

    if (!(on & BACK) || !w.state || w.back)
        return;
    now.what = "THE STORE GOES BACK";
    clear_record(&w);
    w.back = 1;
    push_fault(w);
    w.state = MQM_OWED;
    w.owner = owner;
    w.token = 1;
    push_fault(w);
    w.owner = !owner;
    push_fault(w);
}

/* What is the side's, or lies with it alone.  Of the old side's by rule nothing
 * is listed: but its group has read it, so somebody has looked. */
static bool pending(const struct world *w, int side)
{
    bool open = w->state != MQM_FREE && w->state != MQM_DONE;

    if (w->state == MQM_FREE)
        return side == 0 && (on & BY_RULE);
    if (open && w->owner != side)
        return !w->copies[w->owner] && (w->reassigned || w->unsent);
    return open && !(side == 1 && w->by_rule);
}

static void retire(struct world w, int side)
{
    if (!(on & RETIRE) || w.retired || pending(&w, side))
        return;
    now.what = side ? "rocketmq is retired, nothing is pending"
                    : "kafka is retired, nothing is pending";
    w.retired = (unsigned char)(side + 1);
    for (int c = 0; c < PER_SIDE; c++)
        go_idle(&w, side, c);
    push_fault(w);
}

/* Whose lease it is, and who will say more. */
static bool holder_lives(const struct world *w)
{
    for (int c = 0; c < PER_SIDE; c++)
        if (w->at[w->owner][c].phase != IDLE &&
            w->at[w->owner][c].token == w->token)
            return true;
    return false;
}

static void time_passes(struct world w)
{
    if (w.state == MQM_HELD) {
        now.what = "the lease runs out";
        now.fault = holder_lives(&w);
        w.stale = w.lapsed = 1;
        push(w);
        now.fault = false;
    }
    if (w.paused) {
        now.what = "the pause is over";
        w.paused = 0;
        push(w);
    }
}

void operator_steps(const struct world *w)
{
    now.side = -1;
    resolve(w);
    now.verdict = -1;
    publish_again(*w);
    forget(*w);
    go_back(*w);
    for (int s = 0; s < SIDES; s++)
        retire(*w, s);
    time_passes(*w);
}
