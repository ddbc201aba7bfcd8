/* SPDX-License-Identifier: MIT */
/* combine.c - see combine.h. */
#include "combine.h"
#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SLOTS = 1024 };

/* The keys of one round, by hash: a false alarm only costs a round. */
struct keys {
    uint64_t slot[SLOTS];
};

int mqm__combine_init(struct combine *c, const struct mqm_store *store,
                      void *self)
{
    memset(c, 0, sizeof(*c));
    c->store = store;
    c->self = self;
    c->last = &c->first;
    if (pthread_mutex_init(&c->lock, NULL) != 0)
        return mqm__fail(-ENOMEM, "no mutex to be had");
    if (pthread_cond_init(&c->turn, NULL) != 0) {
        pthread_mutex_destroy(&c->lock);
        return mqm__fail(-ENOMEM, "no condition variable to be had");
    }
    return 0;
}

void mqm__combine_destroy(struct combine *c)
{
    pthread_cond_destroy(&c->turn);
    pthread_mutex_destroy(&c->lock);
}

static uint64_t hash_of(const struct mqm_key *key)
{
    const unsigned char *id = key->id;
    uint64_t h = 1469598103934665603u;

    /* Not the space: an id that two of them share only waits for a round. */
    for (size_t i = 0; i < key->id_len; i++)
        h = (h ^ id[i]) * 1099511628211u;
    return h ^ h >> 29 ? h ^ h >> 29 : 1;
}

static bool seen_before(struct keys *k, uint64_t h)
{
    size_t i = h % SLOTS;

    for (; k->slot[i]; i = (i + 1) % SLOTS)
        if (k->slot[i] == h)
            return true;
    k->slot[i] = h;
    return false;
}

static bool fits(struct keys *k, const struct combine_call *call, size_t taken)
{
    bool twice = false;

    if (taken + call->n > COMBINE_MAX)
        return false;
    for (size_t i = 0; i < call->n; i++)
        twice |= seen_before(k, hash_of(&call->s[i]->key));
    return !twice;
}

/* In the order in which they came, as many as fit; the first always does. */
static struct combine_call *take(struct combine *c, struct mqm_swap **round,
                                 size_t *n)
{
    struct combine_call *head = c->first, **end = &head;
    struct keys keys;

    *n = 0;
    if (head->next)
        memset(&keys, 0, sizeof(keys));
    while (*end) {
        struct combine_call *call = *end;

        /* Asked of the first, too, for the sake of its keys; but one whose own
         * keys look alike (an id of two topics) waits for nobody. */
        if (head->next && !fits(&keys, call, *n) && call != head)
            break;
        memcpy(round + *n, call->s, call->n * sizeof(*round));
        *n += call->n;
        end = &call->next;
    }
    c->first = *end;
    if (!c->first)
        c->last = &c->first;
    *end = NULL;
    return head;
}

static int first_failure(const struct combine_call *call)
{
    for (size_t i = 0; i < call->n; i++)
        if (call->s[i]->result < 0)
            return call->s[i]->result;
    return MQM_OK;
}

static void lead(struct combine *c)
{
    struct mqm_swap *round[COMBINE_MAX];
    struct combine_call *call, *next;
    size_t n;
    int r;

    call = take(c, round, &n);
    c->rounds++;
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < n; i++)
        round[i]->result = -EIO; /* what a store forgets to set is no grant */
    r = c->store->swap(c->self, round, n);
    pthread_mutex_lock(&c->lock);
    for (; call; call = next) {
        next = call->next;
        call->result = first_failure(call);
        if (call->result < 0)
            snprintf(call->story, sizeof(call->story), "%s",
                     r < 0 ? mqm_errmsg() : "the store gave no answer");
        call->done = true;
    }
}

/* Under the lock, which is given up while the store works. */
static void lead_once(struct combine *c)
{
    c->leading = true;
    lead(c);
    c->leading = false;
    pthread_cond_broadcast(&c->turn);
}

void mqm__combine_post(struct combine *c, struct combine_call *call,
                       struct mqm_swap **s, size_t n)
{
    call->s = s;
    call->n = n;
    call->done = false;
    call->next = NULL;
    pthread_mutex_lock(&c->lock);
    *c->last = call;
    c->last = &call->next;
    pthread_mutex_unlock(&c->lock);
}

int mqm__combine_finish(struct combine *c, struct combine_call *call)
{
    pthread_mutex_lock(&c->lock);
    while (!call->done) {
        if (c->leading)
            pthread_cond_wait(&c->turn, &c->lock);
        else
            lead_once(c);
    }
    pthread_mutex_unlock(&c->lock);
    return call->result < 0 ? mqm__fail(call->result, "%s", call->story)
                            : call->result;
}

void mqm__combine_serve(struct combine *c)
{
    pthread_mutex_lock(&c->lock);
    if (!c->leading && c->first)
        lead_once(c);
    pthread_mutex_unlock(&c->lock);
}

int mqm__combine_swap(struct combine *c, struct mqm_swap **s, size_t n)
{
    struct combine_call call;

    if (n == 0)
        return MQM_OK;
    mqm__combine_post(c, &call, s, n);
    return mqm__combine_finish(c, &call);
}

void mqm__combine_enter(struct combine *c)
{
    pthread_mutex_lock(&c->lock);
    while (c->leading)
        pthread_cond_wait(&c->turn, &c->lock);
    c->leading = true;
    c->rounds++;
    pthread_mutex_unlock(&c->lock);
}

void mqm__combine_leave(struct combine *c)
{
    pthread_mutex_lock(&c->lock);
    c->leading = false;
    pthread_cond_broadcast(&c->turn);
    pthread_mutex_unlock(&c->lock);
}

uint64_t mqm__combine_rounds(struct combine *c)
{
    uint64_t n;

    pthread_mutex_lock(&c->lock);
    n = c->rounds;
    pthread_mutex_unlock(&c->lock);
    return n;
}
