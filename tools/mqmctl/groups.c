/* SPDX-License-Identifier: MIT */
/* groups.c - how far a consumer group has read on its broker, and whether it is
 * read by somebody who does not ask the library.
 *
 * Clients tell their broker how far they are every 5 s by default, so a group
 * that moves is seen to in a little more.
 */
#include "picture.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

enum { WAIT_MS = 6000 };

struct reading {
    int64_t read, behind;
};

static int add_queue(void *user, const struct mqm_position *p)
{
    struct reading *sum = user;
    const int64_t at = p->committed >= 0 ? p->committed : p->begin;

    sum->read += at;
    sum->behind += p->end > at ? p->end - at : 0;
    return 0;
}

static int look(struct ctl *c, const struct picture *p,
                const struct side_view *s, struct reading *sum)
{
    sum->read = sum->behind = 0;
    return mqm_positions(c->m, s->name, p->names.group, p->names.topic,
                         add_queue, sum);
}

static void look_once(struct ctl *c, const struct picture *p,
                      struct side_view *s, struct reading *sum)
{
    const int r = look(c, p, s, sum);

    s->group_known = r == 0;
    s->behind = sum->behind;
    if (r != 0 && r != -ENOTSUP)
        snprintf(s->group_error, sizeof(s->group_error), "%s", story(r));
}

static int is_nobodys(const struct side_view *s)
{
    return s->group_known && s->instances == 0;
}

static void look_again(struct ctl *c, const struct picture *p,
                       struct side_view *s, const struct reading *before)
{
    struct reading now;

    if (is_nobodys(s) && look(c, p, s, &now) == 0 && now.read > before->read)
        s->read_on = now.read - before->read;
}

void groups_look(struct ctl *c, struct picture *p)
{
    const struct timespec t = {WAIT_MS / 1000, WAIT_MS % 1000 * 1000000};
    struct reading before[BOTH_SIDES];
    int nobodys = 0;

    for (int i = 0; i < BOTH_SIDES; i++) {
        look_once(c, p, &p->side[i], &before[i]);
        nobodys |= is_nobodys(&p->side[i]);
    }
    if (!nobodys || p->instances_error[0] != '\0')
        return;
    nanosleep(&t, NULL);
    for (int i = 0; i < BOTH_SIDES; i++)
        look_again(c, p, &p->side[i], &before[i]);
}
