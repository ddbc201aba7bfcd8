/* SPDX-License-Identifier: MIT */
/* json_place.h - where in a JSON text does a value stand?
 *
 * The parser tells lines for syntax errors only.  This finds the place of any
 * member or element, in a text that the parser took, so that an error can name
 * the line, and an editor can change one value and leave the rest alone.
 */
#ifndef MQM_JSON_PLACE_H
#define MQM_JSON_PLACE_H

#include <stddef.h>

/* A chain from a value up to the root (NULL), on the callers' stacks. */
struct json_place {
    const struct json_place *up;
    const char *name; /* of a member; NULL: element number index */
    size_t index;
};

struct json_span {
    size_t key;      /* where the member's name begins; of an element: from */
    size_t from, to; /* the value */
};

/* 0, or -ENOENT: it is not there. */
int mqm__json_find(const char *text, size_t len, const struct json_place *p,
                   struct json_span *out);

/* The line it begins on, 1 the first; of what is not there, of the nearest
 * thing around it. */
size_t mqm__json_line(const char *text, size_t len, const struct json_place *p);

/* "topics[0].sides.kafka", cut to size; returns buf. */
const char *mqm__json_name(char *buf, size_t size, const struct json_place *p);

#endif
