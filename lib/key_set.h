/* SPDX-License-Identifier: MIT */
/* key_set.h - the keys of one call of a store: none is in it twice (rule 15).
 *
 * Holds pointers to keys that stay where they are, in slots that the caller
 * has: 16 bytes for each key would be much for the stack of a small thread.
 */
#ifndef MQM_KEY_SET_H
#define MQM_KEY_SET_H

#include <mqmigrate/plugin.h>

#include <stdbool.h>

struct key_set {
    size_t slots; /* of them in use, a power of two: few are soon cleared */
    const struct mqm_key **slot;
};

/* For n keys: 2 n slots, and up to the next power of two. */
void mqm__key_set_init(struct key_set *set, const struct mqm_key **slot,
                       size_t n);
bool mqm__key_set_has(const struct key_set *set, const struct mqm_key *key);
/* False: it is in it already. */
bool mqm__key_set_add(struct key_set *set, const struct mqm_key *key);

#endif
