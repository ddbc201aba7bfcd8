/* SPDX-License-Identifier: MIT */
/* copies.c - see copies.h. */
#include "copies.h"
#include "error.h"
#include "id.h"
#include "plugin.h"
#include "run.h"

#include <errno.h>
#include <string.h>

/* ------------------------------ where it lies ---------------------------- */

void mqm__origin(char out[RECORD_ORIGIN], const char *side, const char *topic,
                 const char *place)
{
    const char *part[] = {side, ":", topic, "/", place};
    size_t len = 0;

    for (size_t k = 0; k < 5; k++)
        for (const char *c = part[k]; *c && len < RECORD_ORIGIN - 1; c++)
            out[len++] = *c;
    out[len] = '\0';
}

/* Behind "SIDE:TOPIC/", or NULL. */
static const char *behind(const char *origin, const char *side,
                          const char *topic)
{
    const size_t s = strlen(side), t = strlen(topic);

    if (strncmp(origin, side, s) != 0 || origin[s] != ':')
        return NULL;
    origin += s + 1;
    if (strncmp(origin, topic, t) != 0 || origin[t] != '/')
        return NULL;
    return origin + t + 1;
}

const char *mqm__origin_place(const struct topic_config *t, const char *origin,
                              int *at)
{
    for (int i = 0; origin && i < MQM_SIDES; i++) {
        const char *place = behind(origin, t->at[i].side->name, t->topic);

        *at = i;
        if (place)
            return place;
    }
    mqm__fail(-EINVAL, "'%s' names no place on a side of topic '%s'; "
              "\"%s:%s/...\" would", origin ? origin : "", t->topic,
              t->at[MQM_OLD].side->name, t->topic);
    return NULL;
}

/* --------------------------------- fetching ------------------------------ */

struct fetching {
    struct side *side;
    const struct at_side *at;
    const struct topic_config *topic;
    unsigned char id[MQM_ID_MAX];
    size_t id_len; /* 0: any */
    bool visited;
    int (*visit)(void *user, struct mqm_delivery *d);
    void *user;
};

static size_t fold(unsigned char out[MQM_ID_MAX], const void *id, size_t len)
{
    len = id ? mqm__id_trim(id, len) : 0;
    return len && len <= MQM_ID_MAX ? mqm__id_fold(out, id, len) : 0;
}

static bool is_wanted(const struct fetching *f, const struct mqm_msg *msg)
{
    unsigned char id[MQM_ID_MAX];

    return f->id_len == 0 ||
           (fold(id, msg->id, msg->id_len) == f->id_len &&
            memcmp(id, f->id, f->id_len) == 0);
}

static int visit_copy(void *user, struct mqm_delivery *d)
{
    struct fetching *f = user;
    struct call call = {.side = f->side};

    mqm__translate(f->side, f->at, f->topic->group, f->topic->topic, d);
    if (!is_wanted(f, &d->msg))
        return 0;
    f->visited = true;
    d->call = &call;
    return f->visit(f->user, d);
}

/* The adapter of a side, opened; NULL, with words, what it is in *r. */
static const struct mqm_adapter *adapter_of(struct side *s, int *r)
{
    *r = s ? mqm__side_open(s) : -ENOENT;
    return *r < 0 ? NULL : s->adapter.table->adapter;
}

int mqm__fetch(mqm *m, const struct topic_config *t, int at, const char *place,
               const void *id, size_t id_len,
               int (*visit)(void *user, struct mqm_delivery *d), void *user)
{
    struct fetching f = {.at = &t->at[at], .topic = t, .visit = visit,
                         .user = user};
    const struct mqm_adapter *a;
    int r;

    f.id_len = fold(f.id, id, id_len);
    f.side = mqm__side(m, f.at->side->name);
    a = adapter_of(f.side, &r);
    if (!a)
        return r;
    if (!mqm__can(a, fetch))
        return mqm__fail(-ENOTSUP, "adapter '%s' cannot read one copy again",
                         f.side->adapter.table->name);
    r = a->fetch(f.side->adapter.self, f.at->group, f.at->topic, place,
                 visit_copy, &f);
    if (r == 0 && !f.visited)
        return mqm__fail(-ENOENT, "another message lies at '%s' of '%s' on "
                         "side '%s': the topic was made anew", place,
                         f.at->topic, f.side->name);
    return r < 0 && !f.visited ? mqm__fail_in(r, "side '%s': ", f.side->name)
                               : r;
}

static int check(const mqm *m, bool complete, const char *call)
{
    int r = mqm__enter(m);

    if (r == 0 && !complete)
        r = mqm__fail(-EINVAL, "%s() needs a topic and a visitor", call);
    return r;
}

