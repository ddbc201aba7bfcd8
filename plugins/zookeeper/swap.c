/* SPDX-License-Identifier: MIT */
/* swap.c - the swaps of a call in pipelined rounds.
 *
 *     ------> READ ---> WRITE ---> done
 *               ^ |       |
 *               | +-------+----> done (LOST, DOUBT)
 *               +---------+      a transaction failed: look again
 *
 * A claim begins with WRITE (create), and so does what follows a cell that was
 * written or read before (set, with the dataVersion that is remembered); all
 * else begins with READ.
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
#include "swap.h"
#include "../../lib/stores/swaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 24 };

void zk_done(struct zk_round *r, size_t i, int result)
{
    r->items[i].state = DONE;
    r->s[i]->result = result;
}

/* ------------------------------- beginning ------------------------------ */

static void begin(struct zk *z, struct mqm_swap *s, struct zk_item *it)
{
    const struct zk_memo *memo;

    it->state = READ;
    it->soon = it->listed = 0;
    it->node = -1;
    if (s->expect == 0) {
        if (!z->meets &&
            mqm__swap_missing(s, it->space->memory_from_ms,
                              (int)it->space->forgot_unborn) == MQM_OK)
            it->state = WRITE;
        return;
    }
    memo = zk_memo_find(z, it->space, &s->key, s->expect);
    if (memo) {
        it->state = WRITE;
        it->node = memo->node;
        it->forget_ms = memo->forget_ms;
        it->listed = memo->listed;
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

static int begin_all(struct zk_round *r)
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

/* --------------------------------- rounds ------------------------------- */

static size_t to_do(const struct zk_round *r)
{
    size_t left = 0;

    for (size_t i = 0; i < r->n; i++)
        left += r->items[i].state != DONE;
    return left;
}

static void take_clock(struct zk_round *r)
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
static int run_round(struct zk_round *r)
{
    r->clock = -1;
    r->batch = zk_batch_new(r->z, 4 * r->n + 4);
    if (!r->batch)
        return -ENOMEM;
    zk_send_reads(r);
    zk_send_writes(r);
    zk_wait(r->batch);
    take_clock(r);
    zk_take_reads(r);
    zk_take_writes(r);
    zk_batch_free(r->batch);
    return MQM_OK;
}

static int run_all(struct zk_round *r)
{
    struct zk *z = r->z;
    int x = begin_all(r);

    while (x == MQM_OK && to_do(r) > 0 && r->number < ROUNDS) {
        x = run_round(r);
        r->number++;
    }
    if (x == MQM_OK && to_do(r) > 0)
        x = z->host->fail(z->host, -EAGAIN,
                          "zk://%s%s: cells were changed "
                          "again and again",
                          z->hosts, z->root);
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
    struct zk_round r = {z, s, NULL, n, 0, NULL, -1};
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
