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
#include "checkup.h"
#include "copies.h"
#include "error.h"
#include "rescue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORDS = 512 };

struct part {
    uint64_t n;
    int64_t oldest_ms;
};

struct retire {
    struct checkup k; /* first: what is found goes through it */
    mqm *m;
    struct mqm_retire_options o;
    const struct topic_config *topic;
    int side; /* MQM_OLD or MQM_NEW */
    const char *name, *other;
    unsigned no; /* reasons why not */

    struct part owed, held, parked;

    unsigned workers;    /* of the other side, who act by this policy        */
    unsigned readers;    /* of this side                                     */
    int64_t in_force_ms; /* so long nobody acts by another one               */
    int64_t moment_ms;   /* Unix: nothing after it is the side's             */

    int64_t behind; /* what its group has not read */
    uint64_t alone; /* known from its broker alone */
};

MQM__PRINTF(4)
static void no(struct retire *q, const char *subject, const char *remedy,
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

/* What the library has just said, as a reason. */
static void not_known(struct retire *q, const char *subject, const char *what)
{
    no(q, subject, "ask again when it can be told", "%s: %s", what,
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
    no(q, "policy", remedy, "the policy gives messages to %s: switch %s, cut "
       "%u.%04u%%, %zu on the allow list", q->name, p->on ? "on" : "off",
       p->cut_ppm / 10000, p->cut_ppm % 10000, allowed);
}

/* ------------------------------ who decides ------------------------------ */

static void tell_outdated(struct retire *q, const struct mqm_instance_info *i)
{
    const bool silent = i->flags & MQM_INSTANCE_SILENT;

    if (i->flags & MQM_INSTANCE_UNKNOWN)
        no(q, "instance", "ask with the newest library of all",
           "%s on %s reports in a way that this library does not know",
           i->instance, i->side);
    else if (silent)
        no(q, "instance", "make sure that it is dead; it is forgotten an hour "
           "after its last report (720 of them)",
           "%s on %s had another policy and is not heard of for %" PRId64
           " s", i->instance, i->side, i->seen_ms / 1000);
    else
        no(q, "instance", "wait, or restart it; its configuration must be the "
           "same", "%s on %s acts by another policy (switch %s, cut "
           "%u.%04u%%)", i->instance, i->side,
           i->flags & MQM_INSTANCE_SWITCHED ? "on" : "off",
           i->cut_ppm / 10000, i->cut_ppm % 10000);
}

static void not_longer_than(struct retire *q, int64_t ms)
{
    if (ms < q->in_force_ms)
        q->in_force_ms = ms;
}

static int ask_instance(void *user, const struct mqm_instance_info *i)
{
    struct retire *q = user;
    const bool same = !(i->flags & MQM_INSTANCE_UNKNOWN) &&
                      i->policy == q->topic->print;

    if (i->flags & MQM_INSTANCE_GONE) { /* it acted until then */
        if (!same)
            not_longer_than(q, i->seen_ms);
        return 0;
    }
    if (!same) {
        tell_outdated(q, i);
        return 0;
    }
    not_longer_than(q, i->in_force_ms);
    if (i->flags & MQM_INSTANCE_SILENT) {
        mqm__find(&q->k, MQM_WARNING, "instance", "make sure that it is dead",
                  "%s on %s is not heard of for %" PRId64 " s; it had this "
                  "policy", i->instance, i->side, i->seen_ms / 1000);
        return 0;
    }
    if (strcmp(i->side, q->other) == 0)
        q->workers++;
    else
        q->readers++;
    if (i->future_born > 0)
        mqm__find(&q->k, MQM_WARNING, "clock", "set the producers' clocks "
                  "right", "%s on %s has seen %" PRIu64 " messages that were "
                  "born later than its present: they are the old side's "
                  "whatever the policy says", i->instance, i->side,
                  i->future_born);
    return 0;
}

static void ask_age(struct retire *q)
{
    const int64_t wait_ms = q->topic->policy_max_age_ms;

    q->moment_ms = mqm__now_ms();
    if (q->in_force_ms < wait_ms)
        no(q, "age", "wait", "the policy is in force everywhere for %" PRId64
           " s only: %" PRId64 " s more (policy_max_age_ms)",
           q->in_force_ms / 1000, (wait_ms - q->in_force_ms + 999) / 1000);
    else
        q->moment_ms -= q->in_force_ms - wait_ms;
}

static void ask_instances(struct retire *q)
{
    int r;

    q->in_force_ms = INT64_MAX;
    r = mqm_instances(q->m, q->topic->group, q->topic->topic, ask_instance, q);
    if (r < 0) {
        not_known(q, "instance", "who is there is not known");
        q->in_force_ms = 0;
    } else if (q->workers == 0) {
        no(q, "instance", "start it, with report_ms above 0", "no consumer of "
           "%s reports this policy: nobody would do what %s does no more",
           q->other, q->name);
        q->in_force_ms = 0;
    }
    if (!mqm__gives(&q->topic->policy, q->side) && q->workers > 0)
        ask_age(q);
    else
        q->moment_ms = mqm__now_ms();
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
        no(q, state, remedy, "%" PRIu64 " %s %s, the oldest for %" PRId64 " s",
           p->n, state, q->name, p->oldest_ms / 1000);
}

static void ask_open(struct retire *q)
{
    const int r = mqm_pending(q->m, q->name, q->topic->group, q->topic->topic,
                              count_open, q);

    if (r != 0)
        not_known(q, "owed by", "what is open is not known");
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
        no(q, "read", "bring its broker back; if it is lost for good: mqmctl "
           "retire --anyway", "how far the group of %s has read is not known: "
           "%s", q->name, mqm_errmsg());
    else if (until_ms - q->topic->policy.margin_ms < q->moment_ms)
        no(q, "read", "let its consumers read on", "the group of %s has "
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
        not_known(q, "copies", "what reached one broker only is not known");
    if (q->alone == 0)
        return;
    snprintf(words, sizeof(words), "mqmctl rescue %s --older %" PRId64 "ms",
             q->topic->topic, o.older_ms);
    no(q, "copies", words, "%" PRIu64 " owed by %s did not come there: what "
       "%s has of them may be the only copy", q->alone, q->other, q->name);
}

/* -------------------------------- the answer ----------------------------- */

/* In this order; each step is safe without the next. */
static void tell_steps(struct retire *q)
{
    const char *parking = q->topic->at[q->side].parking;

    if (q->o.flags & MQM_RETIRE_BROKEN)
        mqm__find(&q->k, MQM_FINE, "1", "", "producers send to %s alone "
                  "(mqm_publish(): msg.side)", q->other);
    else
        mqm__find(&q->k, MQM_FINE, "1", "", "producers stop sending to %s and "
                  "send to %s alone (mqm_publish(): msg.side)", q->name,
                  q->other);
    mqm__find(&q->k, MQM_FINE, "2", "", "when its group has read the rest%s, "
              "the consumers of %s stop", q->o.flags & MQM_RETIRE_BROKEN
              ? " (or now, if its broker is gone)" : "", q->name);
    mqm__find(&q->k, MQM_FINE, "3", "", "when 'mqmctl rescue %s' finds nothing "
              "more, the topic%s%s goes", q->topic->topic,
              parking[0] ? " and its parking topic " : " on ",
              parking[0] ? parking : q->name);
    mqm__find(&q->k, MQM_FINE, "4", "", "the store and the guard of %s stay "
              "for another %" PRId64 " h (keep_ms): until then a copy may come "
              "twice", q->other, (q->topic->keep_ms + 3599999) / 3600000);
}

static int decide(struct retire *q)
{
    const char *who = q->o.who ? q->o.who : q->m->instance;
    int r;

    ask_policy(q);
    ask_instances(q);
    ask_open(q);
    ask_read(q);
    ask_alone(q);
    if (q->k.stop || q->no)
        return q->k.stop ? q->k.stop : MQM_LATER;
    if (!(q->o.flags & MQM_RETIRE_DRY)) {
        r = mqm__retired_put(q->m, q->topic, q->side, who);
        if (r < 0)
            return r;
    }
    tell_steps(q);
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
