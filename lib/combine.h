/* SPDX-License-Identifier: MIT */
/* combine.h - calls of many threads become one call of the store.
 *
 * Whoever comes first leads: it sends everything that waits as one call, and
 * hands over after one round.  There is no timer and no thread.  The store sees
 * one call at a time, and no key twice in it (rule 15); no lock is held while
 * it works.
 */
#ifndef MQM_COMBINE_H
#define MQM_COMBINE_H

#include <mqmigrate/plugin.h>

#include <pthread.h>
#include <stdbool.h>

enum { COMBINE_MAX = 256 }; /* swaps in one call of the store */

/* One thread's call, in its memory until it is finished. */
struct combine_call {
    struct mqm_swap **s;
    size_t n;
    bool done;
    int result;
    char story[512]; /* of the leader's thread, for this one */
    struct combine_call *next;
};

struct combine {
    const struct mqm_store *store;
    void *self;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    bool leading;
    struct combine_call *first, **last;
    uint64_t rounds; /* calls of the store so far; under lock */
};

int mqm__combine_init(struct combine *c, const struct mqm_store *store,
                      void *self);
void mqm__combine_destroy(struct combine *c);

/* store->swap() of 1 to COMBINE_MAX swaps, no key twice.  Every result is set.
 * Returns the first that is negative, with its story, else MQM_OK. */
int mqm__combine_swap(struct combine *c, struct mqm_swap **s, size_t n);

/* The same in two steps, with other work in between: whoever serves leads it
 * meanwhile, or else the caller does when it comes back.  the swaps and what
 * they point to are not touched until then. */
void mqm__combine_post(struct combine *c, struct combine_call *call,
                       struct mqm_swap **s, size_t n);
int mqm__combine_finish(struct combine *c, struct combine_call *call);

/* Lead what waits, if nobody does; for a thread that has nothing else to do. */
void mqm__combine_serve(struct combine *c);

/* The store for oneself, between the two, for its other calls. */
void mqm__combine_enter(struct combine *c);
void mqm__combine_leave(struct combine *c);

uint64_t mqm__combine_rounds(struct combine *c);

#endif