int mqm_fetch_copy(mqm *m, const struct mqm_msg *msg,
                   int (*visit)(void *user, struct mqm_delivery *d),
                   void *user)
{
    const struct topic_config *t;
    struct snapshot *snap;
    const char *place;
    int at = 0, r = check(m, msg && msg->topic && visit, "mqm_fetch_copy");

    if (r != MQM_OK)
        return r;
    if (msg->id && (msg->id_len == 0 || msg->id_len > MQM_ID_MAX))
        return mqm__fail(-EINVAL, "an id has 1 to %d bytes, not %zu",
                         MQM_ID_MAX, msg->id_len);
    snap = mqm__snapshot(m);
    t = mqm__config_topic(snap->config, msg->group, msg->topic);
    place = t ? mqm__origin_place(t, msg->origin, &at) : NULL;
    r = !t ? -ENOENT : !place ? -EINVAL : 0;
    if (r == 0)
        r = mqm__fetch(m, t, at, place, msg->id, msg->id_len, visit, user);
    mqm__snapshot_put(snap);
    return r;
}

/* -------------------------------- positions ------------------------------ */

struct placing {
    const struct topic_config *topic;
    const struct at_side *at;
    int (*visit)(void *user, const struct mqm_position *p);
    void *user;
};

static int visit_position(void *user, const struct mqm_position *p)
{
    const struct placing *pl = user;
    struct mqm_position ours = *p;
    char next[RECORD_ORIGIN];

    if (p->next) {
        mqm__origin(next, pl->at->side->name, pl->topic->topic, p->next);
        ours.next = next;
    }
    return pl->visit(pl->user, &ours);
}

int mqm__positions(mqm *m, const struct topic_config *t, int at,
                   int (*visit)(void *user, const struct mqm_position *p),
                   void *user)
{
    struct placing pl = {t, &t->at[at], visit, user};
    struct side *s = mqm__side(m, t->at[at].side->name);
    const struct mqm_adapter *a;
    int r;

    a = adapter_of(s, &r);
    if (!a)
        return r;
    if (!mqm__can(a, positions))
        return mqm__fail(-ENOTSUP, "adapter '%s' cannot tell how far a group "
                         "has read", s->adapter.table->name);
    return a->positions(s->adapter.self, t->at[at].group, t->at[at].topic,
                        visit_position, &pl);
}

int mqm_positions(mqm *m, const char *side, const char *group,
                  const char *topic,
                  int (*visit)(void *user, const struct mqm_position *p),
                  void *user)
{
    const struct topic_config *t;
    struct snapshot *snap;
    int at, r = check(m, topic && visit, "mqm_positions");

    if (r == 0 && !side)
        r = mqm__fail(-EINVAL, "mqm_positions() needs a side");
    if (r != MQM_OK)
        return r;
    snap = mqm__snapshot(m);
    t = mqm__config_topic(snap->config, group, topic);
    at = t ? mqm__topic_side(t, side) : -ENOENT;
    r = at < 0 ? at : mqm__positions(m, t, at, visit, user);
    mqm__snapshot_put(snap);
    return r;
}

/* ------------------------------ dead letters ----------------------------- */

static int read_dead(mqm *m, const struct topic_config *t, int at,
                     struct fetching *f)
{
    const struct mqm_adapter *a;
    int r;

    f->at = &t->at[at];
    f->topic = t;
    f->side = mqm__side(m, f->at->side->name);
    a = adapter_of(f->side, &r);
    if (!a)
        return r;
    if (!mqm__can(a, dead))
        return mqm__fail(-ENOTSUP, "adapter '%s' has no dead letters: its "
                         "broker gives nothing up",
                         f->side->adapter.table->name);
    return a->dead(f->side->adapter.self, f->at->group, f->at->topic,
                   visit_copy, f);
}

int mqm_read_dead(mqm *m, const char *side, const char *group,
                  const char *topic,
                  int (*visit)(void *user, struct mqm_delivery *d),
                  void *user)
{
    struct fetching f = {.visit = visit, .user = user};
    const struct topic_config *t;
    struct snapshot *snap;
    int at, r = check(m, side && topic && visit, "mqm_read_dead");

    if (r != MQM_OK)
        return r;
    snap = mqm__snapshot(m);
    t = mqm__config_topic(snap->config, group, topic);
    at = t ? mqm__topic_side(t, side) : -ENOENT;
    r = at < 0 ? at : read_dead(m, t, at, &f);
    mqm__snapshot_put(snap);
    return r;
}
