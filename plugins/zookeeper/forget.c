/* SPDX-License-Identifier: MIT */
/* forget.c - tick(): remove the cells whose time is over.
 *
 * A walk through spaces, outer and inner buckets, some milliseconds a call; the
 * next one goes on where it stopped. A bucket is not looked into before its
 * time and the space's shortest keep_ms have passed, and not again before the
 * first of its cells is due. Cells that are due go in transactions; a bucket
 * that is empty goes, too.
 *
 * There are no TTL nodes: the server would remove them without raising the
 * space's record first, and a message would look new that was worked on.
 *
 * What always holds: the record says so before the first cell goes; a cell that
 * was written to meanwhile has another dataVersion, and stays; each transaction
 * that removes sets the node `open` (see swap.c).
 */
#include "zk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP = 256,
    TICK_US = 100000,
    REST_US = 5000000,
    LOOK_MS = 60000, /* where all is listed: see whether it still is */
    CROWD = 10000
};

struct zk_hint {
    uint64_t mark;
    int64_t look_ms; /* not before */
};

struct place {
    struct zk *z;
    struct zk_space *space;
    const char *outer, *inner;
    int64_t end_us;
    int64_t look_ms;
};

struct due {
    size_t n;
    struct {
        char path[ZK_PATH_MAX];
        int32_t node;
    } cells[ZK_GROUP];
    struct zk_space up; /* what the record has to say first */
};

int zk_forget_init(struct zk *z)
{
    z->hints = calloc(ZK_KNOWN, sizeof(*z->hints));
    return z->hints ? MQM_OK : -ENOMEM;
}

/* -------------------------------- hints --------------------------------- */

static uint64_t mark_of(const struct zk_space *space, const char *outer,
                        const char *inner)
{
    return (zk_hash(outer, strlen(outer)) * 31 ^ zk_hash(inner, strlen(inner)) ^
            (uint64_t)space->number << 17) | 1;
}

void zk_forget_hint(struct zk *z, const struct zk_space *space,
                    const struct zk_bucket *bucket, int64_t forget_ms)
{
    uint64_t mark = mark_of(space, bucket->outer, bucket->inner);
    struct zk_hint *hint = &z->hints[mark % ZK_KNOWN];

    if (hint->mark == mark && forget_ms < hint->look_ms)
        hint->look_ms = forget_ms;
}

static int is_early(const struct place *p)
{
    uint64_t mark = mark_of(p->space, p->outer, p->inner);
    const struct zk_hint *hint = &p->z->hints[mark % ZK_KNOWN];

    return hint->mark == mark && zk_now_ms(p->z) < hint->look_ms;
}

static void remember(const struct place *p)
{
    uint64_t mark = mark_of(p->space, p->outer, p->inner);

    p->z->hints[mark % ZK_KNOWN] = (struct zk_hint){mark, p->look_ms};
}

/* ------------------------------- removing ------------------------------- */

/* 1: another process is at it. */
static int remove_due(const struct place *p, const struct due *due)
{
    struct zk *z = p->z;
    struct zk_batch *b = zk_batch_new(z, 1);
    zoo_op_t ops[1 + ZK_GROUP];
    char open[ZK_PATH_MAX];
    int slot, rc;

    if (!b)
        return -ENOMEM;
    snprintf(open, sizeof(open), "%s/%08x/open", z->root,
             (unsigned)p->space->number);
    slot = zk_multi_begin(b, 1 + due->n);
    zoo_set_op_init(&ops[0], open, "", 0, -1, zk_slot(b, slot)->op_stats);
    for (size_t i = 0; i < due->n; i++)
        zoo_delete_op_init(&ops[1 + i], due->cells[i].path, due->cells[i].node);
    zk_multi(b, slot, ops);
    zk_wait(b);
    rc = zk_slot(b, slot)->rc;
    if (rc == ZOK)
        zk_clock_sample(z, zk_slot(b, slot)->op_stats[0].mtime, zk_sent_us(b),
                        zk_slot(b, slot)->came_us);
    zk_batch_free(b);
    if (rc == ZOK || rc == ZBADVERSION)
        return MQM_OK;
    return rc == ZNONODE ? 1 : zk_fail(z, rc, "forgetting");
}

static int flush_due(const struct place *p, struct due *due)
{
    int r = MQM_OK;

    if (due->n > 0)
        r = zk_space_raise(p->z, p->space, &due->up);
    if (r == MQM_OK && due->n > 0)
        r = remove_due(p, due);
    due->n = 0;
    return r;
}

