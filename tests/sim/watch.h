/* SPDX-License-Identifier: MIT */
/* watch.h - see watch.c.  What a rule asks of a record. */
#ifndef MQM_SIM_WATCH_H
#define MQM_SIM_WATCH_H

#include "sim.h"

struct watched {
    int state, side;
    uint64_t token, doubt;
    int64_t lease_ms;
    bool reassigned, unsent;
};

void watch_read(struct watched *r, const unsigned char *p, size_t len);
void watch_write(int message, const unsigned char *was, size_t was_len,
                 int64_t age_ms, const unsigned char *is, size_t is_len);
void watch_dropped(int message, int side, const unsigned char *is,
                   size_t is_len, int64_t age_ms);

#endif
