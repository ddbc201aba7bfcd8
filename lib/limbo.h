/* SPDX-License-Identifier: MIT */
/* limbo.h - proposals whose answer got lost.
 *
 * An acquire that the store did not answer may have taken effect.  Its token is
 * kept here, so that the next acquire of the same message in this process
 * proposes it again and meets its own claim (rule 4), instead of waiting for
 * its own lease and finding a doubt.  Only tokens that nobody works under are
 * here: taken out, they belong to the taker alone.  Of a fixed size; what falls
 * out costs a doubt, no more.
 */
#ifndef MQM_LIMBO_H
#define MQM_LIMBO_H

#include <mqmigrate/plugin.h>

#include <pthread.h>
#include <stdatomic.h>

enum { LIMBO_SIZE = 1024 };

struct limbo {
    pthread_mutex_t lock;
    atomic_uint used; /* 0: nothing to look for */
    struct { uint64_t key, token; } at[LIMBO_SIZE];
};

int mqm__limbo_init(struct limbo *l);
void mqm__limbo_destroy(struct limbo *l);
void mqm__limbo_put(struct limbo *l, const struct mqm_key *key, int side,
                    uint64_t token);
/* The token, or 0. */
uint64_t mqm__limbo_take(struct limbo *l, const struct mqm_key *key, int side);

#endif
