/* SPDX-License-Identifier: MIT */
/* sqlite_wal.h - the write-ahead log: had, written back, and begun anew.
 *
 * SQLite begins the log anew when all of it has been written back and nobody
 * reads from it.  Where somebody always does (two that write without a pause
 * are enough), that moment never comes by itself, and the log grows.  So from
 * some length on who commits waits for it, for a moment, while nobody writes:
 * readers that come meanwhile do not need the log.
 *
 * One who reads on for longer than that moment, in one transaction, does keep
 * the log growing; it is cut when he is gone.
 */
#ifndef MQM_STORES_SQLITE_WAL_H
#define MQM_STORES_SQLITE_WAL_H

#include "sqlite_db.h"

int mqm__wal_use(struct sqlite_db *d);

/* A transaction was committed.  What fails here, the next checkpoint tells. */
void mqm__wal_committed(struct sqlite_db *d);

int mqm__wal_checkpoint(struct sqlite_db *d);

#endif
