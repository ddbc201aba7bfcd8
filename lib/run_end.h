/* SPDX-License-Identifier: MIT */
/* run_end.h - how an attempt ends: what the handler said, told to the store,
 * and what that means for the copy.
 */
#ifndef MQM_RUN_END_H
#define MQM_RUN_END_H

#include "run.h"

/* Have the attempt end with this op in the next exchange. */
void mqm__end(struct run *r, struct item *i, int op);

/* The outcome of a handler becomes an op. */
void mqm__handler_said(struct run *r, struct item *i, int outcome);

/* Keep the body and end with op, OP_PARK or OP_PARK_FAILED.  A body that could
 * not be kept leaves the attempt as it is: its lease runs out, the copy comes
 * again, and parking is tried again. */
void mqm__park(struct run *r, struct item *i, int op, int why);

/* After the exchange: results of the copies.  An end that the store did not
 * answer is told again until it does, or until some seconds after
 * mqm_stop(). */
void mqm__conclude(struct run *r, struct chunk *c);

/* Before the next try: doubles with each. */
int64_t mqm__pause_after(const struct topic_config *t, unsigned attempt);

#endif
