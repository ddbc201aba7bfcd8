/* SPDX-License-Identifier: MIT */
/* sqlite_turn.h - whose turn it is to wait for SQLite's write lock.
 *
 * SQLite has no queue: a process that commits one transaction after the other
 * takes the lock again before a waiting one has woken up, and where a commit
 * syncs the disk, the waiting one starves.  So whoever wants to write takes the
 * turn first (a lock on a file of its own), then SQLite's lock, then hands the
 * turn on.  While somebody waits, he has the turn, and the one that writes
 * cannot overtake him.
 *
 * Who waits says so in a word of that file, which all have mapped; while nobody
 * does, SQLite's lock is tried without the turn, which saves its system calls.
 * The word is a hint: one that was killed leaves it set, and the next one who
 * has the turn clears it.
 *
 * The turn is about fairness only.  Who cannot have it goes without.
 */
#ifndef MQM_STORES_SQLITE_TURN_H
#define MQM_STORES_SQLITE_TURN_H

#include <stdatomic.h>
#include <stdint.h>

struct sqlite_turn {
    int fd;              /* -1: there is no such file          */
    atomic_uint *wanted; /* NULL: not mapped, take it as wanted */
    uint32_t dice; /* never 0 */
};

void mqm__turn_open(struct sqlite_turn *turn, const char *db_path);
void mqm__turn_close(struct sqlite_turn *turn);

/* So many bytes of that file are for other uses; NULL: not mapped. */
enum { MQM__TURN_ROOM = 448 };
unsigned char *mqm__turn_room(const struct sqlite_turn *turn);

/* Does somebody wait for it? */
int mqm__turn_is_wanted(const struct sqlite_turn *turn);

/* Wait for it, not beyond the deadline (CLOCK_MONOTONIC). */
void mqm__turn_take(struct sqlite_turn *turn, int64_t deadline_us);
void mqm__turn_give(struct sqlite_turn *turn);

/* Sleep about so long: between half and one and a half of it. */
void mqm__turn_nap(struct sqlite_turn *turn, unsigned us);

#endif
