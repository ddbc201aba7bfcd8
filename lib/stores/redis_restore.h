/* SPDX-License-Identifier: MIT */
/* redis_restore.h - a Redis that went back in time gets back what it lost from
 * those who were told of it.
 *
 *     register --(LOSS_MS)--> write ... write       a handle, in mqm:clients
 *
 *     safe --another run id--> restoring --all have answered-----> safe
 *                                        --patience is over--> floor, safe
 *
 * With "appendfsync everysec" what a crash leaves is what there was a moment
 * before it: all up to some change, and none of the later ones.  Every handle
 * keeps what it wrote and saw since (redis_ring.h), and is registered with how
 * much of that Redis had when it registered last.  So Redis itself says who has
 * to answer, and each of them, which of its cells to write again.  A cell goes
 * in with the version it had, unless an equal or later one is there, so the
 * order does not matter, and twice is once.
 *
 * What always holds: (1) a handle writes only while a registration of it that
 * is older than what can be lost says that it may, so none that wrote is
 * unknown; (2) while it is restored the store's id in Redis has a '~' before
 * it, so that every script finds another store than its caller knows, and
 * nothing but the restoring is done; (3) where somebody or something is missing
 * the floor is raised: to the fault, as if nothing of this existed, or, if each
 * who is missing had a bound, to the latest of these.
 */
#ifndef MQM_STORES_REDIS_RESTORE_H
#define MQM_STORES_REDIS_RESTORE_H

#include "redis_session.h"

/* A hello said that this handle is registered, without a bound (anew: what it
 * was before does not count). */
void mqm__redis_registered(struct redis *d, int64_t now_ms, int anew);

/* Before a call that makes records of what was born until newest_ms: if it
 * writes, wait, once after opening, until a registration is old enough, and its
 * bound late enough (redis_bound.h). */
int mqm__redis_may_write(struct redis *d, int64_t newest_ms);

/* 1: nothing of that would be waited for. */
int mqm__redis_known(struct redis *d, int64_t newest_ms);

/* Until when, by Redis' clock, what is sent may be done. */
int64_t mqm__redis_until(const struct redis *d);

/* Before a pipeline: 1 if it begins with a registration, whose answer comes
 * first. */
int mqm__redis_put_beat(struct redis *d);
int mqm__redis_take_beat(struct redis *d);

/* Write again all after cell number `base`, and say so.  late: it was not
 * waited for. */
int mqm__redis_restore(struct redis *d, uint64_t base, int late);

/* At the end: nobody needs to wait for this one. */
void mqm__redis_leave(struct redis *d);

#endif
