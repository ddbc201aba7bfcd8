/* SPDX-License-Identifier: MIT */
/* work.c - what is asked of the store for a message: its topic, its key, and by
 * policy the side that it belongs to, if it is new.  See claim.h.
 */
#include "claim.h"
#include "error.h"
#include "id.h"
#include "sight.h"

#include <errno.h>
#include <string.h>

static void by_policy(mqm *m, struct work *w, const struct config *c,
                      const struct mqm_msg *msg)
{
    const struct topic_config *t = w->topic;
    struct question q = {
        .id = w->swap.key.id, .id_len = w->swap.key.id_len,
        .key = msg->key, .key_len = msg->key_len,
        .born_ms = w->swap.key.born_ms ? w->swap.key.born_ms : msg->born_ms,
        .now_ms = mqm__now_ms(),
    };
    struct route r;

    if (w->by_origin) /* whatever its cut or key: the old side's */
        q.id = NULL, q.id_len = 0;
    r = mqm__policy_route(&t->policy, &q);
    w->rq.route = t->at[r.side].side->name;
    w->rq.by_rule = r.by_rule;
    w->rq.may_pin_away = true;
    if (m->source.path) {
        w->away_until_ms =
            atomic_load(&c->confirmed_ms) + t->policy_max_age_ms;
        w->rq.may_pin_away = mqm__mono_ms() <= w->away_until_ms;
    }
    if (r.future_born && w->rq.op == OP_ACQUIRE)
        mqm__count(m, w, COUNT_FUTURE_BORN);
}

/* A copy without an id: the old side tells it apart by where it lies. */
static int by_origin(mqm *m, struct work *w, const struct mqm_msg *msg)
{
    size_t len = msg->origin ? strlen(msg->origin) : 0;

    w->by_origin = true;
    if (w->rq.op == OP_ACQUIRE)
        mqm__count(m, w, COUNT_WITHOUT_ID);
    if (msg->id_len > MQM_ID_MAX)
        w->why = "its id is too long";
    else
        w->why = "it has no id";
    if (strcmp(w->rq.side, w->topic->at[MQM_OLD].side->name) != 0)
        return mqm__fail(-EBADMSG, "%s (%zu bytes, at most %d): on side '%s' "
                         "it cannot be told from others, and belongs to the "
                         "old one", w->why, msg->id_len, MQM_ID_MAX,
                         w->rq.side);
    if (len == 0)
        return mqm__fail(-EBADMSG, "%s, and its origin is not known", w->why);
    w->swap.key.id_len = mqm__id_of_origin(w->id, msg->origin);
    if (w->swap.key.id_len == 0)
        return mqm__fail(-EBADMSG, "the origin '%.40s...' is too long",
                         msg->origin);
    return 0;
}

/* As mqm_pending() lists it, for a person: a copy from a broker with such an id
 * has an id, and is another message. */
static void as_listed(struct work *w, const struct mqm_msg *msg)
{
    w->by_origin = true;
    memcpy(w->id, msg->id, msg->id_len);
    w->swap.key.id_len = msg->id_len;
}

static int key_of(mqm *m, struct work *w, const struct mqm_msg *msg,
                  unsigned flags)
{
    size_t len = msg->id ? mqm__id_trim(msg->id, msg->id_len) : 0;

    w->swap.key.space = w->topic->space;
    w->swap.key.id = w->id;
    w->swap.key.id_len = len ? mqm__id_fold(w->id, msg->id, len) : 0;
    w->swap.key.born_ms = 0;
    if (flags & WORK_AS_LISTED && msg->id &&
        mqm__id_is_origin(msg->id, msg->id_len)) {
        as_listed(w, msg);
        return 0;
    }
    if (w->swap.key.id_len == 0)
        return by_origin(m, w, msg);
    w->swap.key.born_ms = mqm__id_born(w->id, w->swap.key.id_len);
    return 0;
}

int mqm__work_init(mqm *m, struct work *w, const struct config *c,
                   const struct mqm_msg *msg, int op, unsigned flags)
{
    int side, r;

    w->result = -EINVAL;
    w->why = "refused";
    w->retry_ms = 0;
    w->version = 0;
    w->side_tag = 0;
    w->finished = w->unreadable = false;
    w->by_origin = w->went_back = false;
    w->sight = SIGHT_NONE;
    w->away_until_ms = COMBINE_EVER;
    w->topic = NULL;
    memset(&w->rq, 0, sizeof(w->rq));
    memset(&w->now, 0, sizeof(w->now));
    if (!msg->topic || !msg->side)
        return mqm__fail(-EINVAL, "a message needs a %s",
                         msg->topic ? "side" : "topic");
    w->topic = mqm__config_topic(c, msg->group, msg->topic);
    if (!w->topic)
        return -ENOENT;
    side = mqm__topic_side(w->topic, msg->side);
    if (side < 0)
        return side;
    w->rq.op = op;
    w->rq.side = w->topic->at[side].side->name;
    w->rq.holder = m->instance;
    w->rq.origin = msg->origin;
    w->rq.lease_ms = w->topic->lease_ms;
    w->rq.settle_ms = w->topic->settle_ms;
    w->rq.parked_copy = flags & MQM_FROM_PARKING;
    w->rq.body_safe = flags & MQM_BODY_KEPT;
    r = key_of(m, w, msg, flags);
    if (r == 0 && (op == OP_ACQUIRE || op == OP_LOOK))
        by_policy(m, w, c, msg);
    return r;
}
