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
 */
#include "forget.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Ticks that do not get to the end of the walk grow longer: more is due. */
enum { TICK_US = 100000, TICK_MAX_US = 400000, REST_US = 5000000 };

static int time_is_up(const struct zk_place *p)
{
    return mqm__mono_us() >= p->end_us;
}

static int is_young(const struct zk_place *p, const char *inner)
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
static int sweep_inner(struct zk_place *p)
{
    struct zk *z = p->z;
    int r;

    if (time_is_up(p)) {
        stop_at(z, p->space->name, p->outer, p->inner);
        return 1;
    }
    if (strcmp(p->inner, z->at_inner) != 0)
        z->at_id[0] = '\0';
    r = zk_sweep(p);
    if (r == 1)
        z->rest_us = mqm__mono_us() + REST_US;
    if (r == MQM_OK && z->at_id[0]) {
        stop_at(z, p->space->name, p->outer, p->inner);
        return 1;
    }
    return r;
}

static int sweep_outer(struct zk_place *p)
{
    struct zk_batch *b = NULL;
    const struct String_vector *inners;
    char path[ZK_PATH_MAX];
    int r;

    p->inner = NULL;
    zk_place_path(p, NULL, path);
    r = zk_children_of(p->z, path, &b);
    if (r < 0)
        return r;
    inners = &zk_slot(b, 0)->names;
    if (inners->count == 0)
        r = zk_remove_node(p);
    for (int32_t i = 0; i < inners->count && r == MQM_OK; i++) {
        p->inner = inners->data[i];
        if (strcmp(p->inner, p->z->at_inner) >= 0 && !is_young(p, p->inner) &&
            !zk_is_early(p))
            r = sweep_inner(p);
    }
    if (r == MQM_OK)
        p->z->at_inner[0] = p->z->at_id[0] = '\0';
    zk_batch_free(b);
    return r;
}

static int sweep_space(struct zk_place *p)
{
    struct zk_batch *b = NULL;
    const struct String_vector *outers;
    char path[ZK_PATH_MAX];
    int r;

    snprintf(path, sizeof(path), "%s/%08x", p->z->root,
             (unsigned)p->space->number);
    r = zk_children_of(p->z, path, &b);
    if (r < 0)
        return r;
    outers = &zk_slot(b, 0)->names;
    for (int32_t i = 0; i < outers->count && r == MQM_OK; i++) {
        p->outer = outers->data[i];
        if (strcmp(p->outer, "open") == 0 ||
            strcmp(p->outer, p->z->at_outer) < 0 || is_young(p, "0"))
            continue;
        if (strcmp(p->outer, p->z->at_outer) != 0)
            p->z->at_inner[0] = p->z->at_id[0] = '\0';
        r = sweep_outer(p);
    }
    if (r == MQM_OK)
        p->z->at_outer[0] = p->z->at_inner[0] = p->z->at_id[0] = '\0';
    zk_batch_free(b);
    return r;
}

static int sweep_named(struct zk_place *p, char *name)
{
    struct zk *z = p->z;
    int r;

    if (strcmp(name, z->at_space) != 0)
        z->at_outer[0] = z->at_inner[0] = z->at_id[0] = '\0';
    for (char *c = name; *c; c++)
        *c = *c == ':' ? '/' : *c;
    z->deadline_us = mqm__mono_us() + z->timeout_ms * 1000;
    r = zk_space_find(z, name, &p->space);
    if (r < 0 || !p->space || p->space->keep_ms == 0)
        return r;
    return sweep_space(p);
}

static void set_pace(struct zk *z, int stopped)
{
    z->tick_us = stopped == 1 ? 2 * z->tick_us : TICK_US;
    if (z->tick_us > TICK_MAX_US)
        z->tick_us = TICK_MAX_US;
}

int zk_tick(void *self)
{
    struct zk *z = self;
    struct zk_place p = {z, NULL, NULL, NULL, 0, 0};
    struct zk_batch *b = NULL;
    struct String_vector *names;
    char path[ZK_PATH_MAX];
    int r = zk_ready(z);

    if (r < 0 || mqm__mono_us() < z->rest_us)
        return r;
    p.end_us = mqm__mono_us() + (z->tick_us > 0 ? z->tick_us : TICK_US);
    snprintf(path, sizeof(path), "%s/name", z->root);
    r = zk_children_of(z, path, &b);
    if (r < 0)
        return r;
    names = &zk_slot(b, 0)->names;
    for (int32_t i = 0; i < names->count && r == MQM_OK; i++)
        if (strcmp(names->data[i], z->at_space) >= 0)
            r = sweep_named(&p, names->data[i]);
    if (r == MQM_OK)
        z->at_space[0] = '\0';
    set_pace(z, r);
    zk_batch_free(b);
    return r < 0 ? r : MQM_OK;
}
