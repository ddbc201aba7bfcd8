/* SPDX-License-Identifier: MIT */
/* redis_session.h - we and the store in Redis: who is who.
 *
 * A store has an identity, made by whoever comes first.  Every script carries
 * the one that we know, so a store that was emptied or replaced is noticed
 * before anything is changed.  floor_ms is then raised to that moment, and the
 * next script for a space carries it there.
 *
 * A server that was started since, or has taken over, may have less than there
 * was, under the same identity: it is told by its run id, at the first hello,
 * and what it has no record of is in doubt, too; unless it syncs each change
 * (appendonly yes, appendfsync always), or does so each second and all who may
 * know better write it again: redis_restore.h.  One that evicts is refused.
 */
#ifndef MQM_STORES_REDIS_SESSION_H
#define MQM_STORES_REDIS_SESSION_H

#include "redis_bound.h"
#include "redis_link.h"
#include "redis_ring.h"

enum { MQM__REDIS_IDENTITY = 32, MQM__REDIS_SUM = 40, MQM__REDIS_SYNC = 9 };

#define MQM__REDIS_STORE "mqm:store" /* see redis_script.h */
#define MQM__REDIS_SPACE "mqm:s:"
#define MQM__REDIS_OPEN "mqm:o:"
#define MQM__REDIS_BUCKET "mqm:b:"
#define MQM__REDIS_CELL "mqm:c:"
#define MQM__REDIS_CLIENTS "mqm:clients"
#define MQM__REDIS_MISSING "mqm:missing"

/* A call that was begun and not ended; redis_swap.c has it. */
struct redis_flight {
    struct mqm_swap *const *s;
    size_t n;
    uint16_t *group; /* the swaps by groups, then the length of each group */
    size_t room, groups;
    int64_t deadline_us, sent_us;
    int64_t guess_us; /* of the time by Redis' clock */
    unsigned drops; /* of the link, when it was sent */
    int received;
    int64_t newest_ms; /* born, of what it creates */
    int asks, beat; /* it changes nothing; it began with a registration */
    int result, first; /* 1: some are to be sent again; the first failure */
};

struct redis {
    const struct mqm_host *host;
    struct redis_link link;
    char id[MQM__REDIS_IDENTITY + 1]; /* of the store; "": not known yet */
    char sync[MQM__REDIS_SYNC + 1]; /* appendfsync; "": we may not know */
    int judged, evicts; /* it was looked at; it evicted when last seen */
    char swap_sum[MQM__REDIS_SUM + 1]; /* what Redis calls the script */
    int whole_script;                 /* it has forgotten it: send all of it */
    int64_t floor_ms, created_ms;
    int64_t bucket_set; /* the setting; 0: as the store has it */
    int64_t bucket_ms;  /* of the store with this id; see redis_bucket.h */
    char bucket_id[MQM__REDIS_IDENTITY + 1];
    struct redis_flight flight[MQM_STORE_BEGUN]; /* a ring */
    size_t oldest, flying;
    int64_t ahead_us; /* of our clock, Redis', at most; 0: not known */
    int64_t now_us;   /* by Redis' clock, as the last script said */
    int64_t guess_us; /* of the call that is being sent or received */
    /* redis_restore.c; times by CLOCK_MONOTONIC, but for the ends, by Redis' */
    char handle[MQM__REDIS_IDENTITY + 1];
    int lossy;     /* we are registered, and keep what we are told */
    int unsettled; /* nothing before another hello: it may be restored */
    int restoring; /* it is */
    int incomplete; /* we do not have all that it lost */
    struct redis_ring ring;
    size_t ring_size;
    int64_t restore_ms; /* how long the others are waited for */
    uint64_t again;     /* written again so far */
    char run[MQM__REDIS_SUM + 1]; /* it has all that we were told */
    char last_run[MQM__REDIS_SUM + 1];
    int asks; /* the call that is being sent: it changes nothing */
    int64_t since_ms, until_ms;     /* the registration under which we write */
    int64_t next_ms, next_until_ms; /* 0, or the one after it */
    int64_t beat_ms, put_ms;        /* the last one; the last cell */
    struct redis_bound bound;       /* of the registrations */
};

/* Begin a call: connected, introduced. */
int mqm__redis_ready(struct redis *d);

/* Learn the identity anew: a script answered MQMSTORE. */
int mqm__redis_hello(struct redis *d);

/* The next reply, of this type, or < 0; an error reply is that, with words. */
int mqm__redis_reply(struct redis *d, int type,
                     const struct redis_reply **reply);

/* The same of a script that was told a store.  1: that is another one. */
int mqm__redis_script_reply(struct redis *d, int type,
                            const struct redis_reply **reply);

/* Something else lies where we keep a thing. */
int mqm__redis_foreign(struct redis *d);

/* The number that these digits are, or -1. */
int64_t mqm__redis_digits(const char *p, size_t len);

/* 1: an array of n texts and nothing else. */
int mqm__redis_is_texts(const struct redis_reply *r, size_t n);

#endif
