/* SPDX-License-Identifier: MIT */
/* combine_round.h - which of the calls that wait go with a round. */
#ifndef MQM_COMBINE_ROUND_H
#define MQM_COMBINE_ROUND_H

#include "combine.h"

/* In the order in which they came, up to so many calls, as many as fit; the
 * first always does.  What is too late by now is put aside.  Under the lock of
 * c. */
void mqm__round_take(struct combine *c, struct combine_round *r, unsigned most);

#endif
