/* SPDX-License-Identifier: MIT */
/* key_set.c - see key_set.h. */
#include "key_set.h"
#include "hash.h"

#include <string.h>

static bool same_key(const struct mqm_key *a, const struct mqm_key *b)
{
    return a->id_len == b->id_len && memcmp(a->id, b->id, a->id_len) == 0 &&
           (a->space == b->space || strcmp(a->space, b->space) == 0);
}

/* Where it is, or the free slot where it would be.  Of the whole id: in numbers
 * that were counted up no two bytes tell many apart. */
static size_t find(const struct key_set *set, const struct mqm_key *key)
{
    size_t at = (size_t)mqm__hash64(key->id, key->id_len, 0);

    for (at &= set->slots - 1; set->slot[at]; at = (at + 1) & (set->slots - 1))
        if (same_key(set->slot[at], key))
            break;
    return at;
}

void mqm__key_set_init(struct key_set *set, const struct mqm_key **slot,
                       size_t n)
{
    set->slot = slot;
    set->slots = 2;
    while (set->slots < 2 * n)
        set->slots *= 2;
    memset(slot, 0, set->slots * sizeof(*slot));
}

bool mqm__key_set_has(const struct key_set *set, const struct mqm_key *key)
{
    return set->slot[find(set, key)] != NULL;
}

bool mqm__key_set_add(struct key_set *set, const struct mqm_key *key)
{
    size_t at = find(set, key);

    if (set->slot[at])
        return false;
    set->slot[at] = key;
    return true;
}
