/* SPDX-License-Identifier: MIT */
/* repair.c - what is on record, and what a person or a resolver does to it. */
#include "claim.h"
#include "codec.h"
#include "error.h"
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------- looking -------------------------------- */

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

static int64_t left_of(const struct record *r, const struct topic_config *t)
{
    bool resolvable = r->state == MQM_PARKED ||
                      (r->state == MQM_OWED && r->doubt);
    int64_t of = !resolvable ? r->lease_ms : r->doubt ? t->settle_ms : 0;

    return of > r->age_ms ? of - r->age_ms : 0;
}

static void tell(struct mqm_record *out, const struct record *r,
                 const struct topic_config *t, unsigned char side_tag)
{
    out->state = r->state;
    out->attempts = r->attempts;
    out->token = r->token;
    out->doubt = r->doubt;
    out->age_ms = r->age_ms;
    out->left_ms = left_of(r, t);
    out->flags = (r->by_rule ? (unsigned)MQM_BY_RULE : 0) |
                 (r->body_safe ? (unsigned)MQM_BODY_SAFE : 0) |
                 (r->reassigned ? (unsigned)MQM_REASSIGNED : 0) |
                 (r->unsent ? (unsigned)MQM_UNSENT : 0);
    out->why = mqm__parked_words(r->why);
    copy_text(out->side, sizeof(out->side), r->side);
    copy_text(out->holder, sizeof(out->holder), r->holder);
    copy_text(out->origin, sizeof(out->origin), r->origin);
    for (int i = 0; r->state == MQM_DONE && i < MQM_SIDES; i++)
        if (mqm__side_tag(t->at[i].side->name) == side_tag)
            copy_text(out->side, sizeof(out->side), t->at[i].side->name);
}

/* The record as it is, and what policy says of the message. */
static int inspect(mqm *m, const struct config *c, const struct mqm_msg *msg,
                   struct mqm_record *out)
{
    struct scratch *s = mqm__scratch(m);
    struct work *w;
    struct mqm_swap *ask;
    int r;

    if (!s)
        return -ENOMEM;
    w = &s->work[0];
    r = mqm__work_init(m, w, c, msg, OP_LOOK, WORK_AS_LISTED);
    if (r == 0) {
        ask = &w->swap;
        ask->expect = MQM_ASK;
        ask->len = 0;
        ask->flags = 0;
        r = mqm__combine_swap(&m->combine, &ask, 1, COMBINE_EVER);
    }
    if (r >= 0 && w->swap.now.version)
        r = mqm__decode(&w->now, w->swap.now.value, w->swap.now.len,
                        &w->side_tag);
    if (r >= 0) {
        w->now.age_ms = w->swap.now.version ? w->swap.now.age_ms : 0;
        tell(out, &w->now, w->topic, w->side_tag);
        copy_text(out->route, sizeof(out->route), w->rq.route);
        r = 0;
    }
    mqm__scratch_put(m, s);
    return r;
}

/* For questions that no side asks: the old one stands in. */
static struct mqm_msg for_any_side(const struct config *c,
                                   const struct mqm_msg *msg)
{
    const struct topic_config *t = mqm__config_topic(c, msg->group, msg->topic);
    struct mqm_msg any = *msg;

    if (!any.side && t)
        any.side = t->at[MQM_OLD].side->name;
    return any;
}

static int check_call(mqm *m, const struct mqm_msg *msg)
{
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!msg || !msg->topic)
        return mqm__fail(-EINVAL, "a message with a topic is needed");
    return 0;
}

int mqm_inspect(mqm *m, const struct mqm_msg *msg, struct mqm_record *out)
{
    struct mqm_record record = MQM_RECORD_INIT;
    struct snapshot *snap;
    struct mqm_msg any;
    int r = check_call(m, msg);

    if (r < 0)
        return r;
    if (!out || out->size < sizeof(out->size))
        return mqm__fail(-EINVAL, "set the record up with MQM_RECORD_INIT");
    snap = mqm__snapshot(m);
    any = for_any_side(snap->config, msg);
    r = inspect(m, snap->config, &any, &record);
    mqm__snapshot_put(snap);
    if (r < 0)
        return r;
    record.size = out->size < sizeof(record) ? out->size : sizeof(record);
    memcpy(out, &record, record.size);
    return 0;
}

/* -------------------------------- mending -------------------------------- */

static int explain(const struct work *w)
{
    if (w->result != MQM_LATER)
        return w->result;
    if (w->now.doubt && w->now.age_ms < w->rq.settle_ms)
        return mqm__fail(-EAGAIN, "%s: the attempt in doubt may still act; ask "
                         "again in %lld ms", w->why,
                         (long long)(w->rq.settle_ms - w->now.age_ms));
    return mqm__fail(-EAGAIN, "%s", w->why);
}

