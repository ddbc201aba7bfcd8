/* SPDX-License-Identifier: MIT */
/* redis_settle.h - what the answer to a script says of its swaps. */
#ifndef MQM_STORES_REDIS_SETTLE_H
#define MQM_STORES_REDIS_SETTLE_H

#include "redis_session.h"

/* Results that are none yet, see redis_swap.c. */
enum { MQM__REDIS_PENDING = INT32_MIN, MQM__REDIS_SENT = INT32_MIN + 1 };

/* Of n swaps of one script, s[at[0]] and so on, that were sent.  The first
 * negative result, or MQM_OK; -EPROTO: nothing of it is to be believed.  Whose
 * result is still MQM__REDIS_SENT then, was not spoken of. */
int mqm__redis_settle(struct redis *d, struct mqm_swap *const *s,
                      const uint16_t *at, size_t n,
                      const struct redis_reply *r);

#endif
