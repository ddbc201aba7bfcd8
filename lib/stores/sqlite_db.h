/* SPDX-License-Identifier: MIT */
/* sqlite_db.h - the file of the sqlite store: opened, checked, locked.
 *
 * The file has a mark of its own (application_id) and the number of its format
 * (user_version).  Another file is never written to.
 *
 *     meta    created_ms
 *     spaces  a small number for each, and what was forgotten of it
 *     cells   by space and id, no rowid, no further index: an index on what is
 *             due or listed would cost a write at each claim and each done-
 *             mark, while both are only looked for now and then, by a scan
 *
 * A file that was deleted or replaced while it was open is noticed before each
 * transaction: -ESTALE once, and then the new one is opened, with the memory of
 * each space beginning now.
 */
#ifndef MQM_STORES_SQLITE_DB_H
#define MQM_STORES_SQLITE_DB_H

#include "sqlite_turn.h"

#include <mqmigrate/plugin.h>

#include <sqlite3.h>
#include <sys/types.h>

enum sqlite_statement {
    ST_BEGIN,
    ST_BEGIN_WRITE,
    ST_COMMIT,
    ST_SPACE,
    ST_SPACE_NEW,
    ST_SPACE_RAISE,
    ST_FIND,
    ST_CREATE,
    ST_CREATE_MANY,
    ST_CHANGE,
    ST_LIST,
    ST_SCAN,
    ST_FORGET,
    ST_STATEMENTS
};

/* What ST_CREATE_MANY creates at once. */
enum { MANY_CELLS = 8 };

/* SYNC_RELAXED: the process may crash, but not the machine. */
enum sqlite_sync { SYNC_UNSET, SYNC_RELAXED, SYNC_FULL };

/* A space as the last write transaction left it; as good as read again while
 * nobody else has written since. */
struct sqlite_known {
    char name[256];
    int64_t number; /* 0: none */
    int64_t memory_from_ms;
    int forgot_unborn;
    uint64_t version;
    unsigned data_version; /* SQLite's count of changes, after that one */
};

struct sqlite_db {
    const struct mqm_host *host;
    char *path;
    int64_t timeout_ms;
    int durability; /* an sqlite_sync: what a claim waits for    */
    sqlite3 *db;    /* NULL: to be opened                        */
    sqlite3_stmt *st[ST_STATEMENTS];
    struct sqlite_turn turn;
    dev_t dev;
    ino_t ino;
    int sync;         /* an sqlite_sync: what the connection is at */
    int writing;      /* inside of a write transaction             */
    struct sqlite_known known;
    int lost;         /* the next file is another one              */
    int64_t floor_ms; /* memory of each space begins here, or later */
    int64_t created_ms;
    int64_t boot_us;  /* when this boot began: see sqlite_boot.h   */
    int conflicts;       /* while > 0 cells are created one by one    */
    int64_t deadline_us; /* of this call, by CLOCK_MONOTONIC          */
    int wal_frames;      /* in the log after the last commit          */
    int wal_due;         /* so many, and it is written back           */
    int64_t scan_space;  /* how far tick() has come: the last cell    */
    size_t scan_id_len;
    unsigned char scan_id[MQM_ID_MAX];
};

int mqm__db_open(struct sqlite_db *d);
void mqm__db_close(struct sqlite_db *d);

/* Begin a call: is it still the same file?  Opens it if need be. */
int mqm__db_ready(struct sqlite_db *d);

/* Begin a transaction. */
int mqm__db_read(struct sqlite_db *d);
int mqm__db_write(struct sqlite_db *d, int sync);
int mqm__db_write_synced(struct sqlite_db *d); /* whatever the durability */

/* End it: with r MQM_OK by a commit, else r is returned and nothing was done.*/
int mqm__db_end(struct sqlite_db *d, int r);

/* Run a statement whose parameters are bound: 1 a row, 0 none, or < 0. */
int mqm__db_step(struct sqlite_db *d, enum sqlite_statement which);

/* SQLite's busy handler: wait a moment, or 0 beyond the deadline. */
int mqm__db_busy(void *db, int count);

/* The same of ST_CREATE_MANY: how many it created.  Less than MANY_CELLS: the
 * next one is there already. */
int mqm__db_create_many(struct sqlite_db *d);

/* Tell what SQLite says, and what to do about it. */
int mqm__db_fail(struct sqlite_db *d, const char *doing);
const char *mqm__sqlite_remedy(int code); /* the last part of it */

/* The first row of what was prepared with that code.  1: it is there; 0: there
 * is none; < 0: with words. */
int mqm__db_first_row(struct sqlite_db *d, sqlite3_stmt *st, int code);

/* The same of a statement without parameters, whose only number is *x then. */
int mqm__db_ask(struct sqlite_db *d, const char *sql, int64_t *x);

#endif
