/* SPDX-License-Identifier: MIT */
/* redis_bucket.h - which bucket a cell lies in, and its bytes.
 *
 * A bucket is cheap per cell while it holds some dozens and is no larger than
 * what Redis keeps in one piece (hash-max-listpack-entries); one that is larger
 * takes more memory and works as well.  How long a span of time that is depends
 * on the topic, so bucket_ms is a setting, fixed when the store begins: where a
 * cell lies follows from it.
 */
#ifndef MQM_STORES_REDIS_BUCKET_H
#define MQM_STORES_REDIS_BUCKET_H

#include "redis_session.h"

enum { MQM__REDIS_GROUP = 256 }; /* cells of one script */

/* The buckets of n swaps, in the swaps' order. */
struct redis_buckets {
    size_t n;
    int bare; /* of unknown birth: a key each */
    int64_t slot[MQM__REDIS_GROUP];
    unsigned char counts[2 * MQM__REDIS_GROUP]; /* of each, how many */
};

/* Agree with the store on d->bucket_ms; -EINVAL: another one was set.  Costs
 * nothing once it is known. */
int mqm__redis_span(struct redis *d);

/* Puts the swaps into the order of their birth. */
void mqm__redis_buckets(struct redis_buckets *b, struct mqm_swap *const *s,
                        uint16_t *at, size_t n, int64_t bucket_ms);

/* Their keys, as arguments. */
void mqm__redis_put_buckets(struct redis_link *l, const struct redis_buckets *b,
                            struct mqm_swap *const *s, const uint16_t *at);

/* A time that fits; 0: unknown. */
int64_t mqm__redis_born(const struct mqm_key *key);

/* A number as MQM__REDIS_VERSION_LEN bytes.  One that is larger than
 * MQM__REDIS_VERSION_MAX becomes one that matches nothing. */
void mqm__redis_pack(unsigned char *to, uint64_t x);
uint64_t mqm__redis_unpack(const char *p);

/* A cell as it stands in Redis.  born: NULL, or it is an open one.  -1: it is
 * none. */
int mqm__redis_cell(const char *p, size_t len, int64_t now_us,
                    struct mqm_cell *cell, int64_t *born);

#endif
