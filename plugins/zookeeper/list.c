/* SPDX-License-Identifier: MIT */
/* list.c - the listed cells of a space.
 *
 * Each has a node under `open`, made and removed in the transaction that
 * changes the cell, so a list costs in proportion to what is listed: to walk
 * all buckets would cost a read for each cell of the last days. The price is
 * one more operation, in the same transaction, when a cell is listed and when
 * it is no longer.
 */
#include "zk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { STEP = 256 };

struct walk {
    struct zk *z;
    const struct zk_space *space;
    int (*visit)(void *user, const struct mqm_key *key,
                 const struct mqm_cell *cell);
    void *user;
};

static void begin_step(struct zk *z)
{
    z->deadline_us = mqm__mono_us() + z->timeout_ms * 1000;
}

/* "OUTER.INNER.ID" -> "ROOT/NUM/OUTER/INNER/ID".  NULL: not one of ours. */
static const char *path_of(const struct walk *w, const char *name, char *path)
{
    const char *inner = strchr(name, '.');
    const char *id = inner ? strchr(inner + 1, '.') : NULL;

    if (!id || strlen(name) > 2 * MQM_ID_MAX + 32)
        return NULL;
    snprintf(path, ZK_PATH_MAX, "%s/%08x/%.*s/%.*s/%s", w->z->root,
             (unsigned)w->space->number, (int)(inner - name), name,
             (int)(id - inner - 1), inner + 1, id + 1);
    return id + 1;
}

static int visit_one(const struct walk *w, const char *name,
                     const struct zk_slot *slot)
{
    unsigned char id[MQM_ID_MAX];
    struct mqm_key key = {w->space->name, id, 0, 0};
    struct zk_cell cell;
    struct mqm_cell now;

    if (slot->rc == ZNONODE)
        return MQM_OK;
    if (slot->rc != ZOK)
        return zk_fail(w->z, slot->rc, "reading a listed cell");
    if (zk_cell_read(slot->data, slot->len, &cell) != 0 ||
        zk_unhex(strrchr(name, '.') + 1, id, &key.id_len) != 0)
        return w->z->host->fail(w->z->host, -EIO,
                                "zk://%s%s: the listed cell '%.300s' is none "
                                "that this version understands",
                                w->z->hosts, w->z->root, name);
    if (!cell.listed)
        return MQM_OK;
    key.born_ms = cell.born_ms;
    zk_cell_tell(w->z, &cell, slot->stat.mtime, &now);
    return w->visit(w->user, &key, &now);
}

static int visit_some(const struct walk *w, char *const *names, size_t n)
{
    struct zk_batch *b = zk_batch_new(w->z, STEP);
    char path[ZK_PATH_MAX];
    int slots[STEP];
    int r = MQM_OK;

    if (!b)
        return -ENOMEM;
    begin_step(w->z);
    for (size_t i = 0; i < n; i++)
        slots[i] = path_of(w, names[i], path) ? zk_get(b, path) : -1;
    zk_wait(b);
    for (size_t i = 0; i < n && r == MQM_OK; i++)
        if (slots[i] >= 0)
            r = visit_one(w, names[i], zk_slot(b, slots[i]));
    zk_batch_free(b);
    return r;
}

static int visit_shard(const struct walk *w, const struct zk_slot *slot)
{
    size_t n = slot->rc == ZOK ? (size_t)slot->names.count : 0;
    int r = MQM_OK;

    if (slot->rc != ZOK)
        return zk_fail(w->z, slot->rc, "reading what is listed");
    for (size_t i = 0; i < n && r == MQM_OK; i += STEP)
        r = visit_some(w, slot->names.data + i, n - i < STEP ? n - i : STEP);
    return r;
}

/* Ages are told by a clock that was read just now. */
static int send_shards(const struct walk *w, struct zk_batch *b)
{
    char path[ZK_PATH_MAX];

    zk_sync(b, w->z->root);
    snprintf(path, sizeof(path), "%s/clock", w->z->root);
    zk_set(b, path, "", 0, -1);
    for (int i = 0; i < ZK_SHARDS; i++) {
        snprintf(path, sizeof(path), "%s/%08x/open/%02x", w->z->root,
                 (unsigned)w->space->number, (unsigned)i);
        zk_children(b, path);
    }
    return 1; /* the slot of the clock */
}

int zk_list(void *self, const char *name,
            int (*visit)(void *user, const struct mqm_key *key,
                         const struct mqm_cell *cell),
            void *user)
{
    struct zk *z = self;
    struct zk_space *space = NULL;
    struct zk_batch *b;
    const struct zk_slot *clock;
    int r = zk_ready(z);

    if (r == MQM_OK)
        r = zk_space_find(z, name, &space);
    if (r < 0 || !space)
        return r;
    b = zk_batch_new(z, 2 + ZK_SHARDS);
    if (!b)
        return -ENOMEM;
    {
        const struct walk w = {z, space, visit, user};

        clock = zk_slot(b, send_shards(&w, b));
        zk_wait(b);
        if (clock->rc == ZOK)
            zk_clock_sample(z, clock->stat.mtime, zk_sent_us(b),
                            clock->came_us);
        for (int i = 0; i < ZK_SHARDS && r == MQM_OK; i++)
            r = visit_shard(&w, zk_slot(b, 2 + i));
    }
    zk_batch_free(b);
    return r;
}
