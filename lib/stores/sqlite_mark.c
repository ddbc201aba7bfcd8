/* SPDX-License-Identifier: MIT */
/* sqlite_mark.c - see sqlite_mark.h. */
#include "sqlite_mark.h"

#include "sqlite_boot.h"
#include "swaps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------- the marks ------------------------------- */

struct mark {
    uint64_t sum, number; /* sum: of what follows */
    int64_t space;
    uint64_t version;
    uint64_t id_len;
    unsigned char id[MQM_ID_MAX];
};

_Static_assert(2 * sizeof(struct mark) <= MQM__TURN_ROOM, "two have room");

static uint64_t sum_of(const struct mark *m)
{
    const unsigned char *p = (const unsigned char *)m;
    size_t end = offsetof(struct mark, id) + (size_t)m->id_len;
    uint64_t x = 0xcbf29ce484222325, word;

    for (size_t i = offsetof(struct mark, number); i < end; i += sizeof(word)) {
        memcpy(&word, p + i, sizeof(word));
        x = (x ^ word) * 0x9e3779b97f4a7c15;
        x ^= x >> 32;
    }
    return x | 1; /* 0: there is none */
}

/* Of the two the later one that is whole: its place, or -1. */
static int latest(const struct sqlite_db *d, struct mark *m)
{
    const unsigned char *room = mqm__turn_room(&d->turn);
    struct mark one;
    int at = -1;

    for (int i = 0; room && i < 2; i++) {
        memcpy(&one, room + (size_t)i * sizeof(one), sizeof(one));
        if (one.id_len <= MQM_ID_MAX && one.sum == sum_of(&one) &&
            (at < 0 || one.number > m->number)) {
            *m = one;
            at = i;
        }
    }
    return at;
}

/* Two who do so at once may spoil one of them, not both.  A process that is
 * killed leaves what it did until then, in its order: fences for the compiler
 * do. */
static void put(struct sqlite_db *d, struct mark *m)
{
    unsigned char *room = mqm__turn_room(&d->turn), *to;
    struct mark last = {.number = 0};
    const uint64_t none = 0;
    int at = latest(d, &last);

    if (!room)
        return;
    to = room + (at == 0 ? sizeof(*m) : 0);
    m->number = last.number + 1;
    m->sum = sum_of(m);
    memcpy(to, &none, sizeof(none));
    atomic_signal_fence(memory_order_seq_cst);
    memcpy(to + sizeof(none), &m->number, sizeof(*m) - sizeof(none));
    atomic_signal_fence(memory_order_seq_cst);
    memcpy(to, &m->sum, sizeof(m->sum));
}

void mqm__mark_swaps(struct sqlite_db *d, struct mqm_swap *const *s, size_t n)
{
    struct mark m;

    if (!d->known.number)
        return;
    while (n > 0 && (s[n - 1]->result != MQM_OK ||
                     strcmp(s[n - 1]->key.space, d->known.name) != 0))
        n--;
    if (n == 0)
        return;
    memset(&m, 0, sizeof(m));
    m.space = d->known.number;
    m.version = s[n - 1]->now.version;
    m.id_len = s[n - 1]->key.id_len;
    memcpy(m.id, s[n - 1]->key.id, s[n - 1]->key.id_len);
    put(d, &m);
}

/* ------------------------------- the check ------------------------------- */

/* The version of the marked cell, or what of its space was forgotten. */
static int version_of(struct sqlite_db *d, const struct mark *m, int64_t *there)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(
        d->db,
        "SELECT max(coalesce((SELECT version FROM cells WHERE space=?1"
        " AND id=?2), 0), coalesce((SELECT version FROM spaces WHERE"
        " space=?1), 0))",
        -1, &st, NULL);
    int r;

    if (code == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, m->space);
        sqlite3_bind_blob(st, 2, m->id, (int)m->id_len, SQLITE_STATIC);
    }
    r = mqm__db_first_row(d, st, code);
    if (r == 1)
        *there = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return r;
}

/* 1: it was made after what is marked, so nothing of that is in it. */
static int is_another(const struct sqlite_db *d, const struct mark *m)
{
    return (uint64_t)d->created_ms * 1000 > m->version;
}

