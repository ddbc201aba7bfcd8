/* SPDX-License-Identifier: MIT */
/* advice.c - one sentence: what an operator does next.
 *
 * The first that fits: what is not known, what would lose or delay messages if
 * the cut were raised, and only then the next step.
 */
#include "picture.h"
#include "print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { EVERYBODY = 1000000 };

/* What is on its way between the two sides is no loss; a loss that small shows
 * as what is owed and never tried. */
#define ENOUGH 0.999

CTL_PRINTF(2, 3)
static const char *say(char buf[ADVICE_MAX], const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(buf, ADVICE_MAX, fmt, ap);
    va_end(ap);
    return buf;
}

static const char *unknown(char buf[ADVICE_MAX], const struct picture *p)
{
    if (p->store_error[0] != '\0')
        return say(buf, "bring the store back (%s)", p->store_error);
    if (p->open_error[0] != '\0')
        return say(buf, "what is open is not known: %s", p->open_error);
    if (p->instances_error[0] != '\0')
        return say(buf, "who is there is not known: %s", p->instances_error);
    return NULL;
}

static const char *unguarded(char buf[ADVICE_MAX], const struct picture *p)
{
    for (int i = 0; i < BOTH_SIDES; i++)
        if (p->side[i].read_on > 0)
            return say(buf, "replace the consumers of %s by guarded ones: its "
                       "group reads on although nobody of it reports",
                       p->side[i].name);
    return NULL;
}

static const char *nobody(char buf[ADVICE_MAX], const struct picture *p)
{
    if (p->reporting + p->silent > 0)
        return NULL;
    return say(buf, "start consumers of %s and %s: none has reported",
               p->names.old_side, p->names.new_side);
}

/* One that acts by another policy is named; the longest unheard of last. */
static const char *old_policy(char buf[ADVICE_MAX], const struct picture *p)
{
    const struct instance_view *worst = NULL;
    char ms[PRINT_MS_MAX];
    unsigned n = 0;

    for (size_t k = 0; k < p->instances; k++) {
        const struct instance_view *i = &p->instance[k];

        if (i->declared ||
            (i->info.flags & (MQM_INSTANCE_CURRENT | MQM_INSTANCE_GONE)))
            continue;
        n++;
        if (worst == NULL || i->info.seen_ms < worst->info.seen_ms)
            worst = i;
    }
    if (worst == NULL)
        return NULL;
    text_of_duration(ms, worst->info.seen_ms);
    if (worst->info.flags & MQM_INSTANCE_SILENT)
        return say(buf, "%s on %s had an old policy and is not heard of for "
                   "%s: make sure that it is dead", worst->instance,
                   worst->side, ms);
    return say(buf, "%u %s by an old policy: wait, or restart %s on %s", n,
               n == 1 ? "instance acts" : "instances act", worst->instance,
               worst->side);
}

static const char *lost_copies(char buf[ADVICE_MAX], const struct picture *p)
{
    char ms[PRINT_MS_MAX];

    for (int i = 0; i < BOTH_SIDES; i++) {
        const struct side_view *s = &p->side[i];

        if (s->untried == 0)
            continue;
        return say(buf, "do not raise the cut: %" PRIu64 " owed by %s %s never "
                   "tried there, the oldest for %s (a lost copy, or a consumer "
                   "that lags): mqmctl %s %s", s->untried, s->name,
                   s->untried == 1 ? "was" : "were",
                   text_of_duration(ms, s->untried_ms),
                   find_command("rescue") != NULL ? "rescue" : "pending",
                   p->names.topic);
    }
    return NULL;
}

/* Nobody has to work there any more. */
static int has_ended(const struct picture *p, int side)
{
    const struct side_view *s = &p->side[side];

    return side == OLD_SIDE && p->policy.switched &&
           p->policy.cut_ppm == EVERYBODY &&
           s->owed.n + s->held.n + s->parked.n == 0;
}

static const char *waiting(char buf[ADVICE_MAX], const struct picture *p)
{
    for (int i = 0; i < BOTH_SIDES; i++) {
        const struct side_view *s = &p->side[i];

        if (s->parked.n > 0)
            return say(buf, "resolve what is parked on %s (%" PRIu64
                       "): mqmctl parked %s", s->name, s->parked.n,
                       p->names.topic);
    }
    for (int i = 0; i < BOTH_SIDES; i++)
        if (p->side[i].instances == 0 && !has_ended(p, i))
            return say(buf, "start consumers of %s: none reports",
                       p->side[i].name);
    return NULL;
}

static const char *uncovered(char buf[ADVICE_MAX], const struct picture *p)
{
    for (int i = 0; i < BOTH_SIDES; i++) {
        const double share = coverage(p, i);

        if (share >= 0 && share < ENOUGH)
            return say(buf, "do not raise the cut to 100%%: of the messages "
                       "first seen on %s only %.2f%% came from %s, too; all "
                       "producers must send to both, and its consumers keep "
                       "up", p->side[i].name, 100 * share,
                       p->side[1 - i].name);
    }
    return NULL;
}

static const char *next_step(char buf[ADVICE_MAX], const struct picture *p)
{
    static const unsigned steps[] = {1, 5, 10, 25, 50, 100};
    const char *topic = p->names.topic;

    if (p->policy.since_ms == 0 || !p->policy.switched)
        return say(buf, "switch on, when all consumers are guarded and all "
                   "producers send to both: mqmctl switch %s on", topic);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (p->policy.cut_ppm < steps[i] * 10000)
            return say(buf, "raise the cut: mqmctl cut %s %u%%", topic,
                       steps[i]);
    if (p->side[OLD_SIDE].owed.n + p->side[OLD_SIDE].held.n > 0)
        return say(buf, "wait: %s still has %" PRIu64 " to do",
                   p->names.old_side,
                   p->side[OLD_SIDE].owed.n + p->side[OLD_SIDE].held.n);
    if (p->side[OLD_SIDE].retired_ms > 0)
        return say(buf, "%s is retired: take the steps that 'mqmctl retire %s "
                   "--side %s --dry-run' tells", p->names.old_side, topic,
                   p->names.old_side);
    return say(buf, "the old side owes nothing: mqmctl retire %s --side %s",
               topic, p->names.old_side);
}

const char *advice(char buf[ADVICE_MAX], const struct picture *p)
{
    static const char *(*const rules[])(char buf[ADVICE_MAX],
                                        const struct picture *p) = {
        unknown,    unguarded, nobody,    old_policy, lost_copies,
        waiting,    uncovered, next_step};
    const char *words = NULL;

    for (size_t i = 0; words == NULL; i++)
        words = rules[i](buf, p);
    return words;
}
