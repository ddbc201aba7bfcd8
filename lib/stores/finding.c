/* SPDX-License-Identifier: MIT */
/* finding.c - see finding.h. */
#include "finding.h"

#include <inttypes.h>

/* Ages are the store's affair alone.  What is compared is when a message was
 * born, by a producer's clock, with the moment from which the store remembers.
 */
void mqm__find_clock(const struct mqm_inquiry *q, int64_t off_ms,
                     int64_t trip_ms)
{
    const int64_t off = off_ms < 0 ? -off_ms : off_ms;

    if (off - trip_ms / 2 > q->margin_ms)
        q->find(q, MQM_WARNING, "clock",
                "keep all machines' clocks by NTP, and see which one is wrong",
                "the store's clock is %" PRId64 " ms %s this machine's, more "
                "than clock_margin_ms (%" PRId64 ")",
                off, off_ms > 0 ? "ahead of" : "behind", q->margin_ms);
    else
        q->find(q, MQM_FINE, "clock", NULL,
                "within %" PRId64 " ms of this machine's", off + trip_ms / 2);
}
