/* SPDX-License-Identifier: MIT */
/* on_sqlite.c - the guard's cycle on SQLite, beside the same transactions made
 * by hand: the cells' table of the store, its pragmas, rows of its lengths, and
 * the done-marks of one batch in one transaction with the claims of the next.
 */
#include "bench.h"
#include "guard_cycle.h"

#include <sqlite3.h>
#include <stdio.h>

struct bare {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *claim, *done;
    size_t batch;
};

static sqlite3_int64 held_len, done_len, serial;
static const char filler[512];

static void run(struct bare *b, const char *sql)
{
    must(sqlite3_exec(b->db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
         sqlite3_errmsg(b->db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;

    must(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st,
                            NULL) == SQLITE_OK,
         "%s: %s", sql, sqlite3_errmsg(db));
    return st;
}

static void open_bare(struct bare *b, const char *path, const char *sync)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

    must(sqlite3_open_v2(path, &b->db, flags, NULL) == SQLITE_OK,
         "cannot open %s", path);
    run(b, "PRAGMA journal_mode=WAL");
    run(b, sync);
    run(b, "CREATE TABLE cells(space INTEGER NOT NULL,"
           " id BLOB NOT NULL, version INTEGER NOT NULL,"
           " changed_ms INTEGER NOT NULL, forget_ms INTEGER NOT NULL,"
           " born_ms INTEGER NOT NULL, listed INTEGER NOT NULL,"
           " value BLOB NOT NULL, PRIMARY KEY(space, id)) WITHOUT ROWID");
    b->begin = prepare(b->db, "BEGIN IMMEDIATE");
    b->commit = prepare(b->db, "COMMIT");
    b->claim =
        prepare(b->db, "INSERT INTO cells VALUES(?1,?2,?3,?4,?5,?6,?7,?8)");
    b->done = prepare(b->db, "UPDATE cells SET version=?3, changed_ms=?4,"
                             " forget_ms=?5, listed=?7, value=?8"
                             " WHERE space=?1 AND id=?2");
}

static void close_bare(struct bare *b)
{
    sqlite3_stmt *all[] = {b->begin, b->commit, b->claim, b->done};

    for (size_t i = 0; i < 4; i++)
        sqlite3_finalize(all[i]);
    sqlite3_close(b->db);
}

static void step(struct bare *b, sqlite3_stmt *st)
{
    must(sqlite3_step(st) == SQLITE_DONE, "%s", sqlite3_errmsg(b->db));
    sqlite3_reset(st);
}

static void write_row(struct bare *b, sqlite3_stmt *st, size_t i)
{
    const sqlite3_int64 us = 1764000000000000 + ++serial, ms = us / 1000;
    int claims = st == b->claim;

    sqlite3_bind_int64(st, 1, 1);
    sqlite3_bind_blob(st, 2, bench_id16[i], 16, SQLITE_STATIC);
    sqlite3_bind_int64(st, 3, us);
    sqlite3_bind_int64(st, 4, ms);
    sqlite3_bind_int64(st, 5, ms + 604800000);
    if (claims)
        sqlite3_bind_int64(st, 6, ms);
    sqlite3_bind_int(st, 7, claims);
    sqlite3_bind_blob(st, 8, filler, (int)(claims ? held_len : done_len),
                      SQLITE_STATIC);
    step(b, st);
    must(sqlite3_changes(b->db) == 1, "a row was not written");
}

static void by_hand(void *self, struct lap *lap)
{
    struct bare *b = self;
    size_t n = b->batch;

    bench_make_ids(lap->n);
    lap_begin(lap);
    for (size_t at = 0; at <= lap->n; at += n) {
        step(b, b->begin);
        for (size_t i = at - n; at > 0 && i < at; i++)
            write_row(b, b->done, i);
        for (size_t i = at; at < lap->n && i < at + n; i++)
            write_row(b, b->claim, i);
        step(b, b->commit);
        lap->calls++;
    }
    lap_end(lap);
}

/* ------------------------- the lengths of its rows ------------------------ */

static sqlite3_int64 longest_value(const char *path)
{
    sqlite3_int64 len;
    sqlite3_stmt *st;
    sqlite3 *db;

    must(sqlite3_open(path, &db) == SQLITE_OK, "cannot open %s", path);
    st = prepare(db, "SELECT max(length(value)) FROM cells");
    must(sqlite3_step(st) == SQLITE_ROW, "no row");
    len = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    must(len > 0 && len <= (sqlite3_int64)sizeof(filler), "its value is odd");
    return len;
}

static void learn_lengths(mqm *m, const char *path)
{
    struct mqm_claim c = MQM_CLAIM_INIT;

    bench_make_ids(1);
    bench_message(&c.msg, 0);
    must(mqm_acquire(m, &c) == MQM_OK, "acquire");
    held_len = longest_value(path);
    must(mqm_release_on_success(m, &c) == MQM_OK, "release");
    done_len = longest_value(path);
}

/* --------------------------------- races --------------------------------- */

enum durability { PROCESS, FULL };

static const struct {
    const char *word, *settings, *pragma;
} ways[] = {
    [PROCESS] = {"process", ", \"durability\": \"process\"",
                 "PRAGMA synchronous=NORMAL"},
    [FULL] = {"full", "", "PRAGMA synchronous=FULL"},
};

static void race_of(const char *dir, size_t batch, size_t n, int way)
{
    char url[600], ours[560], theirs[560], title[80], submit[40], whole[40];
    struct bare bare = {.batch = batch};
    struct guard guard = {NULL, batch}, runs = {NULL, 16 * batch};
    struct race race = {.title = title, .n = batch > 1 ? 3 : 2};

    snprintf(ours, sizeof(ours), "%s/guard-%zu-%d.db", dir, batch, way);
    snprintf(theirs, sizeof(theirs), "%s/bare-%zu-%d.db", dir, batch, way);
    snprintf(url, sizeof(url), "sqlite:%s", ours);
    snprintf(title, sizeof(title), "SQLite, batches of %zu, durability %s",
             batch, ways[way].word);
    snprintf(submit, sizeof(submit), "SQLite %zu %s: mqm_submit", batch,
             ways[way].word);
    snprintf(whole, sizeof(whole), "SQLite %zu %s: mqm_run", batch,
             ways[way].word);
    guard.m = runs.m = guard_open(url, ways[way].settings);
    learn_lengths(guard.m, ours);
    open_bare(&bare, theirs, ways[way].pragma);
    race.racer[0] =
        (struct racer){"by hand", by_hand, &bare, n, 0, {{0}}};
    race.racer[1] =
        (struct racer){submit, guard_submit, &guard, n, 0.85, {{0}}};
    race.racer[2] = (struct racer){whole, guard_run, &runs, n, 0.85, {{0}}};
    race_run(&race);
    close_bare(&bare);
    mqm_close(guard.m);
}

/* Beside one connection that does the same one by one. */
static void race_threads(const char *dir, int way)
{
    char url[600], ours[560], theirs[560], title[80], row[40];
    struct bare bare = {.batch = 1};
    struct guard guard[3] = {{NULL, 1}, {NULL, 8}, {NULL, 64}};
    struct race race = {.title = title, .n = 4};

    snprintf(ours, sizeof(ours), "%s/guard-threads-%d.db", dir, way);
    snprintf(theirs, sizeof(theirs), "%s/bare-threads-%d.db", dir, way);
    snprintf(url, sizeof(url), "sqlite:%s", ours);
    snprintf(title, sizeof(title),
             "SQLite, threads with one message at a time, durability %s",
             ways[way].word);
    snprintf(row, sizeof(row), "SQLite %s: 8 threads", ways[way].word);
    guard[0].m = guard[1].m = guard[2].m = guard_open(url, ways[way].settings);
    learn_lengths(guard[0].m, ours);
    open_bare(&bare, theirs, ways[way].pragma);
    race.racer[0] = (struct racer){"by hand", by_hand, &bare, 256, 0, {{0}}};
    race.racer[1] =
        (struct racer){"1 thread", guard_threads, &guard[0], 128, 0, {{0}}};
    race.racer[2] = (struct racer){row, guard_threads, &guard[1], 512,
                                   way == FULL ? 1 : 0, {{0}}};
    race.racer[3] =
        (struct racer){"64 threads", guard_threads, &guard[2], 1024, 0, {{0}}};
    race_run(&race);
    close_bare(&bare);
    mqm_close(guard[0].m);
}

void bench_sqlite(const char *dir)
{
    race_of(dir, 1, 512, FULL);
    race_of(dir, 64, 8192, FULL);
    race_of(dir, 1, 2048, PROCESS);
    race_of(dir, 64, 16384, PROCESS);
    race_threads(dir, FULL);
    race_threads(dir, PROCESS);
}
