/* SPDX-License-Identifier: MIT */
/* rescue.c - rule 12: a message that reached one broker only is published again
 * to the side that owes it.
 *
 * The order is what makes it safe to repeat, and to be killed, anywhere:
 *
 *     list what is owed -> how far has its group read -> is it owed still? ->
 *     read the copy -> publish it
 *
 * Nothing is written to the store.  A kill before the broker has the copy
 * leaves all as it was; one after it, and a late copy after all, leave two
 * copies under one id, of which one is worked on.  A copy that lay in the queue
 * when the list was made and has been worked on since is seen by the third
 * step.
 */
#include "rescue.h"
#include "copies.h"
#include "error.h"
#include "id.h"
#include "publish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OLDER_MAX_MS (366 * (int64_t)86400000)
enum { OLDER_MS = 600000 };

/* How a visit to the copy ended; the library's own results are < 0. */
enum { PUBLISHED = 1, NOT_PUBLISHED };

struct rescue {
    mqm *m;
    struct mqm_rescue_options o;
    const struct topic_config *topic;
    int (*visit)(void *user, const struct mqm_rescued *r);
    void *user;
    bool asked[MQM_SIDES]; /* how far its group has read */
    int64_t until_ms[MQM_SIDES];
    const struct mqm_msg *msg; /* the one at hand */
};

/* ------------------------------- one message ----------------------------- */

static int tell(const struct rescue *r, const struct mqm_record *rec, int fate,
                const char *from, unsigned flags, const char *why)
{
    struct mqm_rescued found = {.size = sizeof(found), .fate = fate,
                                .msg = r->msg, .record = rec, .from = from,
                                .flags = flags, .why = why};
    struct mqm_event event = {.size = sizeof(event), .call = "rescue",
                              .msg = r->msg, .token = rec->token,
                              .why = from ? from : ""};

    if (fate == MQM_RESCUED && r->m->opts.audit)
        r->m->opts.audit(r->m->opts.user, &event);
    return r->visit ? r->visit(r->user, &found) : 0;
}

/* A failure ends nothing: the rest may be rescued. */
static int tell_failure(const struct rescue *r, const struct mqm_record *rec,
                        int fate, const char *from)
{
    char why[512];

    snprintf(why, sizeof(why), "%s", mqm_errmsg());
    return tell(r, rec, fate, from, 0, why);
}

static int tell_sent(const struct rescue *r, const struct mqm_record *rec,
                     const char *from, unsigned flags)
{
    if (r->o.flags & MQM_RESCUE_DRY)
        return tell(r, rec, MQM_RESCUE_DUE, from, flags, "would be sent");
    return tell(r, rec, MQM_RESCUED, from, flags, "sent");
}

static int publish_it(void *user, struct mqm_delivery *d)
{
    const struct rescue *r = user;
    const int to = mqm__topic_side(r->topic, r->msg->side);

    if (r->o.flags & MQM_RESCUE_DRY)
        return PUBLISHED;
    if (to < 0 || mqm__send_copy(r->m, r->topic, to, d) < 0)
        return NOT_PUBLISHED;
    mqm__memo_put(r->m, r->topic->space, r->msg, 0, mqm__now_ms());
    return PUBLISHED;
}

static bool same_id(const struct mqm_msg *a, const struct mqm_msg *b)
{
    unsigned char x[MQM_ID_MAX], y[MQM_ID_MAX];
    const size_t n = mqm__id_fold(x, a->id, a->id_len);

    return n > 0 && n == mqm__id_fold(y, b->id, b->id_len) &&
           memcmp(x, y, n) == 0;
}

static int publish_if_it(void *user, struct mqm_delivery *d)
{
    const struct rescue *r = user;

    return d->msg.id && same_id(&d->msg, r->msg) ? publish_it(user, d) : 0;
}

/* PUBLISHED or not; 0: in no parking topic; < 0: one of them cannot be read,
 * and that is what there is to say, whatever the other one lacks. */
static int out_of_parking(struct rescue *r, const char **from, char why[512])
{
    int err = 0;

    for (int i = 0; i < MQM_SIDES; i++) {
        const char *side = r->topic->at[i].side->name;
        const int e = mqm_read_parking(r->m, side, r->topic->group,
                                       r->topic->topic, publish_if_it, r);

        if (e == 0 || e == -ENOENT || e == -ENOTSUP)
            continue;
        snprintf(why, 512, "%s", mqm_errmsg());
        *from = side;
        if (e > 0)
            return e;
        err = e;
    }
    return err;
}

