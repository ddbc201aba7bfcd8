/* SPDX-License-Identifier: MIT */
/* side.c - see side.h. */
#include "side.h"
#include "error.h"
#include "plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE_MS = 100 }; /* how soon mqm_poll() sees mqm_stop() */

int mqm__sides_new(mqm *m)
{
    const struct config *c = m->snapshot->config;

    m->sides = calloc(c->n_sides ? c->n_sides : 1, sizeof(*m->sides));
    if (!m->sides)
        return mqm__fail(-ENOMEM, "no memory for %zu sides", c->n_sides);
    for (; m->n_sides < c->n_sides; m->n_sides++) {
        struct side *s = &m->sides[m->n_sides];

        s->m = m;
        s->name = c->sides[m->n_sides].name;
        atomic_init(&s->pace_us, 10000);
        if (pthread_mutex_init(&s->lock, NULL) != 0)
            return mqm__fail(-ENOMEM, "no mutex to be had");
    }
    return 0;
}

static void forget(struct subscription *sub)
{
    free(sub->broker_topic);
    free(sub->broker_group);
    free(sub);
}

void mqm__sides_free(mqm *m)
{
    for (size_t i = 0; i < m->n_sides; i++) {
        struct side *s = &m->sides[i];
        struct subscription *sub = atomic_load(&s->subscriptions), *next;

        if (atomic_load(&s->open))
            mqm__plugin_close(&s->adapter);
        for (; sub; sub = next) {
            next = sub->next;
            forget(sub);
        }
        pthread_mutex_destroy(&s->lock);
    }
    free(m->sides);
    m->sides = NULL;
    m->n_sides = 0;
}

struct side *mqm__side(mqm *m, const char *name)
{
    for (size_t i = 0; name && i < m->n_sides; i++)
        if (strcmp(m->sides[i].name, name) == 0)
            return &m->sides[i];
    mqm__fail(-ENOENT, "the configuration has no side '%s'",
              name ? name : "(NULL)");
    return NULL;
}

static const struct side_config *config_of(const struct config *c,
                                           const char *name)
{
    for (size_t i = 0; i < c->n_sides; i++)
        if (strcmp(c->sides[i].name, name) == 0)
            return &c->sides[i];
    return NULL;
}

/* The settings that it is opened with must outlive it: those of the first
 * snapshot, which is kept until mqm_close() (open.c). */
int mqm__side_open(struct side *s)
{
    const struct side_config *sc;
    struct snapshot *snap;
    int r = 0;

    if (atomic_load(&s->open))
        return 0;
    snap = mqm__snapshot(s->m);
    pthread_mutex_lock(&s->lock);
    if (!atomic_load(&s->open)) {
        sc = config_of(s->m->first->config, s->name);
        s->adapter.m = s->m;
        s->adapter.side = s;
        r = mqm__plugin_open(&s->adapter, s->m->first->config->plugin_dir,
                             sc->adapter, &sc->section, PLUGIN_ADAPTER);
        if (r == 0)
            atomic_store(&s->open, true);
    }
    pthread_mutex_unlock(&s->lock);
    mqm__snapshot_put(snap);
    return r < 0 ? mqm__fail_in(r, "side '%s': ", s->name) : 0;
}

int mqm__side_park(struct side *s, const struct topic_config *t,
                   const struct mqm_delivery *d)
{
    const struct at_side *at = &t->at[strcmp(t->at[MQM_OLD].side->name,
                                             s->name) ? MQM_NEW : MQM_OLD];
    const struct mqm_adapter *a;
    struct mqm_delivery body = *d;
    int r;

    if (!at->parking[0])
        return mqm__fail(-ENOTSUP, "side '%s' of topic '%s' has no parking "
                         "topic", s->name, t->topic);
    r = mqm__side_open(s);
    if (r < 0)
        return r;
    a = s->adapter.table->adapter;
    if (!mqm__can(a, publish))
        return mqm__fail(-ENOTSUP, "adapter '%s' cannot send",
                         s->adapter.table->name);
    body.msg.topic = at->parking;
    body.msg.group = at->group;
    if (!d->raw && strcmp(at->id, "@key") == 0) {
        body.msg.key = d->msg.id; /* there it is looked for */
        body.msg.key_len = d->msg.id_len;
    }
    return a->publish(s->adapter.self, &body);
}

