/* SPDX-License-Identifier: MIT */
/* json_edit.h - change one value of a JSON text and leave every other byte. */
#ifndef MQM_JSON_EDIT_H
#define MQM_JSON_EDIT_H

#include "json_place.h"

/* A JSON text that is changed: malloc'ed, NUL at its end. */
struct json_text {
    char *text;
    size_t len;
};

/* Put value (JSON text) at the place: a member of an object that is there; one
 * that is new becomes its last.  -ENOMEM, or -ENOENT: no such object. */
int mqm__json_set(struct json_text *t, const struct json_place *p,
                  const char *value);

#endif
