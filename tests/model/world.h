/* SPDX-License-Identifier: MIT */
/* world.h - one message, two sides, and all that can happen to it.
 *
 * Each side has a broker with one or two copies, a parking topic, and two
 * consumers.  Brokers give any copy that is not acknowledged to any idle
 * consumer at any time, so also the same copy to both.  What policy a consumer
 * knows at that moment is arbitrary.  A consumer looks, acquires, works (the
 * effect is a step of its own, also for one whose lease ran out long ago),
 * renews, and ends in success, failure, hand back or park.  It dies anywhere.
 * The answer of any call may be lost, to a caller who dies or to one who lives
 * and repeats the call, at once or much later.  Leases and pauses run out at
 * any moment.
 *
 * Tokens are compared, never counted, so a state keeps their order only.  That
 * makes the states finitely many: histories have no bound on their length.
 */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include "../../lib/record.h"

#include <stddef.h>

enum { SIDES = 2, PER_SIDE = 2, STEP = 4 };
enum { PARKING = 2, COMING = 3 }; /* copies 0 and 1 are ordinary ones */
enum { LEASE = 100, PAUSE = 70, SETTLE = 50 };

enum {
    AGAIN = 1 << 0,    /* doubts are run again, not parked               */
    COPIES = 1 << 1,   /* two ordinary copies a side                     */
    UNSAFE = 1 << 2,   /* some park without a safe body                  */
    REPLAY = 1 << 3,   /* the parking topic is read, at any time         */
    RESOLVE = 1 << 4,  /* somebody asks the third party about PARKED     */
    ASK = 1 << 5,      /* who is given a DOUBT asks, renews and works    */
    ASSIGN = 1 << 6,   /* to the other side, then publish again          */
    PUBLISH = 1 << 7,  /* what is OWED and was never tried, once more    */
    FORGET = 1 << 8,   /* the store forgets, and says so                 */
    RETIRE = 1 << 9,   /* a side stops when nothing of it is pending     */
    BY_RULE = 1 << 10, /* some route to the old side by rule             */
    LAG = 1 << 11,     /* some propose a token below the record's        */
    FEW = 1 << 12,     /* the new side has one consumer                  */
    TRIES = 1 << 13,   /* what failed too often is parked                */
    SLOW = 1 << 14,    /* anything may happen before it is acknowledged  */
    BACK = 1 << 16,    /* the store goes back, and does not say so       */
    ONE = 1 << 15,     /* sent to one broker only; PUBLISH repairs it    */
};

/* SAID + op: that op's answer was lost, and it will be repeated. */
enum phase { IDLE, ASKED, DOUBTING, WORKING, WORKED, DROPPING, SAID };

struct consumer {
    unsigned char phase;
    unsigned char copy;
    unsigned char token; /* ASKED: the proposal */
};

struct world { /* bytes only: compared and hashed as such */
    unsigned char state, owner, stale, by_rule, body_safe, reassigned;
    unsigned char paused, unsent;
    unsigned char token, doubt;
    unsigned char attempts;       /* 2: or more                         */
    unsigned char copies[SIDES];  /* bit set: copy not acknowledged     */
    unsigned char effects[SIDES]; /* 2: or more                         */
    unsigned char lapsed, forgot, back; /* it ever happened             */
    unsigned char retired;              /* 0: no side, else side + 1    */
    struct consumer at[SIDES][PER_SIDE];
};

struct how { /* a state came to be */
    const char *what;
    unsigned from;
    signed char side, consumer, copy, verdict;
    bool fault; /* or bad luck: an end must come without it */
};

extern const char *const side_name[SIDES];
extern unsigned on;    /* the switches                       */
extern struct how now; /* the step that is being taken       */

/* model.c: a state was reached.  An invariant has to hold, or the shortest
 * history that breaks it is told. */
void push(struct world w);
void must(int invariant, bool holds, const char *text);

/* The same for a step that need not happen. */
void push_fault(struct world w);

/* live.c: which steps lead to which states, and the first state of n from which
 * none leads to an end any more, or n. */
void live_begin(void);
void live_step(size_t from, size_t to);
size_t live_stuck(const struct world *w, size_t n);

/* check.c: the invariants, and the one call of the function under test, which
 * checks what it answers and changes the world as it says. */
void check_world(const struct world *w);
bool worked_twice(const struct world *w);
bool settled(const struct world *w);
bool is_gone(const struct world *w, int side); /* retired */
void clear_record(struct world *w);
int apply(struct world *w, struct request rq);

/* consumer.c, operator.c: every step that is possible from here. */
void consumer_steps(const struct world *w);
void operator_steps(const struct world *w);
void go_idle(struct world *w, int s, int c);

#endif
