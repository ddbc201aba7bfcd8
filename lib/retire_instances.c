/* SPDX-License-Identifier: MIT */
/* retire_instances.c - who decides, by which policy, and since when does nobody
 * decide by one that gives the side anything?
 *
 * One that was killed while it acted by another policy cannot say that it is
 * dead.  Somebody who knows may: it then counts like one that was closed, at
 * the last moment at which it can have been alive and unheard of.  From there
 * the policy's maximum age runs, as for all: an instance that was only stopped
 * and wakes up later has not confirmed its policy for longer than that, and by
 * rule 9 gives nothing away.
 */
#include "error.h"
#include "report.h"
#include "retire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------- declared dead ------------------------------ */

static bool is_declared(const struct retire *q, const char *instance)
{
    for (size_t i = 0; i < q->o.n_dead; i++)
        if (strcmp(q->o.dead[i], instance) == 0)
            return true;
    return false;
}

/* Of one name: a process that took it over does not hide the one before. */
struct namesake {
    const char *name;
    bool known, silent, unknown;
    int64_t seen_ms; /* of the one that is there */
};

static int note_namesake(void *user, const struct mqm_instance_info *i)
{
    struct namesake *n = user;

    if (strcmp(i->instance, n->name) != 0)
        return 0;
    n->known = true;
    n->unknown |= (i->flags & MQM_INSTANCE_UNKNOWN) != 0;
    if (i->flags & (MQM_INSTANCE_SILENT | MQM_INSTANCE_GONE))
        n->silent = true;
    else
        n->seen_ms = i->seen_ms;
    return 0;
}

static int check_one(struct retire *q, const char *name)
{
    struct namesake n = {.name = name};
    int r = mqm_instances(q->m, q->topic->group, q->topic->topic,
                          note_namesake, &n);

    if (r < 0)
        return r;
    if (!n.known)
        return mqm__fail(-ENOENT, "no instance '%s' has reported for topic "
                         "'%s': 'mqmctl status' has the names, and whoever is "
                         "not there need not be declared dead", name,
                         q->topic->topic);
    if (n.unknown)
        return mqm__fail(-EBUSY, "instance '%s' reports in a way that this "
                         "library does not know, so whether it is dead cannot "
                         "be told: ask with the newest library of all", name);
    if (!n.silent)
        return mqm__fail(-EBUSY, "instance '%s' is not dead: it reported %"
                         PRId64 " ms ago; stop it first, or wait until three "
                         "reports of it are missing", name, n.seen_ms);
    return 0;
}

int mqm__retire_check_dead(struct retire *q)
{
    int r = 0;

    for (size_t i = 0; i < q->o.n_dead && r >= 0; i++)
        r = check_one(q, q->o.dead[i]);
    return r;
}

/* ------------------------------ who decides ------------------------------ */

static void not_longer_than(struct retire *q, int64_t ms)
{
    if (ms < q->in_force_ms)
        q->in_force_ms = ms;
}

static void tell_silent(struct retire *q, const struct mqm_instance_info *i)
{
    char remedy[RETIRE_WORDS];

    snprintf(remedy, sizeof(remedy), "make sure that it is dead, and say so: "
             "mqmctl retire %s --side %s --dead %s (or wait: it is forgotten "
             "after 720 reports, an hour)", q->topic->topic, q->name,
             i->instance);
    mqm__no(q, "instance", remedy, "%s on %s had another policy and is not "
            "heard of for %" PRId64 " s", i->instance, i->side,
            i->seen_ms / 1000);
}

static void tell_outdated(struct retire *q, const struct mqm_instance_info *i)
{
    if (i->flags & MQM_INSTANCE_UNKNOWN)
        mqm__no(q, "instance", "ask with the newest library of all",
                "%s on %s reports in a way that this library does not know",
                i->instance, i->side);
    else if (i->flags & MQM_INSTANCE_SILENT)
        tell_silent(q, i);
    else
        mqm__no(q, "instance", "wait, or restart it; its configuration must "
                "be the same", "%s on %s acts by another policy (switch %s, "
                "cut %u.%04u%%)", i->instance, i->side,
                i->flags & MQM_INSTANCE_SWITCHED ? "on" : "off",
                i->cut_ppm / 10000, i->cut_ppm % 10000);
}

