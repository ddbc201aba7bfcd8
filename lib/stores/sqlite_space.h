/* SPDX-License-Identifier: MIT */
/* sqlite_space.h - a space in the file: its number and what was forgotten. */
#ifndef MQM_STORES_SQLITE_SPACE_H
#define MQM_STORES_SQLITE_SPACE_H

#include "sqlite_db.h"

struct sqlite_space {
    const char *name; /* NULL: none yet */
    int64_t number;   /* 0: not in the file */
    int64_t memory_from_ms;
    int forgot_unborn;
    uint64_t version;
};

/* Inside of a transaction, and kept no longer than that.  If it is this one
 * already, nothing is read.  writes: have it in the file. */
int mqm__space_load(struct sqlite_db *d, struct sqlite_space *space,
                    const char *name, int writes);

/* Raise what is lower. */
int mqm__space_raise(struct sqlite_db *d, struct sqlite_space *space,
                     int64_t memory_from_ms, int forgot_unborn,
                     uint64_t version);

#endif
