/* SPDX-License-Identifier: MIT */
/* redis_checkup.h - can this Redis, as it is set up, carry the records? */
#ifndef MQM_STORES_REDIS_CHECKUP_H
#define MQM_STORES_REDIS_CHECKUP_H

#include "redis_session.h"

int mqm__redis_checkup(void *self, const struct mqm_inquiry *q);

#endif
