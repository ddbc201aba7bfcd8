/* SPDX-License-Identifier: MIT */
/* fields.h - a copy's headers, taken out of its client's hands. */
#ifndef MQM_FIELDS_H
#define MQM_FIELDS_H

#include <mqmigrate/plugin.h>

struct fields {
    struct mqm_field *f; /* name and value are one piece of memory each */
    size_t n, room;
};

/* -ENOMEM with words. */
int mqm__fields_add(struct fields *l, const char *name, const void *value,
                    size_t len);
/* The same, unless there is one of that name. */
int mqm__fields_fill(struct fields *l, const char *name, const void *value,
                     size_t len);
void mqm__fields_free(struct fields *l);

#endif
