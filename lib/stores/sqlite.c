/* SPDX-License-Identifier: MIT */
/* sqlite.c - cells in one file, for the processes of one machine.
 *
 * All swaps of a call are one transaction.  Each is tried as the one statement
 * that does it (INSERT, or UPDATE where the version matches); only one that did
 * nothing is looked at again.
 *
 * What always holds: memory_from_ms of a space is raised in the transaction
 * that forgets; a result is MQM_OK only after the commit.
 */
#include "../stores.h"
#include "setting.h"
#include "sqlite_boot.h"
#include "sqlite_checkup.h"
#include "sqlite_db.h"
#include "sqlite_forget.h"
#include "sqlite_mark.h"
#include "sqlite_space.h"
#include "swaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* After a cell that was there already, so many are created one by one: others
 * of its batch are likely to be there, too. */
enum { CONFLICTS = 256 };

static uint64_t version_after(uint64_t old, int64_t now_us)
{
    uint64_t now = (uint64_t)now_us;

    return now > old ? now : old + 1;
}

/* Run CREATE (last: born_ms) or CHANGE (last: the version expected).
 * 1: it did it, 0: it did not. */
static int write_cell(struct sqlite_db *d, enum sqlite_statement which,
                      const struct sqlite_space *space, struct mqm_swap *s,
                      int64_t last, int64_t now_us)
{
    sqlite3_stmt *st = d->st[which];
    int create = which == ST_CREATE;
    int64_t now_ms = now_us / 1000;
    uint64_t version =
        version_after(create ? space->version : s->expect, now_us);
    int r;

    sqlite3_bind_int64(st, 1, space->number);
    sqlite3_bind_blob(st, 2, s->key.id, (int)s->key.id_len, SQLITE_STATIC);
    sqlite3_bind_int64(st, 3, (int64_t)version);
    sqlite3_bind_int64(st, 4, now_ms);
    sqlite3_bind_int64(st, 5, mqm__swap_forget_ms(s, now_ms));
    sqlite3_bind_int(st, 6, (s->flags & MQM_SWAP_LISTED) != 0);
    sqlite3_bind_blob(st, 7, s->len > 0 ? s->value : "", (int)s->len,
                      SQLITE_STATIC);
    sqlite3_bind_int64(st, 8, last);
    r = mqm__db_step(d, which);
    if (r < 0 || sqlite3_changes(d->db) == 0)
        return r;
    mqm__swap_done(s, version);
    return 1;
}

/* Columns 0 to 2 of FIND and LIST. */
static int read_cell(struct sqlite_db *d, sqlite3_stmt *st,
                     struct mqm_cell *now)
{
    int64_t version = sqlite3_column_int64(st, 0);
    int64_t changed_ms = sqlite3_column_int64(st, 1);
    const void *value = sqlite3_column_blob(st, 2);
    int64_t age_ms =
        mqm__boot_now_us(d) / 1000 - (changed_ms > 0 ? changed_ms : 0);

    now->len = (size_t)sqlite3_column_bytes(st, 2);
    if (version <= 0 || now->len > MQM_VALUE_MAX || (now->len > 0 && !value))
        return d->host->fail(d->host, -EIO,
                             "sqlite store %s: holds a cell that is none: the "
                             "file is damaged, or written by something else",
                             d->path);
    now->version = (uint64_t)version;
    now->age_ms = age_ms > 0 ? age_ms : 0;
    if (now->len > 0)
        memcpy(now->value, value, now->len);
    return MQM_OK;
}

/* Why nothing was changed: fill in result and now. */
static int look(struct sqlite_db *d, const struct sqlite_space *space,
                struct mqm_swap *s)
{
    sqlite3_stmt *st = d->st[ST_FIND];
    int r;

    sqlite3_bind_int64(st, 1, space->number);
    sqlite3_bind_blob(st, 2, s->key.id, (int)s->key.id_len, SQLITE_STATIC);
    r = mqm__db_step(d, ST_FIND);
    if (r < 0)
        return r;
    if (r == 0) {
        mqm__swap_none(s);
        s->result =
            mqm__swap_missing(s, space->memory_from_ms, space->forgot_unborn);
        return MQM_OK;
    }
    r = read_cell(d, st, &s->now);
    sqlite3_reset(st);
    if (r == MQM_OK)
        s->result = MQM_LOST;
    return r;
}

static int swap_one(struct sqlite_db *d, const struct sqlite_space *space,
                    struct mqm_swap *s, int64_t now_us)
{
    int r = 0;

    if (s->expect == 0) {
        if (mqm__swap_missing(s, space->memory_from_ms, space->forgot_unborn) ==
            MQM_OK)
            r = write_cell(d, ST_CREATE, space, s, s->key.born_ms, now_us);
    } else if (s->expect <= INT64_MAX) {
        r = write_cell(d, ST_CHANGE, space, s, (int64_t)s->expect, now_us);
    }
    if (r != 0)
        return r < 0 ? r : MQM_OK;
    return look(d, space, s);
}

