/* SPDX-License-Identifier: MIT */
/* memory.c - cells in the memory of this process, for tests and simulations.
 *
 * A chained hash table.  It is neither shared nor durable, and gone with
 * close().  Ages and forgetting go by the monotonic clock, versions by Unix
 * microseconds, and above every version that the space ever forgot, so they
 * grow also where the clock is set back.
 * What always holds: a cell that tick() forgot was born before its space's
 * memory_from_ms, or, of unknown birth, has set forgot_unborn.
 */
#include "../stores.h"
#include "setting.h"
#include "swaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MIN = 256, BUCKETS_A_TICK = 65536 };

struct space {
    struct space *next;
    int64_t memory_from_ms;
    int forgot_unborn;
    uint64_t version; /* the largest one forgotten */
    char name[];
};

struct cell {
    struct cell *next;
    struct space *space;
    uint64_t hash, version;
    int64_t born_ms, changed_us, forget_us; /* the two by CLOCK_MONOTONIC */
    int listed;
    size_t id_len, len, room;
    unsigned char *value;
    unsigned char id[];
};

struct memory {
    const struct mqm_host *host;
    int64_t created_ms;
    struct space *spaces;
    struct cell **buckets;
    size_t n_buckets, n_cells, cursor; /* n_buckets: a power of 2 */
};

static uint64_t hash_of(const struct space *space, const void *id, size_t len)
{
    const unsigned char *p = id;
    uint64_t h = 14695981039346656037U ^ (uintptr_t)space;

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 1099511628211U;
    return h ^ h >> 29;
}

static struct space *find_space(struct memory *m, const char *name)
{
    struct space *space = m->spaces;

    while (space && strcmp(space->name, name) != 0)
        space = space->next;
    return space;
}

static struct space *need_space(struct memory *m, const char *name)
{
    struct space *space = find_space(m, name);
    size_t len = strlen(name) + 1;

    if (space)
        return space;
    space = calloc(1, sizeof(*space) + len);
    if (!space)
        return NULL;
    memcpy(space->name, name, len);
    space->next = m->spaces;
    m->spaces = space;
    return space;
}

static struct cell **find(struct memory *m, const struct space *space,
                          const struct mqm_key *key)
{
    uint64_t h = hash_of(space, key->id, key->id_len);
    struct cell **at = &m->buckets[h & (m->n_buckets - 1)];

    while (*at && !((*at)->hash == h && (*at)->space == space &&
                    (*at)->id_len == key->id_len &&
                    memcmp((*at)->id, key->id, key->id_len) == 0))
        at = &(*at)->next;
    return at;
}

/* A table that cannot grow is slow, not wrong. */
static void grow(struct memory *m)
{
    size_t n = m->n_buckets * 2;
    struct cell **buckets = calloc(n, sizeof(*buckets));

    if (!buckets)
        return;
    for (size_t i = 0; i < m->n_buckets; i++) {
        while (m->buckets[i]) {
            struct cell *cell = m->buckets[i];
            struct cell **to = &buckets[cell->hash & (n - 1)];

            m->buckets[i] = cell->next;
            cell->next = *to;
            *to = cell;
        }
    }
    free(m->buckets);
    m->buckets = buckets;
    m->n_buckets = n;
}

static void cell_free(struct cell *cell)
{
    free(cell->value);
    free(cell);
}

/* Where it hangs, as find() says, or NULL. */
static struct cell **cell_new(struct memory *m, struct space *space,
                              const struct mqm_key *key)
{
    struct cell *cell = calloc(1, sizeof(*cell) + key->id_len);
    struct cell **at;

    if (!cell)
        return NULL;
    memcpy(cell->id, key->id, key->id_len);
    cell->id_len = key->id_len;
    cell->hash = hash_of(space, key->id, key->id_len);
    cell->space = space;
    cell->born_ms = key->born_ms;
    if (m->n_cells++ >= m->n_buckets)
        grow(m);
    at = &m->buckets[cell->hash & (m->n_buckets - 1)];
    cell->next = *at;
    *at = cell;
    return at;
}

static void tell(const struct cell *cell, struct mqm_cell *now)
{
    now->version = cell->version;
    now->age_ms = (mqm__mono_us() - cell->changed_us) / 1000;
    now->len = cell->len;
    if (cell->len > 0)
        memcpy(now->value, cell->value, cell->len);
}

static int make_room(struct cell *cell, size_t len)
{
    unsigned char *p;

    if (len <= cell->room)
        return MQM_OK;
    p = realloc(cell->value, len);
    if (!p)
        return -ENOMEM;
    cell->value = p;
    cell->room = len;
    return MQM_OK;
}

static int64_t forget_at(const struct mqm_swap *s, int64_t mono_us)
{
    int64_t wall_ms = mqm__wall_us() / 1000;
    int64_t ms = mqm__swap_forget_ms(s, wall_ms) - wall_ms;

    return ms > (INT64_MAX - mono_us) / 1000 ? INT64_MAX : mono_us + ms * 1000;
}

static uint64_t next_version(const struct cell *cell)
{
    uint64_t now = (uint64_t)mqm__wall_us();
    uint64_t old = cell->version ? cell->version : cell->space->version;

    return now > old ? now : old + 1;
}

static void write_cell(struct cell *cell, struct mqm_swap *s)
{
    int64_t now_us = mqm__mono_us();

    if (s->len > 0)
        memcpy(cell->value, s->value, s->len);
    cell->len = s->len;
    cell->version = next_version(cell);
    cell->changed_us = now_us;
    cell->forget_us = forget_at(s, now_us);
    cell->listed = (s->flags & MQM_SWAP_LISTED) != 0;
    mqm__swap_done(s, cell->version);
}

