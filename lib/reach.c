/* SPDX-License-Identifier: MIT */
/* reach.c - until when a side's group has read, by the broker's timestamp of
 * what it reads next in each queue.
 *
 * Those timestamps are of producers' clocks (or the broker's), so whoever
 * compares leaves room; mqm_rescue() leaves as much as it waits anyway.
 */
#include "copies.h"
#include "error.h"
#include "rescue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Origins of what is read next: fetched after all positions are known, since
 * no call is made from inside another one. */
struct nexts {
    char (*origin)[RECORD_ORIGIN];
    size_t n, room;
};

static int keep(void *user, const struct mqm_position *p)
{
    struct nexts *l = user;
    void *more;

    if (!p->next)
        return 0;
    if (l->n == l->room) {
        more = realloc(l->origin, (l->room * 2 + 16) * sizeof(*l->origin));
        if (!more)
            return mqm__fail(-ENOMEM, "no memory for %zu queues", l->n);
        l->origin = more;
        l->room = l->room * 2 + 16;
    }
    snprintf(l->origin[l->n++], RECORD_ORIGIN, "%s", p->next);
    return 0;
}

static int date(void *user, struct mqm_delivery *d)
{
    int64_t *until_ms = user;

    if (d->msg.born_ms < *until_ms)
        *until_ms = d->msg.born_ms;
    return 0;
}

int mqm__read_until(mqm *m, const struct topic_config *t, int at,
                    int64_t *until_ms)
{
    struct nexts l = {0};
    int r = mqm__positions(m, t, at, keep, &l);

    *until_ms = INT64_MAX;
    for (size_t i = 0; i < l.n && r == 0; i++) {
        int other = 0;
        const char *place = mqm__origin_place(t, l.origin[i], &other);

        r = place ? mqm__fetch(m, t, at, place, NULL, 0, date, until_ms)
                  : -EINVAL;
        if (r == -ENOENT) /* gone since, or no message at all: as read */
            r = 0;
    }
    free(l.origin);
    return r;
}
