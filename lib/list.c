/* SPDX-License-Identifier: MIT */
/* list.c - what the store has in a space, if it can tell. */
#include "core.h"
#include "error.h"

#include <errno.h>

int mqm__list(mqm *m, const char *space,
              int (*collect)(void *user, const struct mqm_key *key,
                             const struct mqm_cell *cell),
              void *user)
{
    const struct mqm_store *s = m->store.table->store;
    int r;

    if (!s->list)
        return mqm__fail(-ENOTSUP, "store '%s' cannot list",
                         m->store.table->name);
    mqm__combine_enter(&m->combine);
    r = s->list(m->store.self, space, collect, user);
    mqm__combine_leave(&m->combine);
    return r;
}