static void take_dead(struct retire *q, const struct mqm_instance_info *i,
                      bool same)
{
    const int64_t unheard_ms =
        i->seen_ms - mqm__silent_after_ms(i->report_ms);

    not_longer_than(q, same ? i->in_force_ms : unheard_ms);
    mqm__find(&q->k, MQM_WARNING, "dead", "should it come back, mqmctl status "
              "shows it, and mqmctl pending what it left to this side",
              "%s on %s is taken for dead; its last report is %" PRId64
              " s old%s", i->instance, i->side, i->seen_ms / 1000,
              same ? "" : ", and of another policy");
}

/* Both are no reason why not, but for somebody to judge. */
static void tell_old_sides(struct retire *q, const struct mqm_instance_info *i)
{
    if (i->without_id > 0)
        mqm__find(&q->k, MQM_WARNING, "id", "all producers have to send one",
                  "%s on %s has seen %" PRIu64 " messages without an id: they "
                  "are the old side's whatever the policy says", i->instance,
                  i->side, i->without_id);
    if (i->future_born > 0)
        mqm__find(&q->k, MQM_WARNING, "clock", "set the producers' clocks "
                  "right", "%s on %s has seen %" PRIu64 " messages that were "
                  "born later than its present: they are the old side's "
                  "whatever the policy says", i->instance, i->side,
                  i->future_born);
}

static void take_present(struct retire *q, const struct mqm_instance_info *i)
{
    not_longer_than(q, i->in_force_ms);
    if (i->flags & MQM_INSTANCE_SILENT) {
        mqm__find(&q->k, MQM_WARNING, "instance", "make sure that it is dead",
                  "%s on %s is not heard of for %" PRId64 " s; it had this "
                  "policy", i->instance, i->side, i->seen_ms / 1000);
        return;
    }
    if (strcmp(i->side, q->other) == 0)
        q->workers++;
    else
        q->readers++;
    tell_old_sides(q, i);
}

static int take_instance(void *user, const struct mqm_instance_info *i)
{
    struct retire *q = user;
    const bool same = !(i->flags & MQM_INSTANCE_UNKNOWN) &&
                      i->policy == q->topic->print;

    if (i->flags & MQM_INSTANCE_GONE) { /* it acted until then */
        if (!same)
            not_longer_than(q, i->seen_ms);
    } else if ((i->flags & MQM_INSTANCE_SILENT) &&
               is_declared(q, i->instance)) {
        take_dead(q, i, same);
    } else if (!same) {
        tell_outdated(q, i);
    } else {
        take_present(q, i);
    }
    return 0;
}

static void ask_age(struct retire *q)
{
    const int64_t wait_ms = q->topic->policy_max_age_ms;

    q->moment_ms = mqm__now_ms();
    if (q->in_force_ms < wait_ms)
        mqm__no(q, "age", "wait", "the policy is in force everywhere for %"
                PRId64 " s only: %" PRId64 " s more (policy_max_age_ms)",
                q->in_force_ms / 1000,
                (wait_ms - q->in_force_ms + 999) / 1000);
    else
        q->moment_ms -= q->in_force_ms - wait_ms;
}

void mqm__retire_ask_instances(struct retire *q)
{
    int r;

    q->in_force_ms = INT64_MAX;
    r = mqm_instances(q->m, q->topic->group, q->topic->topic, take_instance,
                      q);
    if (r < 0) {
        mqm__not_known(q, "instance", "who is there is not known");
        q->in_force_ms = 0;
    } else if (q->workers == 0) {
        mqm__no(q, "instance", "start it, with report_ms above 0", "no "
                "consumer of %s reports this policy: nobody would do what %s "
                "does no more", q->other, q->name);
        q->in_force_ms = 0;
    }
    if (!mqm__gives(&q->topic->policy, q->side) && q->workers > 0)
        ask_age(q);
    else
        q->moment_ms = mqm__now_ms();
}
