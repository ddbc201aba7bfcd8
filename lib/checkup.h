/* SPDX-License-Identifier: MIT */
/* checkup.h - what could make a migration lose messages, found before it does.
 */
#ifndef MQM_CHECKUP_H
#define MQM_CHECKUP_H

#include "core.h"
#include "error.h"

/* Findings on their way to a visitor.  A plugin gets the inquiry in it. */
struct checkup {
    struct mqm_inquiry inquiry; /* first: an inquiry is its check-up */
    const char *part, *group, *topic;
    int (*visit)(void *user, const struct mqm_finding *finding);
    void *user;
    int stop; /* what visit() returned: nothing is found after that */
};

MQM__PRINTF(5)
void mqm__find(struct checkup *k, int level, const char *subject,
               const char *remedy, const char *fmt, ...);

/* checkup_config.c: the settings of a topic against each other. */
void mqm__checkup_topic(struct checkup *k, const struct config *c,
                        const struct topic_config *t);

/* For mqm_open(): < 0 with words if the store is not to be used. */
int mqm__checkup_opening(mqm *m);

#endif
