/* SPDX-License-Identifier: MIT */
/* sqlite_mark.h - what the file must have, or it has gone back in time.
 *
 * SQLite ends its log at the first frame that is damaged or missing, and takes
 * what was committed after that for never written.  So the last cell of each
 * committed claim is marked beside the file, in FILE-turn: memory that all
 * processes share, and that outlives them.  Whoever opens the file looks
 * whether that cell is there, in that version or a later one, or was forgotten
 * since.  A log that was cut, removed or damaged, and an older copy in the
 * file's place are noticed by that, and refused: raising memory would not do,
 * since there may be records that are older than what was done.
 *
 * What always holds: a cell is marked after its commit, and only if that waited
 * for the disk or is told not to (durability 'process').  So the mark is never
 * ahead of the file, unless a machine that was told not to wait has crashed;
 * and that is known by itself: who opens the file like that writes down, once
 * and for the disk, which boot of the machine it is.  Another one since then
 * means that claims may be forgotten: memory begins anew.
 *
 * No mark, no check: FILE-turn may be deleted.  One of the last two marks is
 * whole whenever a process is killed.
 */
#ifndef MQM_STORES_SQLITE_MARK_H
#define MQM_STORES_SQLITE_MARK_H

#include "sqlite_db.h"

/* The file was opened: -EIO: it has gone back. */
int mqm__mark_check(struct sqlite_db *d);

/* They were committed; those that are MQM_OK are there. */
void mqm__mark_swaps(struct sqlite_db *d, struct mqm_swap *const *s, size_t n);

#endif
