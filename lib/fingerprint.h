/* SPDX-License-Identifier: MIT */
/* fingerprint.h - do two processes decide alike?
 *
 * A print is the same for policies that name the same side for every message,
 * as far as their text tells: both sides, switch, cut, since, margin, hash,
 * salt, and the entries of the allow list in any order.  It is the same on all
 * machines, and never 0.
 */
#ifndef MQM_FINGERPRINT_H
#define MQM_FINGERPRINT_H

#include "policy.h"

uint64_t mqm__fingerprint(const struct policy *p, const char *old_side,
                           const char *new_side);

#endif