static void note_due(struct due *due, const struct zk_cell *cell,
                     const char *path, int32_t node)
{
    snprintf(due->cells[due->n].path, ZK_PATH_MAX, "%s", path);
    due->cells[due->n++].node = node;
    if (cell->born_ms <= 0)
        due->up.forgot_unborn = 1;
    else if (cell->born_ms >= due->up.memory_from_ms)
        due->up.memory_from_ms = cell->born_ms + 1;
    if ((int64_t)cell->version > due->up.version)
        due->up.version = (int64_t)cell->version;
}

static void path_of(const struct place *p, const char *id, char *path)
{
    snprintf(path, ZK_PATH_MAX, "%s/%08x/%s%s%s%s%s", p->z->root,
             (unsigned)p->space->number, p->outer, p->inner ? "/" : "",
             p->inner ? p->inner : "", id ? "/" : "", id ? id : "");
}

/* Up to STEP cells of a bucket: read them, remove what is due. */
static int sweep_some(struct place *p, char *const *ids, size_t n,
                      struct due *due)
{
    struct zk *z = p->z;
    struct zk_batch *b = zk_batch_new(z, n);
    char path[ZK_PATH_MAX];
    int r = MQM_OK;

    if (!b)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        path_of(p, ids[i], path);
        zk_get(b, path);
    }
    zk_wait(b);
    for (size_t i = 0; i < n && r == MQM_OK; i++) {
        const struct zk_slot *slot = zk_slot(b, (int)i);
        struct zk_cell cell;
        int64_t look_ms = zk_now_ms(z) + LOOK_MS;

        if (slot->rc == ZNONODE)
            continue;
        if (slot->rc != ZOK)
            r = zk_fail(z, slot->rc, "reading what may be due");
        else if (zk_cell_read(slot->data, slot->len, &cell) == 0 &&
                 !cell.listed) {
            look_ms = cell.forget_ms;
            path_of(p, ids[i], path);
            if (look_ms <= zk_now_ms(z))
                note_due(due, &cell, path, slot->stat.version);
        }
        if (look_ms < p->look_ms)
            p->look_ms = look_ms;
        if (r == MQM_OK && due->n == ZK_GROUP)
            r = flush_due(p, due);
    }
    zk_batch_free(b);
    return r == MQM_OK ? flush_due(p, due) : r;
}

/* That something else came into it meanwhile is no failure. */
static int remove_node(const struct place *p)
{
    struct zk_batch *b = zk_batch_new(p->z, 1);
    char path[ZK_PATH_MAX];
    int rc;

    if (!b)
        return -ENOMEM;
    path_of(p, NULL, path);
    zk_delete(b, path);
    zk_wait(b);
    rc = zk_slot(b, 0)->rc;
    zk_batch_free(b);
    if (rc == ZOK || rc == ZNOTEMPTY || rc == ZNONODE)
        return MQM_OK;
    return zk_fail(p->z, rc, "removing a bucket");
}

/* -------------------------------- walking ------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int children(struct zk *z, const char *path, struct zk_batch **out)
{
    struct zk_batch *b = zk_batch_new(z, 1);
    struct zk_slot *slot;
    int r = MQM_OK;

    if (!b)
        return -ENOMEM;
    zk_children(b, path);
    zk_wait(b);
    slot = zk_slot(b, 0);
    if (slot->rc != ZOK && slot->rc != ZNONODE)
        r = zk_fail(z, slot->rc, "walking");
    if (r < 0) {
        zk_batch_free(b);
        return r;
    }
    if (slot->names.count > 1)
        qsort(slot->names.data, (size_t)slot->names.count, sizeof(char *),
              by_name);
    *out = b;
    return MQM_OK;
}

static int time_is_up(const struct place *p)
{
    return zk_mono_us() >= p->end_us;
}

static void warn_of_crowd(const struct place *p, size_t n)
{
    if (n > CROWD)
        p->z->host->log(p->z->host, MQM_WARN, "zk://%s%s: a bucket of space "
                        "'%s' holds %zu cells: set store.bucket_ms lower "
                        "(before a space is first used)", p->z->hosts,
                        p->z->root, p->space->name, n);
}

/* 1: another process is at it. */
static int sweep_bucket(struct place *p)
{
    struct zk_batch *b = NULL;
    struct due *due = calloc(1, sizeof(*due));
    char path[ZK_PATH_MAX];
    const struct String_vector *ids;
    int r;

    p->look_ms = INT64_MAX;
    path_of(p, NULL, path);
    r = due ? children(p->z, path, &b) : -ENOMEM;
    if (r < 0) {
        free(due);
        return r;
    }
    ids = &zk_slot(b, 0)->names;
    warn_of_crowd(p, (size_t)ids->count);
    for (int32_t i = 0; i < ids->count && r == MQM_OK; i += STEP)
        r = sweep_some(p, ids->data + i, ids->count - i < STEP ?
                       (size_t)(ids->count - i) : STEP, due);
    if (r == MQM_OK && p->look_ms <= zk_now_ms(p->z))
        r = remove_node(p);
    else if (r == MQM_OK && ids->count == 0)
        r = remove_node(p);
    else if (r == MQM_OK)
        remember(p);
    zk_batch_free(b);
    free(due);
    return r;
}

