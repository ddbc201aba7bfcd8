/* SPDX-License-Identifier: MIT */
/* fields.c - see fields.h. */
#include "fields.h"
#include "error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int make_room(struct fields *l)
{
    size_t room = l->room * 2 + 8;
    struct mqm_field *f;

    if (l->n < l->room)
        return 0;
    f = realloc(l->f, room * sizeof(*f));
    if (!f)
        return mqm__fail(-ENOMEM, "no memory for %zu headers", room);
    l->f = f;
    l->room = room;
    return 0;
}

/* In one piece, which begins with the name: an adapter may take the value for
 * a string. */
int mqm__fields_add(struct fields *l, const char *name, const void *value,
                    size_t len)
{
    const size_t name_len = strlen(name) + 1;
    int r = make_room(l);
    char *piece;

    if (r < 0)
        return r;
    piece = malloc(name_len + len + 1);
    if (!piece)
        return mqm__fail(-ENOMEM, "no memory for a header of %zu bytes", len);
    memcpy(piece, name, name_len);
    if (len)
        memcpy(piece + name_len, value, len);
    piece[name_len + len] = '\0';
    l->f[l->n++] = (struct mqm_field){piece, value ? piece + name_len : NULL,
                                      len};
    return 0;
}

int mqm__fields_fill(struct fields *l, const char *name, const void *value,
                     size_t len)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->f[i].name, name) == 0)
            return 0;
    return mqm__fields_add(l, name, value, len);
}

void mqm__fields_free(struct fields *l)
{
    for (size_t i = 0; i < l->n; i++)
        free((void *)(uintptr_t)l->f[i].name);
    free(l->f);
    *l = (struct fields){0};
}
