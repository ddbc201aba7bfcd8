/* SPDX-License-Identifier: MIT */
/* batch.c - requests that are sent one behind the other, and one wait for all.
 *
 * ZooKeeper answers the requests of a session in their order, so what depends
 * on another one may be sent behind it at once.
 *
 * What always holds: a batch lives until the client has called back for each
 * request, also when nobody waits for it any more; after the wait nobody but
 * the waiter touches a slot.
 */
#include "zk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct zk_batch {
    struct zk *z;
    pthread_mutex_t lock;
    pthread_cond_t done;
    size_t room, n, due; /* due: sent and not yet answered */
    int closed;          /* the wait is over: slots stay as they are */
    int left;            /* its owner has gone, too */
    int64_t sent_us;
    struct zk_slot slots[];
};

struct zk_batch *zk_batch_new(struct zk *z, size_t room)
{
    struct zk_batch *b = calloc(1, sizeof(*b) + room * sizeof(b->slots[0]));
    pthread_condattr_t attr;

    if (!b) {
        z->host->fail(z->host, -ENOMEM, "zookeeper store: out of memory");
        return NULL;
    }
    b->z = z;
    b->room = room;
    b->sent_us = mqm__mono_us();
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&b->done, &attr);
    pthread_condattr_destroy(&attr);
    return b;
}

static void really_free(struct zk_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->slots[i].data);
        free(b->slots[i].ops);
        free(b->slots[i].op_stats);
        deallocate_String_vector(&b->slots[i].names);
    }
    pthread_cond_destroy(&b->done);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

void zk_batch_free(struct zk_batch *b)
{
    size_t due;

    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    due = b->due;
    b->left = b->closed = 1;
    pthread_mutex_unlock(&b->lock);
    if (due == 0)
        really_free(b);
}

/* ------------------------------- answers -------------------------------- */

/* Takes the lock.  1: somebody waits for it. */
static int came(struct zk_slot *slot)
{
    struct zk_batch *b = slot->batch;

    pthread_mutex_lock(&b->lock);
    if (b->closed)
        return 0;
    slot->came_us = mqm__mono_us();
    return 1;
}

/* Gives the lock back.  The last answer ends a batch that nobody owns. */
static void noted(struct zk_slot *slot)
{
    struct zk_batch *b = slot->batch;
    int last = --b->due == 0 && b->left;

    if (b->due == 0)
        pthread_cond_signal(&b->done);
    pthread_mutex_unlock(&b->lock);
    if (last)
        really_free(b);
}

static void on_void(int rc, const void *data)
{
    struct zk_slot *slot = (struct zk_slot *)(uintptr_t)data;

    if (came(slot))
        slot->rc = rc;
    noted(slot);
}

static void on_string(int rc, const char *value, const void *data)
{
    (void)value;
    on_void(rc, data);
}

static void on_stat(int rc, const struct Stat *stat, const void *data)
{
    struct zk_slot *slot = (struct zk_slot *)(uintptr_t)data;

    if (came(slot)) {
        slot->rc = rc;
        if (rc == ZOK && stat)
            slot->stat = *stat;
    }
    noted(slot);
}

static void on_data(int rc, const char *value, int len, const struct Stat *stat,
                    const void *data)
{
    struct zk_slot *slot = (struct zk_slot *)(uintptr_t)data;
    size_t n = len > 0 ? (size_t)len : 0;

    if (came(slot)) {
        slot->rc = rc;
        if (rc == ZOK && stat) {
            slot->stat = *stat;
            slot->data = malloc(n + 1);
            if (!slot->data)
                slot->rc = ZSYSTEMERROR;
        }
        if (slot->data) {
            if (n > 0)
                memcpy(slot->data, value, n);
            slot->data[n] = '\0';
            slot->len = n;
        }
    }
    noted(slot);
}

static int copy_names(const struct String_vector *from,
                      struct String_vector *to)
{
    if (from->count <= 0)
        return ZOK;
    to->data = calloc((size_t)from->count, sizeof(*to->data));
    if (!to->data)
        return ZSYSTEMERROR;
    to->count = from->count;
    for (int32_t i = 0; i < from->count; i++) {
        to->data[i] = strdup(from->data[i]);
        if (!to->data[i])
            return ZSYSTEMERROR;
    }
    return ZOK;
}

static void on_names(int rc, const struct String_vector *names,
                     const void *data)
{
    struct zk_slot *slot = (struct zk_slot *)(uintptr_t)data;

    if (came(slot))
        slot->rc = rc == ZOK && names ? copy_names(names, &slot->names) : rc;
    noted(slot);
}

