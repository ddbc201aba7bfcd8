/* SPDX-License-Identifier: MIT */
/* probe.c - would a consumer find its topic on this side?
 *
 * The adapter is asked, as no member of any group; for whoever starts a
 * migration wants to know before the first message does.
 */
#include "error.h"
#include "plugin.h"
#include "side.h"

#include <errno.h>

static int probe(mqm *m, const struct config *c, const char *side,
                 const char *group, const char *topic)
{
    const struct topic_config *t = mqm__config_topic(c, group, topic);
    const int i = t ? mqm__topic_side(t, side) : -ENOENT;
    struct side *s = i < 0 ? NULL : mqm__side(m, side);
    const struct mqm_adapter *a;
    int r;

    if (!s)
        return -ENOENT;
    r = mqm__side_open(s);
    if (r < 0)
        return r;
    a = s->adapter.table->adapter;
    if (!mqm__can(a, probe))
        return mqm__fail(-ENOTSUP, "adapter '%s' cannot tell",
                         s->adapter.table->name);
    r = a->probe(s->adapter.self, t->at[i].group, t->at[i].topic);
    if (r < 0 || !t->at[i].parking[0])
        return r;
    r = a->probe(s->adapter.self, t->at[i].group, t->at[i].parking);
    return r < 0 ? mqm__fail_in(r, "parking topic '%s': ", t->at[i].parking)
                 : r;
}

int mqm_probe(mqm *m, const char *side, const char *group, const char *topic)
{
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!side || !topic)
        return mqm__fail(-EINVAL, "mqm_probe() needs a side and a topic");
    snap = mqm__snapshot(m);
    r = probe(m, snap->config, side, group, topic);
    mqm__snapshot_put(snap);
    return r;
}
