/* SPDX-License-Identifier: MIT */
/* publish.c - one message to both brokers, under one id. */
#include "error.h"
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

static int send_to(mqm *m, const struct topic_config *t, int i,
                   const struct mqm_delivery *d)
{
    struct side *s = mqm__side(m, t->at[i].side->name);
    const struct call *from = d->call;
    struct mqm_delivery copy = *d;
    const struct mqm_adapter *a;
    int r;

    if (!s)
        return -ENOENT;
    if (from ? from->side != s : !d->msg.side)
        copy.raw = NULL; /* another broker's message */
    r = copy.raw ? 0 : key_is_id(&t->at[i], &copy.msg);
    if (r == 0)
        r = mqm__side_open(s);
    if (r < 0)
        return r;
    a = s->adapter.table->adapter;
    if (!mqm__can(a, publish))
        return mqm__fail(-ENOTSUP, "side '%s': adapter '%s' cannot send",
                         s->name, s->adapter.table->name);
    copy.msg.side = s->name;
    copy.msg.topic = t->at[i].topic;
    copy.msg.group = t->at[i].group;
    r = a->publish(s->adapter.self, &copy);
    return r < 0 ? mqm__fail_in(r, "side '%s': ", s->name) : r;
}

/* To the old side first: while the switch is off it alone works. */
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
            r = send_to(m, t, i, d);
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
