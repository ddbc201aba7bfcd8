/* SPDX-License-Identifier: MIT */
/* deliver.c - what adapters call: the broker's names become ours, the id is
 * found, and the whole guard runs.
 */
#include "error.h"
#include "run.h"
#include "plugin.h"

#include <errno.h>
#include <string.h>

enum { BATCH_US = 200000, BATCH_MAX = 4096, WAIT_SLICE_MS = 50 };
enum { UNKNOWN_MS = 1000 };

static const struct plugin *plugin_of(const struct mqm_host *host)
{
    return (const struct plugin *)host;
}

static const struct subscription *find(const struct side *s,
                                       const struct mqm_msg *msg)
{
    const struct subscription *sub = atomic_load(&s->subscriptions);

    for (; sub; sub = sub->next)
        if (strcmp(sub->broker_topic, msg->topic) == 0 &&
            strcmp(sub->broker_group, msg->group) == 0)
            return sub;
    return NULL;
}

static const void *named(const struct side *s, const struct mqm_delivery *d,
                         const char *name, size_t *len)
{
    const struct mqm_adapter *a = s->adapter.table->adapter;

    *len = 0;
    if (strcmp(name, "@key") == 0) {
        *len = d->msg.key ? d->msg.key_len : 0;
        return d->msg.key;
    }
    if (strcmp(name, "@id") == 0 || !mqm__can(a, header))
        return NULL;
    return a->header(s->adapter.self, d, name, len);
}

/* Our names, the id and the key, from where the configuration says; the id else
 * from where mqm_publish() puts it. */
void mqm__translate(const struct side *s, const struct at_side *at,
                    const char *group, const char *topic,
                    struct mqm_delivery *d)
{
    const void *id, *key;
    size_t id_len, key_len;

    id = named(s, d, at->id, &id_len);
    if (!id)
        id = named(s, d, MQM_ID_HEADER, &id_len);
    key = named(s, d, at->key, &key_len);
    d->msg.side = s->name;
    d->msg.group = group;
    d->msg.topic = topic;
    d->msg.id = id;
    d->msg.id_len = id_len;
    d->msg.key = key_len ? key : NULL;
    d->msg.key_len = key_len;
}

static struct mqm_delivery *at(struct mqm_delivery *d, size_t i)
{
    return (struct mqm_delivery *)(void *)((char *)d + i * d->size);
}

/* Copies of one subscription that lie side by side. */
static size_t stretch(struct mqm_delivery *d, size_t from, size_t n)
{
    const struct mqm_msg *first = &at(d, from)->msg;
    size_t i;

    for (i = from + 1; i < n; i++) {
        const struct mqm_msg *msg = &at(d, i)->msg;

        if (msg->topic != first->topic &&
            strcmp(msg->topic, first->topic) != 0)
            break;
        if (msg->group != first->group &&
            strcmp(msg->group, first->group) != 0)
            break;
    }
    return i;
}

static int refuse(struct mqm_delivery *d, size_t from, size_t to, int err)
{
    for (size_t i = from; i < to; i++) {
        at(d, i)->result = err;
        at(d, i)->retry_ms = UNKNOWN_MS;
        at(d, i)->why = "refused";
    }
    return err;
}

static int deliver_some(struct side *s, struct mqm_delivery *d, size_t from,
                        size_t to)
{
    const struct subscription *sub = find(s, &at(d, from)->msg);
    const struct topic_config *t;
    struct snapshot *snap;
    int i;

    if (!sub)
        return refuse(d, from, to,
                      mqm__fail(-ENOENT, "side '%s': nobody subscribed to "
                                "topic '%s', group '%s'", s->name,
                                at(d, from)->msg.topic,
                                at(d, from)->msg.group));
    snap = mqm__snapshot(s->m);
    t = mqm__config_topic(snap->config, sub->group, sub->topic);
    i = t ? mqm__topic_side(t, s->name) : -ENOENT;
    for (size_t k = from; i >= 0 && k < to; k++)
        mqm__translate(s, &t->at[i], sub->group, sub->topic, at(d, k));
    if (i >= 0)
        i = mqm__run(s->m, s, at(d, from), to - from, sub->handler, sub->user);
    else
        i = refuse(d, from, to, i);
    mqm__snapshot_put(snap);
    return i;
}

int mqm__deliver(const struct mqm_host *host, struct mqm_delivery *d, size_t n)
{
    struct side *s = plugin_of(host)->side;
    int result = MQM_OK, r;

    for (size_t from = 0, to; from < n; from = to) {
        to = stretch(d, from, n);
        r = deliver_some(s, d, from, to);
        if (result == MQM_OK)
            result = r;
    }
    return result;
}

/* A chunk to learn the pace by: of a handler that takes a tenth of a second the
 * most would be longer than a broker waits for the next poll. */
size_t mqm__batch(const struct mqm_host *host)
{
    int64_t pace = atomic_load(&plugin_of(host)->side->pace_us);
    int64_t n = pace > 0 ? BATCH_US / pace : CHUNK;

    return n < 1 ? 1 : n > BATCH_MAX ? BATCH_MAX : (size_t)n;
}

int mqm__host_wait(const struct mqm_host *host, int64_t ms)
{
    return mqm__wait(plugin_of(host)->m, ms);
}

int mqm__wait(const mqm *m, int64_t ms)
{
    int64_t until = mqm__mono_ms() + ms, left;

    while (!atomic_load(&m->stopped)) {
        left = until - mqm__mono_ms();
        if (left <= 0)
            return 0;
        mqm__pause(left < WAIT_SLICE_MS ? left : WAIT_SLICE_MS);
    }
    return mqm__fail(-ECANCELED, "mqm_stop() was called");
}

const void *mqm_header(const struct mqm_delivery *d, const char *name,
                       size_t *len)
{
    const struct call *call = d ? d->call : NULL;
    size_t ignored;

    if (!len)
        len = &ignored;
    *len = 0;
    if (!call || !call->side || !name || name[0] == '@')
        return NULL;
    return named(call->side, d, name, len);
}

struct visiting {
    int (*visit)(void *user, const char *name, const void *value, size_t len);
    void *user;
};

static int visit_field(void *user, const struct mqm_field *f)
{
    const struct visiting *v = user;

    return v->visit(v->user, f->name, f->value, f->len);
}

int mqm_headers(const struct mqm_delivery *d,
                int (*visit)(void *user, const char *name, const void *value,
                             size_t len),
                void *user)
{
    const struct call *call = d ? d->call : NULL;
    struct visiting v = {visit, user};
    const struct mqm_adapter *a;

    if (!visit)
        return mqm__fail(-EINVAL, "mqm_headers() needs a visitor");
    if (!call || !call->side)
        return mqm__fail(-ENOTSUP, "no adapter brought this delivery");
    a = call->side->adapter.table->adapter;
    if (!mqm__can(a, headers))
        return mqm__fail(-ENOTSUP, "adapter '%s' cannot tell all headers",
                         call->side->adapter.table->name);
    return a->headers(call->side->adapter.self, d, visit_field, &v);
}
