/* SPDX-License-Identifier: MIT */
/* config_use.c - finding a topic in a configuration, and following one by
 * another while consumers run.
 */
#include "config.h"
#include "config_index.h"
#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct topic_config *by_space(const struct config *c,
                                           const char *space)
{
    size_t i;

    for (i = 0; i < c->n_topics; i++)
        if (!strcmp(c->topics[i].space, space))
            return &c->topics[i];
    return NULL;
}

static const char *changed_end(const struct at_side *a, const struct at_side *b)
{
    if (strcmp(a->side->name, b->side->name) ||
        strcmp(a->side->adapter, b->side->adapter))
        return "the side";
    if (strcmp(a->topic, b->topic))
        return "the broker's topic";
    if (strcmp(a->group, b->group))
        return "the broker's group";
    return strcmp(a->id, b->id) ? "where the id is" : NULL;
}

static int topic_may_follow(const struct topic_config *cur,
                            const struct topic_config *next)
{
    const char *what;
    int i;

    for (i = 0; i < MQM_SIDES; i++) {
        what = changed_end(&cur->at[i], &next->at[i]);
        if (what)
            return mqm__fail(-EINVAL,
                             "%s: %s of %s may not change while "
                             "consumers run",
                             cur->space, what, cur->at[i].side->name);
    }
    if (cur->policy.since_ms && cur->policy.since_ms != next->policy.since_ms)
        return mqm__fail(-EINVAL, "%s: since is set and never moves",
                         cur->space);
    return 0;
}

int mqm__config_may_follow(const struct config *cur, const struct config *next)
{
    const struct topic_config *to;
    size_t i;
    int r = 0;

    if (strcmp(cur->app, next->app))
        return mqm__fail(-EINVAL,
                         "app may not change while consumers run: it "
                         "is \"%s\"",
                         cur->app);
    if (strcmp(cur->store.url, next->store.url))
        return mqm__fail(-EINVAL, "store.url may not change while consumers "
                                  "run");
    for (i = 0; !r && i < cur->n_topics; i++) {
        to = by_space(next, cur->topics[i].space);
        r = to ? topic_may_follow(&cur->topics[i], to)
               : mqm__fail(-EINVAL,
                           "%s is missing: a topic may not go while "
                           "consumers run",
                           cur->topics[i].space);
    }
    return r;
}

static void list_topics(char *buf, size_t size, const struct config *c)
{
    size_t at = 0, i;

    snprintf(buf, size, "none");
    for (i = 0; i < c->n_topics && at < size; i++) {
        snprintf(buf + at, size - at, "%s%s/%s", i ? ", " : "",
                 c->topics[i].group, c->topics[i].topic);
        at = strlen(buf);
    }
}

static const struct topic_config *no_topic(const struct config *c,
                                           const char *group, const char *topic,
                                           const char *why)
{
    char known[400];

    list_topics(known, sizeof(known), c);
    mqm__fail(-ENOENT, "%s \"%.60s%s%.60s\"; there are (group/topic): %s", why,
              group ? group : "", group ? "/" : "", topic ? topic : "", known);
    return NULL;
}

const struct topic_config *
mqm__config_topic(const struct config *c, const char *group, const char *topic)
{
    const struct topic_config *t, *found = NULL;
    size_t i = topic ? mqm__config_place(c, topic) : 0;

    /* All topics of one name lie in one stretch of the index. */
    for (; topic && (t = c->index[i]) != NULL; i = (i + 1) & c->index_mask) {
        if (strcmp(t->topic, topic) || (group && strcmp(t->group, group)))
            continue;
        if (found)
            return no_topic(c, group, topic, "more than one group has");
        found = t;
    }
    return found ? found : no_topic(c, group, topic, "no such topic");
}

int mqm__topic_side(const struct topic_config *t, const char *side)
{
    int i;

    for (i = 0; side && i < MQM_SIDES; i++)
        if (!strcmp(t->at[i].side->name, side))
            return i;
    return mqm__fail(-ENOENT, "%s has no side \"%.60s\"; there are: %s, %s",
                     t->space, side ? side : "", t->at[MQM_OLD].side->name,
                     t->at[MQM_NEW].side->name);
}
