/* SPDX-License-Identifier: MIT */
/* retire.c - may a side be switched off?
 *
 * Once nobody decides by a policy that gives the side anything, what it still
 * has to do only becomes less.  It is on record, or it is owed by rule, without
 * a record that is listed; then it lies on the side's own broker, from before
 * that moment.  So:
 *
 *     no policy gives it anything, on no instance, for long enough
 *         -> a moment after which nothing new is the side's
 *     nothing of it is open in the store
 *     its group has read all that came before that moment
 *     nothing is known from its broker alone (rule 12)
 *
 * All is asked each time, and each no is told.  What cannot be asked is a no.
 */
#include "retire.h"
#include "copies.h"
#include "error.h"
#include "rescue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORDS = RETIRE_WORDS };

void mqm__no(struct retire *q, const char *subject, const char *remedy,
             const char *fmt, ...)
{
    char text[WORDS];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    q->no++;
    mqm__find(&q->k, MQM_FATAL, subject, remedy, "%s", text);
}

void mqm__not_known(struct retire *q, const char *subject, const char *what)
{
    mqm__no(q, subject, "ask again when it can be told", "%s: %s", what,
            mqm_errmsg());
}

/* ------------------------------- the policy ------------------------------ */

bool mqm__gives(const struct policy *p, int side)
{
    if (side == MQM_OLD)
        return p->since_ms <= 0 || !p->on || p->cut_ppm != MQM_CUT_ALL;
    return p->since_ms > 0 && (mqm__allow_list_size(p->allow) > 0 ||
                               (p->on && p->cut_ppm > 0));
}

static void ask_policy(struct retire *q)
{
    const struct policy *p = &q->topic->policy;
    const size_t allowed = mqm__allow_list_size(p->allow);
    char remedy[WORDS];

    if (!mqm__gives(p, q->side))
        return;
    if (q->side == MQM_OLD)
        snprintf(remedy, sizeof(remedy), "mqmctl switch %s on, mqmctl cut %s "
                 "100%%", q->topic->topic, q->topic->topic);
    else if (p->on && p->cut_ppm > 0)
        snprintf(remedy, sizeof(remedy), "mqmctl cut %s 0%%",
                 q->topic->topic);
    else
        snprintf(remedy, sizeof(remedy), "mqmctl allow %s --remove ...",
                 q->topic->topic);
    mqm__no(q, "policy", remedy, "the policy gives messages to %s: switch %s, "
            "cut %u.%04u%%, %zu on the allow list", q->name,
            p->on ? "on" : "off", p->cut_ppm / 10000, p->cut_ppm % 10000,
            allowed);
}

/* ------------------------------ what is open ----------------------------- */

static int count_open(void *user, const struct mqm_msg *msg,
                      const struct mqm_record *rec)
{
    struct retire *q = user;
    struct part *p = rec->state == MQM_HELD ? &q->held
                     : rec->state == MQM_PARKED ? &q->parked : &q->owed;

    (void)msg;
    p->n++;
    if (rec->age_ms > p->oldest_ms)
        p->oldest_ms = rec->age_ms;
    return 0;
}

static void tell_open(struct retire *q, const struct part *p,
                      const char *state, const char *remedy)
{
    if (p->n > 0)
        mqm__no(q, state, remedy, "%" PRIu64 " %s %s, the oldest for %" PRId64
                " s", p->n, state, q->name, p->oldest_ms / 1000);
}

static void ask_open(struct retire *q)
{
    const int r = mqm_pending(q->m, q->name, q->topic->group, q->topic->topic,
                              count_open, q);

    if (r != 0)
        mqm__not_known(q, "owed by", "what is open is not known");
    tell_open(q, &q->held, "held by", "wait");
    tell_open(q, &q->owed, "owed by", "wait, or mqmctl rescue; if the side is "
              "broken: mqmctl assign --all");
    tell_open(q, &q->parked, "parked for", "mqmctl parked, mqmctl resolve; if "
              "the side is broken: mqmctl assign --all");
}

/* ---------------------------- what it has read --------------------------- */

static int add_behind(void *user, const struct mqm_position *p)
{
    struct retire *q = user;
    const int64_t at = p->committed >= 0 ? p->committed : p->begin;

    if (p->end > at)
        q->behind += p->end - at;
    return 0;
}

static void ask_read(struct retire *q)
{
    int64_t until_ms = 0;
    int r;

    if (q->o.flags & MQM_RETIRE_BROKEN) {
        mqm__find(&q->k, MQM_WARNING, "read", "", "the broker of %s is not "
                  "asked how far its group has read: what nobody has seen "
                  "there is not known", q->name);
        return;
    }
    r = mqm__positions(q->m, q->topic, q->side, add_behind, q);
    if (r == 0)
        r = mqm__read_until(q->m, q->topic, q->side, &until_ms);
    if (r != 0)
        mqm__no(q, "read", "bring its broker back; if it is lost for good: "
                "mqmctl retire --anyway", "how far the group of %s has read is "
                "not known: %s", q->name, mqm_errmsg());
    else if (until_ms - q->topic->policy.margin_ms < q->moment_ms)
        mqm__no(q, "read", "let its consumers read on", "the group of %s has "
                "%" PRId64 " to read, some of it from before the policy was in "
                "force everywhere", q->name, q->behind);
}

