/* SPDX-License-Identifier: MIT */
/* naive_lock.c - SET-if-absent with an expiry, in SQLite (see naive.h).
 *
 * The value says nothing but "taken": not by whom, not for how long it is
 * needed, not whether the work is done.
 */
#include "naive.h"

#include "demo.h"

#include <pthread.h>
#include <sqlite3.h>

enum { EXPIRY_MS = 10000, PATIENCE_MS = 5000 };

static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
    "CREATE TABLE IF NOT EXISTS lock (id TEXT PRIMARY KEY, until INTEGER);";
static const char take[] =
    "INSERT INTO lock VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE"
    " SET until = ?2 WHERE until < ?3";
static const char drop[] = "DELETE FROM lock WHERE id = ?1";

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static sqlite3 *db;

void naive_lock_open(const char *path)
{
    if (sqlite3_open(path, &db) != SQLITE_OK)
        demo_die("cannot open the locks '%s'", path);
    sqlite3_busy_timeout(db, PATIENCE_MS);
    if (sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
        demo_die("locks: %s", sqlite3_errmsg(db));
}

static int run(const char *sql, const char *id, size_t len)
{
    int64_t now_ms = demo_now_ms();
    sqlite3_stmt *s = NULL;
    int changed = 0;

    pthread_mutex_lock(&turn);
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        demo_die("locks: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(s, 1, id, (int)len, SQLITE_STATIC);
    if (sqlite3_bind_parameter_count(s) == 3) {
        sqlite3_bind_int64(s, 2, now_ms + EXPIRY_MS);
        sqlite3_bind_int64(s, 3, now_ms);
    }
    if (sqlite3_step(s) == SQLITE_DONE)
        changed = sqlite3_changes(db);
    sqlite3_finalize(s);
    pthread_mutex_unlock(&turn);
    return changed;
}

int naive_lock_take(const char *id, size_t len)
{
    return run(take, id, len) > 0;
}

void naive_lock_drop(const char *id, size_t len)
{
    run(drop, id, len);
}