/* What was parked lies in the parking topic, and perhaps nowhere else. */
static int from_parking(struct rescue *r, const struct mqm_record *rec)
{
    char why[512];
    const char *from = NULL;
    const int e = out_of_parking(r, &from, why);

    if (e == PUBLISHED)
        return tell_sent(r, rec, from, MQM_FROM_PARKING);
    if (e != 0)
        return tell(r, rec, MQM_RESCUE_FAILED, from, 0, why);
    return tell(r, rec, MQM_RESCUE_GONE, NULL, 0,
                "it lies neither at its origin nor in a parking topic");
}

static int send_again(struct rescue *r, const struct mqm_record *rec, int at,
                      const char *place)
{
    const char *from = place ? r->topic->at[at].side->name : NULL;
    int e = -EINVAL;
    bool gone;

    if (place)
        e = mqm__fetch(r->m, r->topic, at, place, r->msg->id, r->msg->id_len,
                       publish_it, r);
    else /* for its words */
        (void)mqm__origin_place(r->topic, rec->origin, &at);
    gone = e == -ENOENT || e == -EINVAL;
    if ((gone || e == -ENOTSUP) && (rec->flags & MQM_UNSENT))
        return from_parking(r, rec);
    if (e == PUBLISHED)
        return tell_sent(r, rec, from, 0);
    return tell_failure(r, rec, gone ? MQM_RESCUE_GONE : MQM_RESCUE_FAILED,
                        from);
}

/* ------------------------------ whether to ------------------------------- */

/* Until when has the group of the side read?  Asked once a call. */
static int64_t read_until(struct rescue *r, int at)
{
    int err;

    if (r->asked[at])
        return r->until_ms[at];
    r->asked[at] = true;
    err = mqm__read_until(r->m, r->topic, at, &r->until_ms[at]);
    if (err == 0)
        return r->until_ms[at];
    mqm__log(r->m, err == -ENOTSUP ? MQM_INFO : MQM_WARN,
             "how far the group of side '%s' has read is not known (%s): what "
             "is old is published again, needlessly perhaps",
             r->topic->at[at].side->name, mqm_errmsg());
    return r->until_ms[at] = INT64_MAX;
}

/* NULL, or why it is left alone for now. */
static const char *waits_for(struct rescue *r, const struct mqm_record *rec,
                             int from, int to)
{
    const struct memo memo = mqm__memo_get(r->m, r->topic->space, r->msg, 0);
    const int64_t now_ms = mqm__now_ms();
    int64_t since_ms = now_ms - rec->age_ms;

    if (from == to && !(rec->flags & MQM_UNSENT))
        return "its own broker has it, and brings it again";
    if (r->o.id)
        return NULL;
    if (memo.at_ms > since_ms)
        since_ms = memo.at_ms;
    if (now_ms - since_ms < mqm__memo_pause(r->o.older_ms, memo.times))
        return "it was sent, and may not have been read yet";
    if (!(r->o.flags & MQM_RESCUE_ANYWAY) &&
        read_until(r, to) - r->o.older_ms < since_ms)
        return "the group has not read so far: its copy may lie before it";
    return NULL;
}

/* Where the copy is, and why it is left there for now (NULL: it is not). */
struct way {
    int from; /* -1: not known */
    const char *place, *waits;
};

static struct way find_way(struct rescue *r, const struct mqm_record *rec)
{
    struct way w = {.from = -1};

    w.place = mqm__origin_place(r->topic, rec->origin, &w.from);
    if (!w.place)
        w.from = -1;
    if (!mqm__id_is_origin(r->msg->id, r->msg->id_len))
        w.waits = waits_for(r, rec, w.from,
                            mqm__topic_side(r->topic, rec->side));
    return w;
}

static int tell_waits(const struct rescue *r, const struct mqm_record *rec,
                      const struct way *w)
{
    return tell(r, rec, MQM_RESCUE_WAITS,
                w->place ? r->topic->at[w->from].side->name : NULL, 0,
                w->waits);
}

static int rescue_one(struct rescue *r, const struct mqm_record *rec)
{
    struct way w;

    if (mqm__topic_side(r->topic, rec->side) < 0)
        return -ENOENT;
    if (mqm__id_is_origin(r->msg->id, r->msg->id_len))
        return tell(r, rec, MQM_RESCUE_WITHOUT_ID, NULL, 0,
                    "it has no id, and comes again on its own side only");
    w = find_way(r, rec);
    return w.waits ? tell_waits(r, rec, &w)
                   : send_again(r, rec, w.from, w.place);
}

/* ------------------------------ which ones ------------------------------- */

/* Nobody is at it: owed, or held by somebody who died. */
static bool is_idle(const struct mqm_record *rec)
{
    return rec->state == MQM_OWED ||
           (rec->state == MQM_HELD && rec->left_ms == 0);
}

