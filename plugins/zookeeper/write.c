/* SPDX-License-Identifier: MIT */
/* write.c - the writes of a round: transactions of up to ZK_GROUP cells. */
#include "../../lib/stores/swaps.h"
#include "swap.h"

#include <stdio.h>

enum { LONELY = 4, OPS_MAX = 2 + 2 * ZK_GROUP };

static uint64_t bucket_mark(const struct zk_space *space,
                            const struct zk_bucket *b)
{
    return (zk_hash(b, sizeof(*b)) ^ (uint64_t)space->number << 17) | 1;
}

/* Sent ahead of what goes into it; that it exists is as good. */
static void need_bucket(struct zk_round *r, size_t i)
{
    const struct zk_space *space = r->items[i].space;
    struct zk_bucket b = {"", ""};
    char path[ZK_PATH_MAX];
    uint64_t mark;
    int n;

    zk_bucket_of(space, &r->s[i]->key, &b);
    mark = bucket_mark(space, &b);
    if (r->z->known[mark % ZK_KNOWN] == mark)
        return;
    r->z->known[mark % ZK_KNOWN] = mark;
    n = snprintf(path, sizeof(path), "%s/%08x/%s", r->z->root,
                 (unsigned)space->number, b.outer);
    zk_create(r->batch, path, "", 0);
    snprintf(path + n, sizeof(path) - (size_t)n, "/%s", b.inner);
    zk_create(r->batch, path, "", 0);
}

/* It may have been removed since: send it again. */
static void doubt_bucket(struct zk_round *r, size_t i)
{
    struct zk_bucket b = {"", ""};

    zk_bucket_of(r->items[i].space, &r->s[i]->key, &b);
    r->z->known[bucket_mark(r->items[i].space, &b) % ZK_KNOWN] = 0;
}

/* The operations on one cell. */
static int put_ops(struct zk_round *r, size_t i, struct zk_text *t,
                   zoo_op_t *ops)
{
    const struct mqm_swap *s = r->s[i];
    struct zk_item *it = &r->items[i];
    struct zk *z = r->z;
    uint64_t now = (uint64_t)mqm__wall_us();
    uint64_t last = s->expect ? s->expect : (uint64_t)it->space->version;
    int listed = (s->flags & MQM_SWAP_LISTED) != 0, len, n = 0;
    int64_t forget_ms;
    struct zk_cell cell = {0, 0, s->key.born_ms, listed, s->len, s->value};

    cell.version = it->version = now > last ? now : last + 1;
    forget_ms = mqm__swap_forget_ms(s, zk_now_ms(z));
    if (it->forget_ms < forget_ms)
        it->forget_ms = forget_ms;
    cell.forget_ms = it->forget_ms;
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
static size_t gather(struct zk_round *r, size_t from, size_t *at)
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

static void send_group(struct zk_round *r, size_t from)
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

void zk_send_writes(struct zk_round *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->items[i].state == WRITE && r->items[i].slot < 0)
            send_group(r, i);
}

static void written(struct zk_round *r, size_t i)
{
    struct zk_item *it = &r->items[i];
    struct zk_bucket b = {"", ""};
    struct zk *z = r->z;
    const struct zk_memo memo = {
        .version = it->version, .forget_ms = it->forget_ms,
        .node = it->node + 1,
        .listed = (r->s[i]->flags & MQM_SWAP_LISTED) != 0};

    mqm__swap_done(r->s[i], it->version);
    it->state = DONE;
    zk_memo_put(z, it->space, &r->s[i]->key, &memo);
    zk_bucket_of(it->space, &r->s[i]->key, &b);
    zk_forget_hint(z, it->space, &b, it->forget_ms);
}

/* A set is stamped with the server's time and the number of the change. */
static void take_stamps(struct zk_round *r, const struct zk_slot *slot)
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

/* See identity.c. */
static void keep_witness(struct zk_round *r, size_t i)
{
    struct zk *z = r->z;

    zk_cell_path(z, r->items[i].space, &r->s[i]->key, z->witness.path);
    z->witness.version = r->items[i].version;
    z->witness.forget_ms = r->items[i].forget_ms;
}

/* Nothing of the transaction was done, and another look may help. */
static int is_conflict(int rc)
{
    return rc == ZNODEEXISTS || rc == ZNONODE || rc == ZBADVERSION;
}

void zk_take_writes(struct zk_round *r)
{
    int stamped = -1;
    size_t last = SIZE_MAX;

    for (size_t i = 0; i < r->n; i++) {
        struct zk_item *it = &r->items[i];
        const struct zk_slot *slot;

        if (it->was != WRITE)
            continue;
        slot = zk_slot(r->batch, it->slot);
        if (slot->rc == ZOK && it->slot != stamped)
            take_stamps(r, slot);
        stamped = it->slot;
        if (slot->rc == ZOK) {
            written(r, i);
            if (last == SIZE_MAX || it->slot >= r->items[last].slot)
                last = i;
        }
        if (slot->rc == ZNONODE)
            doubt_bucket(r, i);
        if (is_conflict(slot->rc))
            it->state = READ;
        else if (slot->rc != ZOK)
            zk_done(r, i, zk_fail(r->z, slot->rc, "swapping"));
    }
    if (last != SIZE_MAX)
        keep_witness(r, last);
}
