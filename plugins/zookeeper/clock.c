/* SPDX-License-Identifier: MIT */
/* clock.c - the server's clock, of which only the stamps of changes are seen.
 *
 * A change that was sent at s and answered at r was stamped m in between, so
 * server - ours lies between m - r and m - s. The greatest lower bound is kept:
 * an age may come out too small by a round trip, never too great, and a lease
 * that looks fresh for longer does no harm. A stamp that is earlier than what
 * we took for certain tells that the clock was set back, or that another leader
 * has it: then the bound begins anew.
 */
#include "zk.h"

enum { OLD_US = 5000000 };

void zk_clock_sample(struct zk *z, int64_t mtime_ms, int64_t sent_us,
                     int64_t came_us)
{
    int64_t least, most;

    if (mtime_ms < 0 || mtime_ms > ZK_TIME_MAX)
        return; /* no clock says that */
    least = mtime_ms - came_us / 1000;
    most = mtime_ms + 1 - sent_us / 1000;
    if (!z->clock_known || least > z->clock_ms || z->clock_ms > most)
        z->clock_ms = least;
    z->clock_known = 1;
    if (came_us > z->sampled_us)
        z->sampled_us = came_us;
}

int64_t zk_now_ms(const struct zk *z)
{
    return z->clock_ms + mqm__mono_us() / 1000;
}

int zk_clock_is_old(const struct zk *z)
{
    return mqm__mono_us() - z->sampled_us > OLD_US;
}
