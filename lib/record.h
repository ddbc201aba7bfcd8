/* SPDX-License-Identifier: MIT */
/* record.h - the life of one message, as a pure function.
 *
 *              look, acquire: theirs
 *         FREE ---------------------> OWED <--------------------+
 *           |                 acquire |  ^ failure, hand back   |
 *           | acquire: ours           v  |                      |
 *           +-----------------------> HELD --+ renew;           |
 *                                     | | ^--+ lease ran out:   |
 *                             success | |      held anew, DOUBT |
 *                                     | | park: in doubt, or    |
 *                                     | |   failed too often    |
 *                                     v +-------> PARKED -------+
 *                  success, from OWED,            | resolve again, assign
 *                  HELD, PARKED ----> DONE <------+ resolve done
 *                  in doubt
 *
 * OWED, HELD and PARKED name a side: the message belongs to it.  Who looks
 * first at a FREE message writes the side that policy names before the copy is
 * dropped.  A HELD record as old as its lease is stale: somebody began and did
 * not tell.  What a copy is told, by acquire and (*: OK instead) by look:
 *
 *                  own side          other side       own, from parking
 *     FREE, ours   OK *              -                DOUBT *
 *     FREE, theirs -                 pin, SKIP (1)    DOUBT *
 *     FREE, unsure DOUBT *           DOUBT *          DOUBT *
 *     OWED         OK *              SKIP (2)         OK *
 *     OWED, paused LATER *           SKIP (2)         LATER *
 *     OWED, doubt  DOUBT *           SKIP (2)         DOUBT *
 *     HELD         LATER *           SKIP (2)         LATER *
 *     HELD, same   as the first time (a call repeated with its token); a lease
 *                  that is over begins afresh *
 *     HELD, stale  DOUBT *           SKIP (2)         DOUBT *
 *     PARKED       SKIP (3)          SKIP (2)         LATER
 *     DONE         SKIP              SKIP             SKIP
 *
 *     (1) LATER if policy is stale.  (2) LATER if reassigned, unless PARKED
 *     with a safe body, or if the copy is from parking.  (3) LATER unless the
 *     body is safe.
 *
 * A failure is followed by a pause, written into the OWED record: no copy of
 * the message is worked on before it is over, by whomever.
 *
 * A doubt is the oldest attempt of which nobody knows how it went.  It outlives
 * failures and later attempts.  What ends it: the success of an attempt since
 * then, however late, or a person (or resolver) who asked whoever knows, about
 * what is PARKED, or OWED in doubt.
 *
 * Invariants, checked in every reachable state by tests/model:
 *   (1) A message belongs to one side.  Only assign moves it, and only while
 *       nobody works on it and nothing of it is in doubt.
 *   (2) While its lease lasts, only its holder changes a HELD record.  The one
 *       exception is a success that settles the doubt, or is newer.
 *   (3) A copy is dropped only with a record that says why.  Until DONE the
 *       side that the message belongs to has a copy, if only in parking; while
 *       it is FREE both sides have; once reassigned, one of them has.  What is
 *       OWED or HELD comes again by itself, or is marked unsent.  DONE means:
 *       it happened.
 *   (4) If doubts are parked, the work is done at most once.  If they are run
 *       again, twice only after a lease ran out, and by one side.
 *   (5) Every attempt that may still take effect, or has and did not tell, is
 *       the holder's, or not older than the doubt.  So OWED or PARKED without
 *       a doubt means: it did not happen, and nobody is at it.
 *   (6) Tokens of a message grow with each attempt.  DONE is final.
 *   (7) A call repeated after a lost answer gets its first verdict and changes
 *       nothing but a lease that is over; nor does one that comes too late
 *       (LOST, if it is a worker).
 *   (8) No success is thrown away, also if the store has gone back to before
 *       its attempt, and nothing is in doubt without a reason.
 *   (9) by_rule, body_safe, unsent, attempts and the words for people say what
 *       they are said to below.
 *  (10) While the pause after a failure lasts, nobody is given the message.
 *       Once a pause or a lease is over, whoever of its side asks next is, and
 *       with a lease that lasts.
 *  (11) Once faults stop every message ends: DONE, and no copy is kept any
 *       more, or PARKED as long as nobody resolves.
 *
 * They rest on what this file cannot see to: a store that may have forgotten a
 * message says so (unsure); both brokers got the message and keep a copy until
 * it is acknowledged; a handler that says "failure" knows that nothing
 * happened; and no overtaken attempt takes effect later than settle_ms after
 * its message was parked, or owed in doubt.
 */
