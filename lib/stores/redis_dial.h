/* SPDX-License-Identifier: MIT */
/* redis_dial.h - a connected socket, or why there is none. */
#ifndef MQM_STORES_REDIS_DIAL_H
#define MQM_STORES_REDIS_DIAL_H

#include "redis_url.h"

/* A descriptor, or < 0 and a text in why.  Not beyond end_us (CLOCK_MONOTONIC),
 * except that looking up a name takes as long as the resolver wants. */
int mqm__redis_dial(const struct redis_address *a, int64_t end_us, char *why,
                    size_t size);

#endif