static int mend(mqm *m, const struct mqm_msg *msg, uint64_t token, int op,
                const char *owner)
{
    struct snapshot *snap;
    struct scratch *s;
    struct mqm_msg any;
    struct work *w;
    int r = check_call(m, msg);

    if (r < 0)
        return r;
    s = mqm__scratch(m);
    if (!s)
        return -ENOMEM;
    snap = mqm__snapshot(m);
    any = for_any_side(snap->config, msg);
    w = &s->work[0];
    r = mqm__work_init(m, w, snap->config, &any, op, WORK_AS_LISTED);
    if (r == 0) {
        w->rq.token = token;
        w->rq.route = owner;
        r = mqm__work_do(m, &w, 1);
        mqm__audit(m, owner ? "assign" : "resolve", &any, w);
    }
    if (r == 0)
        r = explain(w);
    mqm__snapshot_put(snap);
    mqm__scratch_put(m, s);
    return r;
}

int mqm_resolve(mqm *m, const struct mqm_msg *msg, uint64_t token, int outcome)
{
    if (outcome != MQM_HANDLED && outcome != MQM_FAILED)
        return mqm__fail(-EINVAL, "a doubt is resolved as MQM_HANDLED or "
                         "MQM_FAILED, not as %d", outcome);
    return mend(m, msg, token, outcome == MQM_HANDLED ? OP_RESOLVE_DONE
                                                      : OP_RESOLVE_AGAIN, NULL);
}

int mqm_assign(mqm *m, const struct mqm_msg *msg, uint64_t token)
{
    if (msg && !msg->side)
        return mqm__fail(-EINVAL, "a message is assigned to a side; msg->side "
                         "is NULL");
    return mend(m, msg, token, OP_RESOLVE_AGAIN, msg ? msg->side : NULL);
}

/* -------------------------------- listing -------------------------------- */

struct found {
    struct mqm_record record;
    unsigned char id[MQM_ID_MAX];
    size_t id_len;
};

struct listing {
    const struct topic_config *topic;
    const char *side;
    struct found *found;
    size_t n, room;
    int unreadable; /* of a record: it may be anybody's, so it is not "none" */
};

static int collect(void *user, const struct mqm_key *key,
                   const struct mqm_cell *cell)
{
    struct listing *l = user;
    struct found *f;
    struct record r;
    int err = mqm__decode(&r, cell->value, cell->len, NULL);

    if (key->id_len == 0 || key->id_len > MQM_ID_MAX)
        err = mqm__fail(-EPROTO, "an id of %zu bytes is none of ours",
                        key->id_len);
    if (err < 0)
        l->unreadable = err;
    if (err < 0 || r.state == MQM_DONE || r.by_rule ||
        (l->side && strcmp(l->side, r.side) != 0))
        return 0;
    if (l->n == l->room) {
        f = realloc(l->found, (l->room * 2 + 64) * sizeof(*f));
        if (!f)
            return mqm__fail(-ENOMEM, "no memory for %zu messages", l->n);
        l->found = f;
        l->room = l->room * 2 + 64;
    }
    f = &l->found[l->n++];
    *f = (struct found){.record = MQM_RECORD_INIT, .id_len = key->id_len};
    memcpy(f->id, key->id, key->id_len);
    r.age_ms = cell->age_ms;
    tell(&f->record, &r, l->topic, 0);
    return 0;
}

static bool printable(const unsigned char *id, size_t len)
{
    size_t i = 0;

    while (i < len && id[i] > 0x20 && id[i] < 0x7f)
        i++;
    return i == len;
}

/* The usual text of an id that was folded to 16 bytes; one that was a text of
 * 16 characters stays one. */
static size_t unfold(char *out, const unsigned char *id, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    size_t k = 0;

    if (len != 16 || printable(id, len)) {
        memcpy(out, id, len);
        return len;
    }
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[k++] = '-';
        out[k++] = hex[id[i] >> 4];
        out[k++] = hex[id[i] & 15];
    }
    return k;
}

static int show(const struct listing *l, int (*visit)(void *user,
                const struct mqm_msg *msg, const struct mqm_record *record),
                void *user)
{
    int r = 0;

    for (size_t i = 0; i < l->n && r == 0; i++) {
        struct mqm_msg msg = MQM_MSG_INIT;
        char id[MQM_ID_MAX + 1];

        msg.side = l->found[i].record.side;
        msg.group = l->topic->group;
        msg.topic = l->topic->topic;
        msg.id = id;
        msg.id_len = unfold(id, l->found[i].id, l->found[i].id_len);
        r = visit(user, &msg, &l->found[i].record);
    }
    return r;
}

int mqm_pending(mqm *m, const char *side, const char *group, const char *topic,
                int (*visit)(void *user, const struct mqm_msg *msg,
                             const struct mqm_record *record),
                void *user)
{
    struct listing l = {.side = side};
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!topic || !visit)
        return mqm__fail(-EINVAL, "mqm_pending() needs a topic and a visitor");
    snap = mqm__snapshot(m);
    l.topic = mqm__config_topic(snap->config, group, topic);
    r = l.topic ? 0 : -ENOENT;
    if (r == 0 && side)
        r = mqm__topic_side(l.topic, side);
    if (r >= 0)
        r = mqm__list(m, l.topic->space, collect, &l);
    if (r == 0)
        r = show(&l, visit, user);
    if (r == 0 && l.unreadable)
        r = mqm__fail(l.unreadable, "%s has records that this library cannot "
                      "read: update it", l.topic->space);
    free(l.found);
    mqm__snapshot_put(snap);
    return r;
}