/* What the call asks of the disk; SYNC_UNSET: it only reads. */
static int sync_of(struct mqm_swap *const *s, size_t n)
{
    int sync = SYNC_UNSET;

    for (size_t i = 0; i < n; i++) {
        if (s[i]->expect > INT64_MAX)
            continue;
        if (!(s[i]->flags & MQM_SWAP_RELAXED))
            return SYNC_FULL;
        sync = SYNC_RELAXED;
    }
    return sync;
}

/* Is it a create like the one before it, as nearly all are? */
static int is_plain(const struct sqlite_space *space, const struct mqm_swap *s)
{
    return s->expect == 0 && strcmp(s->key.space, space->name) == 0 &&
           mqm__swap_missing(s, space->memory_from_ms, space->forgot_unborn) ==
               MQM_OK;
}

static int are_plain(const struct sqlite_db *d,
                     const struct sqlite_space *space,
                     struct mqm_swap *const *s, size_t n)
{
    if (n < MANY_CELLS || d->conflicts > 0)
        return 0;
    for (size_t i = 0; i < MANY_CELLS; i++)
        if (!is_plain(space, s[i]))
            return 0;
    return 1;
}

/* How many of MANY_CELLS were created, in their order, or < 0. */
static int create_many(struct sqlite_db *d, const struct sqlite_space *space,
                       struct mqm_swap *const *s, int64_t now_us)
{
    sqlite3_stmt *st = d->st[ST_CREATE_MANY];
    uint64_t version = version_after(space->version, now_us);
    int64_t now_ms = now_us / 1000;
    int n, at = 4;

    sqlite3_bind_int64(st, 1, space->number);
    sqlite3_bind_int64(st, 2, (int64_t)version);
    sqlite3_bind_int64(st, 3, now_ms);
    for (int i = 0; i < MANY_CELLS; i++) {
        sqlite3_bind_blob(st, at++, s[i]->key.id, (int)s[i]->key.id_len,
                          SQLITE_STATIC);
        sqlite3_bind_int64(st, at++, mqm__swap_forget_ms(s[i], now_ms));
        sqlite3_bind_int64(st, at++, s[i]->key.born_ms);
        sqlite3_bind_int(st, at++, (s[i]->flags & MQM_SWAP_LISTED) != 0);
        sqlite3_bind_blob(st, at++, s[i]->len > 0 ? s[i]->value : "",
                          (int)s[i]->len, SQLITE_STATIC);
    }
    n = mqm__db_create_many(d);
    for (int i = 0; i < n; i++)
        mqm__swap_done(s[i], version);
    if (n >= 0 && n < MANY_CELLS)
        d->conflicts = CONFLICTS;
    return n;
}

/* The next ones, as many as one statement can do: their number, or < 0. */
static int swap_some(struct sqlite_db *d, const struct sqlite_space *space,
                     struct mqm_swap *const *s, size_t n, int64_t now_us)
{
    int done = 0, r;

    if (are_plain(d, space, s, n))
        done = create_many(d, space, s, now_us);
    else if (d->conflicts > 0)
        d->conflicts--;
    if (done < 0 || done == MANY_CELLS)
        return done;
    r = swap_one(d, space, s[done], now_us);
    return r < 0 ? r : done + 1;
}

static int swap_all(struct sqlite_db *d, struct mqm_swap *const *s, size_t n,
                    int writes)
{
    struct sqlite_space space = {0};
    int64_t now_us = mqm__boot_now_us(d); /* inside of the transaction */

    for (size_t i = 0; i < n;) {
        int r = mqm__space_load(d, &space, s[i]->key.space, writes);

        if (r == MQM_OK)
            r = swap_some(d, &space, s + i, n - i, now_us);
        if (r < 0)
            return r;
        i += (size_t)r;
    }
    return MQM_OK;
}

static int store_swap(void *self, struct mqm_swap *const *s, size_t n)
{
    struct sqlite_db *d = self;
    int sync = sync_of(s, n);
    int r = mqm__swaps_check(d->host, s, n);

    if (r < 0 || n == 0)
        return r;
    r = mqm__db_ready(d);
    if (r == MQM_OK)
        r = sync == SYNC_UNSET ? mqm__db_read(d) : mqm__db_write(d, sync);
    if (r == MQM_OK)
        r = mqm__db_end(d, swap_all(d, s, n, sync != SYNC_UNSET));
    if (r == MQM_OK && sync == SYNC_FULL)
        mqm__mark_swaps(d, s, n);
    return r < 0 ? mqm__swaps_all(s, n, r) : MQM_OK;
}

