/* SPDX-License-Identifier: MIT */
/* allow_list.c - a set of byte strings that never changes.
 *
 * Open addressing, at most half full, the bytes in one pool.  Nearly every id
 * asked for is not on the list: a filter of 16 bits a slot says so after one
 * hash and one look, 97 of 100 times, which a processor guesses right.
 *
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
    size_t at, len; /* in the pool; len 0: free */
};

enum { BITS_A_SLOT = 16, BITS = 64 };

struct allow_list {
    size_t n, mask, used;
    size_t uuids; /* entries that were folded */
    uint64_t *filter;
    struct slot *slots;
    unsigned char *pool;
};

static uint64_t hash_of(const void *data, size_t len)
{
    return mqm__hash64(data, len, 0);
}

static uint64_t *filter_word(const struct allow_list *l, uint64_t hash)
{
    size_t words = (l->mask + 1) * BITS_A_SLOT / BITS; /* a power of two */

    return &l->filter[hash >> 38 & (words - 1)];
}

static uint64_t filter_bit(uint64_t hash)
{
    return UINT64_C(1) << (hash >> 32) % BITS;
}

/* The slot that holds it, or the free one where it would be. */
static struct slot *find(const struct allow_list *l, uint64_t hash,
                         const void *data, size_t len)
{
    size_t i = (size_t)hash & l->mask;
    struct slot *s;

    for (;; i = (i + 1) & l->mask) {
        s = &l->slots[i];
        if (!s->len || (s->hash == hash && s->len == len &&
                        !memcmp(l->pool + s->at, data, len)))
            return s;
    }
}

static void add(struct allow_list *l, const char *entry)
{
    unsigned char folded[MQM_ID_MAX];
    size_t len = strlen(entry), short_len = mqm__id_fold(folded, entry, len);
    const void *data = short_len ? (const void *)folded : entry;
    uint64_t hash;
    struct slot *s;

    l->uuids += short_len && short_len != len;
    len = short_len ? short_len : len;
    if (!len)
        return;
    hash = hash_of(data, len);
    s = find(l, hash, data, len);
    if (s->len)
        return;
    memcpy(l->pool + l->used, data, len);
    *s = (struct slot){hash, l->used, len};
    *filter_word(l, hash) |= filter_bit(hash);
    l->used += len;
    l->n++;
}

static size_t slots_for(size_t n)
{
    size_t slots = 4;

    while (slots < 2 * n)
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
    l->filter = calloc((l->mask + 1) * BITS_A_SLOT / BITS, sizeof(*l->filter));
    l->pool = malloc(bytes);
    if (!l->slots || !l->filter || !l->pool) {
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
    free(l->filter);
    free(l->slots);
    free(l->pool);
    free(l);
}

size_t mqm__allow_list_size(const struct allow_list *l)
{
    return l ? l->n : 0;
}

uint64_t mqm__allow_list_print(const struct allow_list *l)
{
    uint64_t sum = 0;

    for (size_t i = 0; l && i <= l->mask; i++)
        if (l->slots[i].len)
            sum += l->slots[i].hash;
    return sum;
}

static bool has(const struct allow_list *l, const void *data, size_t len)
{
    uint64_t hash = hash_of(data, len);

    return *filter_word(l, hash) & filter_bit(hash) &&
           find(l, hash, data, len)->len;
}

bool mqm__allow_list_has(const struct allow_list *l, const void *data,
                         size_t len)
{
    unsigned char folded[MQM_ID_MAX];

    if (!l || !l->n || !len)
        return false;
    if (len != MQM_ID_LEN || !l->uuids)
        return has(l, data, len);
    len = mqm__id_fold(folded, data, len);
    return len && has(l, folded, len);
}