#ifndef MQM_RECORD_H
#define MQM_RECORD_H

#include <mqmigrate/mqmigrate.h>

#include <stdbool.h>
#include <stdint.h>

enum { RECORD_SIDE = 32, RECORD_HOLDER = 64, RECORD_ORIGIN = 128 };

enum parked_why { WHY_NONE, WHY_UNSURE, WHY_LEASE, WHY_FORGOTTEN, WHY_TRIES };

struct record {
    int state;        /* an mqm_state                                         */
    uint64_t token;   /* the newest attempt, fixed while it lasts; of a DONE  */
                      /*   record the one that did it; 0: none yet            */
    uint64_t doubt;   /* the oldest attempt in doubt, or 0                    */
    unsigned attempts;
    int64_t age_ms;   /* since the last change, >= 0                          */
    int64_t lease_ms; /* HELD: how long, as its holder wrote it; OWED: the    */
                      /*   pause before the next try                          */
    bool by_rule;     /* OWED: by a rule, not by the cut; not "pending"       */
    bool body_safe;   /* PARKED: the body lies in the parking topic           */
    bool reassigned;  /* perhaps not its first side (assign, or taken when    */
                      /*   unsure): the other keeps its copies until DONE     */
    bool unsent;      /* OWED, HELD: owed again (resolve again, assign), or   */
                      /*   taken when unsure: perhaps no copy is on its way,  */
                      /*   and its body has to be sent                        */
    char side[RECORD_SIDE];

    /* For people; no rule looks at them. */
    int why;                    /* PARKED: a parked_why                       */
    char holder[RECORD_HOLDER]; /* HELD: the instance                         */
    char origin[RECORD_ORIGIN]; /* where the copy lies that was seen first    */
};

enum op {
    OP_ACQUIRE = MQM_OP_ACQUIRE,
    OP_RENEW = MQM_OP_RENEW,
    OP_SUCCESS = MQM_OP_SUCCESS,
    OP_FAILURE = MQM_OP_FAILURE,     /* nothing happened                     */
    OP_PARK = MQM_OP_DOUBT,          /* it may have happened                 */
    OP_HAND_BACK = MQM_OP_HAND_BACK, /* acquired, but never begun            */
    OP_PARK_FAILED = MQM_OP_PARK_FAILED, /* nothing happened, too often      */
    OP_RESOLVE_DONE,
    OP_RESOLVE_AGAIN, /* route is not the record's side: assign              */
    OP_LOOK           /* never a reason to work                              */
};

/* An acquire proposes a token that no other call proposes (the clock and some
 * random bits), and proposes the same when it is repeated.  The token written
 * is never below the record's: a caller that sees its proposal overtaken makes
 * a new one first, or the repeat is not known again. */
struct request {
    int op;
    const char *side;  /* who asks                                           */
    const char *route; /* what policy says; of OP_RESOLVE_AGAIN: the owner   */
    const char *holder, *origin; /* for people; may be NULL                  */
    uint64_t token;    /* proposed, or of the attempt, or as inspected       */
    int64_t lease_ms;  /* OP_ACQUIRE, OP_RENEW; OP_FAILURE: the pause        */
    int64_t settle_ms; /* OP_RESOLVE_AGAIN: a "no" counts after this long    */
    bool may_pin_away; /* policy is fresh enough to leave it to the other    */
    bool by_rule;      /* route comes from "switch off" or "born before"     */
    bool unsure;       /* the store may have forgotten this message          */
    bool parked_copy;  /* this copy comes out of the parking topic           */
    bool proven;       /* of an end: the store has said that token is on     */
                       /*   record                                           */
    bool body_safe;    /* OP_PARK, OP_PARK_FAILED: it lies in the parking    */
                       /*   topic                                            */
    int why;           /* OP_PARK, OP_PARK_FAILED: a parked_why              */
};

/* Decide.  No I/O, no clock, no memory.  Returns the verdict.  Where the record
 * has to change, next->state is not MQM_FREE and *next is what to write; an
 * attempt's token is next->token, or the proposal if nothing changed. */
int mqm__decide(const struct record *cur, const struct request *rq,
                struct record *next, const char **why);

/* Is the record older than the attempt that ends?  Tokens only grow, so then
 * the store has lost what it had. */
bool mqm__is_older(const struct record *cur, const struct request *rq);

/* "lease ran out", ...: of a parked_why. */
const char *mqm__parked_words(int why);

#endif