static void remove_at(struct memory *m, struct cell **at)
{
    struct cell *cell = *at;

    *at = cell->next;
    m->n_cells--;
    cell_free(cell);
}

static int change(struct memory *m, struct cell **at, struct mqm_swap *s)
{
    struct cell *cell = *at;

    if (make_room(cell, s->len) < 0) {
        if (cell->version == 0)
            remove_at(m, at);
        return -ENOMEM;
    }
    write_cell(cell, s);
    return MQM_OK;
}

static int swap_missing(struct memory *m, struct space *space,
                        struct mqm_swap *s)
{
    int r = mqm__swap_missing(s, space->memory_from_ms, space->forgot_unborn);
    struct cell **at;

    if (r != MQM_OK) {
        mqm__swap_none(s);
        return r;
    }
    at = cell_new(m, space, &s->key);
    return at ? change(m, at, s) : -ENOMEM;
}

static int swap_one(struct memory *m, struct mqm_swap *s)
{
    struct space *space = need_space(m, s->key.space);
    struct cell **at;

    if (!space)
        return -ENOMEM;
    at = find(m, space, &s->key);
    if (!*at)
        return swap_missing(m, space, s);
    if ((*at)->version == s->expect)
        return change(m, at, s);
    tell(*at, &s->now);
    return MQM_LOST;
}

static int memory_swap(void *self, struct mqm_swap *const *s, size_t n)
{
    struct memory *m = self;
    int first = mqm__swaps_check(m->host, s, n);

    for (size_t i = 0; first != -EINVAL && i < n; i++) {
        s[i]->result = swap_one(m, s[i]);
        if (s[i]->result < 0 && first == MQM_OK)
            first = m->host->fail(m->host, s[i]->result,
                                  "memory store: out of memory");
    }
    return first;
}

static int memory_list(void *self, const char *name,
                       int (*visit)(void *user, const struct mqm_key *key,
                                    const struct mqm_cell *cell),
                       void *user)
{
    struct memory *m = self;
    const struct space *space = find_space(m, name);

    for (size_t i = 0; space && i < m->n_buckets; i++) {
        for (const struct cell *c = m->buckets[i]; c; c = c->next) {
            struct mqm_key key = {name, c->id, c->id_len, c->born_ms};
            struct mqm_cell now;
            int r;

            if (c->space != space || !c->listed)
                continue;
            tell(c, &now);
            r = visit(user, &key, &now);
            if (r != 0)
                return r;
        }
    }
    return MQM_OK;
}

static int memory_memory(void *self, const char *name, int64_t raise_ms,
                         int64_t *memory_from_ms, int64_t *created_ms)
{
    struct memory *m = self;
    struct space *space = need_space(m, name);

    if (!space)
        return m->host->fail(m->host, -ENOMEM, "memory store: out of memory");
    if (raise_ms > space->memory_from_ms) {
        space->memory_from_ms = raise_ms;
        space->forgot_unborn = 1;
    }
    *memory_from_ms = space->memory_from_ms;
    *created_ms = m->created_ms;
    return MQM_OK;
}

static void forget(struct memory *m, struct cell **at)
{
    struct cell *cell = *at;
    struct space *space = cell->space;

    if (cell->born_ms <= 0)
        space->forgot_unborn = 1;
    else if (cell->born_ms >= space->memory_from_ms)
        space->memory_from_ms = cell->born_ms + 1;
    if (cell->version > space->version)
        space->version = cell->version;
    remove_at(m, at);
}

static int memory_tick(void *self)
{
    struct memory *m = self;
    int64_t now_us = mqm__mono_us();
    size_t n = m->n_buckets < BUCKETS_A_TICK ? m->n_buckets : BUCKETS_A_TICK;

    while (n-- > 0) {
        struct cell **at = &m->buckets[m->cursor++ & (m->n_buckets - 1)];

        while (*at) {
            if (!(*at)->listed && (*at)->forget_us <= now_us)
                forget(m, at);
            else
                at = &(*at)->next;
        }
    }
    return MQM_OK;
}

static void memory_close(void *self)
{
    struct memory *m = self;

    if (!m)
        return;
    for (size_t i = 0; m->buckets && i < m->n_buckets; i++)
        while (m->buckets[i])
            remove_at(m, &m->buckets[i]);
    while (m->spaces) {
        struct space *space = m->spaces;

        m->spaces = space->next;
        free(space);
    }
    free(m->buckets);
    free(m);
}

static int memory_open(void **self, const struct mqm_host *host,
                       const struct mqm_setting *settings, size_t n)
{
    int64_t timeout_ms = 0; /* taken, as every store does: nothing waits */
    const struct mqm__setting table[] = {
        {"timeout_ms", NULL, &timeout_ms, 1, 600000}};
    struct memory *m;
    int r = mqm__settings_read(host, "memory", table, 1, settings, n);

    if (r < 0)
        return r;
    if (!mqm__settings_url(host, "memory:", settings, n))
        return -EINVAL;
    m = calloc(1, sizeof(*m));
    if (m)
        m->buckets = calloc(BUCKETS_MIN, sizeof(*m->buckets));
    if (!m || !m->buckets) {
        memory_close(m);
        return host->fail(host, -ENOMEM, "memory store: out of memory");
    }
    m->n_buckets = BUCKETS_MIN;
    m->host = host;
    m->created_ms = mqm__wall_us() / 1000;
    *self = m;
    return MQM_OK;
}

static const struct mqm_store store = {
    .size = sizeof(struct mqm_store),
    .flags = 0,
    .open = memory_open,
    .close = memory_close,
    .swap = memory_swap,
    .list = memory_list,
    .memory = memory_memory,
    .tick = memory_tick,
};

const struct mqm_plugin mqm__store_memory = {
    sizeof(struct mqm_plugin), "memory", "1", &store, NULL,
};
