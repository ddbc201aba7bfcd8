/* SPDX-License-Identifier: MIT */
/* redis_script.h - what runs inside Redis, and what the keys hold.
 *
 *     mqm:store            hash: id (of this store, at random), created (ms),
 *                          run (run id of the server that has it), floor (ms:
 *                          when another one was found to have it), mode
 *                          (always, everysec: appendfsync since that run
 *                          began; none: neither, or not all the time), clock
 *                          (ms, the latest in mqm:clients), fault and over
 *                          (ms: when it was last found to have gone back in
 *                          time, and until when those in mqm:missing are
 *                          waited for; id has a '~' before it meanwhile),
 *                          bound (ms: who was waited for in vain made no
 *                          record of what was born at that or later)
 *     mqm:clients          hash: handle -> when it registered last (ms), the
 *                          number of the last of its cells (redis_ring.h) that
 *                          were sent before that, and, if it has one, its bound
 *                          (redis_bound.h)
 *     mqm:missing          hash: handle -> 1, of those that are waited for
 *     mqm:s:SPACE          hash: from (memory_from_ms as raised), keep (the
 *                          shortest in ms that a cell is kept), used (no cell
 *                          kept so short was written or born later than this
 *                          ms), next (the shortest of the longer ones since),
 *                          due (before this ms no cell can have expired),
 *                          unborn (from this ms on a cell of unknown birth may
 *                          be forgotten)
 *     mqm:o:SPACE          hash: id of each listed cell -> the cell, which has
 *                          its born_ms (7 bytes) before the value
 *     mqm:b:SPACE:SLOT     hash: id -> cell, of the others; SLOT is born_ms /
 *                          bucket_ms (of mqm:store: one for the whole store)
 *     mqm:c:SPACE:ID       a cell that is not listed and of unknown birth
 *
 * A cell is 7 bytes of version, most significant first, and the value.  It lies
 * in one place: with the open ones or in its bucket.  The open ones lie apart
 * since they must not expire with a bucket and are what list() visits.  A small
 * hash in which all fields and values are short is a listpack: 40 bytes for a
 * done record.  mqm:o: has an own field, of no id, too long for that: it would
 * be searched from its beginning for each id of each call.
 *
 * Versions are microseconds by Redis' clock, rounded down to an even one, or
 * what the caller guesses, if that is 0 to 40 ms ahead of it, or two more than
 * the last one, if that was.  One that had to be greater still, since the clock
 * went back, is odd, and followed by 7 bytes of the time when the cell was
 * written, else the version is that time.  As doubles they are exact until the
 * year 2255.
 *
 * Why a guess is safe.  (1) It is taken only if it is greater than all that the
 * call expects, and a cell changes only if its version is the expected one; so
 * the versions of a cell grow, whoever guessed.  (2) A cell that was forgotten
 * and comes again begins at the clock, at least; the last one was little more
 * than 40 ms ahead, and was kept since: with a `keep` of more than that the new
 * version is greater, unless the clock was set back by more than `keep`.  (3) A
 * version is never behind the clock by which ages are measured, at the moment
 * of the change: an age may be 40 ms too small, never too great, so no lease is
 * over for others before it is for a holder who counts from before he asked.
 * (4) What is forgotten, and what is in doubt, goes by the clock alone.
 *
 * Redis itself forgets.  A bucket lives, from each write of one of its cells,
 * for that cell's k ms, counted from now or the message's birth, whichever is
 * later: a little more, so that not each write has to set its end.  So no cell
 * that was born within the last `keep` ms can have expired, and that is where
 * memory begins.  When `keep` was raised and all that was kept shorter is gone,
 * memory stays where it began then, until it is as long as it is now kept.
 *
 * A script that finds another store than the caller knows (emptied, another
 * server) does nothing and answers MQMSTORE.
 */
#ifndef MQM_STORES_REDIS_SCRIPT_H
#define MQM_STORES_REDIS_SCRIPT_H

/* Of a version, and of a time in the same place. */
#define MQM__REDIS_VERSION_LEN 7
#define MQM__REDIS_VERSION_MAX ((uint64_t)1 << 53)

/* For how long a registration counts: a literal, it goes into a script. */
#define MQM__REDIS_LEASE_MS 10000

/* EVAL script 3 mqm:store mqm:clients mqm:missing new-id appendfsync handle
 * patience -> {id, created, now in ms, floor, how it makes room: noeviction,
 * run, state, number of the last cell that it had of the handle's, how many
 * were waited for in vain, and are not any more, bound}.  state: 0 safe, 1 the
 * same, and the handle is registered, 2 it is being restored, 3 the handle is
 * waited for */
extern const char mqm__redis_script_hello[];

/* EVAL script 2 mqm:store mqm:clients id handle "number" or "number bound" ->
 * now in ms */
extern const char mqm__redis_script_beat[];

/* EVAL script 3+n mqm:store mqm:s:SPACE mqm:o:SPACE key... id floor keep
 * last-born L-or-U... borns id... cell... -> {how many were written, how many
 * could not be} */
extern const char mqm__redis_script_restore[];

/* EVAL script 3 mqm:store mqm:clients mqm:missing id handle number incomplete
 */
extern const char mqm__redis_script_answer[];

/* EVAL script 2 mqm:store mqm:s:SPACE id floor raise -> memory_from, as text */
extern const char mqm__redis_script_memory[];

/* EVAL script 1 mqm:store id bucket_ms -> that of the store, as text */
extern const char mqm__redis_script_span[];

/* EVALSHA script 3+b mqm:store mqm:s:SPACE mqm:o:SPACE bucket...
 *         id floor keep how first-born last-born newest expects borns counts
 *         id-format ids value-format values n guess until
 * how: one letter, l listed or u not, as a capital: anyway.  newest: the
 * largest of the expects.  expects: 7 bytes each in one text, or 7 for all;
 * none: all are to be created.  borns: 7 bytes each, of those not listed.
 * counts: of each bucket how many of the ids are its own, 2 bytes; none: of
 * unknown birth, with a key for each.  Ids and values are one text each, and
 * the format is what struct.unpack() takes one of them out by: to read an
 * argument costs Redis more.  The values are whole cells with the guess as
 * their version: to put another one before each costs more still.  until: in
 * us; later it is refused with MQMLAPSED.
 * -> {now in us, with a "~" before it if the guess became the version, then of
 * each that is not plainly done with that as its version: its number, and the
 * cell that is there, or 0: there is none, 1: it is in doubt, 2: the key holds
 * something else.  Negative: an open cell; more than MQM__REDIS_AHEAD: it is
 * done, with this version.  What comes later counts} */
enum { MQM__REDIS_AHEAD = 1000 };
extern const char mqm__redis_script_swap[], mqm__redis_script_swap_2[];

#endif
