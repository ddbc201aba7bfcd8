/* SPDX-License-Identifier: MIT */
/* run.h - the whole guard for n copies: decide, claim, work, tell.
 *
 * Copies are claimed in chunks, no more than the handler begins within 5 ms at
 * its present speed; within 20 ms, if the store lets a chunk wait for so long,
 * since else little would be done but waiting.  While one chunk is worked on,
 * the ends of the one before and the claims of the one after it are with the
 * store:
 *
 *     claim 1 | work 1  | work 2        | work 3        | end 3
 *             | claim 2 | end 1 claim 3 | end 2         |
 *
 * As one call, where the store knows no other; else each is on its way as soon
 * as it is known, so that a fast handler does not keep the store waiting.
 *
 * If work takes longer, what was not begun is handed back, and so is what was
 * claimed ahead, and claimed anew.  A store may take longer, up to half a
 * lease, which counts from before it was asked.  When mqm__run() returns,
 * nothing is in flight.
 */
#ifndef MQM_RUN_H
#define MQM_RUN_H

#include "claim.h"
#include "side.h"

enum {
    CHUNK = WORK_MAX,
    CHUNKS = 3,          /* one ends, one is worked on, one is being claimed */
    SPAN_US = 5000,      /* of work in a chunk; where nothing is claimed     */
    SPAN_MAX_US = 20000, /*   ahead twice that                               */
    AHEAD_MIN = 8,       /* handlers so slow that a chunk is smaller: nothing */
                         /*   is claimed ahead, a crash would leave doubts   */
    LATE = CHUNKS + 1,   /* spans of work, and the rest goes back            */
    LONG_US = 10000000,  /* since an adapter polled: the rest comes again    */
    BLOCKED_MAX = 64
};

enum phase {
    PHASE_IDLE,    /* not ours                                        */
    PHASE_CLAIMED, /* ours, not begun                                 */
    PHASE_WORKING, /* the handler has it                              */
    PHASE_ENDING,  /* the handler is back, the store does not know it */
    PHASE_LOST     /* was ours; overtaken, as a renewal found out, or */
                   /*   handed back by the keeper, not begun          */
};

/* What d->call points to: enough for mqm_check() and mqm_header(). */
struct call {
    struct side *side; /* NULL: the program's own loop */
    struct item *item; /* NULL: only looked at, in the parking topic */
};

/* One copy of a chunk.  The keeper reads, under mqm.lock, what is CLAIMED or
 * WORKING: phase, token, the times, and of the work topic, side and key.  So
 * those change only while it is neither, and it becomes IDLE under the lock. */
struct item {
    struct call call;
    struct mqm_delivery *d;
    struct work *w;
    bool asked; /* w was given to the store */
    bool no_id; /* not asked: nobody's, on the new side */
    atomic_int phase;
    uint64_t token;
    _Atomic int64_t leased_ms;   /* monotonic, before the store was asked */
    _Atomic int64_t deadline_ms; /* monotonic; renewed until then         */
    char origin[RECORD_ORIGIN];
};

struct chunk {
    struct item item[CHUNK];
    size_t from, n; /* of the caller's array */
    size_t begun;
    int64_t asked_ms;  /* monotonic, before the store was asked           */
    int64_t worked_us; /* what the run had worked until then              */
    bool rewound; /* not all of it was begun */
    bool told;    /* its ends are posted */
    bool plain;   /* they are all successes */
    struct flight flight; /* of its claims, then of its ends */
};

struct run {
    struct run *next; /* in mqm.runs */
    mqm *m;
    struct side *side;
    struct snapshot *snapshot;
    mqm_handler handler;
    void *user;
    _Atomic int64_t *pace_us;
    int64_t began_us;   /* monotonic: the run did                          */
    int64_t working_us; /* monotonic: this chunk's work began then         */
    int64_t worked_us;  /* on the chunks before it                         */
    int64_t wall_ahead_us; /* of the wall clock, when that did             */

    unsigned char *d; /* the caller's array */
    size_t stride, n, at;

    unsigned blocked[BLOCKED_MAX]; /* lanes */
    size_t n_blocked;
    struct chunk *chunk; /* CHUNKS of them, the scratch's */
    size_t turn; /* of the chunks */
    int64_t span_us; /* of work in the next chunk */
    struct scratch *scratch;
};

int mqm__run(mqm *m, struct side *side, struct mqm_delivery *d, size_t n,
             mqm_handler handler, void *user);

/* lane.c */
bool mqm__lane_blocked(const struct run *r, unsigned lane);
void mqm__block_lane(struct run *r, unsigned lane);

/* park.c: put the body of a copy into a safe place.  0 or < 0 with words. */
int mqm__keep_body(struct run *r, const struct topic_config *t,
                   const struct mqm_delivery *d);

/* What has used up a third of its lease: renew it if the handler has it, hand
 * it back if it still waits behind another.  The keeper's. */
void mqm__renew_all(mqm *m);

/* audit.c */
void mqm__audit(mqm *m, const char *call, const struct mqm_msg *msg,
                const struct work *w);

#endif
