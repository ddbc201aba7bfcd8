/* SPDX-License-Identifier: MIT */
/* space.c - spaces, and what they may have forgotten.
 *
 * A space's record is text: "1 memory_from forgot_unborn version keep bucket",
 * times in milliseconds. All but bucket only grow (keep: shrinks), each change
 * by the node's dataVersion.
 */
#include "../../lib/stores/swaps.h"
#include "zk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 10, NAME_MAX_ = ZK_ROOT_MAX + MQM__SPACE_MAX + 16 };

/* ------------------------------ the record ------------------------------ */

static void record_path(const struct zk *z, uint32_t number, char *path)
{
    snprintf(path, ZK_PATH_MAX, "%s/%08x", z->root, (unsigned)number);
}

static size_t write_record(char *text, size_t size, const struct zk_space *s)
{
    return (size_t)snprintf(text, size,
                            "1 %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                            " %" PRId64,
                            s->memory_from_ms, s->forgot_unborn, s->version,
                            s->keep_ms, s->bucket_ms);
}

static int read_record(const char *text, struct zk_space *s)
{
    int64_t x[6] = {0};

    for (size_t i = 0; i < 6; i++) {
        char *end = NULL;

        errno = 0;
        x[i] = strtoll(text, &end, 10);
        if (errno || end == text || x[i] < 0)
            return -1;
        text = end;
    }
    if (*text || x[0] != 1 || x[5] < 1)
        return -1;
    s->memory_from_ms = x[1];
    s->forgot_unborn = x[2];
    s->version = x[3];
    s->keep_ms = x[4];
    s->bucket_ms = x[5];
    return 0;
}

int zk_space_take(struct zk *z, struct zk_space *space,
                  const struct zk_slot *slot)
{
    if (slot->rc == ZNONODE) {
        z->s.fresh = 1; /* see whose store this is, before the next call */
        return z->host->fail(z->host, -ESTALE,
                             "zk://%s%s: space '%s' is gone: the store has "
                             "been emptied or replaced",
                             z->hosts, z->root, space->name);
    }
    if (slot->rc != ZOK)
        return zk_fail(z, slot->rc, "reading a space's record");
    if (read_record((const char *)slot->data, space) != 0)
        return z->host->fail(z->host, -EINVAL,
                             "zk://%s%s/%08x holds '%.40s', which this version "
                             "does not understand: take the newest one",
                             z->hosts, z->root, (unsigned)space->number,
                             (const char *)slot->data);
    space->node = slot->stat.version;
    return MQM_OK;
}

int zk_space_refresh(struct zk *z, struct zk_space *space)
{
    struct zk_batch *b = zk_batch_new(z, 2);
    char path[ZK_PATH_MAX];
    int slot, r;

    if (!b)
        return -ENOMEM;
    zk_sync(b, z->root);
    record_path(z, space->number, path);
    slot = zk_get(b, path);
    zk_wait(b);
    r = zk_space_take(z, space, zk_slot(b, slot));
    zk_batch_free(b);
    return r;
}

/* 1: there is something to be raised. */
static int merge(struct zk_space *to, const struct zk_space *up)
{
    const struct zk_space was = *to;

    if (up->memory_from_ms > to->memory_from_ms)
        to->memory_from_ms = up->memory_from_ms;
    if (up->forgot_unborn > to->forgot_unborn)
        to->forgot_unborn = up->forgot_unborn;
    if (up->version > to->version)
        to->version = up->version;
    if (up->keep_ms > 0 && (to->keep_ms == 0 || up->keep_ms < to->keep_ms))
        to->keep_ms = up->keep_ms;
    return was.memory_from_ms != to->memory_from_ms ||
           was.forgot_unborn != to->forgot_unborn ||
           was.version != to->version || was.keep_ms != to->keep_ms;
}

/* 1: it was changed by another one meanwhile. */
static int write_once(struct zk *z, struct zk_space *space,
                      const struct zk_space *next)
{
    struct zk_batch *b = zk_batch_new(z, 2);
    const struct zk_slot *set, *get;
    char path[ZK_PATH_MAX], text[160];
    int r;

    if (!b)
        return -ENOMEM;
    record_path(z, space->number, path);
    set =
        zk_slot(b, zk_set(b, path, text, write_record(text, sizeof(text), next),
                          space->node));
    get = zk_slot(b, zk_get(b, path));
    zk_wait(b);
    if (set->rc == ZOK || set->rc == ZBADVERSION || set->rc == ZNONODE)
        r = zk_space_take(z, space, get);
    else
        r = zk_fail(z, set->rc, "setting a space's record");
    if (r == MQM_OK)
        r = set->rc != ZOK; /* another one did; perhaps not this */
    zk_batch_free(b);
    return r;
}

int zk_space_raise(struct zk *z, struct zk_space *space,
                   const struct zk_space *up)
{
    int r = 1;

    for (int i = 0; r == 1 && i < TRIES; i++) {
        struct zk_space next = *space;

        if (!merge(&next, up))
            return MQM_OK;
        r = write_once(z, space, &next);
    }
    return r == 1 ? z->host->fail(z->host, -EAGAIN,
                                  "zk://%s%s: space '%s' "
                                  "was changed again and again",
                                  z->hosts, z->root, space->name)
                  : r;
}

