/* SPDX-License-Identifier: MIT */
/* rescue.h - what rescue.c asks before it publishes a copy again.
 *
 * Publishing needlessly does no harm, so both answers are allowed to be wrong
 * in that direction.  Not publishing for ever would lose the message.
 */
#ifndef MQM_RESCUE_H
#define MQM_RESCUE_H

#include "core.h"

/* reach.c: until when has the group of a side read?  Unix ms: all that was sent
 * to it before has come; INT64_MAX: nothing waits.  < 0: nobody can tell. */
int mqm__read_until(mqm *m, const struct topic_config *t, int at,
                    int64_t *until_ms);

/* rescue_memo.c: what this process has published of a topic. */
struct memo {
    int64_t sent_ms; /* the last time, Unix ms; 0: never */
    unsigned times;
};
struct memo mqm__memo_get(mqm *m, const char *space, const struct mqm_msg *msg);
void mqm__memo_put(mqm *m, const char *space, const struct mqm_msg *msg);
void mqm__memo_free(mqm *m);

#endif
