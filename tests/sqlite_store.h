/* SPDX-License-Identifier: MIT */
/* sqlite_store.h - what the tests of the sqlite store share: a folder of their
 * own with one file, opened through the store's table as the library does it.
 */
#ifndef MQM_TEST_SQLITE_STORE_H
#define MQM_TEST_SQLITE_STORE_H

#include "clock.h"
#include "fake_host.h"
#include "suite.h"

#include "../lib/stores.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[40], path[64], url[80];

static void setup_at(const char *where)
{
    snprintf(dir, sizeof(dir), "%s/mqm-sqlite-XXXXXX", where);
    ck_assert(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/a.db", dir);
    snprintf(url, sizeof(url), "sqlite:%s", path);
}

static inline void setup(void)
{
    setup_at("/tmp");
}

static inline void teardown(void)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    while (d && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' && unlinkat(dirfd(d), e->d_name, 0) != 0)
            unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
    if (d)
        closedir(d);
    rmdir(dir);
}

/* With one setting more, unless name is NULL. */
static int open_with(void **s, const char *name, const char *value)
{
    struct mqm_setting settings[] = {
        {"url", url, 0}, {"timeout_ms", "20000", 0}, {name, value, 0}};

    fake_failure[0] = '\0';
    return mqm__store_sqlite.store->open(s, &fake_host, settings,
                                         name ? 3 : 2);
}

static inline void *open_as(const char *name, const char *value)
{
    void *s = NULL;
    int r = open_with(&s, name, value);

    ck_assert_msg(r == 0, "%d %s", r, fake_failure);
    return s;
}

static inline void *open_store(void)
{
    return open_as(NULL, NULL);
}

static inline void close_store(void *s)
{
    mqm__store_sqlite.store->close(s);
}

static inline int tick(void *s)
{
    return mqm__store_sqlite.store->tick(s);
}

static struct mqm_swap a_swap(const char *id, uint64_t expect)
{
    struct mqm_swap s;

    memset(&s, 0, sizeof(s));
    s.key.space = "shop/issuer/rewards";
    s.key.id = id;
    s.key.id_len = strlen(id);
    s.key.born_ms = now_ms();
    s.expect = expect;
    s.value = "x";
    s.len = 1;
    s.keep_ms = 60000;
    return s;
}

static int swap(void *h, struct mqm_swap *const *s, size_t n)
{
    return mqm__store_sqlite.store->swap(h, s, n);
}

static int run(void *h, struct mqm_swap *s)
{
    swap(h, &s, 1);
    return s->result;
}

static inline int put(void *h, const char *id)
{
    struct mqm_swap s = a_swap(id, 0);

    return run(h, &s);
}

/* Is there such a cell? */
static inline int has(void *h, const char *id)
{
    struct mqm_swap s = a_swap(id, MQM_ASK);
    int r = run(h, &s);

    ck_assert_msg(r == MQM_LOST || r == MQM_DOUBT, "%d %s", r, fake_failure);
    return s.now.version != 0;
}

/* The last failure has these words, the file's name among them. */
static inline void said(const char *words)
{
    ck_assert_msg(strstr(fake_failure, path) != NULL, "no file: %s",
                  fake_failure);
    ck_assert_msg(strstr(fake_failure, words) != NULL, "not '%s': %s", words,
                  fake_failure);
}

static inline void raw(const char *sql)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static inline long raw_number(const char *sql)
{
    sqlite3_stmt *st = NULL;
    sqlite3 *db = NULL;
    long x;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    x = (long)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return x;
}

static inline int run_sqlite_case(const char *name, TCase *tc)
{
    return run_case_for(name, tc, 280);
}

#endif
