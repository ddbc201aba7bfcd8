/* SPDX-License-Identifier: MIT */
/* sqlite_forget.h - let go of the cells that are due, a little at a time.
 *
 * There is no index on what is due.  A cursor walks through the file, some
 * thousand cells a call, without the write lock; what it finds due is then
 * removed in one short transaction, if it has not changed since.
 */
#ifndef MQM_STORES_SQLITE_FORGET_H
#define MQM_STORES_SQLITE_FORGET_H

#include "sqlite_db.h"

int mqm__sqlite_forget(struct sqlite_db *d);

#endif
