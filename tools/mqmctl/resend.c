/* SPDX-License-Identifier: MIT */
/* resend.c - send the body of one message again, after resolve and assign.
 *
 * Its copies are acknowledged: without this an owed message would wait for
 * ever.  Sending it twice is harmless (the same id, worked on once), not
 * sending it is not; so what was interrupted is simply done again.
 */
#include "ctl.h"
#include "print.h"

#include <stdio.h>
#include <string.h>

struct sending {
    const struct topic *t;
    int exit; /* once visited; -1: never */
};

static int report(void *user, const struct mqm_rescued *r)
{
    struct sending *s = user;
    char id[PRINT_ID_MAX];

    text_of_id(id, r->msg->id, r->msg->id_len);
    s->exit = CTL_OK;
    if (r->fate == MQM_RESCUED && (r->flags & MQM_FROM_PARKING))
        printf("%s: sent to %s again, out of the parking topic of %s\n", id,
               r->msg->side, r->from);
    else if (r->fate == MQM_RESCUED)
        printf("%s: sent to %s again, as it lies on %s\n", id, r->msg->side,
               r->from);
    else if (r->fate == MQM_RESCUE_GONE)
        s->exit = refuse("%s is owed by %s, but its body lies in no parking "
                         "topic of '%s', nor where it was seen first: have "
                         "whoever keeps it (or its producer) send it to %s "
                         "again with the same id", id, r->msg->side,
                         s->t->topic, r->msg->side);
    else
        s->exit = refuse("%s is owed by %s, but could not be sent there: %s; "
                         "give the same command again", id, r->msg->side,
                         r->why);
    return 0;
}

int resend(struct ctl *c, const struct topic *t, const struct mqm_msg *msg)
{
    struct mqm_rescue_options o = MQM_RESCUE_OPTIONS_INIT;
    struct sending s = {t, -1};
    int r;

    o.group = t->group;
    o.topic = t->topic;
    o.id = msg->id;
    o.id_len = msg->id_len;
    r = mqm_rescue(c->m, &o, report, &s);
    if (r < 0)
        return failed("its body was not sent; give the same command again", r);
    if (s.exit < 0)
        puts("somebody of its side has it already");
    return s.exit < 0 ? CTL_OK : s.exit;
}
