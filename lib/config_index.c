/* SPDX-License-Identifier: MIT */
/* config_index.c - see config_index.h. */
#include "config_index.h"
#include "config_read.h"
#include "hash.h"

#include <stdlib.h>
#include <string.h>

size_t mqm__config_place(const struct config *c, const char *topic)
{
    return (size_t)mqm__hash64(topic, strlen(topic), 0) & c->index_mask;
}

int mqm__config_index(struct config *c)
{
    size_t room = 4, i;

    while (room < 2 * c->n_topics)
        room *= 2;
    c->index = calloc(room, sizeof(*c->index));
    if (!c->index)
        return mqm__no_memory();
    c->index_mask = room - 1;
    for (const struct topic_config *t = c->topics;
         t < c->topics + c->n_topics; t++) {
        i = mqm__config_place(c, t->topic);
        while (c->index[i])
            i = (i + 1) & c->index_mask;
        c->index[i] = t;
    }
    return 0;
}
