/* SPDX-License-Identifier: MIT */
/* run_claim.h - which copies are claimed next. */
#ifndef MQM_RUN_CLAIM_H
#define MQM_RUN_CLAIM_H

#include "run.h"

enum { RUN_RETRY_MS = 500 }; /* after what is neither a lease nor a pause */

struct mqm_delivery *mqm__nth(const struct run *r, size_t i);

/* More is claimed while one chunk is worked on only if handlers are fast: it
 * would be in doubt if this process died. */
bool mqm__claims_ahead(const struct run *r);

/* The next chunk of the caller's copies: as many as the handler begins within
 * its span, each with its work, but for those that are refused or wait. */
void mqm__fill(struct run *r, struct chunk *c);

void mqm__put_off(struct mqm_delivery *d, int result, int64_t ms,
                  const char *why);

/* Scratch and chunks, to be put back when the run is delisted. */
int mqm__take_room(struct run *r);

#endif
