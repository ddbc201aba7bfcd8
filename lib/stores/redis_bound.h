/* SPDX-License-Identifier: MIT */
/* redis_bound.h - how late a birth a handle may make a record of.
 *
 * Of a handle that is dead when its Redis goes back in time nobody knows what
 * it wrote last.  But while it lags, it works on messages that were born long
 * ago; so it promises, with each registration, to make no record of one born
 * later than so much, and what was born after that is known to be new.
 *
 * What always holds: `now_ms` is not above the bound of the registration that
 * is in force, nor of any that was sent since.  For Redis may have kept that
 * one, and the later of the two is what counts then.  So a bound that is lower
 * is kept from when it is sent, a higher one when it cannot be lost any more.
 *
 * How far it will come before that moment is a guess, from how far it came
 * lately.  Too short, and a call waits for the next registration: without a
 * bound, as are those of the next minute.
 */
#ifndef MQM_STORES_REDIS_BOUND_H
#define MQM_STORES_REDIS_BOUND_H

#include <stddef.h>
#include <stdint.h>

#define MQM__BOUND_NONE INT64_MAX

enum { MQM__BOUND_SEEN = 8 };

struct redis_bound {
    int64_t now_ms;  /* in force */
    int64_t next_ms; /* of the registration that waits */
    int64_t low_ms;  /* the lowest of those that are not answered */
    int unanswered;
    int64_t newest_ms; /* birth, since the last registration; 0: none */
    int64_t seen_ms[MQM__BOUND_SEEN]; /* the same, of the ones before it */
    size_t n_seen;
    int free_for; /* so many registrations go without a bound */
    int penalty;  /* and so many the next time */
};

/* A record of that birth is to be made. */
void mqm__bound_saw(struct redis_bound *b, int64_t born_ms);

/* The bound of the next registration. */
int64_t mqm__bound_next(struct redis_bound *b, int64_t wall_ms);

/* It was too short. */
void mqm__bound_miss(struct redis_bound *b);

/* A registration was sent with it; was answered (waits: an older one waits
 * already); did nothing; is in force.  The connection is another one. */
void mqm__bound_sent(struct redis_bound *b, int64_t bound_ms);
void mqm__bound_answered(struct redis_bound *b, int waits);
void mqm__bound_failed(struct redis_bound *b);
void mqm__bound_in_force(struct redis_bound *b);
void mqm__bound_lost(struct redis_bound *b);

#endif
