/* SPDX-License-Identifier: MIT */
/* redis_ring.c - see redis_ring.h. */
#include "redis_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What stands before each cell. */
struct head {
    int64_t born_ms, keep_ms;
    uint32_t space;
    uint16_t listed, id_len, len;
};

int mqm__ring_open(struct redis_ring *g, size_t size)
{
    if (g->bytes)
        return 0;
    g->bytes = malloc(size); /* not touched before it is used */
    if (!g->bytes)
        return -ENOMEM;
    g->size = size;
    return 0;
}

void mqm__ring_close(struct redis_ring *g)
{
    for (size_t i = 0; i < g->n_spaces; i++)
        free(g->spaces[i].name);
    free(g->spaces);
    free(g->bytes);
    memset(g, 0, sizeof(*g));
}

void mqm__ring_clear(struct redis_ring *g)
{
    g->begin = g->end;
    g->gone = g->last;
    for (size_t i = 0; i < g->n_spaces; i++)
        g->spaces[i].raised_ms = 0;
}

long mqm__ring_space(struct redis_ring *g, const char *name)
{
    struct ring_space *p;

    for (size_t i = g->n_spaces; i > 0; i--)
        if (strcmp(g->spaces[i - 1].name, name) == 0)
            return (long)(i - 1);
    p = realloc(g->spaces, (g->n_spaces + 1) * sizeof(*p));
    if (!p)
        return -1;
    g->spaces = p;
    p += g->n_spaces;
    p->raised_ms = 0;
    p->name = strdup(name);
    return p->name ? (long)g->n_spaces++ : -1;
}

/* --------------------------------- bytes -------------------------------- */

static void copy_in(struct redis_ring *g, const void *p, size_t len)
{
    size_t at = (size_t)(g->end % g->size);
    size_t first = len < g->size - at ? len : g->size - at;

    if (len == 0)
        return;
    memcpy(g->bytes + at, p, first);
    memcpy(g->bytes, (const unsigned char *)p + first, len - first);
    g->end += len;
}

static uint64_t copy_out(const struct redis_ring *g, uint64_t from, void *p,
                         size_t len)
{
    size_t at = (size_t)(from % g->size);
    size_t first = len < g->size - at ? len : g->size - at;

    memcpy(p, g->bytes + at, first);
    memcpy((unsigned char *)p + first, g->bytes, len - first);
    return from + len;
}

static void drop_oldest(struct redis_ring *g)
{
    struct head h;

    copy_out(g, g->begin, &h, sizeof(h));
    g->begin += sizeof(h) + h.id_len + h.len;
    g->gone++;
}

/* One that there is no room for is gone, and so are all before it. */
static void lose(struct redis_ring *g)
{
    g->last++;
    g->begin = g->end;
    g->gone = g->last;
}

void mqm__ring_put(struct redis_ring *g, const struct mqm_swap *s,
                   int64_t keep_ms, int listed, const void *head,
                   size_t head_len, const void *rest, size_t rest_len)
{
    size_t len = sizeof(struct head) + s->key.id_len + head_len + rest_len;
    long space = mqm__ring_space(g, s->key.space);
    struct head h;

    if (space < 0 || len > g->size) {
        lose(g);
        return;
    }
    memset(&h, 0, sizeof(h));
    h.born_ms = s->key.born_ms;
    h.keep_ms = keep_ms;
    h.space = (uint32_t)space;
    h.listed = listed != 0;
    h.id_len = (uint16_t)s->key.id_len;
    h.len = (uint16_t)(head_len + rest_len);
    while (g->end - g->begin + len > g->size)
        drop_oldest(g);
    copy_in(g, &h, sizeof(h));
    copy_in(g, s->key.id, s->key.id_len);
    copy_in(g, head, head_len);
    copy_in(g, rest, rest_len);
    g->last++;
}

int mqm__ring_next(const struct redis_ring *g, struct ring_cell *c)
{
    struct head h;

    if (c->at < g->begin || c->number < g->gone) {
        c->at = g->begin;
        c->number = g->gone;
    }
    if (c->number >= g->last)
        return 0;
    c->at = copy_out(g, c->at, &h, sizeof(h));
    c->at = copy_out(g, c->at, c->id, h.id_len);
    c->at = copy_out(g, c->at, c->cell, h.len);
    c->number++;
    c->born_ms = h.born_ms;
    c->keep_ms = h.keep_ms;
    c->space = h.space;
    c->listed = h.listed;
    c->id_len = h.id_len;
    c->len = h.len;
    return 1;
}
