/* SPDX-License-Identifier: MIT */
/* swap.c - the swaps of a call in pipelined rounds.
 *
 *     ------> READ ---> WRITE ---> done
 *               ^ |       |
 *               | +-------+----> done (LOST, DOUBT)
 *               +---------+      a transaction failed: look again
 *
 * A claim begins with WRITE (create), a release of what this process wrote, too
 * (set, with the dataVersion that is remembered); all else begins with READ.
 * The writes of a space go in transactions of up to ZK_GROUP cells, all in
 * flight at once. A transaction is all or nothing, and tells the first thing
 * alone that was wrong with it: all of it is then read, which tells the rest,
 * and what is still to be done goes again. From the fourth round on each cell
 * goes alone, so that none can keep another one from being done.
 *
 * What always holds:
 * - A transaction that creates checks the space's record: no cell of a time
 *   that the record calls remembered was removed before it.
 * - dataVersion begins anew with a node that was removed and made again. The
 *   node `open` is set with each removal; a set of a cell that may be removed
 *   soon checks that it is as it was before the cell was read.
 * - Records are read behind the cells, so "none" is judged by a record at
 *   least as late.
 */
#include "zk.h"
#include "../../lib/stores/swaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 24, LONELY = 4, OPS_MAX = 2 + 2 * ZK_GROUP };
enum state { DONE, READ, WRITE };

struct zk_item {
    enum state state, was; /* was: when this round was sent */
    int slot; /* of its read, or of the transaction it is in; -1: none */
    int soon; /* it may be removed soon: check `open` */
    int listed;
    int32_t node;
    uint64_t version; /* the one it is given */
    int64_t forget_ms;
    struct zk_space *space;
};

struct round {
    struct zk *z;
    struct mqm_swap *const *s;
    struct zk_item *items;
    size_t n;
    int number;
    struct zk_batch *batch;
    int clock;
};

static void done(struct round *r, size_t i, int result)
{
    r->items[i].state = DONE;
    r->s[i]->result = result;
}

/* ------------------------------- beginning ------------------------------ */

static void begin(struct zk *z, struct mqm_swap *s, struct zk_item *it)
{
    const struct zk_own *own;

    it->state = READ;
    it->soon = it->listed = 0;
    it->node = -1;
    if (s->expect == 0) {
        if (!z->meets && mqm__swap_missing(s, it->space->memory_from_ms,
                                           (int)it->space->forgot_unborn) ==
                             MQM_OK)
            it->state = WRITE;
        return;
    }
    own = zk_own_find(z, it->space, &s->key, s->expect);
    if (own) {
        it->state = WRITE;
        it->node = own->node;
        it->listed = own->listed;
    }
}

/* The record has to know of the shortest keep_ms, for tick(). */
static int note_keep(struct zk *z, struct zk_space *space,
                     const struct mqm_swap *s)
{
    const struct zk_space up = {.keep_ms = s->keep_ms > 0 ? s->keep_ms : 1};

    if (s->expect == MQM_ASK ||
        (space->keep_ms > 0 && space->keep_ms <= up.keep_ms))
        return MQM_OK;
    return zk_space_raise(z, space, &up);
}

static int begin_all(struct round *r)
{
    struct zk *z = r->z;

    for (size_t i = 0; i < r->n; i++) {
        const struct mqm_swap *before = i > 0 ? r->s[i - 1] : NULL;
        struct zk_item *it = &r->items[i];
        int x = MQM_OK;

        if (before && before->key.space == r->s[i]->key.space)
            it->space = it[-1].space;
        else
            x = zk_space_need(z, r->s[i]->key.space, &it->space);
        if (x == MQM_OK)
            x = note_keep(z, it->space, r->s[i]);
        if (x < 0)
            return x;
        begin(z, r->s[i], it);
    }
    return MQM_OK;
}

/* -------------------------------- reading ------------------------------- */

static void send_swept(struct round *r)
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

static void send_records(struct round *r)
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

static void send_reads(struct round *r)
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
static int take_space(struct round *r, struct zk_space *space)
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

static void take_none(struct round *r, size_t i)
{
    const struct zk_space *space = r->items[i].space;
    int x = mqm__swap_missing(r->s[i], space->memory_from_ms,
                              (int)space->forgot_unborn);

    mqm__swap_none(r->s[i]);
    r->items[i].node = -1;
    r->items[i].listed = r->items[i].soon = 0;
    if (x == MQM_OK)
        r->items[i].state = WRITE;
    else
        done(r, i, x);
}

static void take_cell(struct round *r, size_t i, const struct zk_slot *slot)
{
    struct zk_item *it = &r->items[i];
    struct zk *z = r->z;
    struct zk_cell cell;

    if (zk_cell_read(slot->data, slot->len, &cell) != 0) {
        done(r, i, z->host->fail(z->host, -EIO, "zk://%s%s: a cell of space "
                                 "'%s' is none that this version understands",
                                 z->hosts, z->root, it->space->name));
        return;
    }
    if (cell.version != r->s[i]->expect) {
        zk_cell_tell(z, &cell, slot->stat.mtime, &r->s[i]->now);
        done(r, i, MQM_LOST);
        return;
    }
    it->state = WRITE;
    it->node = slot->stat.version;
    it->listed = cell.listed;
    it->soon = !cell.listed && cell.forget_ms < zk_now_ms(z) +
                                                2 * z->timeout_ms + 1000;
}