static struct subscription *remember(struct side *s,
                                     const struct topic_config *t,
                                     const struct at_side *at,
                                     mqm_handler handler, void *user)
{
    struct subscription *sub = calloc(1, sizeof(*sub));

    if (!sub)
        return NULL;
    snprintf(sub->topic, sizeof(sub->topic), "%s", t->topic);
    snprintf(sub->group, sizeof(sub->group), "%s", t->group);
    sub->broker_topic = strdup(at->topic);
    sub->broker_group = strdup(at->group);
    if (!sub->broker_topic || !sub->broker_group) {
        forget(sub);
        return NULL;
    }
    sub->handler = handler;
    sub->user = user;
    sub->next = atomic_load(&s->subscriptions);
    atomic_store(&s->subscriptions, sub);
    return sub;
}

static bool subscribed(const struct side *s, const struct topic_config *t)
{
    for (struct subscription *sub = atomic_load(&s->subscriptions); sub;
         sub = sub->next)
        if (strcmp(sub->topic, t->topic) == 0 &&
            strcmp(sub->group, t->group) == 0)
            return true;
    return false;
}

/* With the lock held.  Before the first poll nothing is delivered, so one that
 * the adapter refuses can be forgotten again. */
static int add(struct side *s, const struct topic_config *t,
               const struct at_side *at, mqm_handler handler, void *user)
{
    struct subscription *sub;
    int r;

    if (atomic_load(&s->polled))
        return mqm__fail(-EBUSY, "side '%s' is polled already: subscribe to "
                         "topic '%s' before the first mqm_poll()", s->name,
                         t->topic);
    if (subscribed(s, t))
        return mqm__fail(-EEXIST, "side '%s': group '%s' has subscribed to "
                         "topic '%s' already", s->name, t->group, t->topic);
    sub = remember(s, t, at, handler, user);
    if (!sub)
        return mqm__fail(-ENOMEM, "no memory for a subscription");
    r = s->adapter.table->adapter->subscribe(s->adapter.self, at->group,
                                             at->topic);
    if (r >= 0)
        return r;
    atomic_store(&s->subscriptions, sub->next);
    forget(sub);
    return mqm__fail_in(r, "side '%s': ", s->name);
}

static int subscribe(struct side *s, const struct config *c, const char *group,
                     const char *topic, mqm_handler handler, void *user)
{
    const struct topic_config *t = mqm__config_topic(c, group, topic);
    int i, r;

    if (!t)
        return -ENOENT;
    i = mqm__topic_side(t, s->name);
    if (i < 0)
        return i;
    r = mqm__side_open(s);
    if (r < 0)
        return r;
    pthread_mutex_lock(&s->lock);
    r = add(s, t, &t->at[i], handler, user);
    pthread_mutex_unlock(&s->lock);
    if (r >= 0)
        atomic_store(&t->tally->at[i].subscribed, true);
    return r;
}

int mqm_subscribe(mqm *m, const char *side, const char *group,
                  const char *topic, mqm_handler handler, void *user)
{
    struct snapshot *snap;
    struct side *s;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!handler || !topic || !side)
        return mqm__fail(-EINVAL, "mqm_subscribe() needs a %s",
                         !handler ? "handler" : topic ? "side" : "topic");
    s = mqm__side(m, side);
    if (!s)
        return -ENOENT;
    snap = mqm__snapshot(m);
    r = subscribe(s, snap->config, group, topic, handler, user);
    mqm__snapshot_put(snap);
    return r;
}

static int poll_once(struct side *s, int64_t left_ms)
{
    int64_t t0 = mqm__mono_ms(), slice = left_ms < SLICE_MS ? left_ms
                                                            : SLICE_MS;
    int r = s->adapter.table->adapter->poll(s->adapter.self, (int)slice);

    /* After an error it has waited too: a caller's loop must not spin. */
    if (r < 0 && r != -ECANCELED)
        mqm__pause(slice - (mqm__mono_ms() - t0));
    return r < 0 ? mqm__fail_in(r, "side '%s': ", s->name) : r;
}

int mqm_poll(mqm *m, const char *side, int timeout_ms)
{
    int64_t until;
    struct side *s;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!side)
        return mqm__fail(-EINVAL, "mqm_poll() needs a side");
    s = mqm__side(m, side);
    if (!s)
        return -ENOENT;
    if (!atomic_load(&s->open))
        return mqm__fail(-EINVAL, "side '%s': subscribe before you poll",
                         s->name);
    atomic_store(&s->polled, true);
    until = timeout_ms < 0 ? INT64_MAX : mqm__mono_ms() + timeout_ms;
    do {
        int64_t left = until - mqm__mono_ms();

        if (atomic_load(&m->stopped))
            return mqm__fail(-ECANCELED, "mqm_stop() was called");
        r = poll_once(s, left > 0 ? left : 0);
    } while (r == 0 && mqm__mono_ms() < until);
    return r;
}
