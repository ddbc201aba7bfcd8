/* SPDX-License-Identifier: MIT */
/* retire.h - the word that a side may be switched off, kept in the store.
 *
 * It lies in a space of its own beside the topic's, "app/group/topic/retired"
 * (the instances' space is swept); a side's name is the key.  The value:
 *
 *     format (1), when, Unix ms (8), who
 *
 * What comes behind is not looked at, so that a later library may add to it.
 * It decides nothing: policy and records do.
 */
#ifndef MQM_RETIRE_H
#define MQM_RETIRE_H

#include "core.h"

enum { RETIRE_WHO = 64 };

/* Is there a message, not seen by anybody yet, that the cut, the switch or the
 * allow list would give to the side? */
bool mqm__gives(const struct policy *p, int side);

/* retired.c: 0, or < 0 with words. */
int mqm__retired_put(mqm *m, const struct topic_config *t, int side,
                     const char *who);

#endif
