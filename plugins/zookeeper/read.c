/* SPDX-License-Identifier: MIT */
/* read.c - the reads of a round: cells, and behind them their spaces' records.
 */
#include "../../lib/stores/swaps.h"
#include "swap.h"

#include <errno.h>
#include <stdio.h>

static void send_swept(struct zk_round *r)
{
    char path[ZK_PATH_MAX];

    for (size_t i = 0; i < r->n; i++) {
        struct zk_space *space = r->items[i].space;

        if (r->items[i].state != READ || space->swept_slot >= 0)
            continue;
        snprintf(path, sizeof(path), "%s/%08x/open", r->z->root,
                 (unsigned)space->number);
        space->swept_slot = zk_get(r->batch, path);
    }
}

static void send_records(struct zk_round *r)
{
    char path[ZK_PATH_MAX];

    for (size_t i = 0; i < r->n; i++) {
        struct zk_space *space = r->items[i].space;

        if (r->items[i].state != READ || space->record_slot >= 0)
            continue;
        snprintf(path, sizeof(path), "%s/%08x", r->z->root,
                 (unsigned)space->number);
        space->record_slot = zk_get(r->batch, path);
    }
}

void zk_send_reads(struct zk_round *r)
{
    char path[ZK_PATH_MAX];
    int any = 0;

    for (size_t i = 0; i < r->n; i++) {
        r->items[i].slot = -1;
        r->items[i].was = r->items[i].state;
        any |= r->items[i].state == READ;
        r->items[i].space->swept_slot = r->items[i].space->record_slot = -1;
        r->items[i].space->seen = 0;
    }
    if (!any)
        return;
    zk_sync(r->batch, r->z->root); /* the server may be behind the others */
    if (zk_clock_is_old(r->z)) {
        snprintf(path, sizeof(path), "%s/clock", r->z->root);
        r->clock = zk_set(r->batch, path, "", 0, -1);
    }
    send_swept(r);
    for (size_t i = 0; i < r->n; i++) {
        if (r->items[i].state != READ)
            continue;
        zk_cell_path(r->z, r->items[i].space, &r->s[i]->key, path);
        r->items[i].slot = zk_get(r->batch, path);
    }
    send_records(r);
}

/* A space's record, once a round. */
static int take_space(struct zk_round *r, struct zk_space *space)
{
    const struct zk_slot *swept = zk_slot(r->batch, space->swept_slot);
    int x;

    if (space->seen)
        return space->seen;
    x = zk_space_take(r->z, space, zk_slot(r->batch, space->record_slot));
    if (x == MQM_OK && swept->rc != ZOK)
        x = zk_fail(r->z, swept->rc, "reading the node 'open'");
    space->swept = swept->stat.version;
    space->seen = x == MQM_OK ? 1 : x;
    return space->seen;
}

static void take_none(struct zk_round *r, size_t i)
{
    const struct zk_space *space = r->items[i].space;
    int x = mqm__swap_missing(r->s[i], space->memory_from_ms,
                              (int)space->forgot_unborn);

    mqm__swap_none(r->s[i]);
    r->items[i].node = -1;
    r->items[i].forget_ms = 0;
    r->items[i].listed = r->items[i].soon = 0;
    if (x == MQM_OK)
        r->items[i].state = WRITE;
    else
        zk_done(r, i, x);
}

static void take_cell(struct zk_round *r, size_t i, const struct zk_slot *slot)
{
    struct zk_item *it = &r->items[i];
    struct zk *z = r->z;
    struct zk_cell cell;

    if (zk_cell_read(slot->data, slot->len, &cell) != 0) {
        zk_done(r, i,
                z->host->fail(z->host, -EIO,
                              "zk://%s%s: a cell of space "
                              "'%s' is none that this version understands",
                              z->hosts, z->root, it->space->name));
        return;
    }
    if (cell.version != r->s[i]->expect) {
        const struct zk_memo memo = {
            .version = cell.version, .forget_ms = cell.forget_ms,
            .node = slot->stat.version, .listed = cell.listed != 0};

        zk_memo_put(z, it->space, &r->s[i]->key, &memo);
        zk_cell_tell(z, &cell, slot->stat.mtime, &r->s[i]->now);
        zk_done(r, i, MQM_LOST);
        return;
    }
    it->state = WRITE;
    it->node = slot->stat.version;
    it->forget_ms = cell.forget_ms;
    it->listed = cell.listed;
    it->soon = !cell.listed &&
               cell.forget_ms < zk_now_ms(z) + 2 * z->timeout_ms + 1000;
}

void zk_take_reads(struct zk_round *r)
{
    size_t creates = 0, met = 0;

    for (size_t i = 0; i < r->n; i++) {
        struct zk_item *it = &r->items[i];
        const struct zk_slot *slot;
        int x;

        if (it->was != READ)
            continue;
        slot = zk_slot(r->batch, it->slot);
        creates += r->s[i]->expect == 0;
        met += r->s[i]->expect == 0 && slot->rc == ZOK;
        x = take_space(r, it->space);
        if (x < 0)
            zk_done(r, i, x);
        else if (slot->rc == ZOK)
            take_cell(r, i, slot);
        else if (slot->rc == ZNONODE)
            take_none(r, i);
        else
            zk_done(r, i, zk_fail(r->z, slot->rc, "reading a cell"));
    }
    if (creates > 0)
        r->z->meets = met > 0;
}
