/* SPDX-License-Identifier: MIT */
/* publish.h - a message to one side, also one that another broker had. */
#ifndef MQM_PUBLISH_H
#define MQM_PUBLISH_H

#include "side.h"

/* To the side `at` of the topic.  A copy that was read from the same side (its
 * call says so) is sent as it is; of one from the other side body, id, key and
 * headers go along. */
int mqm__send_copy(mqm *m, const struct topic_config *t, int at,
                   const struct mqm_delivery *d);

#endif
