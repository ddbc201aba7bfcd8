/* SPDX-License-Identifier: MIT */
/* shrink.c - the shortest plan that still fails: what can be left out is, and
 * that again until nothing can.
 */
#include "sim.h"

static bool without(struct plan *p, bool *off)
{
    if (*off)
        return false;
    *off = true;
    if (history_run(p))
        return true;
    *off = false;
    return false;
}

static bool half_of(struct plan *p, int n, int from)
{
    struct plan old = *p;

    for (int i = from; i < p->n_messages && i < from + n; i++)
        p->message[i].off = true;
    if (history_run(p))
        return true;
    *p = old;
    return false;
}

static bool once(struct plan *p)
{
    bool less = false;

    for (int i = 0; i < p->n_faults; i++)
        less |= without(p, &p->fault[i].off);
    for (int i = 0; i < p->n_messages; i++)
        less |= without(p, &p->message[i].off);
    for (int i = 1; i < p->n_moves; i++)
        less |= without(p, &p->move[i].off);
    return less;
}

bool shrink(struct plan *p)
{
    if (!history_run(p))
        return false;
    for (int n = p->n_messages / 2; n > 1; n /= 2)
        for (int i = 0; i < p->n_messages; i += n)
            half_of(p, n, i);
    while (once(p))
        ;
    return history_run(p);
}
