/* SPDX-License-Identifier: MIT */
/* stores.c - how many claims and done-marks a second, beside the bare store.
 *
 *     stores URL BATCH SECONDS [full|relaxed] [listed]
 *
 * A cycle is one message: a cell created, then swapped.  "bare" does the same
 * with the same keys and lengths, and compares nothing.  The two take turns
 * every quarter of a second, so that a noisy machine is noisy to both.
 */
#include "../fake_host.h"

#include "../../lib/stores.h"

#include <hiredis/hiredis.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH_MAX = 256 };

static const struct mqm_store *store;
static void *self;
static size_t batch;
static unsigned claim_flags, done_flags;
static unsigned long serial;
static unsigned char ids[BATCH_MAX][16];
static const char value[20] = "0123456789012345678";

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void make_ids(void)
{
    for (size_t i = 0; i < batch; i++) {
        unsigned long a = ++serial, b = a * 0x9E3779B97F4A7C15UL;

        for (size_t k = 0; k < 8; k++)
            ids[i][k] = (unsigned char)(a >> (56 - 8 * k));
        memcpy(ids[i] + 8, &b, 8);
    }
}

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "%s: %s\n", what, fake_failure);
        exit(1);
    }
}

static void cycle_store(void)
{
    static struct mqm_swap s[BATCH_MAX];
    struct mqm_swap *all[BATCH_MAX];

    for (size_t i = 0; i < batch; i++) {
        memset(&s[i].key, 0, sizeof(s[i].key));
        s[i].key.space = "shop/issuer/rewards";
        s[i].key.id = ids[i];
        s[i].key.id_len = 16;
        s[i].key.born_ms = 1800000000000;
        s[i].expect = 0;
        s[i].value = value;
        s[i].len = sizeof(value);
        s[i].keep_ms = 3600000;
        s[i].flags = claim_flags;
        all[i] = &s[i];
    }
    must(store->swap(self, all, batch) == 0, "claim");
    for (size_t i = 0; i < batch; i++) {
        must(s[i].result == MQM_OK, "claimed");
        s[i].expect = s[i].now.version;
        s[i].flags = done_flags;
    }
    must(store->swap(self, all, batch) == 0, "done");
    for (size_t i = 0; i < batch; i++)
        must(s[i].result == MQM_OK, "marked");
}

/* ------------------------------ bare redis ------------------------------ */

static redisContext *rc;

static void bare_redis_round(const char *tail[2], size_t tails)
{
    char key[64] = "mqm:c:shop/issuer/rewards:";
    char cell[37] = "1234567890123456u";
    size_t len = strlen(key);
    const char *argv[6] = {"SET", key, cell, "PX", "3600000", tail[0]};
    size_t lens[6] = {3, len + 16, 37, 2, 7, tails ? strlen(tail[0]) : 0};

    for (size_t i = 0; i < batch; i++) {
        memcpy(key + len, ids[i], 16);
        redisAppendCommandArgv(rc, 5 + (int)tails, argv, lens);
    }
    for (size_t i = 0; i < batch; i++) {
        void *r = NULL;

        must(redisGetReply(rc, &r) == REDIS_OK, "bare");
        must(((redisReply *)r)->type == REDIS_REPLY_STATUS, "bare");
        freeReplyObject(r);
    }
}

static void bare_redis(void)
{
    const char *nx[2] = {"NX", ""};

    bare_redis_round(nx, 1);
    bare_redis_round(nx, 0);
}

/* ------------------------------ bare sqlite ----------------------------- */

static sqlite3 *db;
static sqlite3_stmt *st[4];
static int relaxed;

static void run(sqlite3_stmt *s)
{
    must(sqlite3_step(s) == SQLITE_DONE, sqlite3_errmsg(db));
    sqlite3_reset(s);
}

static void open_bare_sqlite(const char *path, int full)
{
    static const char *const sql[] = {
        "BEGIN IMMEDIATE", "COMMIT",
        "INSERT INTO c VALUES(?1, ?2, ?3, 1764000000000, 1764000000000,"
        " 1764000000000, ?4, ?5)",
        "UPDATE c SET version=?3, changed_ms=1764000000001,"
        " forget_ms=1764000000001, listed=?4, value=?5"
        " WHERE space=?1 AND id=?2"};

    must(sqlite3_open(path, &db) == 0, "bare open");
    must(sqlite3_exec(db, "PRAGMA journal_mode=WAL", 0, 0, 0) == 0, "wal");
    must(sqlite3_exec(
             db, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
             0, 0, 0) == 0,
         "sync");
    must(sqlite3_exec(db,
                      "CREATE TABLE IF NOT EXISTS c(space INTEGER, id BLOB,"
                      " version INTEGER, changed_ms INTEGER, forget_ms INTEGER,"
                      " born_ms INTEGER, listed INTEGER, value BLOB,"
                      " PRIMARY KEY(space, id)) WITHOUT ROWID",
                      0, 0, 0) == 0,
         "table");
    for (int i = 0; i < 4; i++)
        must(sqlite3_prepare_v2(db, sql[i], -1, &st[i], NULL) == 0, sql[i]);
}

