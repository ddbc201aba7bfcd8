/* SPDX-License-Identifier: MIT */
/* retire.h - may a side be switched off, and the word that it may, kept in the
 * store.
 *
 * retire.c asks, retire_instances.c asks after those who decide, and retired.c
 * keeps the yes: in a space of its own beside the topic's,
 * "app/group/topic/retired" (the instances' space is swept).  The key is a
 * side's name, and the value
 *
 *     format (1), when, Unix ms (8), who
 *
 * and for each instance that was declared dead "SIDE/INSTANCE", with
 *
 *     format (1), when (8): that of the yes it belongs to
 *
 * What comes behind is not looked at, so that a later library may add to it.
 * It decides nothing: policy and records do.
 */
#ifndef MQM_RETIRE_H
#define MQM_RETIRE_H

#include "checkup.h"
#include "core.h"

enum { RETIRE_WHO = 64, RETIRE_WORDS = 512 };

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

/* Is there a message, not seen by anybody yet, that the cut, the switch or the
 * allow list would give to the side? */
bool mqm__gives(const struct policy *p, int side);

/* A reason; and what the library has just said, as one. */
MQM__PRINTF(4)
void mqm__no(struct retire *q, const char *subject, const char *remedy,
             const char *fmt, ...);
void mqm__not_known(struct retire *q, const char *subject, const char *what);

/* retire_instances.c: 0, or < 0 with words if one that was declared dead is
 * not. */
int mqm__retire_check_dead(struct retire *q);

/* retire_instances.c: who decides, by which policy, and since when. */
void mqm__retire_ask_instances(struct retire *q);

/* retired.c: 0, or < 0 with words. */
int mqm__retired_put(mqm *m, const struct topic_config *t, int side,
                     const char *who, const char *const *dead, size_t n_dead);

/* retired.c: what to do after a yes, in this order; each step is safe without
 * the next.  flags: of mqm_retire_flag. */
void mqm__retire_steps(struct checkup *k, const struct topic_config *t,
                       int side, unsigned flags);

#endif
