/* SPDX-License-Identifier: MIT */
/* publish.c - one message to both brokers, under one id. */
#include "publish.h"
#include "error.h"
#include "fields.h"
#include "plugin.h"
#include "run.h"

#include <errno.h>
#include <string.h>

/* Consumers that take the broker's key for the id must find it there. */
static int key_is_id(const struct at_side *at, struct mqm_msg *msg)
{
    if (strcmp(at->id, "@key") != 0)
        return 0;
    if (msg->key_len == 0) {
        msg->key = msg->id;
        msg->key_len = msg->id_len;
    }
    if (msg->key_len == msg->id_len &&
        memcmp(msg->key, msg->id, msg->id_len) == 0)
        return 0;
    return mqm__fail(-EINVAL, "side '%s' takes the key of a message for its "
                     "id (\"id\": \"@key\"), and this one's key is another: "
                     "it would be taken for a copy of others", at->side->name);
}

/* Opened, and able to send; NULL with words, and *r. */
static const struct mqm_adapter *sender(struct side *s, int *r)
{
    const struct mqm_adapter *a;

    *r = s ? mqm__side_open(s) : -ENOENT;
    if (*r < 0)
        return NULL;
    a = s->adapter.table->adapter;
    if (mqm__can(a, publish))
        return a;
    *r = mqm__fail(-ENOTSUP, "side '%s': adapter '%s' cannot send", s->name,
                   s->adapter.table->name);
    return NULL;
}

/* A message as one side gets it. */
struct sending {
    struct side *side;
    const struct mqm_adapter *a;
    struct mqm_delivery d;
};

static int prepare(struct sending *o, mqm *m, const struct topic_config *t,
                   int i, const struct mqm_delivery *d)
{
    const struct call *from = d->call;
    int r;

    o->side = mqm__side(m, t->at[i].side->name);
    o->d = *d;
    if (from ? from->side != o->side : !d->msg.side)
        o->d.raw = NULL; /* another broker's message */
    r = o->d.raw ? 0 : key_is_id(&t->at[i], &o->d.msg);
    if (r < 0)
        return r;
    o->a = sender(o->side, &r);
    if (!o->a)
        return r;
    o->d.msg.side = o->side->name;
    o->d.msg.topic = t->at[i].topic;
    o->d.msg.group = t->at[i].group;
    return 0;
}

static int told(const struct sending *o, int r)
{
    return r < 0 ? mqm__fail_in(r, "side '%s': ", o->side->name) : r;
}

static int send_to(mqm *m, const struct topic_config *t, int i,
                   const struct mqm_delivery *d, const struct fields *l)
{
    struct sending o;
    void *self;
    int r = prepare(&o, m, t, i, d);

    if (r < 0)
        return r;
    self = o.side->adapter.self;
    if (l && mqm__can(o.a, publish_with))
        return told(&o, o.a->publish_with(self, &o.d, l->f, l->n));
    return told(&o, o.a->publish(self, &o.d));
}

/* Would it be refused there without a question to the broker? */
static int may_send_to(mqm *m, const struct topic_config *t, int i,
                       const struct mqm_delivery *d)
{
    struct sending o;
    int r = prepare(&o, m, t, i, d);

    if (r < 0 || !mqm__can(o.a, may_publish))
        return r;
    return told(&o, o.a->may_publish(o.side->adapter.self, &o.d));
}

/* ------------------------ from the other broker -------------------------- */

static int take(void *user, const struct mqm_field *f)
{
    return mqm__fields_add(user, f->name, f->value, f->len);
}

static bool is_header(const char *where)
{
    return where[0] != '@' && strcmp(where, MQM_ID_HEADER) != 0;
}

/* The headers that the producer put there, and those that the configuration
 * looks for at the other side, should the first side have them elsewhere. */
static int headers_for(struct fields *l, const struct side *from,
                       const struct at_side *to, const struct mqm_delivery *d)
{
    const struct mqm_adapter *a = from->adapter.table->adapter;
    int r = 0;

    if (mqm__can(a, headers))
        r = a->headers(from->adapter.self, d, take, l);
    if (r == 0 && is_header(to->id))
        r = mqm__fields_fill(l, to->id, d->msg.id, d->msg.id_len);
    if (r == 0 && is_header(to->key) && d->msg.key_len)
        r = mqm__fields_fill(l, to->key, d->msg.key, d->msg.key_len);
    return r;
}

int mqm__send_copy(mqm *m, const struct topic_config *t, int at,
                   const struct mqm_delivery *d)
{
    const struct call *call = d->call;
    struct fields l = {0};
    int r;

    if (!call || !call->side ||
        strcmp(call->side->name, t->at[at].side->name) == 0)
        return send_to(m, t, at, d, NULL);
    r = headers_for(&l, call->side, &t->at[at], d);
    if (r == 0)
        r = send_to(m, t, at, d, &l);
    mqm__fields_free(&l);
    return r;
}

/* To the old side first: while the switch is off it alone works.  But to none
 * as long as the other one would refuse it: half would be sent, by a fault that
 * is ours, and sending it again mends nothing. */
static int publish(mqm *m, const struct config *c, const struct mqm_delivery *d)
{
    const struct topic_config *t;
    int only = -1, r = 0;

    t = mqm__config_topic(c, d->msg.group, d->msg.topic);
    if (!t)
        return -ENOENT;
    if (d->msg.side) {
        only = mqm__topic_side(t, d->msg.side);
        if (only < 0)
            return only;
    }
    for (int i = 0; i < MQM_SIDES && r == 0; i++)
        if (only < 0 || only == i)
            r = may_send_to(m, t, i, d);
    for (int i = 0; i < MQM_SIDES && r == 0; i++)
        if (only < 0 || only == i)
            r = mqm__send_copy(m, t, i, d);
    return r;
}

int mqm_publish(mqm *m, const struct mqm_delivery *d)
{
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!d || !d->msg.topic)
        return mqm__fail(-EINVAL, "mqm_publish() needs a delivery with a "
                         "topic");
    if (!d->msg.id || d->msg.id_len == 0 || d->msg.id_len > MQM_ID_MAX)
        return mqm__fail(-EINVAL, "a message is sent with an id of 1 to %d "
                         "bytes, not %zu; mqm_new_id() makes one", MQM_ID_MAX,
                         d->msg.id ? d->msg.id_len : 0);
    snap = mqm__snapshot(m);
    r = publish(m, snap->config, d);
    mqm__snapshot_put(snap);
    return r;
}