static int is_young(const struct place *p, const char *inner)
{
    int64_t from = zk_bucket_from(p->space, p->outer, inner);

    return from > 0 && from > zk_now_ms(p->z) - p->space->keep_ms;
}

static void stop_at(struct zk *z, const char *space, const char *outer,
                    const char *inner)
{
    snprintf(z->at_space, sizeof(z->at_space), "%s", space);
    for (char *c = z->at_space; *c; c++)
        *c = *c == '/' ? ':' : *c;
    snprintf(z->at_outer, sizeof(z->at_outer), "%.23s", outer);
    snprintf(z->at_inner, sizeof(z->at_inner), "%.7s", inner);
}

/* 1: stop here. */
static int sweep_outer(struct place *p)
{
    struct zk_batch *b = NULL;
    const struct String_vector *inners;
    char path[ZK_PATH_MAX];
    int r;

    p->inner = NULL;
    path_of(p, NULL, path);
    r = children(p->z, path, &b);
    if (r < 0)
        return r;
    inners = &zk_slot(b, 0)->names;
    if (inners->count == 0)
        r = remove_node(p);
    for (int32_t i = 0; i < inners->count && r == MQM_OK; i++) {
        p->inner = inners->data[i];
        if (strcmp(p->inner, p->z->at_inner) < 0 || is_young(p, p->inner) ||
            is_early(p))
            continue;
        if (time_is_up(p)) {
            stop_at(p->z, p->space->name, p->outer, p->inner);
            r = 1;
        } else {
            r = sweep_bucket(p);
            if (r == 1)
                p->z->rest_us = zk_mono_us() + REST_US;
        }
    }
    if (r == MQM_OK)
        p->z->at_inner[0] = '\0';
    zk_batch_free(b);
    return r;
}

static int sweep_space(struct place *p)
{
    struct zk_batch *b = NULL;
    const struct String_vector *outers;
    char path[ZK_PATH_MAX];
    int r;

    snprintf(path, sizeof(path), "%s/%08x", p->z->root,
             (unsigned)p->space->number);
    r = children(p->z, path, &b);
    if (r < 0)
        return r;
    outers = &zk_slot(b, 0)->names;
    for (int32_t i = 0; i < outers->count && r == MQM_OK; i++) {
        p->outer = outers->data[i];
        if (strcmp(p->outer, "open") == 0 ||
            strcmp(p->outer, p->z->at_outer) < 0 || is_young(p, "0"))
            continue;
        if (strcmp(p->outer, p->z->at_outer) != 0)
            p->z->at_inner[0] = '\0';
        r = sweep_outer(p);
    }
    if (r == MQM_OK)
        p->z->at_outer[0] = p->z->at_inner[0] = '\0';
    zk_batch_free(b);
    return r;
}

static int sweep_named(struct place *p, char *name)
{
    struct zk *z = p->z;
    int r;

    if (strcmp(name, z->at_space) != 0)
        z->at_outer[0] = z->at_inner[0] = '\0';
    for (char *c = name; *c; c++)
        *c = *c == ':' ? '/' : *c;
    z->deadline_us = zk_mono_us() + z->timeout_ms * 1000;
    r = zk_space_find(z, name, &p->space);
    if (r < 0 || !p->space || p->space->keep_ms == 0)
        return r;
    return sweep_space(p);
}

int zk_tick(void *self)
{
    struct zk *z = self;
    struct place p = {z, NULL, NULL, NULL, zk_mono_us() + TICK_US, 0};
    struct zk_batch *b = NULL;
    struct String_vector *names;
    char path[ZK_PATH_MAX];
    int r = zk_ready(z);

    if (r < 0 || zk_mono_us() < z->rest_us)
        return r;
    snprintf(path, sizeof(path), "%s/name", z->root);
    r = children(z, path, &b);
    if (r < 0)
        return r;
    names = &zk_slot(b, 0)->names;
    for (int32_t i = 0; i < names->count && r == MQM_OK; i++)
        if (strcmp(names->data[i], z->at_space) >= 0)
            r = sweep_named(&p, names->data[i]);
    if (r == MQM_OK)
        stop_at(z, "", "", "");
    zk_batch_free(b);
    return r < 0 ? r : MQM_OK;
}
