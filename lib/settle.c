/* SPDX-License-Identifier: MIT */
/* settle.c - rule 7: who knows is asked about what is in doubt, and what did
 * not happen is sent again.
 *
 *     list what is open -> ask about each -> put the answer on record ->
 *     read the parking topic of the owing side once, publish what is due
 *
 * The settling time is kept here and in the store, never by the hook: a "no"
 * is used only if the record said, before the question was put, that the
 * attempt in doubt can act no more.  Its age is looked at once more when it is
 * put on record.
 *
 * The record goes first, then the body (settle_send.c), so a kill between the
 * two leaves MQM_UNSENT: the next call that finds it unsent for long enough
 * does the second step alone.
 */
#include "error.h"
#include "id.h"
#include "rescue.h"
#include "settle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAUSE_MS = 1000, PAUSE_MAX_MS = 300000, RESEND_MS = 60000 };
#define SPAN_MAX_MS (366 * (int64_t)86400000)

int mqm__settle_tell(const struct settling *s, const struct mqm_settled *told)
{
    struct mqm_settled t = *told;

    t.size = sizeof(t);
    if (s->visit)
        return s->visit(s->user, &t);
    if (t.fate == MQM_SETTLED_NO_BODY || t.fate == MQM_SETTLED_FAILED)
        mqm__log(s->m, MQM_WARN, "%.*s: %s", (int)t.msg->id_len,
                 (const char *)t.msg->id, t.why);
    return 0;
}

/* --------------------------------- asking -------------------------------- */

static int add_due(struct settling *s, const struct mqm_msg *msg,
                   const struct mqm_record *rec)
{
    struct due *d;

    if (s->n_due == s->room) {
        d = realloc(s->due, (s->room * 2 + 16) * sizeof(*d));
        if (!d)
            return mqm__fail(-ENOMEM, "no memory for %zu messages", s->n_due);
        s->due = d;
        s->room = s->room * 2 + 16;
    }
    d = &s->due[s->n_due++];
    *d = (struct due){.id_len = msg->id_len, .record = *rec};
    memcpy(d->id, msg->id, msg->id_len);
    d->folded_len = mqm__id_fold(d->folded, msg->id, msg->id_len);
    return 0;
}

static int64_t pause_after(const struct settling *s, unsigned times)
{
    const int64_t ms = mqm__memo_pause(s->o.pause_ms, times);

    return ms < s->o.pause_max_ms ? ms : s->o.pause_max_ms;
}

/* Not now: asked again after the pause, and in any case when the settling time
 * is over. */
static int put_off(struct settling *s, struct mqm_settled *t, int answer)
{
    const int64_t left_ms = t->record->left_ms;
    int64_t ms = pause_after(s, t->asked);

    if (left_ms > 0 && (answer == MQM_FAILED || left_ms < ms))
        ms = left_ms;
    mqm__memo_put(s->m, s->topic->space, t->msg, t->record->token,
                  mqm__mono_ms() + ms);
    t->fate = MQM_SETTLED_WAITS;
    t->retry_ms = ms;
    t->why = answer == MQM_FAILED ? "not done so far, but the attempt in doubt "
                                    "may still act" : "not known yet";
    return mqm__settle_tell(s, t);
}

/* In a copy, since the text ends here; asked again after the pause. */
static int tell_failed(struct settling *s, const struct mqm_settled *asked)
{
    struct mqm_settled t = *asked;
    char why[512];

    snprintf(why, sizeof(why), "%s", mqm_errmsg());
    t.fate = MQM_SETTLED_FAILED;
    t.why = why;
    mqm__memo_put(s->m, s->topic->space, t.msg, t.record->token,
                  mqm__mono_ms() + pause_after(s, t.asked));
    return mqm__settle_tell(s, &t);
}

static int put_on_record(struct settling *s, struct mqm_settled *t, int answer)
{
    int r = mqm_resolve(s->m, t->msg, t->record->token, answer);

    if (r == -EAGAIN) /* the store knows better how old it is */
        return put_off(s, t, MQM_FAILED);
    if (r == MQM_OK && answer == MQM_HANDLED) {
        t->fate = MQM_SETTLED_DONE;
        t->why = "it happened";
    } else if (r == MQM_OK) {
        t->fate = MQM_SETTLED_AGAIN;
        t->why = "it did not happen";
        r = add_due(s, t->msg, t->record);
        if (r < 0)
            return r;
    } else if (r == MQM_LOST) {
        t->fate = MQM_SETTLED_WAITS;
        t->why = "it moved since it was listed";
    } else {
        return tell_failed(s, t);
    }
    return mqm__settle_tell(s, t);
}

