/* SPDX-License-Identifier: MIT */
/* redis_put.h - the arguments of the script that swaps; see redis_script.h. */
#ifndef MQM_STORES_REDIS_PUT_H
#define MQM_STORES_REDIS_PUT_H

#include "redis_session.h"

/* For how long a cell is kept, in ms that Redis takes. */
int64_t mqm__redis_keep(const struct mqm_swap *s);

/* One script, to be sent, for n swaps of one space, one keep and flags that go
 * together: s[at[0]] and so on, up to MQM__REDIS_GROUP.  Sorts at by birth. */
void mqm__redis_put_script(struct redis *d, struct mqm_swap *const *s,
                           uint16_t *at, size_t n);

#endif
