/* SPDX-License-Identifier: MIT */
/* live.c - invariant 11: once faults stop, every message ends.
 *
 * Steps without a fault or bad luck are kept; from each state some of them have
 * to lead to an end.  Since what they reach is a reachable state, too, whoever
 * is fair to each step gets there, in whichever order they come.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct step {
    unsigned from, to;
};

static struct step *steps;
static size_t n_steps, cap;

static void *room(void *p, size_t n, size_t size)
{
    p = realloc(p, n * size);
    if (!p) {
        printf("Bail out! no memory for %zu steps\n", n);
        exit(2);
    }
    return p;
}

void live_begin(void)
{
    n_steps = 0;
}

void live_step(size_t from, size_t to)
{
    if (from == to)
        return;
    if (n_steps == cap) {
        cap = cap ? 2 * cap : 1 << 16;
        steps = room(steps, cap, sizeof(*steps));
    }
    steps[n_steps++] = (struct step){(unsigned)from, (unsigned)to};
}

/* ------------------------------- what an end is -------------------------- */

/* Of what is read at all. */
static bool copies_keep_coming(const struct world *w)
{
    unsigned read = COMING | (on & REPLAY && w->state == MQM_DONE
                                  ? 1u << PARKING : 0);

    for (int s = 0; s < SIDES; s++)
        if (w->copies[s] & read && !is_gone(w, s))
            return true;
    return false;
}

/* Done, or parked with a body that nobody reads, and then forgotten. */
static bool lies_still(const struct world *w)
{
    bool parked = (w->copies[0] | w->copies[1]) & 1u << PARKING;

    return w->forgot && (w->effects[0] + w->effects[1] ||
                         (parked && !(on & REPLAY) && !copies_keep_coming(w)));
}

/* DONE, and no copy asks any more; or PARKED, if nobody resolves.  What waits
 * there without its body, or after an assignment, waits with its copies. */
static bool is_end(const struct world *w)
{
    if (w->back)
        return true; /* nothing is promised */
    if (w->state == MQM_FREE)
        return lies_still(w);
    if (w->state == MQM_PARKED && !(on & RESOLVE))
        return !w->body_safe || w->reassigned || !copies_keep_coming(w);
    return w->state == MQM_DONE && !copies_keep_coming(w);
}

/* ------------------------------- backward -------------------------------- */

/* first[s] to first[s + 1]: the steps to s, in by[]. */
static unsigned *by_target(size_t n, size_t **first)
{
    size_t *at = room(NULL, n + 2, sizeof(*at));
    unsigned *by = room(NULL, n_steps + 1, sizeof(*by));

    memset(at, 0, (n + 2) * sizeof(*at));
    for (size_t i = 0; i < n_steps; i++)
        at[steps[i].to + 2]++;
    for (size_t s = 2; s < n + 2; s++)
        at[s] += at[s - 1];
    for (size_t i = 0; i < n_steps; i++)
        by[at[steps[i].to + 1]++] = steps[i].from;
    *first = at;
    return by;
}

size_t live_stuck(const struct world *w, size_t n)
{
    size_t *first, n_todo = 0, stuck;
    unsigned *by = by_target(n, &first);
    unsigned *todo = room(NULL, n, sizeof(*todo));
    char *ends = room(NULL, n, 1);

    for (size_t s = 0; s < n; s++) {
        ends[s] = is_end(&w[s]);
        if (ends[s])
            todo[n_todo++] = (unsigned)s;
    }
    while (n_todo > 0) {
        unsigned s = todo[--n_todo];

        for (size_t i = first[s]; i < first[s + 1]; i++)
            if (!ends[by[i]]) {
                ends[by[i]] = 1;
                todo[n_todo++] = by[i];
            }
    }
    for (stuck = 0; stuck < n && ends[stuck]; stuck++)
        ;
    free(by);
    free(first);
    free(todo);
    free(ends);
    return stuck;
}
