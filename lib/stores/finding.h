/* SPDX-License-Identifier: MIT */
/* finding.h - what several stores find in a check-up, said alike. */
#ifndef MQM_STORES_FINDING_H
#define MQM_STORES_FINDING_H

#include <mqmigrate/plugin.h>

/* The store's clock is off_ms ahead of this machine's, give or take half of
 * trip_ms. */
void mqm__find_clock(const struct mqm_inquiry *q, int64_t off_ms,
                     int64_t trip_ms);

#endif
