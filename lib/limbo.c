/* SPDX-License-Identifier: MIT */
/* limbo.c - see limbo.h. */
#include "limbo.h"
#include "error.h"

#include <errno.h>
#include <string.h>

enum { WAYS = 4 }; /* places that a key may lie in */

static uint64_t hash_of(const struct mqm_key *key, int side)
{
    const unsigned char *id = key->id;
    uint64_t h = 1469598103934665603u + (unsigned)side;

    for (const char *c = key->space; *c; c++)
        h = (h ^ (unsigned char)*c) * 1099511628211u;
    for (size_t i = 0; i < key->id_len; i++)
        h = (h ^ id[i]) * 1099511628211u;
    return h ? h : 1;
}

int mqm__limbo_init(struct limbo *l)
{
    memset(l, 0, sizeof(*l));
    if (pthread_mutex_init(&l->lock, NULL) != 0)
        return mqm__fail(-ENOMEM, "no mutex to be had");
    return 0;
}

void mqm__limbo_destroy(struct limbo *l)
{
    pthread_mutex_destroy(&l->lock);
}

void mqm__limbo_put(struct limbo *l, const struct mqm_key *key, int side,
                    uint64_t token)
{
    uint64_t h = hash_of(key, side);
    size_t best = h % LIMBO_SIZE;

    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < WAYS; i++) {
        size_t at = (h + i) % LIMBO_SIZE;

        /* Its own place, else a free one, else the oldest token's. */
        if (l->at[at].key == h || l->at[at].token < l->at[best].token)
            best = at;
        if (l->at[at].key == h)
            break;
    }
    if (!l->at[best].key)
        atomic_fetch_add(&l->used, 1);
    l->at[best].key = h;
    l->at[best].token = token;
    pthread_mutex_unlock(&l->lock);
}

uint64_t mqm__limbo_take(struct limbo *l, const struct mqm_key *key, int side)
{
    uint64_t token = 0, h;

    if (atomic_load_explicit(&l->used, memory_order_relaxed) == 0)
        return 0;
    h = hash_of(key, side);
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < WAYS && !token; i++) {
        size_t at = (h + i) % LIMBO_SIZE;

        if (l->at[at].key != h)
            continue;
        token = l->at[at].token;
        l->at[at].key = l->at[at].token = 0;
        atomic_fetch_sub(&l->used, 1);
    }
    pthread_mutex_unlock(&l->lock);
    return token;
}
