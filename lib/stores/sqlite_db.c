/* SPDX-License-Identifier: MIT */
/* sqlite_db.c - see sqlite_db.h. */
#include "sqlite_db.h"

#include "sqlite_boot.h"
#include "sqlite_mark.h"
#include "sqlite_wal.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MARK = 0x6d716d31, FORMAT = 1 }; /* "mqm1" */

static const char SCHEMA[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE spaces(space INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " memory_from_ms INTEGER NOT NULL, forgot_unborn INTEGER NOT NULL,"
    " version INTEGER NOT NULL);" /* the largest one forgotten */
    "CREATE TABLE cells(space INTEGER NOT NULL, id BLOB NOT NULL,"
    " version INTEGER NOT NULL, changed_ms INTEGER NOT NULL,"
    " forget_ms INTEGER NOT NULL, born_ms INTEGER NOT NULL,"
    " listed INTEGER NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY(space, id)) WITHOUT ROWID;"
    "PRAGMA application_id=0x6d716d31;"
    "PRAGMA user_version=1;";

static const char CREATED[] = "SELECT value FROM meta WHERE name='created_ms'";

static const char *const SQL[ST_STATEMENTS] = {
    [ST_BEGIN] = "BEGIN",
    [ST_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_SPACE] = "SELECT space, memory_from_ms, forgot_unborn, version"
                 " FROM spaces WHERE name=?1",
    [ST_SPACE_NEW] =
        "INSERT INTO spaces(name, memory_from_ms, forgot_unborn, version)"
        " VALUES(?1, 0, 0, 0)",
    [ST_SPACE_RAISE] =
        "UPDATE spaces SET memory_from_ms=max(memory_from_ms, ?2),"
        " forgot_unborn=max(forgot_unborn, ?3), version=max(version, ?4)"
        " WHERE space=?1",
    [ST_FIND] = "SELECT version, changed_ms, value FROM cells"
                " WHERE space=?1 AND id=?2",
    [ST_CREATE] = "INSERT INTO cells VALUES(?1, ?2, ?3, ?4, ?5, ?8, ?6, ?7)"
                  " ON CONFLICT DO NOTHING",
    [ST_CREATE_MANY] = /* what came before a conflict stays, and counts */
        "INSERT OR FAIL INTO cells VALUES"
        "(?1, ?4, ?2, ?3, ?5, ?6, ?7, ?8),"
        "(?1, ?9, ?2, ?3, ?10, ?11, ?12, ?13),"
        "(?1, ?14, ?2, ?3, ?15, ?16, ?17, ?18),"
        "(?1, ?19, ?2, ?3, ?20, ?21, ?22, ?23),"
        "(?1, ?24, ?2, ?3, ?25, ?26, ?27, ?28),"
        "(?1, ?29, ?2, ?3, ?30, ?31, ?32, ?33),"
        "(?1, ?34, ?2, ?3, ?35, ?36, ?37, ?38),"
        "(?1, ?39, ?2, ?3, ?40, ?41, ?42, ?43)",
    [ST_CHANGE] =
        "UPDATE cells SET version=?3, changed_ms=?4, forget_ms=?5, listed=?6,"
        " value=?7 WHERE space=?1 AND id=?2 AND version=?8",
    [ST_LIST] = "SELECT version, changed_ms, value, id, born_ms FROM cells"
                " WHERE space=?1 AND listed=1",
    [ST_SCAN] = "SELECT space, id, version, born_ms,"
                " listed=0 AND forget_ms<=?3 FROM cells"
                " WHERE (space, id)>(?1, ?2) ORDER BY space, id LIMIT ?4",
    [ST_FORGET] = "DELETE FROM cells WHERE space=?1 AND id=?2"
                  " AND version=?3",
};

/* SQLite's own handler doubles its pauses up to 100 ms, which is an age beside
 * a transaction of 20 us. */
int mqm__db_busy(void *db, int count)
{
    struct sqlite_db *d = db;

    if (mqm__mono_us() >= d->deadline_us)
        return 0;
    mqm__turn_nap(&d->turn, count < 20 ? 50U : count < 200 ? 200U : 1000U);
    return 1;
}

int mqm__db_first_row(struct sqlite_db *d, sqlite3_stmt *st, int code)
{
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return code == SQLITE_ROW;
    return mqm__db_fail(d, "cannot be read"); /* while SQLite knows why */
}

int mqm__db_ask(struct sqlite_db *d, const char *sql, int64_t *x)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(d->db, sql, -1, &st, NULL);
    int r = mqm__db_first_row(d, st, code);

    if (r == 1)
        *x = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return r;
}

/* 1: ours; 0: empty; < 0: neither. */
static int whose(struct sqlite_db *d)
{
    int64_t tables = 0, mark = 0, format = 0;
    int r = mqm__db_ask(d, "SELECT count(*) FROM sqlite_master", &tables);

    if (r >= 0)
        r = mqm__db_ask(d, "PRAGMA application_id", &mark);
    if (r >= 0)
        r = mqm__db_ask(d, "PRAGMA user_version", &format);
    if (r < 0)
        return r;
    if (mark == MARK && format == FORMAT)
        return 1;
    if (mark == MARK)
        return d->host->fail(d->host, -ENOTSUP,
                             "sqlite store %s: its format has the number %lld, "
                             "and this library knows %d only: use the one that "
                             "made it, or a new file",
                             d->path, (long long)format, FORMAT);
    if (tables > 0 || mark != 0 || format != 0)
        return d->host->fail(d->host, -EINVAL,
                             "sqlite store %s: is an SQLite database, but not "
                             "a store: name another file in store.url",
                             d->path);
    return 0;
}

static int create(struct sqlite_db *d)
{
    char sql[96];
    int r;

    if (sqlite3_exec(d->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return mqm__db_fail(d, "cannot be begun");
    r = whose(d); /* another process may have been first */
    snprintf(sql, sizeof(sql), "INSERT INTO meta VALUES('created_ms', %lld)",
             (long long)(mqm__wall_us() / 1000));
    if (r == 0 && (sqlite3_exec(d->db, SCHEMA, NULL, NULL, NULL) != SQLITE_OK ||
                   sqlite3_exec(d->db, sql, NULL, NULL, NULL) != SQLITE_OK))
        r = mqm__db_fail(d, "cannot be begun");
    if (r >= 0 && sqlite3_exec(d->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        r = mqm__db_fail(d, "cannot be begun");
    return r < 0 ? r : MQM_OK;
}

static int prepare(struct sqlite_db *d)
{
    for (int i = 0; i < ST_STATEMENTS; i++)
        if (sqlite3_prepare_v3(d->db, SQL[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &d->st[i], NULL) != SQLITE_OK)
            return mqm__db_fail(d, "has not the tables it should have");
    return MQM_OK;
}

static int remember_file(struct sqlite_db *d)
{
    struct stat st;

    if (stat(d->path, &st) != 0)
        return d->host->fail(d->host, -errno, "sqlite store %s: %s", d->path,
                             strerror(errno));
    d->dev = st.st_dev;
    d->ino = st.st_ino;
    return MQM_OK;
}

/* What SQLite would say of it is "unable to open". */
static int no_file(struct sqlite_db *d)
{
    struct stat st;

    if (stat(d->path, &st) != 0 || S_ISREG(st.st_mode))
        return MQM_OK;
    return d->host->fail(d->host, S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL,
                         "sqlite store %s: is a %s; store.url has to name a "
                         "file, or one that can be made",
                         d->path, S_ISDIR(st.st_mode) ? "directory" : "device");
}

static int open_file(struct sqlite_db *d)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int ours, r = no_file(d);

    if (r < 0)
        return r;
    if (sqlite3_open_v2(d->path, &d->db, flags, NULL) != SQLITE_OK)
        return mqm__db_fail(d, "cannot be opened");
    sqlite3_busy_handler(d->db, mqm__db_busy, d);
    ours = whose(d);
    if (ours < 0)
        return ours;
    if (sqlite3_db_readonly(d->db, "main") == 1)
        return d->host->fail(d->host, -EACCES,
                             "sqlite store %s: is read-only; %s", d->path,
                             mqm__sqlite_remedy(SQLITE_READONLY));
    r = mqm__wal_use(d);
    if (r == MQM_OK && !ours) /* else nobody need be waited for */
        r = create(d);
    if (r == MQM_OK)
        r = prepare(d);
    return r == MQM_OK ? remember_file(d) : r;
}

int mqm__db_open(struct sqlite_db *d)
{
    int r;

    d->deadline_us = mqm__mono_us() + d->timeout_ms * 1000;
    d->sync = SYNC_UNSET;
    mqm__turn_open(&d->turn, d->path);
    r = open_file(d);
    d->created_ms = 0;
    if (r == MQM_OK)
        r = mqm__db_ask(d, CREATED, &d->created_ms);
    if (r >= 0)
        r = mqm__mark_check(d);
    if (r == MQM_OK)
        r = mqm__boot_begin(d);
    if (r < 0) {
        mqm__db_close(d);
        return r;
    }
    if (d->lost)
        d->floor_ms = mqm__floor_of(d->host, mqm__wall_us() / 1000);
    d->lost = 0;
    return MQM_OK;
}

void mqm__db_close(struct sqlite_db *d)
{
    for (int i = 0; i < ST_STATEMENTS; i++) {
        sqlite3_finalize(d->st[i]);
        d->st[i] = NULL;
    }
    sqlite3_close(d->db);
    d->db = NULL;
    d->known.number = 0;
    d->writing = 0;
    mqm__turn_close(&d->turn);
}

int mqm__db_ready(struct sqlite_db *d)
{
    struct stat st;

    if (!d->db)
        return mqm__db_open(d);
    d->deadline_us = mqm__mono_us() + d->timeout_ms * 1000;
    if (stat(d->path, &st) == 0 && st.st_dev == d->dev && st.st_ino == d->ino)
        return MQM_OK;
    mqm__db_close(d);
    d->lost = 1;
    return d->host->fail(d->host, -ESTALE,
                         "sqlite store %s: the file was deleted or replaced "
                         "while it was open; the next call opens what is there "
                         "then, and what was born before is in doubt",
                         d->path);
}

int mqm__db_step(struct sqlite_db *d, enum sqlite_statement which)
{
    int code = sqlite3_step(d->st[which]);

    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        code = mqm__db_fail(d, "cannot be used");
    else
        code = 0;
    sqlite3_reset(d->st[which]);
    return code;
}

int mqm__db_create_many(struct sqlite_db *d)
{
    int code = sqlite3_step(d->st[ST_CREATE_MANY]);
    int extended = sqlite3_extended_errcode(d->db), r = 0;

    if (code != SQLITE_DONE && extended != SQLITE_CONSTRAINT_PRIMARYKEY)
        r = mqm__db_fail(d, "cannot be used");
    sqlite3_reset(d->st[ST_CREATE_MANY]);
    return r < 0 ? r : sqlite3_changes(d->db);
}

int mqm__db_read(struct sqlite_db *d)
{
    return mqm__db_step(d, ST_BEGIN);
}

/* The pragma works at once, and only outside of a transaction. */
static int set_sync(struct sqlite_db *d, int sync)
{
    const char *sql = sync == SYNC_FULL ? "PRAGMA synchronous=FULL"
                                        : "PRAGMA synchronous=NORMAL";

    if (d->sync == sync)
        return MQM_OK;
    if (sqlite3_exec(d->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return mqm__db_fail(d, "cannot be synced as asked");
    d->sync = sync;
    return MQM_OK;
}

/* Grows with each change of the file that this connection sees, its own as
 * well. */
static unsigned data_version(struct sqlite_db *d)
{
    unsigned x = 0;

    sqlite3_file_control(d->db, "main", SQLITE_FCNTL_DATA_VERSION, &x);
    return x;
}

/* Without a wait.  Why it was not possible, the next try tells. */
static int begin_at_once(struct sqlite_db *d)
{
    int64_t deadline_us = d->deadline_us;
    int code;

    d->deadline_us = 0;
    code = sqlite3_step(d->st[ST_BEGIN_WRITE]);
    sqlite3_reset(d->st[ST_BEGIN_WRITE]);
    d->deadline_us = deadline_us;
    return code == SQLITE_DONE;
}

static int begin_in_turn(struct sqlite_db *d)
{
    int r;

    mqm__turn_take(&d->turn, d->deadline_us);
    r = mqm__db_step(d, ST_BEGIN_WRITE);
    mqm__turn_give(&d->turn);
    return r;
}

static int begin_write(struct sqlite_db *d, int sync)
{
    int r = set_sync(d, sync);

    if (r < 0)
        return r;
    if (mqm__turn_is_wanted(&d->turn) || !begin_at_once(d))
        r = begin_in_turn(d);
    d->writing = r == MQM_OK;
    if (data_version(d) != d->known.data_version)
        d->known.number = 0;
    return r;
}

int mqm__db_write(struct sqlite_db *d, int sync)
{
    return begin_write(d, sync < d->durability ? sync : d->durability);
}

int mqm__db_write_synced(struct sqlite_db *d)
{
    return begin_write(d, SYNC_FULL);
}

static void roll_back(struct sqlite_db *d)
{
    for (int i = 0; i < ST_STATEMENTS; i++)
        sqlite3_reset(d->st[i]);
    if (!sqlite3_get_autocommit(d->db))
        sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
    d->known.number = 0;
}

int mqm__db_end(struct sqlite_db *d, int r)
{
    if (r >= 0)
        r = mqm__db_step(d, ST_COMMIT);
    if (r < 0)
        roll_back(d);
    else if (d->writing)
        d->known.data_version = data_version(d);
    if (r >= 0 && d->writing)
        mqm__wal_committed(d);
    d->writing = 0;
    return r;
}