static void bare_sqlite_round(sqlite3_stmt *s, int listed)
{
    run(st[0]);
    for (size_t i = 0; i < batch; i++) {
        sqlite3_bind_int64(s, 1, 1);
        sqlite3_bind_blob(s, 2, ids[i], 16, SQLITE_STATIC);
        sqlite3_bind_int64(s, 3, 1764000000000000 + (sqlite3_int64)serial);
        sqlite3_bind_int(s, 4, listed);
        sqlite3_bind_blob(s, 5, value, sizeof(value), SQLITE_STATIC);
        run(s);
    }
    run(st[1]);
}

static void bare_sqlite(void)
{
    bare_sqlite_round(st[2], 1);
    if (relaxed)
        sqlite3_exec(db, "PRAGMA synchronous=NORMAL", 0, 0, 0);
    bare_sqlite_round(st[3], 0);
    if (relaxed)
        sqlite3_exec(db, "PRAGMA synchronous=FULL", 0, 0, 0);
}

/* ------------------------------- measure -------------------------------- */

/* CPU seconds of this process and of the server: on a busy machine the better
 * measure. */
static double cpu_s(void)
{
    struct timespec t;
    double sum;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    sum = (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
    if (rc) {
        static const char *const names[] = {"used_cpu_sys:", "used_cpu_user:"};
        redisReply *r = redisCommand(rc, "INFO cpu");

        for (size_t i = 0; i < 2; i++)
            sum += strtod(strstr(r->str, names[i]) + strlen(names[i]), NULL);
        freeReplyObject(r);
    }
    return sum;
}

static double measure(void (*cycle)(void), double seconds, double *spent,
                      double *cpu)
{
    double c0 = cpu_s(), t0 = now_s(), n = 0;

    while (now_s() - t0 < seconds) {
        make_ids();
        cycle();
        n += (double)batch;
    }
    *spent += now_s() - t0;
    *cpu += cpu_s() - c0;
    return n;
}

int main(int argc, char **argv)
{
    struct mqm_setting settings[] = {{"url", "", 0},
                                     {"durability", "process", 0}};
    void (*bare)(void) = NULL;
    const char *mode = argc > 4 ? argv[4] : "full";
    double a = 0, b = 0, ta = 1e-9, tb = 1e-9, ca = 0, cb = 0;
    int full = strcmp(mode, "process") != 0;
    size_t n = full ? 1 : 2;

    if (argc < 4)
        return 2;
    settings[0].value = argv[1];
    batch = (size_t)strtoul(argv[2], NULL, 10);
    must(batch > 0 && batch <= BATCH_MAX, "batch");
    claim_flags = argc > 5 ? MQM_SWAP_LISTED : 0;
    relaxed = strcmp(mode, "relaxed") == 0;
    done_flags = relaxed ? MQM_SWAP_RELAXED : 0;
    serial = (unsigned long)time(NULL) << 20;
    if (strncmp(argv[1], "sqlite:", 7) == 0) {
        char path[512];

        store = mqm__store_sqlite.store;
        snprintf(path, sizeof(path), "%s.bare", argv[1] + 7);
        open_bare_sqlite(path, full);
        bare = bare_sqlite;
    } else if (strncmp(argv[1], "redis:", 6) == 0) {
        store = mqm__store_redis.store;
        rc = redisConnect("127.0.0.1",
                          (int)strtol(strrchr(argv[1], 58) + 1, NULL, 10));
        bare = bare_redis;
        n = 1;
    } else {
        store = mqm__store_memory.store;
        n = 1;
    }
    must(store->open(&self, &fake_host, settings, n) == 0, "open");
    for (double left = strtod(argv[3], NULL); left > 0; left -= 0.5) {
        a += measure(cycle_store, 0.25, &ta, &ca);
        if (bare)
            b += measure(bare, 0.25, &tb, &cb);
    }
    printf("%-40.40s batch %3zu %-8s%-7s store %8.0f/s", argv[1], batch, mode,
           claim_flags ? "listed" : "", a / ta);
    if (bare)
        printf("  bare %8.0f/s  %.2f  CPU %.2f and %.2f us, %.2f", b / tb,
               a / ta / (b / tb), ca / a * 1e6, cb / b * 1e6,
               cb / b / (ca / a));
    putchar('\n');
    store->close(self);
    return 0;
}
