/* SPDX-License-Identifier: MIT */
/* settle_send.c - what did not happen is sent to the side that owes it alone,
 * out of that side's parking topic.
 *
 * Nothing is kept of how far a parking topic was read: it is read from its
 * beginning, once for all that are due, and a body that is published needlessly
 * is a copy under a known id, of which one is worked on.
 */
#include "error.h"
#include "id.h"
#include "publish.h"
#include "rescue.h"
#include "settle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mqm_msg msg_of(const struct settling *s, const struct due *d)
{
    struct mqm_msg msg = MQM_MSG_INIT;

    msg.side = d->record.side;
    msg.group = s->topic->group;
    msg.topic = s->topic->topic;
    msg.id = d->id;
    msg.id_len = d->id_len;
    return msg;
}

static int tell_due(const struct settling *s, struct due *d, int fate,
                    const char *why)
{
    const struct mqm_msg msg = msg_of(s, d);
    const struct mqm_settled t = {.fate = fate, .msg = &msg,
                                  .record = &d->record, .why = why};

    d->over = true;
    return mqm__settle_tell(s, &t);
}

static int tell_failed(const struct settling *s, struct due *d)
{
    char why[512];

    snprintf(why, sizeof(why), "%s", mqm_errmsg());
    return tell_due(s, d, MQM_SETTLED_FAILED, why);
}

static int by_id(const void *a, const void *b)
{
    const struct due *x = a, *y = b;

    if (x->folded_len != y->folded_len)
        return x->folded_len < y->folded_len ? -1 : 1;
    return memcmp(x->folded, y->folded, x->folded_len);
}

/* The body is there, so it counts as sent once it was tried: a broker that
 * refuses it gets its pauses, too. */
static int send_body(struct settling *s, struct due *d,
                     struct mqm_delivery *body)
{
    const struct mqm_msg msg = msg_of(s, d);
    struct mqm_event event = {.size = sizeof(event), .call = "rescue",
                              .msg = &msg, .token = d->record.token,
                              .why = d->record.side};

    mqm__memo_put(s->m, s->topic->space, &msg, 0, mqm__now_ms());
    if (mqm__send_copy(s->m, s->topic, s->at, body) < 0)
        return tell_failed(s, d);
    if (s->m->opts.audit)
        s->m->opts.audit(s->m->opts.user, &event);
    return tell_due(s, d, MQM_SETTLED_SENT, "sent out of the parking topic");
}

/* The side whose turn it is. */
static bool owes(const struct settling *s, const struct due *d)
{
    return !d->over &&
           strcmp(d->record.side, s->topic->at[s->at].side->name) == 0;
}

/* A body may lie there more than once; the copies are all the same. */
static int send_if_due(void *user, struct mqm_delivery *body)
{
    struct settling *s = user;
    struct due want = {.folded_len = 0}, *d;

    if (atomic_load(&s->m->stopped))
        return mqm__fail(-ECANCELED, "mqm_stop() was called");
    if (body->msg.id)
        want.folded_len = mqm__id_fold(want.folded, body->msg.id,
                                       mqm__id_trim(body->msg.id,
                                                    body->msg.id_len));
    if (want.folded_len == 0)
        return 0;
    d = bsearch(&want, s->due, s->n_due, sizeof(*d), by_id);
    return d && owes(s, d) ? send_body(s, d, body) : 0;
}

static bool any_due(const struct settling *s)
{
    size_t i = 0;

    while (i < s->n_due && !owes(s, &s->due[i]))
        i++;
    return i < s->n_due;
}

struct one {
    struct settling *s;
    struct due *d;
};

static int rescued(void *user, const struct mqm_rescued *r)
{
    struct one *one = user;
    int fate = MQM_SETTLED_FAILED;

    if (r->fate == MQM_RESCUED)
        fate = MQM_SETTLED_SENT;
    else if (r->fate == MQM_RESCUE_GONE || r->fate == MQM_RESCUE_WITHOUT_ID)
        fate = MQM_SETTLED_NO_BODY;
    return tell_due(one->s, one->d, fate, r->why);
}

/* Not in the parking topic of its side: assigned, or kept by the program. */
static int rescue(struct settling *s, struct due *d)
{
    struct mqm_rescue_options o = MQM_RESCUE_OPTIONS_INIT;
    struct one one = {s, d};
    const struct mqm_msg msg = msg_of(s, d);
    int r;

    o.group = s->topic->group;
    o.topic = s->topic->topic;
    o.id = d->id;
    o.id_len = d->id_len;
    r = mqm_rescue(s->m, &o, rescued, &one);
    if (r < 0 && r != -ECANCELED && !d->over)
        r = tell_failed(s, d);
    else if (r == 0 && !d->over) /* it is over without us */
        d->over = true;
    if (r == 0) /* also what lies nowhere is not looked for each time */
        mqm__memo_put(s->m, s->topic->space, &msg, 0, mqm__now_ms());
    return r;
}

/* A broker that does not answer is not asked for each of them. */
static int send_of_side(struct settling *s)
{
    int r, err = mqm_read_parking(s->m, s->topic->at[s->at].side->name,
                                  s->topic->group, s->topic->topic,
                                  send_if_due, s);
    const bool failed = err < 0 && err != -ENOENT && err != -ENOTSUP;

    if (err > 0 || err == -ECANCELED)
        return err;
    for (size_t i = 0; i < s->n_due; i++) {
        if (!owes(s, &s->due[i]))
            continue;
        r = failed ? tell_failed(s, &s->due[i]) : rescue(s, &s->due[i]);
        if (r != 0)
            return r;
    }
    return 0;
}

int mqm__settle_send(struct settling *s)
{
    int r = 0;

    if (s->n_due)
        qsort(s->due, s->n_due, sizeof(*s->due), by_id);
    for (s->at = 0; s->at < MQM_SIDES && r == 0; s->at++)
        if (any_due(s))
            r = send_of_side(s);
    return r;
}
