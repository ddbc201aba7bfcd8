/* SPDX-License-Identifier: MIT */
/* redis_ring.h - what a handle was told of its store lately: the cells that it
 * wrote, and those of others that it saw.
 *
 * A Redis that has lost its last moments gets them back from here, see
 * redis_restore.h.  Each cell has a number, from 1 on.  The memory is all there
 * from the beginning, and the oldest cells make room for new ones: `gone` says
 * how many have, so what is missing is known, always.
 */
#ifndef MQM_STORES_REDIS_RING_H
#define MQM_STORES_REDIS_RING_H

#include <mqmigrate/plugin.h>

enum {
    /* version, its time, birth, value: see redis_script.h */
    MQM__RING_CELL_MAX = 3 * 7 + MQM_VALUE_MAX
};

struct ring_space {
    char *name;
    int64_t raised_ms; /* memory() was told to */
};

struct redis_ring {
    unsigned char *bytes; /* NULL: it is not needed */
    size_t size;
    uint64_t begin, end; /* modulo size */
    uint64_t gone, last; /* cells are numbered gone + 1 to last */
    struct ring_space *spaces;
    size_t n_spaces;
};

/* One of them, as it stands in Redis. */
struct ring_cell {
    uint64_t at, number; /* where the next one lies; this one's number */
    int64_t born_ms, keep_ms;
    uint32_t space;
    uint16_t listed, id_len, len;
    unsigned char id[MQM_ID_MAX];
    unsigned char cell[MQM__RING_CELL_MAX];
};

int mqm__ring_open(struct redis_ring *g, size_t size); /* or -ENOMEM */
void mqm__ring_close(struct redis_ring *g);

/* What is in it does not count: gone. */
void mqm__ring_clear(struct redis_ring *g);

/* A cell in two parts, under the key of s. */
void mqm__ring_put(struct redis_ring *g, const struct mqm_swap *s,
                   int64_t keep_ms, int listed, const void *head,
                   size_t head_len, const void *rest, size_t rest_len);

/* The number of a space, or -1: no memory. */
long mqm__ring_space(struct redis_ring *g, const char *name);

/* c: all 0 for the first one.  1, or 0: that was all. */
int mqm__ring_next(const struct redis_ring *g, struct ring_cell *c);

#endif
