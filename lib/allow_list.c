/* SPDX-License-Identifier: MIT */
/* allow_list.c - a set of byte strings that never changes.
 *
 * Open addressing, at most a quarter full, so an unknown id costs one hash and
 * about one look at one byte: tags lie by themselves, since a hundred lists of
 * slots do not fit a cache, and most ids are on none.  Bytes lie in one pool.
 * A UUID is known by its 16 bytes (id.h), so an entry in text meets an id in
 * upper case or in binary.
 */
#include "hash.h"
#include "id.h"
#include "policy.h"

#include <mqmigrate/mqmigrate.h>

#include <stdlib.h>
#include <string.h>

struct slot {
    uint64_t hash;
    size_t at, len; /* in the pool */
};

struct allow_list {
    size_t n, mask, used;
    unsigned char *tags; /* of each slot; 0: free */
    struct slot *slots;
    unsigned char *pool;
};

static uint64_t hash_of(const void *data, size_t len)
{
    return mqm__hash64(data, len, 0);
}

/* From bits that do not choose the slot. */
static unsigned char tag_of(uint64_t hash)
{
    return (unsigned char)(hash >> 56 | 1);
}

/* The slot that holds it, or the free one where it would be. */
static size_t find(const struct allow_list *l, uint64_t hash, const void *data,
                   size_t len)
{
    size_t i = (size_t)hash & l->mask;

    for (; l->tags[i]; i = (i + 1) & l->mask) {
        const struct slot *s = &l->slots[i];

        if (l->tags[i] == tag_of(hash) && s->hash == hash && s->len == len &&
            !memcmp(l->pool + s->at, data, len))
            break;
    }
    return i;
}

static void add(struct allow_list *l, const char *entry)
{
    unsigned char folded[MQM_ID_MAX];
    size_t len = strlen(entry), short_len = mqm__id_fold(folded, entry, len);
    const void *data = short_len ? (const void *)folded : entry;
    uint64_t hash;
    size_t i;

    len = short_len ? short_len : len;
    if (!len)
        return;
    hash = hash_of(data, len);
    i = find(l, hash, data, len);
    if (l->tags[i])
        return;
    memcpy(l->pool + l->used, data, len);
    l->tags[i] = tag_of(hash);
    l->slots[i] = (struct slot){hash, l->used, len};
    l->used += len;
    l->n++;
}

static size_t slots_for(size_t n)
{
    size_t slots = 4;

    while (slots < 4 * n)
        slots *= 2;
    return slots;
}

struct allow_list *mqm__allow_list_new(const char *const *entries, size_t n)
{
    struct allow_list *l = calloc(1, sizeof(*l));
    size_t i, bytes = 1;

    if (!l)
        return NULL;
    for (i = 0; i < n; i++)
        bytes += strlen(entries[i]);
    l->mask = slots_for(n) - 1;
    l->slots = calloc(l->mask + 1, sizeof(*l->slots));
    l->tags = calloc(l->mask + 1, 1);
    l->pool = malloc(bytes);
    if (!l->slots || !l->tags || !l->pool) {
        mqm__allow_list_free(l);
        return NULL;
    }
    for (i = 0; i < n; i++)
        add(l, entries[i]);
    return l;
}

void mqm__allow_list_free(struct allow_list *l)
{
    if (!l)
        return;
    free(l->tags);
    free(l->slots);
    free(l->pool);
    free(l);
}

size_t mqm__allow_list_size(const struct allow_list *l)
{
    return l ? l->n : 0;
}

static bool has(const struct allow_list *l, const void *data, size_t len)
{
    return len && l->tags[find(l, hash_of(data, len), data, len)];
}

bool mqm__allow_list_has(const struct allow_list *l, const void *data,
                         size_t len)
{
    unsigned char folded[MQM_ID_MAX];

    if (!l || !l->n || !len)
        return false;
    if (len != MQM_ID_LEN)
        return has(l, data, len);
    len = mqm__id_fold(folded, data, len);
    return has(l, folded, len);
}
