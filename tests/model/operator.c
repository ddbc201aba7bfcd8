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
    if ((on & RESOLVE) && happened && w->doubt != w->token)
        operate(*w, OP_RESOLVE_DONE, w->owner, w->doubt,
                "resolve done, inspected long ago");
    if ((on & RESOLVE) && w->state && !(asked && happened))
        v = operate(*w, OP_RESOLVE_AGAIN, w->owner, w->token, "resolve again");
    if (asked && settled(w))
        must(8, v == MQM_OK, "settled, and yet refused");
    if ((on & RESOLVE) && w->state && !happened && w->doubt != w->token)
        operate(*w, OP_RESOLVE_AGAIN, w->owner, w->doubt,
                "resolve again, inspected long ago");
    if ((on & ASSIGN) && w->state && !(asked && happened))
        operate(*w, OP_RESOLVE_AGAIN, !w->owner, w->token, "assign");
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
    push(w);
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
    push(w);
    w.state = MQM_OWED;
    w.owner = owner;
    w.token = 1;
    push(w);
    w.owner = !owner;
    push(w);
}

static void retire(struct world w)
{
    bool pending = w.state != MQM_FREE && w.state != MQM_DONE &&
                   w.owner == 1 && !w.by_rule;

    if (!(on & RETIRE) || w.retired || pending)
        return;
    now.what = "rocketmq is retired, nothing is pending";
    w.retired = 1;
    for (int c = 0; c < PER_SIDE; c++)
        go_idle(&w, 1, c);
    push(w);
}

static void time_passes(struct world w)
{
    if (w.state == MQM_HELD) {
        now.what = "the lease runs out";
        w.stale = w.lapsed = 1;
        push(w);
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
    retire(*w);
    time_passes(*w);
}
