/* SPDX-License-Identifier: MIT */
/* copies.h - where copies lie on their brokers, for those who read them again.
 *
 * The origin in a record is "SIDE:TOPIC/PLACE", with our names; the place is
 * the adapter's.
 */
#ifndef MQM_COPIES_H
#define MQM_COPIES_H

#include "record.h"
#include "side.h"

/* The origin of a place, cut off if it is too long. */
void mqm__origin(char out[RECORD_ORIGIN], const char *side, const char *topic,
                 const char *place);

/* The place in an origin of the topic's, and in *at the index of its side
 * (MQM_OLD, MQM_NEW); NULL, with words (-EINVAL): not such an origin. */
const char *mqm__origin_place(const struct topic_config *t, const char *origin,
                              int *at);

/* mqm_fetch_copy() and mqm_positions(), the names looked up. */
int mqm__fetch(mqm *m, const struct topic_config *t, int at, const char *place,
               const void *id, size_t id_len,
               int (*visit)(void *user, struct mqm_delivery *d), void *user);
int mqm__positions(mqm *m, const struct topic_config *t, int at,
                   int (*visit)(void *user, const struct mqm_position *p),
                   void *user);

#endif
