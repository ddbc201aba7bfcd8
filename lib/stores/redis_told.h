/* SPDX-License-Identifier: MIT */
/* redis_told.h - what a call learned of its cells goes into the ring, where
 * Redis may lose it (redis_restore.h). */
#ifndef MQM_STORES_REDIS_TOLD_H
#define MQM_STORES_REDIS_TOLD_H

#include "redis_session.h"

/* s was done: with this version, at this time, in microseconds. */
void mqm__redis_told_done(struct redis *d, const struct mqm_swap *s,
                          uint64_t version, int64_t at_us);

/* There was another cell, which stands there like this. */
void mqm__redis_told_cell(struct redis *d, const struct mqm_swap *s,
                          const struct redis_reply *cell, int listed);

/* Of what is in the ring some may be no truth: none counts. */
void mqm__redis_told_nonsense(struct redis *d);

#endif
