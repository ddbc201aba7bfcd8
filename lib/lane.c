/* SPDX-License-Identifier: MIT */
/* lane.c - the lanes of a run that stand still, since a copy in them comes
 * again: what is behind it is not touched.  More than there is room for, and
 * all of them stand still.
 */
#include "run.h"

bool mqm__lane_blocked(const struct run *r, unsigned lane)
{
    if (lane == 0 || r->n_blocked == 0)
        return false;
    if (r->n_blocked > BLOCKED_MAX)
        return true;
    for (size_t i = 0; i < r->n_blocked; i++)
        if (r->blocked[i] == lane)
            return true;
    return false;
}

void mqm__block_lane(struct run *r, unsigned lane)
{
    if (lane == 0 || mqm__lane_blocked(r, lane))
        return;
    if (r->n_blocked < BLOCKED_MAX)
        r->blocked[r->n_blocked] = lane;
    r->n_blocked++;
}
