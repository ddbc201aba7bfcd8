/* SPDX-License-Identifier: MIT */
/* sweep.c - remove what is due of one bucket.
 *
 * What always holds: the record says so before the first cell goes; a cell that
 * was written to meanwhile has another dataVersion, and stays; each transaction
 * that removes sets the node `open` (see swap.c).
 */
#include "forget.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP = 256,
    LOOK_MS = 60000, /* where all is listed: see whether it still is */
    CROWD = 10000
};

struct zk_hint {
    uint64_t mark;
    int64_t look_ms; /* not before */
};

struct due {
    size_t n;
    struct {
        char path[ZK_PATH_MAX];
        int32_t node;
    } cells[STEP];
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
            (uint64_t)space->number << 17) |
           1;
}

void zk_forget_hint(struct zk *z, const struct zk_space *space,
                    const struct zk_bucket *bucket, int64_t forget_ms)
{
    uint64_t mark = mark_of(space, bucket->outer, bucket->inner);
    struct zk_hint *hint = &z->hints[mark % ZK_KNOWN];

    if (hint->mark == mark && forget_ms < hint->look_ms)
        hint->look_ms = forget_ms;
}

int zk_is_early(const struct zk_place *p)
{
    uint64_t mark = mark_of(p->space, p->outer, p->inner);
    const struct zk_hint *hint = &p->z->hints[mark % ZK_KNOWN];

    return hint->mark == mark && zk_now_ms(p->z) < hint->look_ms;
}

static void remember(const struct zk_place *p)
{
    uint64_t mark = mark_of(p->space, p->outer, p->inner);

    p->z->hints[mark % ZK_KNOWN] = (struct zk_hint){mark, p->look_ms};
}

/* ------------------------------- removing ------------------------------- */

static int send_removal(const struct zk_place *p, struct zk_batch *b,
                        const struct due *due, size_t from, size_t n)
{
    zoo_op_t ops[1 + ZK_GROUP];
    char open[ZK_PATH_MAX];
    int slot = zk_multi_begin(b, 1 + n);

    snprintf(open, sizeof(open), "%s/%08x/open", p->z->root,
             (unsigned)p->space->number);
    zoo_set_op_init(&ops[0], open, "", 0, -1, zk_slot(b, slot)->op_stats);
    for (size_t i = 0; i < n; i++)
        zoo_delete_op_init(&ops[1 + i], due->cells[from + i].path,
                           due->cells[from + i].node);
    zk_multi(b, slot, ops);
    return slot;
}

/* 1: another process is at it. */
static int remove_due(const struct zk_place *p, const struct due *due)
{
    struct zk_batch *b = zk_batch_new(p->z, STEP / ZK_GROUP);
    int slots = 0, r = MQM_OK;

    if (!b)
        return -ENOMEM;
    for (size_t i = 0; i < due->n; i += ZK_GROUP)
        slots = 1 + send_removal(p, b, due, i,
                                 due->n - i < ZK_GROUP ? due->n - i : ZK_GROUP);
    zk_wait(b);
    for (int i = 0; i < slots; i++) {
        int rc = zk_slot(b, i)->rc;

        if (rc == ZNONODE && r == MQM_OK)
            r = 1;
        else if (rc != ZOK && rc != ZNONODE && rc != ZBADVERSION)
            r = zk_fail(p->z, rc, "forgetting");
    }
    zk_batch_free(b);
    return r;
}

static int flush_due(const struct zk_place *p, struct due *due)
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

void zk_place_path(const struct zk_place *p, const char *id, char *path)
{
    snprintf(path, ZK_PATH_MAX, "%s/%08x/%s%s%s%s%s", p->z->root,
             (unsigned)p->space->number, p->outer, p->inner ? "/" : "",
             p->inner ? p->inner : "", id ? "/" : "", id ? id : "");
}

/* Up to STEP cells of a bucket: read them, remove what is due. */
static int sweep_some(struct zk_place *p, char *const *ids, size_t n,
                      struct due *due)
{
    struct zk *z = p->z;
    struct zk_batch *b = zk_batch_new(z, n);
    char path[ZK_PATH_MAX];
    int r = MQM_OK;

    if (!b)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        zk_place_path(p, ids[i], path);
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
            zk_place_path(p, ids[i], path);
            if (look_ms <= zk_now_ms(z))
                note_due(due, &cell, path, slot->stat.version);
        }
        if (look_ms < p->look_ms)
            p->look_ms = look_ms;
    }
    zk_batch_free(b);
    return r == MQM_OK ? flush_due(p, due) : r;
}

/* That something else came into it meanwhile is no failure. */
int zk_remove_node(const struct zk_place *p)
{
    struct zk_batch *b = zk_batch_new(p->z, 1);
    char path[ZK_PATH_MAX];
    int rc;

    if (!b)
        return -ENOMEM;
    zk_place_path(p, NULL, path);
    zk_delete(b, path);
    zk_wait(b);
    rc = zk_slot(b, 0)->rc;
    zk_batch_free(b);
    if (rc == ZOK || rc == ZNOTEMPTY || rc == ZNONODE)
        return MQM_OK;
    return zk_fail(p->z, rc, "removing a bucket");
}

/* ------------------------------ a bucket -------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int zk_children_of(struct zk *z, const char *path, struct zk_batch **out)
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

static void warn_of_crowd(const struct zk_place *p, size_t n)
{
    if (n > CROWD)
        p->z->host->log(p->z->host, MQM_WARN,
                        "zk://%s%s: a bucket of space "
                        "'%s' holds %zu cells: set store.bucket_ms lower "
                        "(before a space is first used)",
                        p->z->hosts, p->z->root, p->space->name, n);
}

/* All of it was looked at, or the rest of it. */
static int conclude(struct zk_place *p, int is_rest, int empty)
{
    p->z->at_id[0] = '\0';
    if (empty || p->look_ms <= zk_now_ms(p->z))
        return zk_remove_node(p);
    if (!is_rest)
        remember(p);
    return MQM_OK;
}

static int sweep_ids(struct zk_place *p, const struct String_vector *ids,
                     struct due *due)
{
    size_t n = (size_t)ids->count, from = 0;
    int is_rest = p->z->at_id[0] != '\0', r = MQM_OK;

    while (from < n && strcmp(ids->data[from], p->z->at_id) < 0)
        from++;
    while (from < n && r == MQM_OK) {
        size_t some = n - from < STEP ? n - from : STEP;

        r = sweep_some(p, ids->data + from, some, due);
        from += some;
        if (r != MQM_OK || from >= n || mqm__mono_us() < p->end_us)
            continue;
        snprintf(p->z->at_id, sizeof(p->z->at_id), "%s", ids->data[from]);
        return MQM_OK;
    }
    return r == MQM_OK ? conclude(p, is_rest, n == 0) : r;
}

/* 1: another process is at it. */
int zk_sweep(struct zk_place *p)
{
    struct zk_batch *b = NULL;
    struct due *due = calloc(1, sizeof(*due));
    char path[ZK_PATH_MAX];
    const struct String_vector *ids;
    int r;

    p->look_ms = INT64_MAX;
    zk_place_path(p, NULL, path);
    r = due ? zk_children_of(p->z, path, &b) : -ENOMEM;
    if (r < 0) {
        free(due);
        return r;
    }
    ids = &zk_slot(b, 0)->names;
    warn_of_crowd(p, (size_t)ids->count);
    if (r == MQM_OK)
        r = sweep_ids(p, ids, due);
    zk_batch_free(b);
    free(due);
    return r;
}
