/* SPDX-License-Identifier: MIT */
/* info.c - what is configured: topics, plugins. */
#include "core.h"
#include "error.h"
#include "plugin.h"

#include <errno.h>
#include <string.h>

int mqm_topics(mqm *m,
               int (*visit)(void *user, const struct mqm_topic_info *info),
               void *user)
{
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!visit)
        return mqm__fail(-EINVAL, "mqm_topics() needs a visitor");
    snap = mqm__snapshot(m);
    for (size_t i = 0; i < snap->config->n_topics && r == 0; i++) {
        const struct topic_config *t = &snap->config->topics[i];
        struct mqm_topic_info info = {
            .size = sizeof(info), .group = t->group, .topic = t->topic,
            .old_side = t->at[MQM_OLD].side->name,
            .new_side = t->at[MQM_NEW].side->name,
            .switched = t->policy.on, .cut_ppm = t->policy.cut_ppm,
            .since_ms = t->policy.since_ms, .settle_ms = t->settle_ms,
            .allowed = mqm__allow_list_size(t->policy.allow)};

        r = visit(user, &info);
    }
    mqm__snapshot_put(snap);
    return r;
}

struct visitor {
    int (*visit)(void *user, const struct mqm_plugin_info *info);
    void *user;
};

static int show(const struct visitor *v, const char *dir, const char *name,
                int kind)
{
    const struct mqm_plugin *p = NULL;
    char path[2048] = "";
    struct mqm_plugin_info info = {
        .size = sizeof(info), .name = name, .path = path,
        .kind = kind == PLUGIN_STORE ? "store" : "adapter", .version = ""};

    info.result = mqm__plugin_load(&p, dir, name, kind, path, sizeof(path));
    info.why = info.result < 0 ? mqm_errmsg() : "";
    if (info.result == 0) {
        info.name = p->name;
        info.version = p->version ? p->version : "";
    }
    return v->visit(v->user, &info);
}

static int show_all(const struct visitor *v, const struct config *c)
{
    char scheme[32];
    int r = 0;
    bool seen = false;

    for (size_t i = 0; mqm__builtin[i] && r == 0; i++)
        r = show(v, c->plugin_dir, mqm__builtin[i]->name, PLUGIN_STORE);
    if (mqm__store_scheme(c->store.url, scheme, sizeof(scheme)) == 0) {
        for (size_t i = 0; mqm__builtin[i]; i++)
            seen |= strcmp(mqm__builtin[i]->name, scheme) == 0;
        if (!seen && r == 0)
            r = show(v, c->plugin_dir, scheme, PLUGIN_STORE);
    }
    for (size_t i = 0; i < c->n_sides && r == 0; i++)
        r = show(v, c->plugin_dir, c->sides[i].adapter, PLUGIN_ADAPTER);
    return r;
}

int mqm_plugins(mqm *m,
                int (*visit)(void *user, const struct mqm_plugin_info *info),
                void *user)
{
    struct visitor v = {visit, user};
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!visit)
        return mqm__fail(-EINVAL, "mqm_plugins() needs a visitor");
    snap = mqm__snapshot(m);
    r = show_all(&v, snap->config);
    mqm__snapshot_put(snap);
    return r;
}
