/* SPDX-License-Identifier: MIT */
/* forget.h - what forget.c (the walk) and sweep.c (a bucket) share. */
#ifndef MQM_ZK_FORGET_H
#define MQM_ZK_FORGET_H

#include "zk.h"

struct zk_place {
    struct zk *z;
    struct zk_space *space;
    const char *outer, *inner;
    int64_t end_us;
    int64_t look_ms; /* when the first cell of a bucket is due */
};

/* Of a bucket, or of an outer one where inner is NULL. */
void zk_place_path(const struct zk_place *p, const char *id, char *path);

/* A slot 0 with the names in their order. */
int zk_children_of(struct zk *z, const char *path, struct zk_batch **out);

/* Nothing in it is due yet, as far as is known. */
int zk_is_early(const struct zk_place *p);

/* Remove what is due, from z->at_id on, which is empty again at the end and
 * tells where to go on when time was up.  1: another process is at it. */
int zk_sweep(struct zk_place *p);
int zk_remove_node(const struct zk_place *p);

#endif
