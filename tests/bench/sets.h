/* SPDX-License-Identifier: MIT */
/* sets.h - the guard by hand on Redis: SET key value PX ms NX, and SET when it
 * is done, with keys and values as long as the store's own would be. */
#ifndef BENCH_SETS_H
#define BENCH_SETS_H

#include <hiredis/hiredis.h>
#include <stddef.h>

/* The lengths of the store's cells; learn_lengths() of on_redis.c. */
extern size_t sets_held_len, sets_done_len;

redisContext *sets_connect(int port);

/* Ends the program unless the reply is of that type. */
void sets_expect(redisContext *c, redisReply *reply, int type);

/* One of the two SETs, unsent; and its answer, which must be OK. */
void sets_append(redisContext *c, const char *space, const unsigned char *id16,
                 int claims);
void sets_take(redisContext *c);

/* As if the store had been begun an hour ago: what was born before is in
 * doubt.  space: one that was used already, or NULL. */
void sets_make_old(redisContext *c, const char *space);

#endif
