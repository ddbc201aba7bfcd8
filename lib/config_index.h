/* SPDX-License-Identifier: MIT */
/* config_index.h - topics by their name.
 *
 * Each message names its topic in text, so with a hundred topics comparing them
 * all would cost more than the decision.  Open addressing, at most half full.
 */
#ifndef MQM_CONFIG_INDEX_H
#define MQM_CONFIG_INDEX_H

#include "config.h"

/* Fill in c->index when all topics are read; -ENOMEM. */
int mqm__config_index(struct config *c);

/* Where in the index the stretch with the topics of this name begins. */
size_t mqm__config_place(const struct config *c, const char *topic);

#endif