static void take_reads(struct round *r)
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
            done(r, i, x);
        else if (slot->rc == ZOK)
            take_cell(r, i, slot);
        else if (slot->rc == ZNONODE)
            take_none(r, i);
        else
            done(r, i, zk_fail(r->z, slot->rc, "reading a cell"));
    }
    if (creates > 0)
        r->z->meets = met > 0;
}

/* -------------------------------- writing ------------------------------- */

static uint64_t bucket_mark(const struct zk_space *space,
                            const struct zk_bucket *b)
{
    return (zk_hash(b, sizeof(*b)) ^ (uint64_t)space->number << 17) | 1;
}

/* Sent ahead of what goes into it; that it exists is as good. */
static void need_bucket(struct round *r, size_t i)
{
    const struct zk_space *space = r->items[i].space;
    struct zk_bucket b = {"", ""};
    char path[ZK_PATH_MAX];
    uint64_t mark;
    int n;

    zk_bucket_of(space, &r->s[i]->key, &b);
    mark = bucket_mark(space, &b);
    if (r->z->known[mark % ZK_KNOWN] == mark && r->number == 0)
        return;
    r->z->known[mark % ZK_KNOWN] = mark;
    n = snprintf(path, sizeof(path), "%s/%08x/%s", r->z->root,
                 (unsigned)space->number, b.outer);
    zk_create(r->batch, path, "", 0);
    snprintf(path + n, sizeof(path) - (size_t)n, "/%s", b.inner);
    zk_create(r->batch, path, "", 0);
}

/* The operations on one cell. */
static int put_ops(struct round *r, size_t i, struct zk_text *t, zoo_op_t *ops)
{
    const struct mqm_swap *s = r->s[i];
    struct zk_item *it = &r->items[i];
    struct zk *z = r->z;
    uint64_t now = (uint64_t)mqm__wall_us();
    uint64_t last = s->expect ? s->expect : (uint64_t)it->space->version;
    int listed = (s->flags & MQM_SWAP_LISTED) != 0, len, n = 0;
    struct zk_cell cell = {0, 0, s->key.born_ms, listed, s->len, s->value};

    cell.version = it->version = now > last ? now : last + 1;
    cell.forget_ms = it->forget_ms = mqm__swap_forget_ms(s, zk_now_ms(z));
    len = (int)zk_cell_write(t->data, &cell);
    zk_cell_path(z, it->space, &s->key, t->cell);
    if (s->expect == 0)
        zoo_create_op_init(&ops[n++], t->cell, (char *)t->data, len, z->acl, 0,
                           NULL, 0);
    else
        zoo_set_op_init(&ops[n++], t->cell, (char *)t->data, len, it->node,
                        NULL);
    if (listed == it->listed)
        return n;
    zk_index_path(z, it->space, &s->key, t->index);
    if (listed)
        zoo_create_op_init(&ops[n++], t->index, "", 0, z->acl, 0, NULL, 0);
    else
        zoo_delete_op_init(&ops[n++], t->index, -1);
    return n;
}

/* The members of a transaction, the first at `from`. */
static size_t gather(struct round *r, size_t from, size_t *at)
{
    size_t max = r->number < LONELY ? ZK_GROUP : 1, n = 0;

    for (size_t i = from; i < r->n && n < max; i++) {
        struct zk_item *it = &r->items[i];

        if (it->state != WRITE || it->slot >= 0 ||
            it->space != r->items[from].space)
            continue;
        it->slot = INT32_MAX; /* taken */
        at[n++] = i;
        if (r->s[i]->expect == 0)
            need_bucket(r, i);
    }
    return n;
}

static void send_group(struct round *r, size_t from)
{
    struct zk_space *space = r->items[from].space;
    char record[ZK_PATH_MAX], open[ZK_PATH_MAX];
    zoo_op_t ops[OPS_MAX];
    size_t at[ZK_GROUP], n = gather(r, from, at);
    int creates = 0, soon = 0, used = 0, slot;

    for (size_t k = 0; k < n; k++) {
        creates |= r->s[at[k]]->expect == 0;
        soon |= r->items[at[k]].soon;
    }
    snprintf(record, sizeof(record), "%s/%08x", r->z->root,
             (unsigned)space->number);
    snprintf(open, sizeof(open), "%s/%08x/open", r->z->root,
             (unsigned)space->number);
    if (creates)
        zoo_check_op_init(&ops[used++], record, space->node);
    if (soon)
        zoo_check_op_init(&ops[used++], open, space->swept);
    for (size_t k = 0; k < n; k++)
        used += put_ops(r, at[k], &r->z->texts[k], &ops[used]);
    slot = zk_multi_begin(r->batch, (size_t)used);
    for (size_t k = 0; k < n; k++)
        r->items[at[k]].slot = slot;
    for (int k = 0; k < used; k++)
        if (ops[k].type == ZOO_SETDATA_OP)
            ops[k].set_op.stat = &zk_slot(r->batch, slot)->op_stats[k];
    zk_multi(r->batch, slot, ops);
}

