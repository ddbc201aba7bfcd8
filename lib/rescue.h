/* SPDX-License-Identifier: MIT */
/* rescue.h - what rescue.c and settle.c ask before they publish a copy again.
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

/* memo.c: what this process did about a message, and how often: token 0, when
 * its body was sent again (Unix ms); else, when the resolver may be asked about
 * the attempt with this token (mqm__mono_ms()).  at_ms 0: never. */
struct memo {
    int64_t at_ms;
    unsigned times;
};
struct memo mqm__memo_get(mqm *m, const char *space, const struct mqm_msg *msg,
                          uint64_t token);
void mqm__memo_put(mqm *m, const char *space, const struct mqm_msg *msg,
                   uint64_t token, int64_t at_ms);
void mqm__memo_free(mqm *m);

/* Twice as long each time. */
int64_t mqm__memo_pause(int64_t first_ms, unsigned times);

#endif
