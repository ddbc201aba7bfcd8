/* SPDX-License-Identifier: MIT */
/* sqlite_wal.c - see sqlite_wal.h. */
#include "sqlite_wal.h"

#include "swaps.h"

#include <string.h>

/* In frames, of a page each.  Between two tries lie STEP, since each of them
 * syncs the disk, and half of what there is, since one in vain may hold up all
 * who write by WAIT_US. */
enum { STEP = 1000, LONG = 2000, WAIT_US = 50000 };

static const char LIMIT[] = "PRAGMA journal_size_limit=8388608";

static int on_commit(void *user, sqlite3 *db, const char *name, int frames)
{
    struct sqlite_db *d = user;

    (void)db;
    (void)name;
    d->wal_frames = frames;
    if (frames < STEP)
        d->wal_due = STEP;
    return SQLITE_OK;
}

static int is_wal(struct sqlite_db *d)
{
    sqlite3_stmt *st = NULL;
    int is = sqlite3_prepare_v2(d->db, "PRAGMA journal_mode=WAL", -1, &st,
                                NULL) == SQLITE_OK &&
             sqlite3_step(st) == SQLITE_ROW &&
             strcmp((const char *)sqlite3_column_text(st, 0), "wal") == 0;

    sqlite3_finalize(st);
    return is;
}

/* Two that switch to WAL at once are told "busy" without the handler. */
int mqm__wal_use(struct sqlite_db *d)
{
    for (int i = 0; !is_wal(d); i++)
        if (sqlite3_errcode(d->db) != SQLITE_BUSY || !mqm__db_busy(d, i))
            return mqm__db_fail(d, "cannot have a write-ahead log here (a "
                                   "network file system?)");
    if (sqlite3_exec(d->db, LIMIT, NULL, NULL, NULL) != SQLITE_OK)
        return mqm__db_fail(d, "cannot limit its log");
    d->wal_due = STEP;
    sqlite3_wal_hook(d->db, on_commit, d);
    return MQM_OK;
}

/* Not waiting for anybody. */
static int write_back(struct sqlite_db *d)
{
    return sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                     &d->wal_frames, NULL);
}

/* Most is written back while others write. */
static int begin_anew(struct sqlite_db *d)
{
    int code = write_back(d);

    if (code != SQLITE_OK || d->wal_frames < LONG)
        return code;
    d->deadline_us = mqm__mono_us() + WAIT_US;
    mqm__turn_take(&d->turn, d->deadline_us);
    code = sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_RESTART,
                                     NULL, NULL);
    mqm__turn_give(&d->turn);
    return code;
}

void mqm__wal_committed(struct sqlite_db *d)
{
    int frames = d->wal_frames;

    if (frames < d->wal_due)
        return;
    d->wal_due = frames + (frames / 2 > STEP ? frames / 2 : STEP);
    begin_anew(d);
}

int mqm__wal_checkpoint(struct sqlite_db *d)
{
    int code = begin_anew(d);

    if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return MQM_OK;
    return mqm__db_fail(d, "its log cannot be written back");
}
