/* SPDX-License-Identifier: MIT */
/* key_set.h - the keys of one call of a store: none is in it twice (rule 15).
 *
 * Holds pointers to keys that stay where they are.  It takes as many as were
 * said, up to KEY_SET_MAX, and no memory but its own.
 */
#ifndef MQM_KEY_SET_H
#define MQM_KEY_SET_H

#include <mqmigrate/plugin.h>

#include <stdbool.h>

enum { KEY_SET_MAX = 1024, KEY_SET_SLOTS = 2 * KEY_SET_MAX };

struct key_set {
    size_t slots; /* of them in use, a power of two: few are soon cleared */
    const struct mqm_key *slot[KEY_SET_SLOTS];
};

void mqm__key_set_clear(struct key_set *set, size_t n); /* for n keys */
bool mqm__key_set_has(const struct key_set *set, const struct mqm_key *key);
/* False: it is in it already. */
bool mqm__key_set_add(struct key_set *set, const struct mqm_key *key);

#endif
