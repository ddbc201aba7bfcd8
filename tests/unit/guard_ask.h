/* SPDX-License-Identifier: MIT */
/* guard_ask.h - for tests that ask for a message step by step, while the leases
 * of SHORT run out in an instant: their clock is a quick one. */
#ifndef TESTS_GUARD_ASK_H
#define TESTS_GUARD_ASK_H

#include "../quick_clock.h"

#include "guard.h"

#define SHORT ", \"lease_ms\": 20000, \"handler_ms\": 5000, \"settle_ms\": " \
              "60000, \"pause_ms\": 0"

enum { LEASE_OVER_MS = 20050, SETTLED_MS = 60050 };

static inline void ask(int want, mqm *with, struct mqm_claim *c)
{
    int r = mqm_acquire(with, c);

    ck_assert_msg(r == want, "%d, not %d: %s %s", r, want, c->why,
                  mqm_errmsg());
    ck_assert_int_eq(c->result, r);
    ck_assert_int_eq(c->token != 0, r == MQM_OK || r == MQM_DOUBT);
    ck_assert(c->lease_ms > 0 && c->why != NULL);
}

#endif