static void on_rights(int rc, struct ACL_vector *acl, struct Stat *stat,
                      const void *data)
{
    struct zk_slot *slot = (struct zk_slot *)(uintptr_t)data;

    (void)stat;
    if (came(slot)) {
        slot->rc = rc;
        for (int32_t i = 0; rc == ZOK && acl && i < acl->count; i++)
            if (strcmp(acl->data[i].id.scheme, "world") == 0)
                slot->world |= acl->data[i].perms;
    }
    noted(slot);
}

/* ------------------------------- requests ------------------------------- */

static struct zk_slot *begin(struct zk_batch *b, int *number)
{
    struct zk_slot *slot;

    pthread_mutex_lock(&b->lock);
    *number = (int)b->n;
    slot = &b->slots[b->n++];
    slot->batch = b;
    slot->rc = ZOPERATIONTIMEOUT;
    b->due++;
    pthread_mutex_unlock(&b->lock);
    return slot;
}

/* The client took it, or tells at once why not. */
static void sent(struct zk_slot *slot, int rc)
{
    if (rc == ZOK)
        return;
    if (came(slot))
        slot->rc = rc;
    noted(slot);
}

int zk_get(struct zk_batch *b, const char *path)
{
    int i;
    struct zk_slot *slot = begin(b, &i);

    sent(slot, zoo_aget(b->z->s.zh, path, 0, on_data, slot));
    return i;
}

int zk_children(struct zk_batch *b, const char *path)
{
    int i;
    struct zk_slot *slot = begin(b, &i);

    sent(slot, zoo_aget_children(b->z->s.zh, path, 0, on_names, slot));
    return i;
}

int zk_rights(struct zk_batch *b, const char *path)
{
    int i;
    struct zk_slot *slot = begin(b, &i);

    sent(slot, zoo_aget_acl(b->z->s.zh, path, on_rights, slot));
    return i;
}

int zk_set(struct zk_batch *b, const char *path, const void *data, size_t len,
           int32_t version)
{
    int i;
    struct zk_slot *slot = begin(b, &i);

    sent(slot,
         zoo_aset(b->z->s.zh, path, data, (int)len, version, on_stat, slot));
    return i;
}

int zk_create(struct zk_batch *b, const char *path, const void *data,
              size_t len)
{
    int i;
    struct zk_slot *slot = begin(b, &i);

    sent(slot, zoo_acreate(b->z->s.zh, path, data, (int)len, b->z->acl,
                           ZOO_PERSISTENT, on_string, slot));
    return i;
}

int zk_delete(struct zk_batch *b, const char *path)
{
    int i;
    struct zk_slot *slot = begin(b, &i);

    sent(slot, zoo_adelete(b->z->s.zh, path, -1, on_void, slot));
    return i;
}

int zk_sync(struct zk_batch *b, const char *path)
{
    int i;
    struct zk_slot *slot = begin(b, &i);

    sent(slot, zoo_async(b->z->s.zh, path, on_string, slot));
    return i;
}

int zk_multi_begin(struct zk_batch *b, size_t n_ops)
{
    int i;
    struct zk_slot *slot = begin(b, &i);

    slot->n_ops = n_ops;
    slot->ops = calloc(n_ops, sizeof(*slot->ops));
    slot->op_stats = calloc(n_ops, sizeof(*slot->op_stats));
    return i;
}

void zk_multi(struct zk_batch *b, int number, const zoo_op_t *ops)
{
    struct zk_slot *slot = &b->slots[number];

    if (!slot->ops || !slot->op_stats)
        sent(slot, ZSYSTEMERROR);
    else
        sent(slot, zoo_amulti(b->z->s.zh, (int)slot->n_ops, ops, slot->ops,
                              on_void, slot));
}

/* --------------------------------- wait --------------------------------- */

void zk_wait(struct zk_batch *b)
{
    int64_t end = b->z->deadline_us;
    struct timespec until = {(time_t)(end / 1000000),
                             (long)(end % 1000000) * 1000};
    int r = 0;

    pthread_mutex_lock(&b->lock);
    while (b->due > 0 && r == 0)
        r = pthread_cond_timedwait(&b->done, &b->lock, &until);
    b->closed = b->due > 0;
    pthread_mutex_unlock(&b->lock);
}

struct zk_slot *zk_slot(struct zk_batch *b, int i)
{
    return &b->slots[i];
}

int64_t zk_sent_us(const struct zk_batch *b)
{
    return b->sent_us;
}
