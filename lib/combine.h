/* SPDX-License-Identifier: MIT */
/* combine.h - calls of many threads become one call of the store.
 *
 * Whoever comes first leads: it sends everything that waits as one round, and
 * hands the lead over once it has its own answer, to one that waits.  There is
 * no timer and no thread.  No key is twice in a round (rule 15), and no lock is
 * held while the store works.
 *
 * A store that can begin a call and end it later has several rounds in flight:
 * what is posted is on its way at once, and whoever leads next takes the
 * answers, also for one that posted and went away to work.
 */
#ifndef MQM_COMBINE_H
#define MQM_COMBINE_H

#include <mqmigrate/plugin.h>

#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { COMBINE_MAX = 1024 }; /* swaps in one call of the store */

/* What waits may have been decided long ago when its turn comes: this process
 * stood still, or the store did.  A call may say until when it counts.  Later
 * nothing of it is sent, and the result of each of its swaps is COMBINE_LATE.
 */
#define COMBINE_EVER INT64_MAX
#define COMBINE_LATE INT_MIN

/* One thread's call, in its memory until it is finished. */
struct combine_call {
    struct mqm_swap **s;
    size_t n;
    int64_t until_ms; /* monotonic */
    atomic_bool done;
    bool watches; /* its thread: whether it is done, or has to lead */
    bool sleeps; /* until somebody wakes it: it is done, or it leads */
    sem_t wake;
    int result;
    char story[512]; /* of the leader's thread, for this one */
    struct combine_call *next;
};

/* What the store is given in one call. */
struct combine_round {
    struct combine_call *calls;
    struct combine_call *late; /* of those that waited before them */
    unsigned count;            /* of the calls */
    size_t n;
    struct mqm_swap *s[COMBINE_MAX];
};

struct combine {
    const struct mqm_store *store;
    void *self;
    unsigned room; /* rounds in flight; 1: the store knows only swap() */
    pthread_mutex_t lock;
    atomic_bool leading; /* somebody does; the rounds are the leader's */
    unsigned undone;     /* calls */
    unsigned sent;       /* of these, in rounds; the others wait */
    unsigned watching;   /* of these, by their threads */
    struct combine_call *first, **last; /* what waits */
    struct combine_call *alone;         /* who wants the store for oneself */
    struct combine_round round[MQM_STORE_BEGUN];
    unsigned oldest, flying;
    const struct mqm_key *slot[2 * COMBINE_MAX]; /* of who takes, under lock */
    uint64_t rounds; /* calls of the store so far; under lock */
};

int mqm__combine_init(struct combine *c, const struct mqm_store *store,
                      void *self);
void mqm__combine_destroy(struct combine *c);

/* store->swap() of 1 to COMBINE_MAX swaps, no key twice, if that begins until
 * then, by the monotonic clock in ms.  Every result is set.  Returns the first
 * that is negative, with its story, else MQM_OK. */
int mqm__combine_swap(struct combine *c, struct mqm_swap **s, size_t n,
                      int64_t until_ms);

/* The same in two steps, with other work in between: it is on its way, or
 * whoever serves leads it meanwhile, or else the caller does when it comes
 * back.  the swaps and what they point to are not touched until then. */
void mqm__combine_post(struct combine *c, struct combine_call *call,
                       struct mqm_swap **s, size_t n, int64_t until_ms);
int mqm__combine_finish(struct combine *c, struct combine_call *call);

/* Is what was posted on its way, so that nobody has to serve? */
static inline bool mqm__combine_flies(const struct combine *c)
{
    return c->room > 1;
}

/* Lead what waits, if nobody does; for a thread that has nothing else to do. */
void mqm__combine_serve(struct combine *c);

/* The store for oneself, between the two, for its other calls. */
void mqm__combine_enter(struct combine *c);
void mqm__combine_leave(struct combine *c);

uint64_t mqm__combine_rounds(struct combine *c);

#endif