/* How long it must not be asked about yet; 0: now. */
static int64_t not_before(const struct settling *s, const struct mqm_settled *t,
                          const struct memo *asked)
{
    int64_t ms = asked->times ? asked->at_ms - mqm__mono_ms() : 0;
    struct memo sent;

    if (ms > 0 || t->record->doubt)
        return ms > 0 ? ms : 0;
    /* Failed too often, and perhaps again and again. */
    sent = mqm__memo_get(s->m, s->topic->space, t->msg, 0);
    ms = sent.at_ms + pause_after(s, sent.times) - mqm__now_ms();
    return sent.times && ms > 0 ? ms : 0;
}

static int ask(struct settling *s, const struct mqm_msg *msg,
               const struct mqm_record *rec)
{
    const struct memo asked = mqm__memo_get(s->m, s->topic->space, msg,
                                            rec->token);
    struct mqm_settled t = {.msg = msg, .record = rec};
    int answer;

    t.retry_ms = not_before(s, &t, &asked);
    if (t.retry_ms > 0) {
        t.fate = MQM_SETTLED_WAITS;
        t.why = "asked a while ago, or sent";
        return mqm__settle_tell(s, &t);
    }
    t.asked = asked.times + 1;
    answer = s->m->opts.resolve(s->m->opts.user, msg, rec);
    if (answer == MQM_HANDLED || (answer == MQM_FAILED && rec->left_ms == 0))
        return put_on_record(s, &t, answer);
    return put_off(s, &t, answer);
}

/* --------------------------- what was cut off ---------------------------- */

/* Owed again some time ago, and nobody is at it. */
static bool is_unsent(const struct settling *s, const struct mqm_msg *msg,
                      const struct mqm_record *rec)
{
    struct memo sent;

    if ((rec->state != MQM_OWED && rec->state != MQM_HELD) ||
        !(rec->flags & MQM_UNSENT) || rec->left_ms > 0 ||
        rec->age_ms < s->o.resend_ms)
        return false;
    sent = mqm__memo_get(s->m, s->topic->space, msg, 0);
    return sent.times == 0 || mqm__now_ms() - sent.at_ms >=
                              mqm__memo_pause(s->o.resend_ms, sent.times);
}

static int consider(void *user, const struct mqm_msg *msg,
                    const struct mqm_record *rec)
{
    struct settling *s = user;

    if (atomic_load(&s->m->stopped))
        return mqm__fail(-ECANCELED, "mqm_stop() was called");
    if (rec->state == MQM_PARKED || (rec->state == MQM_OWED && rec->doubt))
        return ask(s, msg, rec);
    return is_unsent(s, msg, rec) ? add_due(s, msg, rec) : 0;
}

/* -------------------------------- the call ------------------------------- */

static int take(int64_t *ms, int64_t fallback, const char *name)
{
    if (*ms < 0 || *ms > SPAN_MAX_MS)
        return mqm__fail(-EINVAL, "%s is not within a year: %lld", name,
                         (long long)*ms);
    if (*ms == 0)
        *ms = fallback;
    return 0;
}

static int take_options(struct settling *s, const struct mqm_settle_options *o)
{
    int r;

    if (!o || o->size < sizeof(o->size))
        return mqm__fail(-EINVAL, "set the options up with "
                         "MQM_SETTLE_OPTIONS_INIT");
    memcpy(&s->o, o, o->size < sizeof(s->o) ? o->size : sizeof(s->o));
    if (!s->m->opts.resolve)
        return mqm__fail(-EINVAL, "mqm_settle() asks the hook \"resolve\" of "
                         "struct mqm_options, and this handle was opened "
                         "without");
    if (!s->o.topic)
        return mqm__fail(-EINVAL, "mqm_settle() needs a topic");
    r = take(&s->o.pause_ms, PAUSE_MS, "pause_ms");
    if (r == 0)
        r = take(&s->o.pause_max_ms, PAUSE_MAX_MS, "pause_max_ms");
    if (r == 0)
        r = take(&s->o.resend_ms, RESEND_MS, "resend_ms");
    return r;
}

int mqm_settle(mqm *m, const struct mqm_settle_options *opts,
               int (*visit)(void *user, const struct mqm_settled *s),
               void *user)
{
    struct settling s = {.m = m, .visit = visit, .user = user};
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r == 0)
        r = take_options(&s, opts);
    if (r < 0)
        return r;
    snap = mqm__snapshot(m);
    s.topic = mqm__config_topic(snap->config, s.o.group, s.o.topic);
    r = s.topic ? 0 : -ENOENT;
    if (r == 0)
        r = mqm_pending(m, s.o.side, s.topic->group, s.topic->topic, consider,
                        &s);
    if (r == 0)
        r = mqm__settle_send(&s);
    free(s.due);
    mqm__snapshot_put(snap);
    return r;
}