static void written(struct round *r, size_t i)
{
    struct zk_item *it = &r->items[i];
    struct zk_bucket b = {"", ""};
    struct zk *z = r->z;

    mqm__swap_done(r->s[i], it->version);
    it->state = DONE;
    zk_own_put(z, it->space, r->s[i], it->node + 1, it->forget_ms);
    zk_bucket_of(it->space, &r->s[i]->key, &b);
    zk_forget_hint(z, it->space, &b, it->forget_ms);
}

/* A set is stamped with the server's time and the number of the change. */
static void take_stamps(struct round *r, const struct zk_slot *slot)
{
    for (size_t k = 0; slot->op_stats && k < slot->n_ops; k++) {
        if (slot->op_stats[k].mtime == 0)
            continue;
        zk_clock_sample(r->z, slot->op_stats[k].mtime, zk_sent_us(r->batch),
                        slot->came_us);
        if (slot->op_stats[k].mzxid > r->z->zxid)
            r->z->zxid = slot->op_stats[k].mzxid;
        return;
    }
}

/* Nothing of the transaction was done, and another look may help. */
static int is_conflict(int rc)
{
    return rc == ZNODEEXISTS || rc == ZNONODE || rc == ZBADVERSION;
}

static void take_writes(struct round *r)
{
    int stamped = -1;

    for (size_t i = 0; i < r->n; i++) {
        struct zk_item *it = &r->items[i];
        const struct zk_slot *slot;

        if (it->was != WRITE)
            continue;
        slot = zk_slot(r->batch, it->slot);
        if (slot->rc == ZOK && it->slot != stamped)
            take_stamps(r, slot);
        stamped = it->slot;
        if (slot->rc == ZOK)
            written(r, i);
        else if (is_conflict(slot->rc))
            it->state = READ;
        else
            done(r, i, zk_fail(r->z, slot->rc, "swapping"));
    }
}

/* --------------------------------- rounds ------------------------------- */

static size_t to_do(const struct round *r)
{
    size_t left = 0;

    for (size_t i = 0; i < r->n; i++)
        left += r->items[i].state != DONE;
    return left;
}

static void take_clock(struct round *r)
{
    const struct zk_slot *slot;

    if (r->clock < 0)
        return;
    slot = zk_slot(r->batch, r->clock);
    if (slot->rc == ZOK)
        zk_clock_sample(r->z, slot->stat.mtime, zk_sent_us(r->batch),
                        slot->came_us);
}

/* Its reads and its writes are of different cells. */
static int run_round(struct round *r)
{
    r->clock = -1;
    r->batch = zk_batch_new(r->z, 4 * r->n + 4);
    if (!r->batch)
        return -ENOMEM;
    send_reads(r);
    for (size_t i = 0; i < r->n; i++)
        if (r->items[i].state == WRITE && r->items[i].slot < 0)
            send_group(r, i);
    zk_wait(r->batch);
    take_clock(r);
    take_reads(r);
    take_writes(r);
    zk_batch_free(r->batch);
    return MQM_OK;
}

static int run_all(struct round *r)
{
    struct zk *z = r->z;
    int x = begin_all(r);

    while (x == MQM_OK && to_do(r) > 0 && r->number < ROUNDS) {
        x = run_round(r);
        r->number++;
    }
    if (x == MQM_OK && to_do(r) > 0)
        x = z->host->fail(z->host, -EAGAIN, "zk://%s%s: cells were changed "
                          "again and again", z->hosts, z->root);
    return x;
}

static int make_room(struct zk *z, size_t n)
{
    struct zk_item *p;

    if (n <= z->items_room)
        return MQM_OK;
    p = realloc(z->items, n * sizeof(*p));
    if (!p)
        return z->host->fail(z->host, -ENOMEM,
                             "zookeeper store: out of memory");
    z->items = p;
    z->items_room = n;
    return MQM_OK;
}

int zk_swap(void *self, struct mqm_swap *const *s, size_t n)
{
    struct zk *z = self;
    struct round r = {z, s, NULL, n, 0, NULL, -1};
    int x = mqm__swaps_check(z->host, s, n);

    if (x < 0 || n == 0)
        return x;
    x = zk_ready(z);
    if (x == MQM_OK)
        x = make_room(z, n);
    if (x < 0)
        return mqm__swaps_all(s, n, x);
    r.items = z->items;
    memset(r.items, 0, n * sizeof(*r.items));
    for (size_t i = 0; i < n; i++)
        r.items[i].state = READ;
    x = run_all(&r);
    for (size_t i = 0; i < n; i++) {
        if (r.items[i].state != DONE)
            s[i]->result = x;
        else if (s[i]->result < 0 && x == MQM_OK)
            x = s[i]->result;
    }
    return x;
}