/* ------------------------ what it alone has (rule 12) -------------------- */

static int count_alone(void *user, const struct mqm_rescued *r)
{
    struct retire *q = user;

    if (r->fate != MQM_RESCUE_WAITS && r->fate != MQM_RESCUE_WITHOUT_ID)
        q->alone++;
    return 0;
}

static void ask_alone(struct retire *q)
{
    struct mqm_rescue_options o = MQM_RESCUE_OPTIONS_INIT;
    char words[WORDS];

    o.side = q->other;
    o.group = q->topic->group;
    o.topic = q->topic->topic;
    o.older_ms = q->topic->policy.margin_ms + 1;
    o.flags = MQM_RESCUE_DRY;
    if (mqm_rescue(q->m, &o, count_alone, q) != 0)
        mqm__not_known(q, "copies", "what reached one broker only is not "
                       "known");
    if (q->alone == 0)
        return;
    if (q->o.flags & MQM_RETIRE_BROKEN) {
        mqm__find(&q->k, MQM_WARNING, "copies", "have their producers send "
                  "them again, with the same ids", "%" PRIu64 " owed by %s did "
                  "not come there, and may have been on the broker of %s only",
                  q->alone, q->other, q->name);
        return;
    }
    snprintf(words, sizeof(words), "mqmctl rescue %s --older %" PRId64 "ms",
             q->topic->topic, o.older_ms);
    mqm__no(q, "copies", words, "%" PRIu64 " owed by %s did not come there: "
            "what %s has of them may be the only copy", q->alone, q->other,
            q->name);
}

/* -------------------------------- the answer ----------------------------- */

static int decide(struct retire *q)
{
    const char *who = q->o.who ? q->o.who : q->m->instance;
    int r = mqm__retire_check_dead(q);

    if (r < 0)
        return r;
    ask_policy(q);
    mqm__retire_ask_instances(q);
    ask_open(q);
    ask_read(q);
    ask_alone(q);
    if (q->k.stop || q->no)
        return q->k.stop ? q->k.stop : MQM_LATER;
    if (!(q->o.flags & MQM_RETIRE_DRY)) {
        r = mqm__retired_put(q->m, q->topic, q->side, who, q->o.dead,
                             q->o.n_dead);
        if (r < 0)
            return r;
    }
    mqm__retire_steps(&q->k, q->topic, q->side, q->o.flags);
    return q->k.stop;
}

static int take_options(struct retire *q, const struct mqm_retire_options *o)
{
    int r = mqm__enter(q->m);

    if (r < 0)
        return r;
    if (!o || o->size < sizeof(o->size))
        return mqm__fail(-EINVAL, "set the options up with "
                         "MQM_RETIRE_OPTIONS_INIT");
    memcpy(&q->o, o, o->size < sizeof(q->o) ? o->size : sizeof(q->o));
    if (!q->o.side || !q->o.topic || !q->k.visit)
        return mqm__fail(-EINVAL, "mqm_retire() needs a side, a topic and a "
                         "visitor");
    if (q->o.who && strlen(q->o.who) >= RETIRE_WHO)
        return mqm__fail(-EINVAL, "who asks has at most %d bytes",
                         RETIRE_WHO - 1);
    for (size_t i = 0; i < q->o.n_dead; i++)
        if (!q->o.dead || !q->o.dead[i] || !q->o.dead[i][0])
            return mqm__fail(-EINVAL, "name %zu of %zu that are dead is empty",
                             i + 1, q->o.n_dead);
    return 0;
}

int mqm_retire(mqm *m, const struct mqm_retire_options *opts,
               int (*visit)(void *user, const struct mqm_finding *reason),
               void *user)
{
    struct retire q = {.k = {.visit = visit, .user = user}, .m = m};
    struct snapshot *snap;
    int r = take_options(&q, opts);

    if (r < 0)
        return r;
    snap = mqm__snapshot(m);
    q.topic = mqm__config_topic(snap->config, q.o.group, q.o.topic);
    r = q.topic ? mqm__topic_side(q.topic, q.o.side) : -ENOENT;
    if (r >= 0) {
        q.side = r;
        q.name = q.k.part = q.topic->at[r].side->name;
        q.other = q.topic->at[1 - r].side->name;
        q.k.group = q.topic->group;
        q.k.topic = q.topic->topic;
        r = decide(&q);
    }
    mqm__snapshot_put(snap);
    return r;
}
