/* SPDX-License-Identifier: MIT */
/* redis_swap.h - the swaps of a call as one round trip. */
#ifndef MQM_STORES_REDIS_SWAP_H
#define MQM_STORES_REDIS_SWAP_H

#include "redis_session.h"

int mqm__redis_swap(struct redis *d, struct mqm_swap *const *s, size_t n);

/* A cell as it stands in Redis.  -1: it is none. */
int mqm__redis_cell(const char *p, size_t len, int64_t now_us,
                    struct mqm_cell *cell);

#endif