static int store_list(void *self, const char *name,
                      int (*visit)(void *user, const struct mqm_key *key,
                                   const struct mqm_cell *cell),
                      void *user)
{
    struct sqlite_db *d = self;
    sqlite3_stmt *st;
    struct sqlite_space space = {0};
    int r = mqm__db_ready(d);
    int stop = 0;

    if (r == MQM_OK)
        r = mqm__space_load(d, &space, name, 0);
    if (r < 0)
        return r;
    st = d->st[ST_LIST];
    sqlite3_bind_int64(st, 1, space.number);
    while (!stop && (r = mqm__db_step(d, ST_LIST)) > 0) {
        struct mqm_cell now;
        struct mqm_key key = {name, sqlite3_column_blob(st, 3),
                              (size_t)sqlite3_column_bytes(st, 3),
                              sqlite3_column_int64(st, 4)};

        r = read_cell(d, st, &now);
        stop = r < 0 ? r : visit(user, &key, &now);
    }
    sqlite3_reset(st);
    return stop ? stop : r;
}

static int store_memory(void *self, const char *name, int64_t raise_ms,
                        int64_t *memory_from_ms, int64_t *created_ms)
{
    struct sqlite_db *d = self;
    struct sqlite_space space = {0};
    int r = mqm__db_ready(d);

    if (r == MQM_OK)
        r = raise_ms > 0 ? mqm__db_write(d, SYNC_FULL) : mqm__db_read(d);
    if (r < 0)
        return r;
    r = mqm__space_load(d, &space, name, raise_ms > 0);
    if (r == MQM_OK && raise_ms > space.memory_from_ms)
        r = mqm__space_raise(d, &space, raise_ms, 1, 0);
    r = mqm__db_end(d, r);
    if (r < 0)
        return r;
    *memory_from_ms = space.memory_from_ms;
    *created_ms = d->created_ms;
    return MQM_OK;
}

static int store_tick(void *self)
{
    return mqm__sqlite_forget(self);
}

static void store_close(void *self)
{
    struct sqlite_db *d = self;

    if (!d)
        return;
    mqm__db_close(d);
    free(d->path);
    free(d);
}

static int read_settings(struct sqlite_db *d,
                         const struct mqm_setting *settings, size_t n)
{
    const char *durability = "full";
    const struct mqm__setting table[] = {
        {"timeout_ms", NULL, &d->timeout_ms, 1, 600000},
        {"durability", &durability, NULL, 0, 0}};
    int r = mqm__settings_read(d->host, "sqlite", table, 2, settings, n);

    if (r < 0)
        return r;
    d->durability =
        strcmp(durability, "process") == 0 ? SYNC_RELAXED : SYNC_FULL;
    if (d->durability == SYNC_FULL && strcmp(durability, "full") != 0)
        return d->host->fail(d->host, -EINVAL,
                             "store.durability is '%.32s', but has to be "
                             "'full' or 'process'",
                             durability);
    return MQM_OK;
}

static int set_up(struct sqlite_db *d, const struct mqm_setting *settings,
                  size_t n)
{
    const char *path = mqm__settings_url(d->host, "sqlite:", settings, n);
    int r;

    if (!path)
        return -EINVAL;
    if (path[0] != '/' || path[1] == '\0')
        return d->host->fail(d->host, -EINVAL,
                             "store.url is 'sqlite:%.200s', but has to have "
                             "the whole path: sqlite:/path/file.db",
                             path);
    r = read_settings(d, settings, n);
    if (r < 0)
        return r;
    d->path = strdup(path);
    if (!d->path)
        return d->host->fail(d->host, -ENOMEM, "sqlite store: out of memory");
    return mqm__db_open(d);
}

static int store_open(void **self, const struct mqm_host *host,
                      const struct mqm_setting *settings, size_t n)
{
    struct sqlite_db *d = calloc(1, sizeof(*d));
    int r;

    if (!d)
        return host->fail(host, -ENOMEM, "sqlite store: out of memory");
    d->host = host;
    d->timeout_ms = 2000;
    d->turn.fd = -1;
    r = set_up(d, settings, n);
    if (r < 0)
        store_close(d);
    else
        *self = d;
    return r;
}

static const struct mqm_store store = {
    .size = sizeof(struct mqm_store),
    .flags = MQM_STORE_SHARED | MQM_STORE_DURABLE,
    .open = store_open,
    .close = store_close,
    .swap = store_swap,
    .list = store_list,
    .memory = store_memory,
    .tick = store_tick,
    .checkup = mqm__sqlite_checkup,
};

const struct mqm_plugin mqm__store_sqlite = {
    sizeof(struct mqm_plugin), "sqlite", "1", &store, NULL,
};
