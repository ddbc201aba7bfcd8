/* SPDX-License-Identifier: MIT */
/* info.c - what is configured: topics, in force or in a file; plugins. */
#include "core.h"
#include "error.h"
#include "plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef int (*topic_visitor)(void *user, const struct mqm_topic_info *info);

static int show_topics(const struct config *c, topic_visitor visit, void *user)
{
    int r = 0;

    for (size_t i = 0; i < c->n_topics && r == 0; i++) {
        const struct topic_config *t = &c->topics[i];
        struct mqm_topic_info info = {
            .size = sizeof(info), .group = t->group, .topic = t->topic,
            .old_side = t->at[MQM_OLD].side->name,
            .new_side = t->at[MQM_NEW].side->name,
            .switched = t->policy.on, .cut_ppm = t->policy.cut_ppm,
            .since_ms = t->policy.since_ms, .settle_ms = t->settle_ms,
            .allowed = mqm__allow_list_size(t->policy.allow)};

        r = visit(user, &info);
    }
    return r;
}

int mqm_topics(mqm *m, topic_visitor visit, void *user)
{
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!visit)
        return mqm__fail(-EINVAL, "mqm_topics() needs a visitor");
    snap = mqm__snapshot(m);
    r = show_topics(snap->config, visit, user);
    mqm__snapshot_put(snap);
    return r;
}

static int parse_config(struct config **out, const char *config)
{
    struct source_file file = {.path = NULL};
    char *text = NULL;
    size_t len = 0;
    int r;

    if (config[0] == '{')
        return mqm__config_parse(out, config, strlen(config), "(inline)");
    file.path = strdup(config);
    if (!file.path)
        return mqm__fail(-ENOMEM, "no memory for a path");
    r = mqm__source_file_settled(&file, &text, &len);
    if (r == 0)
        r = mqm__config_parse(out, text, len, config);
    mqm__source_file_free(&file);
    free(text);
    return r;
}

int mqm_read_topics(const char *config, topic_visitor visit, void *user)
{
    struct config *c = NULL;
    int r;

    if (!config || !visit)
        return mqm__fail(-EINVAL, "mqm_read_topics() needs a configuration and "
                         "a visitor");
    r = parse_config(&c, config);
    if (r == 0)
        r = show_topics(c, visit, user);
    mqm__config_free(c);
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
