/* SPDX-License-Identifier: MIT */
/* resend.c - send the body of a message again, out of a parking topic.
 *
 * Its copies are acknowledged: without this an owed message would wait for
 * ever.  Sending it twice is harmless (the same id, worked on once), not
 * sending it is not; so what was interrupted is simply done again.
 */
#include "ctl.h"
#include "print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FOUND = 1 }; /* ends the reading; the library's own results are < 0 */

struct wanted {
    mqm *m;
    const struct mqm_msg *msg;
    int sent; /* of mqm_publish(), once found */
};

static int visit(void *user, struct mqm_delivery *d)
{
    struct wanted *w = user;
    struct mqm_delivery again;

    if (!id_same(d->msg.id, d->msg.id_len, w->msg->id, w->msg->id_len))
        return 0;
    again = *d;
    if (strcmp(d->msg.side, w->msg->side) != 0) {
        /* The client's own message means nothing to the other client. */
        again.raw = NULL;
        again.msg.side = w->msg->side;
    }
    w->sent = mqm_publish(w->m, &again);
    return FOUND;
}

/* FOUND: w->sent tells the rest; 0: not there; < 0: it cannot be read. */
static int look_in(struct ctl *c, const struct topic *t, const char *side,
                   struct wanted *w)
{
    return mqm_read_parking(c->m, side, t->group, t->topic, visit, w);
}

static int not_found(const struct topic *t, const struct mqm_msg *msg)
{
    char id[PRINT_ID_MAX];

    return refuse("%s is owed by %s, but its body lies in no parking topic of "
                  "'%s': have whoever keeps it (or its producer) send it to %s "
                  "again with the same id",
                  text_of_id(id, msg->id, msg->id_len), msg->side, t->topic,
                  msg->side);
}

static int report(const struct mqm_msg *msg, const char *from, int sent)
{
    char id[PRINT_ID_MAX];

    text_of_id(id, msg->id, msg->id_len);
    if (sent != 0)
        return refuse("%s is owed by %s, but could not be sent there: %s; give "
                      "the same command again", id, msg->side, story(sent));
    printf("%s: sent to %s again, out of the parking topic of %s\n", id,
           msg->side, from);
    return CTL_OK;
}

int resend(struct ctl *c, const struct topic *t, const struct mqm_msg *msg)
{
    const char *other = strcmp(msg->side, t->old_side) == 0 ? t->new_side
                                                            : t->old_side;
    const char *const sides[] = {msg->side, other};
    struct wanted w = {c->m, msg, 0};
    int unread = 0;

    for (size_t i = 0; i < 2; i++) {
        const int r = look_in(c, t, sides[i], &w);

        if (r == FOUND)
            return report(msg, sides[i], w.sent);
        if (r < 0 && r != -ENOENT && r != -ENOTSUP)
            unread = refuse("the parking topic of %s cannot be read: %s; give "
                            "the same command again", sides[i], story(r));
    }
    return unread != 0 ? unread : not_found(t, msg);
}
