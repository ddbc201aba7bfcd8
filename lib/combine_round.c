/* SPDX-License-Identifier: MIT */
/* combine_round.c - see combine_round.h. */
#include "combine_round.h"
#include "clock.h"
#include "key_set.h"

#include <string.h>

_Static_assert((COMBINE_MAX & (COMBINE_MAX - 1)) == 0,
               "a power of two, so that c->slot is large enough");

static bool fits(struct key_set *keys, const struct combine_call *call,
                 size_t taken)
{
    bool twice = false;

    if (taken + call->n > COMBINE_MAX)
        return false;
    for (size_t i = 0; i < call->n; i++)
        twice |= !mqm__key_set_add(keys, &call->s[i]->key);
    return !twice;
}

/* Of what waits, or as many as one round takes. */
static size_t waiting(const struct combine *c)
{
    size_t n = 0;

    for (const struct combine_call *call = c->first; call; call = call->next)
        n += call->n;
    return n < COMBINE_MAX ? n : COMBINE_MAX;
}

static bool is_late(const struct combine_call *call)
{
    return call->until_ms != COMBINE_EVER && mqm__mono_ms() > call->until_ms;
}

void mqm__round_take(struct combine *c, struct combine_round *r, unsigned most)
{
    struct combine_call *head = c->first, **end = &head;
    bool alone = !head->next;
    struct key_set keys;

    r->n = 0;
    r->count = 0;
    r->late = NULL;
    if (!alone)
        mqm__key_set_init(&keys, c->slot, waiting(c));
    while (*end && r->count < most) {
        struct combine_call *call = *end;

        if (is_late(call)) {
            *end = call->next;
            call->next = r->late;
            r->late = call;
            continue;
        }
        /* Asked of the first, too, for the sake of its keys. */
        if (!alone && !fits(&keys, call, r->n) && call != head)
            break;
        memcpy(r->s + r->n, call->s, call->n * sizeof(*r->s));
        r->n += call->n;
        r->count++;
        end = &call->next;
    }
    c->first = *end;
    if (!c->first)
        c->last = &c->first;
    *end = NULL;
    r->calls = head;
}
