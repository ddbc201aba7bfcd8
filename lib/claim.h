/* SPDX-License-Identifier: MIT */
/* claim.h - the rules and the store brought together, for n messages at once.
 *
 * Each piece of work goes round: take what is known of the cell (at first a
 * guess: that it is new, or still as this attempt wrote it), let record.c
 * decide, swap.  A swap that was lost brings the cell as it is, and the work
 * goes round again with that.  So what is usual costs one round trip, and
 * nothing is decided on a guess: a decision counts when its swap took place, or
 * when it was made on what the store said.
 *
 * Works of one call with the same key take turns in their order (rule 15).
 */
#ifndef MQM_CLAIM_H
#define MQM_CLAIM_H

#include "core.h"
#include "record.h"

/* So many works are a script of Redis.  A power of two. */
enum { WORK_MAX = COMBINE_MAX / 4, SCRATCH_WORKS = 3 * WORK_MAX };

struct work {
    /* Set by the caller; mqm__work_init() does it for a message. */
    const struct topic_config *topic;
    struct request rq;
    uint64_t version; /* of the cell as this attempt knows it; 0: no idea */

    /* Out. */
    int result;
    const char *why;
    struct record now; /* what is on record after it, as far as it was seen; */
                       /*   of a grant or an end the whole of it             */
    int64_t retry_ms;  /* LATER: of a lease or pause, what is left of it     */
    unsigned char side_tag; /* of a DONE record */
    int sight;              /* a sight: who saw the message first */

    /* Its own. */
    int64_t away_until_ms; /* monotonic: then its policy is too old (rule 9) */
    struct mqm_swap swap;
    struct record next;
    bool finished, waits;
    bool unreadable; /* the record: asking again does not help */
    bool went_back;  /* the store: it has lost this attempt */
    bool by_origin; /* no id that could be one: the key is where it lies */
    unsigned char id[MQM_ID_MAX];
    unsigned char value[MQM_VALUE_MAX];
};

/* Memory for a call's works, kept for the next one. */
struct scratch {
    struct scratch *next;
    struct chunk *chunk; /* NULL, or those of a run */
    struct work work[SCRATCH_WORKS];
};

struct scratch *mqm__scratch(mqm *m); /* NULL: no memory, with words */
void mqm__scratch_put(mqm *m, struct scratch *s);
void mqm__scratch_back(mqm *m, struct scratch *s); /* under m->lock */
void mqm__scratch_free(struct scratch *s); /* and all behind it */

/* Fill in topic, request and key for a message and an op.  Negative results
 * (no such name, no id, ...) are those of mqm_acquire().  flags: those of a
 * delivery; WORK_AS_LISTED: the id may be one that mqm_pending() tells. */
#define WORK_AS_LISTED (1u << 31)
int mqm__work_init(mqm *m, struct work *w, const struct config *c,
                   const struct mqm_msg *msg, int op, unsigned flags);

/* Do them all, none of them finished yet.  Each result is set; returns the
 * first that is negative, with its story, else MQM_OK. */
int mqm__work_do(mqm *m, struct work *const *w, size_t n);

/* The same in two steps, with other work in between.  n and w are set by the
 * caller; nobody touches the works before they are finished. */
struct flight {
    size_t n;
    struct work *w[WORK_MAX];
    struct mqm_swap *go[WORK_MAX];
    size_t k;
    struct combine_call call;
};
void mqm__work_post(mqm *m, struct flight *f);
int mqm__work_finish(mqm *m, struct flight *f);

/* Has one of the two a key of the other? */
bool mqm__work_meets(const struct flight *a, const struct flight *b);

/* A token that nobody else has. */
uint64_t mqm__new_token(mqm *m);

#endif
