/* SPDX-License-Identifier: MIT */
/* reporter.h - an instance writes into the store that it is there.
 *
 * For each topic and side that it works for, from the keeper: every report_ms,
 * at once when the policy is another one, and at close, marked as gone.  What
 * nobody reports any more is taken out of the list by whoever does report, when
 * nobody can need it: REPORTS_KEPT reports later, and not before a policy that
 * it may still act by has run out (policy_max_age_ms), twice.
 *
 * A report decides nothing.  One that cannot be written is lost; there will be
 * another.
 */
#ifndef MQM_REPORTER_H
#define MQM_REPORTER_H

#include "report.h"

enum { REPORTS_KEPT = 720, REPORTS_A_SWEEP = 12 };

struct reporter {
    atomic_bool busy; /* of several threads in mqm_tick() one reports */
    char run[REPORT_RUN], host[REPORT_HOST];
    int64_t open_ms, swept_ms; /* monotonic */
    int64_t born_ms;           /* Unix time of the opening */
    bool failed;               /* the last time */
    bool complained;           /* once is enough */
};

void mqm__reporter_init(struct mqm *m);

/* Write what is due. */
void mqm__report(struct mqm *m);

/* At close, while the store is open and nobody else is in a call. */
void mqm__report_gone(struct mqm *m);

#endif
