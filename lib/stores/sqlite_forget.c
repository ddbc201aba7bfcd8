/* SPDX-License-Identifier: MIT */
/* sqlite_forget.c - see sqlite_forget.h. */
#include "sqlite_forget.h"

#include "sqlite_boot.h"
#include "sqlite_wal.h"
#include "swaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SCAN_MAX = 8192, DUE_MAX = 1000, TICK_US = 20000 };

struct due {
    int64_t space, version, born_ms;
    size_t id_len;
    unsigned char id[MQM_ID_MAX];
};

static void remember_cursor(struct sqlite_db *d, sqlite3_stmt *st)
{
    size_t len = (size_t)sqlite3_column_bytes(st, 1);

    d->scan_space = sqlite3_column_int64(st, 0);
    d->scan_id_len = len < MQM_ID_MAX ? len : MQM_ID_MAX;
    memcpy(d->scan_id, sqlite3_column_blob(st, 1), d->scan_id_len);
}

static void note(struct due *due, sqlite3_stmt *st, const struct sqlite_db *d)
{
    due->space = d->scan_space;
    due->id_len = d->scan_id_len;
    memcpy(due->id, d->scan_id, d->scan_id_len);
    due->version = sqlite3_column_int64(st, 2);
    due->born_ms = sqlite3_column_int64(st, 3);
}

/* Walk on; *n of what was met is due.  1: there may be more behind it, 0: the
 * walk has come to the end and begins anew. */
static int scan(struct sqlite_db *d, struct due *due, size_t *n)
{
    sqlite3_stmt *st = d->st[ST_SCAN];
    int r = 0, rows = 0;

    *n = 0;
    sqlite3_bind_int64(st, 1, d->scan_space);
    sqlite3_bind_blob(st, 2, d->scan_id, (int)d->scan_id_len, SQLITE_TRANSIENT);
    sqlite3_bind_int64(st, 3, mqm__boot_now_us(d) / 1000);
    sqlite3_bind_int(st, 4, SCAN_MAX);
    while (*n < DUE_MAX && (r = mqm__db_step(d, ST_SCAN)) > 0) {
        remember_cursor(d, st);
        if (sqlite3_column_int(st, 4))
            note(&due[(*n)++], st, d);
        rows++;
    }
    sqlite3_reset(st);
    if (*n < DUE_MAX && r < 0)
        return r;
    if (*n == DUE_MAX || rows == SCAN_MAX)
        return 1;
    d->scan_space = 0;
    d->scan_id_len = 0;
    return 0;
}

/* What goes of one space, in one row. */
struct gone {
    int64_t space, from_ms, version;
    int unborn, any;
};

static int raise_space(struct sqlite_db *d, struct gone *gone)
{
    sqlite3_stmt *st = d->st[ST_SPACE_RAISE];

    if (!gone->any)
        return MQM_OK;
    sqlite3_bind_int64(st, 1, gone->space);
    sqlite3_bind_int64(st, 2, gone->from_ms);
    sqlite3_bind_int(st, 3, gone->unborn);
    sqlite3_bind_int64(st, 4, gone->version);
    *gone = (struct gone){0};
    d->known.number = 0;
    return mqm__db_step(d, ST_SPACE_RAISE);
}

static void add_to(struct gone *gone, const struct due *due)
{
    gone->space = due->space;
    gone->any = 1;
    if (due->born_ms <= 0)
        gone->unborn = 1;
    else if (due->born_ms >= gone->from_ms)
        gone->from_ms = due->born_ms + 1;
    if (due->version > gone->version)
        gone->version = due->version;
}

/* One that was written to meanwhile has another version, and stays.  They come
 * space by space. */
static int forget(struct sqlite_db *d, const struct due *due, size_t n)
{
    sqlite3_stmt *st = d->st[ST_FORGET];
    struct gone gone = {0};
    int r = MQM_OK;

    for (size_t i = 0; i < n && r == MQM_OK; i++) {
        if (due[i].space != gone.space)
            r = raise_space(d, &gone);
        sqlite3_bind_int64(st, 1, due[i].space);
        sqlite3_bind_blob(st, 2, due[i].id, (int)due[i].id_len, SQLITE_STATIC);
        sqlite3_bind_int64(st, 3, due[i].version);
        if (r == MQM_OK)
            r = mqm__db_step(d, ST_FORGET);
        if (r == MQM_OK && sqlite3_changes(d->db) > 0)
            add_to(&gone, &due[i]);
    }
    return r == MQM_OK ? raise_space(d, &gone) : r;
}

static int step(struct sqlite_db *d, struct due *due, size_t *n)
{
    int more = scan(d, due, n);
    int r;

    if (more < 0 || *n == 0)
        return more;
    r = mqm__db_write(d, SYNC_RELAXED);
    if (r == MQM_OK)
        r = mqm__db_end(d, forget(d, due, *n));
    return r < 0 ? r : more;
}

/* A full step is followed by another one: much is due. */
int mqm__sqlite_forget(struct sqlite_db *d)
{
    int64_t end_us = mqm__mono_us() + TICK_US;
    struct due *due;
    size_t n = 0;
    int r = mqm__db_ready(d);

    if (r < 0)
        return r;
    due = malloc(DUE_MAX * sizeof(*due));
    if (!due)
        return d->host->fail(d->host, -ENOMEM, "sqlite store: out of memory");
    do
        r = step(d, due, &n);
    while (r > 0 && n == DUE_MAX && mqm__mono_us() < end_us);
    free(due);
    return r < 0 ? r : mqm__wal_checkpoint(d);
}