/* ------------------------------- by name -------------------------------- */

static void name_path(const struct zk *z, const char *name, char *path)
{
    size_t n = (size_t)snprintf(path, NAME_MAX_, "%s/name/", z->root);

    for (; *name && n + 1 < NAME_MAX_; name++)
        path[n++] = *name == '/' ? ':' : *name;
    path[n] = '\0';
}

/* A name's node and all that a space needs, at once. */
static int make(struct zk *z, const char *name)
{
    enum { OPS = 3 + ZK_SHARDS };
    const struct zk_space fresh = {.bucket_ms = z->bucket_ms};
    struct zk_batch *b = zk_batch_new(z, 1);
    char where[NAME_MAX_], digits[12], text[160];
    char paths[2 + ZK_SHARDS][ZK_ROOT_MAX + 32];
    zoo_op_t ops[OPS];
    uint32_t number = (uint32_t)zk_dice();
    int i, rc;

    if (!b)
        return -ENOMEM;
    name_path(z, name, where);
    snprintf(digits, sizeof(digits), "%08x", (unsigned)number);
    zoo_create_op_init(&ops[0], where, digits, 8, z->acl, 0, NULL, 0);
    snprintf(paths[0], sizeof(paths[0]), "%s/%08x", z->root, (unsigned)number);
    zoo_create_op_init(&ops[1], paths[0], text,
                       (int)write_record(text, sizeof(text), &fresh), z->acl, 0,
                       NULL, 0);
    snprintf(paths[1], sizeof(paths[1]), "%s/%08x/open", z->root,
             (unsigned)number);
    zoo_create_op_init(&ops[2], paths[1], "", 0, z->acl, 0, NULL, 0);
    for (size_t k = 0; k < ZK_SHARDS; k++) {
        snprintf(paths[2 + k], sizeof(paths[0]), "%s/%08x/open/%02x", z->root,
                 (unsigned)number, (unsigned)k);
        zoo_create_op_init(&ops[3 + k], paths[2 + k], "", 0, z->acl, 0, NULL,
                           0);
    }
    i = zk_multi_begin(b, OPS);
    zk_multi(b, i, ops);
    zk_wait(b);
    rc = zk_slot(b, i)->rc;
    zk_batch_free(b);
    if (rc == ZOK || rc == ZNODEEXISTS)
        return MQM_OK;
    return zk_fail(z, rc, "making a space");
}

int zk_space_of(struct zk *z, const char *name, uint32_t number,
                struct zk_space **out)
{
    struct zk_space *s = z->spaces;
    int r;

    for (; s; s = s->next)
        if (s->number == number && strcmp(s->name, name) == 0)
            return *out = s, MQM_OK;
    s = calloc(1, sizeof(*s));
    if (!s)
        return z->host->fail(z->host, -ENOMEM,
                             "zookeeper store: out of memory");
    snprintf(s->name, sizeof(s->name), "%s", name);
    s->number = number;
    r = zk_space_refresh(z, s);
    if (r == MQM_OK && z->floor_ms > s->memory_from_ms) {
        const struct zk_space up = {.memory_from_ms = z->floor_ms,
                                    .forgot_unborn = 1};

        r = zk_space_raise(z, s, &up);
    }
    if (r < 0) {
        free(s);
        return r;
    }
    s->next = z->spaces;
    z->spaces = s;
    *out = s;
    return MQM_OK;
}

static struct zk_space *known(struct zk *z, const char *name)
{
    struct zk_space *s = z->spaces;

    while (s && strcmp(s->name, name) != 0)
        s = s->next;
    return s;
}

int zk_space_find(struct zk *z, const char *name, struct zk_space **out)
{
    struct zk_batch *b;
    const struct zk_slot *slot;
    char path[NAME_MAX_];
    int r = MQM_OK;

    if (!mqm__space_valid(name))
        return z->host->fail(z->host, -EINVAL, "'%.64s' is no space",
                             name ? name : "(null)");
    *out = known(z, name);
    if (*out)
        return MQM_OK;
    b = zk_batch_new(z, 2);
    if (!b)
        return -ENOMEM;
    name_path(z, name, path);
    zk_sync(b, z->root);
    slot = zk_slot(b, zk_get(b, path));
    zk_wait(b);
    if (slot->rc == ZOK)
        r = zk_space_of(z, name,
                        (uint32_t)strtoul((const char *)slot->data, NULL, 16),
                        out);
    else if (slot->rc != ZNONODE)
        r = zk_fail(z, slot->rc, "looking for a space");
    zk_batch_free(b);
    return r;
}

int zk_space_need(struct zk *z, const char *name, struct zk_space **out)
{
    int r = zk_space_find(z, name, out);

    for (int i = 0; r == MQM_OK && !*out && i < TRIES; i++) {
        r = make(z, name);
        if (r == MQM_OK)
            r = zk_space_find(z, name, out);
    }
    if (r == MQM_OK && !*out)
        r = z->host->fail(z->host, -EAGAIN,
                          "zk://%s%s: space '%s' comes and "
                          "goes",
                          z->hosts, z->root, name);
    return r;
}

void zk_spaces_free(struct zk *z)
{
    while (z->spaces) {
        struct zk_space *s = z->spaces;

        z->spaces = s->next;
        free(s);
    }
}