/* 1: it is another file than the one that is marked. */
static int has_marked(struct sqlite_db *d)
{
    int64_t there = 0;
    struct mark m;
    int r;

    if (latest(d, &m) < 0)
        return MQM_OK;
    if (is_another(d, &m))
        return 1;
    r = version_of(d, &m, &there);
    if (r < 0 || (uint64_t)there >= m.version)
        return r < 0 ? r : MQM_OK;
    /* Nothing is written back, and the log stays as it is. */
    sqlite3_db_config(d->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return d->host->fail(d->host, -EIO,
                         "sqlite store %s: lacks what was committed: its log, "
                         "%s-wal, was removed, cut or damaged, or an older "
                         "copy was put in its place; put back what belongs "
                         "there, or stop all consumers and move all of its "
                         "files away", d->path, d->path);
}

/* 1: another boot than the one that is written down, by those who do not wait.
 */
static int is_another_boot(struct sqlite_db *d)
{
    char sql[256], boot[BOOT_MAX];
    int64_t another = 0;
    int r;

    mqm__boot_id(boot);
    snprintf(sql, sizeof(sql),
             "SELECT value='' OR value<>'%s' FROM meta"
             " WHERE name='process_boot'", boot);
    r = mqm__db_ask(d, sql, &another);
    return r == 1 ? another != 0 : r;
}

static int write_down(struct sqlite_db *d, int64_t floor_ms)
{
    char sql[400], boot[BOOT_MAX];

    mqm__boot_id(boot);
    snprintf(sql, sizeof(sql),
             "DELETE FROM meta WHERE name='process_boot';"
             "INSERT INTO meta SELECT 'process_boot', '%s' WHERE %d;"
             "INSERT OR IGNORE INTO meta VALUES('floor_ms', 0);"
             "UPDATE meta SET value=max(value, %" PRId64 ")"
             " WHERE name='floor_ms'", boot, d->durability == SYNC_RELAXED,
             floor_ms);
    if (sqlite3_exec(d->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return mqm__db_fail(d, "cannot be written to");
    return MQM_OK;
}

/* Memory begins now, for the disk.  why: NULL, or to be said. */
static int begin_anew(struct sqlite_db *d, const char *why)
{
    int64_t floor_ms = why ? mqm__floor_of(d->host, mqm__wall_us() / 1000) : 0;
    unsigned char *room = mqm__turn_room(&d->turn);
    int r = mqm__db_write_synced(d);

    if (r == MQM_OK)
        r = mqm__db_end(d, write_down(d, floor_ms));
    if (r < 0 || !why)
        return r;
    if (room)
        memset(room, 0, MQM__TURN_ROOM);
    d->host->log(d->host, MQM_WARN,
                 "sqlite store %s: %s; messages born before now, of which it "
                 "has no record, are in doubt", d->path, why);
    return MQM_OK;
}

/* A mark may be ahead of the file after the first of these. */
static int look_back(struct sqlite_db *d)
{
    int r = is_another_boot(d);

    if (r == 1)
        return begin_anew(d, "it was written to with store.durability "
                             "'process', and the machine was started anew");
    if (r == MQM_OK)
        r = has_marked(d);
    if (r == 1)
        return begin_anew(d, "it has been begun anew");
    return r;
}

/* Written down before the first claim. */
static int tell_boot(struct sqlite_db *d)
{
    int64_t there;
    int r;

    if (d->durability == SYNC_FULL)
        return MQM_OK;
    r = mqm__db_ask(d, "SELECT 1 FROM meta WHERE name='process_boot'", &there);
    return r == 0 ? begin_anew(d, NULL) : r;
}

int mqm__mark_check(struct sqlite_db *d)
{
    int64_t floor_ms = 0;
    int r = look_back(d);

    if (r == MQM_OK)
        r = tell_boot(d);
    if (r >= 0)
        r = mqm__db_ask(d, "SELECT value FROM meta WHERE name='floor_ms'",
                        &floor_ms);
    if (floor_ms > d->floor_ms)
        d->floor_ms = floor_ms;
    return r < 0 ? r : MQM_OK;
}
