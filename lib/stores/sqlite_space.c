/* SPDX-License-Identifier: MIT */
/* sqlite_space.c - see sqlite_space.h. */
#include "sqlite_space.h"

#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Both only within a write transaction. */
static int recall(const struct sqlite_db *d, struct sqlite_space *space)
{
    const struct sqlite_known *known = &d->known;

    if (!d->writing || !known->number || strcmp(known->name, space->name) != 0)
        return 0;
    space->number = known->number;
    space->memory_from_ms = known->memory_from_ms;
    space->forgot_unborn = known->forgot_unborn;
    space->version = known->version;
    return 1;
}

static void keep_in_mind(struct sqlite_db *d, const struct sqlite_space *space)
{
    struct sqlite_known *known = &d->known;

    if (!d->writing)
        return;
    snprintf(known->name, sizeof(known->name), "%s", space->name);
    known->number = space->number;
    known->memory_from_ms = space->memory_from_ms;
    known->forgot_unborn = space->forgot_unborn;
    known->version = space->version;
}

/* 1: found. */
static int find(struct sqlite_db *d, struct sqlite_space *space)
{
    sqlite3_stmt *st = d->st[ST_SPACE];
    int r;

    sqlite3_bind_text(st, 1, space->name, -1, SQLITE_STATIC);
    r = mqm__db_step(d, ST_SPACE);
    if (r <= 0)
        return r;
    space->number = sqlite3_column_int64(st, 0);
    space->memory_from_ms = sqlite3_column_int64(st, 1);
    space->forgot_unborn = sqlite3_column_int(st, 2);
    space->version = (uint64_t)sqlite3_column_int64(st, 3);
    sqlite3_reset(st);
    keep_in_mind(d, space);
    return 1;
}

static int add(struct sqlite_db *d, struct sqlite_space *space)
{
    int r;

    sqlite3_bind_text(d->st[ST_SPACE_NEW], 1, space->name, -1, SQLITE_STATIC);
    r = mqm__db_step(d, ST_SPACE_NEW);
    if (r == MQM_OK)
        space->number = sqlite3_last_insert_rowid(d->db);
    return r;
}

static void raise_copy(struct sqlite_space *space, int64_t memory_from_ms,
                       int forgot_unborn, uint64_t version)
{
    if (memory_from_ms > space->memory_from_ms)
        space->memory_from_ms = memory_from_ms;
    if (forgot_unborn > space->forgot_unborn)
        space->forgot_unborn = forgot_unborn;
    if (version > space->version)
        space->version = version;
}

int mqm__space_raise(struct sqlite_db *d, struct sqlite_space *space,
                     int64_t memory_from_ms, int forgot_unborn,
                     uint64_t version)
{
    sqlite3_stmt *st = d->st[ST_SPACE_RAISE];

    sqlite3_bind_int64(st, 1, space->number);
    sqlite3_bind_int64(st, 2, memory_from_ms);
    sqlite3_bind_int(st, 3, forgot_unborn);
    sqlite3_bind_int64(st, 4, (int64_t)version);
    raise_copy(space, memory_from_ms, forgot_unborn, version);
    keep_in_mind(d, space);
    return mqm__db_step(d, ST_SPACE_RAISE);
}

int mqm__space_load(struct sqlite_db *d, struct sqlite_space *space,
                    const char *name, int writes)
{
    int r;

    if (name && (space->name == name ||
                 (space->name && strcmp(space->name, name) == 0)))
        return MQM_OK;
    if (!mqm__space_valid(name))
        return d->host->fail(d->host, -EINVAL, "'%.64s' is no space",
                             name ? name : "(null)");
    *space = (struct sqlite_space){name, 0, 0, 0, 0};
    r = recall(d, space) ? 1 : find(d, space);
    if (r == 0 && writes)
        r = add(d, space);
    if (r < 0 || d->floor_ms <= space->memory_from_ms)
        return r < 0 ? r : MQM_OK;
    if (writes)
        return mqm__space_raise(d, space, d->floor_ms, 1, 0);
    raise_copy(space, d->floor_ms, 1, 0);
    return MQM_OK;
}
