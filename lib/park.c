/* SPDX-License-Identifier: MIT */
/* park.c - bodies of parked messages: kept, and read again. */
#include "error.h"
#include "plugin.h"
#include "run.h"

#include <errno.h>
#include <string.h>

int mqm__keep_body(struct run *r, const struct topic_config *t,
                   const struct mqm_delivery *d)
{
    struct side *s;
    int err;

    if (r->m->opts.park) {
        err = r->m->opts.park(r->m->opts.user, d);
        return err == 0 ? 0 : mqm__fail(-EIO, "the program's park() "
                                        "answered %d", err);
    }
    s = r->side ? r->side : mqm__side(r->m, d->msg.side);
    return s ? mqm__side_park(s, t, d) : -ENOENT;
}

struct reading {
    struct side *side;
    const struct at_side *at;
    const struct topic_config *topic;
    int (*visit)(void *user, struct mqm_delivery *d);
    void *user;
};

static int visit_body(void *user, struct mqm_delivery *d)
{
    struct reading *r = user;
    struct call call = {.side = r->side};

    mqm__translate(r->side, r->at, r->topic->group, r->topic->topic, d);
    d->flags |= MQM_FROM_PARKING;
    d->call = &call;
    return r->visit(r->user, d);
}

static int read_parking(mqm *m, const struct config *c, const char *side,
                        const char *group, const char *topic,
                        struct reading *rd)
{
    const struct mqm_adapter *a;
    int i, r;

    rd->topic = mqm__config_topic(c, group, topic);
    if (!rd->topic)
        return -ENOENT;
    i = mqm__topic_side(rd->topic, side);
    if (i < 0)
        return i;
    rd->at = &rd->topic->at[i];
    rd->side = mqm__side(m, side);
    if (!rd->side || !rd->at->parking[0])
        return mqm__fail(-ENOENT, "side '%s' of topic '%s' has no parking "
                         "topic", side, topic);
    r = mqm__side_open(rd->side);
    if (r < 0)
        return r;
    a = rd->side->adapter.table->adapter;
    if (!mqm__can(a, scan))
        return mqm__fail(-ENOTSUP, "adapter '%s' cannot read a topic from its "
                         "beginning", rd->side->adapter.table->name);
    return a->scan(rd->side->adapter.self, rd->at->parking, visit_body, rd);
}

int mqm_read_parking(mqm *m, const char *side, const char *group,
                     const char *topic,
                     int (*visit)(void *user, struct mqm_delivery *d),
                     void *user)
{
    struct reading rd = {.visit = visit, .user = user};
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!side || !topic || !visit)
        return mqm__fail(-EINVAL, "mqm_read_parking() needs a side, a topic "
                         "and a visitor");
    snap = mqm__snapshot(m);
    r = read_parking(m, snap->config, side, group, topic, &rd);
    mqm__snapshot_put(snap);
    return r;
}
