/* SPDX-License-Identifier: MIT */
/* redis_swap.h - the swaps of a call as one round trip. */
#ifndef MQM_STORES_REDIS_SWAP_H
#define MQM_STORES_REDIS_SWAP_H

#include "redis_session.h"

int mqm__redis_swap(struct redis *d, struct mqm_swap *const *s, size_t n);

/* In two steps, of up to UINT16_MAX swaps; as struct mqm_store has it. */
int mqm__redis_swap_begin(struct redis *d, struct mqm_swap *const *s, size_t n);
int mqm__redis_swap_end(struct redis *d);

#endif
