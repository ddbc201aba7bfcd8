/* SPDX-License-Identifier: MIT */
/* identity.c - whose store this is, seen at the start of each session.
 *
 * It is the same one if it has the identity that we know, stamps a change with
 * a later number than any that we saw, and has the cell that we wrote last.
 * (The numbers alone do not tell: some changes bring us none.)
 *
 * What always holds: when the store is another one than this process knew, or
 * knows less than this process has seen, floor_ms is set before anything else
 * is asked, and each space is raised to it before it is used.
 */
#include "../../lib/stores/swaps.h"
#include "zk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

uint64_t zk_dice(void)
{
    uint64_t x = 0;

    if (getrandom(&x, sizeof(x), 0) != (ssize_t)sizeof(x))
        x = (uint64_t)mqm__wall_us() ^ (uint64_t)mqm__mono_us() << 20;
    return x;
}

static void send_roots(struct zk *z, struct zk_batch *b)
{
    char path[ZK_ROOT_MAX + 16], id[24];

    for (const char *p = strchr(z->root + 1, '/'); p; p = strchr(p + 1, '/')) {
        snprintf(path, sizeof(path), "%.*s", (int)(p - z->root), z->root);
        zk_create(b, path, "", 0);
    }
    snprintf(id, sizeof(id), "mqm1 %016" PRIx64, zk_dice());
    zk_create(b, z->root, id, strlen(id));
    snprintf(path, sizeof(path), "%s/name", z->root);
    zk_create(b, path, "", 0);
    snprintf(path, sizeof(path), "%s/clock", z->root);
    zk_create(b, path, "", 0);
}

/* It was lost, or lost something: what is older than now is in doubt. */
static void begin_anew(struct zk *z)
{
    z->floor_ms = mqm__floor_of(z->host, mqm__wall_us() / 1000);
    zk_spaces_free(z);
    memset(z->memos, 0, ZK_CACHE * sizeof(*z->memos));
    memset(z->known, 0, sizeof(z->known));
    z->witness.path[0] = '\0';
    z->host->log(z->host, MQM_WARN,
                 "zk://%s%s: the store has been emptied, "
                 "replaced or set back; what is older is in doubt",
                 z->hosts, z->root);
}

/* 1: what we wrote last is not there, and nobody may have removed it. */
static int is_set_back(const struct zk *z, const struct zk_slot *witness)
{
    struct zk_cell cell;

    if (!witness || zk_now_ms(z) > z->witness.forget_ms - 2 * z->timeout_ms)
        return 0;
    if (witness->rc == ZNONODE)
        return 1;
    return witness->rc == ZOK &&
           zk_cell_read(witness->data, witness->len, &cell) == 0 &&
           cell.version < z->witness.version;
}

static int take_identity(struct zk *z, const struct zk_slot *root,
                         const struct zk_slot *clock,
                         const struct zk_slot *witness)
{
    const char *id = (const char *)root->data;

    if (root->rc != ZOK)
        return zk_fail(z, root->rc, "reading the root");
    if (clock->rc != ZOK)
        return zk_fail(z, clock->rc, "setting the node 'clock'");
    if (root->len != 21 || strncmp(id, "mqm1 ", 5) != 0)
        return z->host->fail(z->host, -EINVAL,
                             "zk://%s%s holds '%.32s', which is no store of "
                             "this version: give store.url a path of its own",
                             z->hosts, z->root, id);
    if (witness && witness->rc != ZOK && witness->rc != ZNONODE)
        return zk_fail(z, witness->rc, "reading what was written last");
    if (z->id[0] && (strcmp(z->id, id) != 0 || clock->stat.mzxid <= z->zxid ||
                     is_set_back(z, witness)))
        begin_anew(z);
    snprintf(z->id, sizeof(z->id), "%s", id);
    z->created_ms = root->stat.ctime;
    z->zxid = clock->stat.mzxid;
    z->s.fresh = 0;
    return MQM_OK;
}

static int introduce(struct zk *z)
{
    struct zk_batch *b = zk_batch_new(z, ZK_ROOT_MAX / 2 + 8);
    char path[ZK_ROOT_MAX + 16];
    int root, clock, witness = -1, r;

    if (!b)
        return -ENOMEM;
    send_roots(z, b);
    zk_sync(b, z->root);
    root = zk_get(b, z->root);
    if (z->witness.path[0])
        witness = zk_get(b, z->witness.path);
    snprintf(path, sizeof(path), "%s/clock", z->root);
    clock = zk_set(b, path, "", 0, -1);
    zk_wait(b);
    r = take_identity(z, zk_slot(b, root), zk_slot(b, clock),
                      witness < 0 ? NULL : zk_slot(b, witness));
    if (r == MQM_OK)
        zk_clock_sample(z, zk_slot(b, clock)->stat.mtime, zk_sent_us(b),
                        zk_slot(b, clock)->came_us);
    zk_batch_free(b);
    return r;
}

int zk_ready(struct zk *z)
{
    int r = zk_session_ready(z);

    return r == 1 ? introduce(z) : r;
}
