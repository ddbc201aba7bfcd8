/* SPDX-License-Identifier: MIT */
/* redis_script.h - what runs inside Redis, and what the keys hold.
 *
 *     mqm:store            hash: id (of this store, at random), created (ms),
 *                          run (run id of the server that has it), floor (ms:
 *                          when another one was found to have it)
 *     mqm:s:SPACE          hash: from (memory_from_ms as raised), keep (the
 *                          shortest in ms that a cell was kept), due (before
 *                          this ms no cell can have expired), unborn (from this
 *                          ms on a cell of unknown birth may be forgotten)
 *     mqm:l:SPACE          hash: id of each listed cell -> its born_ms
 *     mqm:c:SPACE:ID       a cell
 *
 * A cell is 16 digits of version, a letter and the value.  Letters: l for a
 * listed one, u for another; as capitals they are followed by 16 digits of the
 * time in microseconds when it was written, which otherwise is its version.
 *
 * Versions are microseconds by Redis' clock, the old one + 1 at least.  They
 * are compared as texts of one length: Lua would print a number of this size
 * with 14 digits.  As doubles they are exact until the year 2255.
 *
 * Redis itself forgets.  A cell that was kept for k ms lives until now or the
 * message's birth, whichever is later, + k.  So none that was born within the
 * last `keep` ms can have expired, and that is where memory begins.
 *
 * A script that finds another store than the caller knows (emptied, another
 * server) does nothing and answers MQMSTORE.
 */
#ifndef MQM_STORES_REDIS_SCRIPT_H
#define MQM_STORES_REDIS_SCRIPT_H

#define MQM__REDIS_VERSION_LEN 16

/* EVAL script 1 mqm:store new-id synced -> {id, created, now in ms, floor, how
 * it makes room: noeviction} */
extern const char mqm__redis_script_hello[];

/* EVAL script 2 mqm:store mqm:s:SPACE id floor raise -> memory_from, as text */
extern const char mqm__redis_script_memory[];

/* EVALSHA script 3+n mqm:store mqm:s:SPACE mqm:l:SPACE cell...
 *         id floor keep how expects borns first-born last-born bare value...
 * how: one letter, l listed or u not, as a capital: anyway.  expects and borns:
 * 16 digits each in one text; no expects: all are to be created.  first- and
 * last-born, and whether one is of unknown birth, tell whether the borns need
 * to be looked at.
 * -> {now in us, then of each that is not plainly done with this as its
 * version: its number and: a version: done; a longer text: lost, the cell; 0:
 * lost, no cell; 1: in doubt; 2: the key holds something else} */
extern const char mqm__redis_script_swap[];

#endif