/* Perhaps no copy is on its way: it says so itself, or it was never tried. */
static bool is_lost(const struct rescue *r, const struct mqm_record *rec)
{
    const bool untried = rec->state == MQM_OWED && !rec->attempts &&
                         !(rec->flags & MQM_BY_RULE);

    return is_idle(rec) && (untried || (rec->flags & MQM_UNSENT)) &&
           (r->o.id || rec->age_ms >= r->o.older_ms) &&
           (!r->o.side || strcmp(r->o.side, rec->side) == 0);
}

static struct mqm_msg message_of(const struct rescue *r,
                                 const struct mqm_msg *msg,
                                 const struct mqm_record *rec)
{
    struct mqm_msg mine = *msg;

    mine.side = rec->side;
    mine.group = r->topic->group;
    mine.topic = r->topic->topic;
    return mine;
}

/* Is it owed still?  Much may have happened since the list was made. */
static int look_again(struct rescue *r, const struct mqm_msg *msg)
{
    struct mqm_record rec = MQM_RECORD_INIT;
    struct mqm_msg mine;
    int err = mqm_inspect(r->m, msg, &rec);

    if (err < 0)
        return err;
    if (!is_lost(r, &rec))
        return 0;
    mine = message_of(r, msg, &rec);
    r->msg = &mine;
    err = rescue_one(r, &rec);
    r->msg = NULL;
    return err;
}

/* What waits by the list is asked after no more: behind a consumer that lags
 * there are thousands. */
static int consider(void *user, const struct mqm_msg *msg,
                    const struct mqm_record *rec)
{
    struct rescue *r = user;
    const int to = mqm__topic_side(r->topic, rec->side);
    struct mqm_msg mine = message_of(r, msg, rec);
    struct way w;
    int err;

    if (atomic_load(&r->m->stopped))
        return mqm__fail(-ECANCELED, "mqm_stop() was called");
    if (to < 0 || !is_lost(r, rec))
        return to < 0 ? to : 0;
    if (!(r->o.flags & MQM_RESCUE_ANYWAY))
        (void)read_until(r, to); /* before it is looked at again */
    r->msg = &mine;
    w = find_way(r, rec);
    err = w.waits ? tell_waits(r, rec, &w) : look_again(r, msg);
    r->msg = NULL;
    return err;
}

static int check(mqm *m, const struct mqm_rescue_options *o)
{
    int r = mqm__enter(m);

    if (r == 0 && (!o || o->size < sizeof(o->size)))
        r = mqm__fail(-EINVAL, "set the options up with "
                      "MQM_RESCUE_OPTIONS_INIT");
    if (r == 0 && atomic_load(&m->stopped))
        r = mqm__fail(-ECANCELED, "mqm_stop() was called");
    return r;
}

static int take_options(struct rescue *r, const struct mqm_rescue_options *o)
{
    memcpy(&r->o, o, o->size < sizeof(r->o) ? o->size : sizeof(r->o));
    if (!r->o.older_ms)
        r->o.older_ms = OLDER_MS;
    if (!r->o.topic)
        return mqm__fail(-EINVAL, "mqm_rescue() needs a topic");
    if (r->o.older_ms < 0 || r->o.older_ms > OLDER_MAX_MS)
        return mqm__fail(-EINVAL, "older_ms is not within a year: %lld",
                         (long long)r->o.older_ms);
    if (r->o.id && (r->o.id_len == 0 || r->o.id_len > MQM_ID_MAX))
        return mqm__fail(-EINVAL, "an id has 1 to %d bytes, not %zu",
                         MQM_ID_MAX, r->o.id_len);
    return 0;
}

static int rescue(struct rescue *r)
{
    struct mqm_msg msg = MQM_MSG_INIT;

    if (!r->o.id)
        return mqm_pending(r->m, r->o.side, r->topic->group, r->topic->topic,
                           consider, r);
    msg.group = r->topic->group;
    msg.topic = r->topic->topic;
    msg.id = r->o.id;
    msg.id_len = r->o.id_len;
    return look_again(r, &msg);
}

int mqm_rescue(mqm *m, const struct mqm_rescue_options *opts,
               int (*visit)(void *user, const struct mqm_rescued *r),
               void *user)
{
    struct rescue r = {.m = m, .visit = visit, .user = user};
    struct snapshot *snap;
    int err = check(m, opts);

    if (err == 0)
        err = take_options(&r, opts);
    if (err < 0)
        return err;
    snap = mqm__snapshot(m);
    r.topic = mqm__config_topic(snap->config, r.o.group, r.o.topic);
    err = r.topic ? 0 : -ENOENT;
    if (err == 0 && r.o.side && mqm__topic_side(r.topic, r.o.side) < 0)
        err = -ENOENT;
    if (err == 0)
        err = rescue(&r);
    mqm__snapshot_put(snap);
    return err;
}
