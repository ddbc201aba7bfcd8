/* SPDX-License-Identifier: MIT */
/* scratch.c - memory for the works of a call: taken, put back, used again, so
 * that nothing is allocated between acquire and release.
 */
#include "claim.h"
#include "error.h"

#include <errno.h>
#include <stdlib.h>

/* Works are set up before each use, and most never are: this is large. */
static struct scratch *scratch_new(void)
{
    struct scratch *s = malloc(sizeof(*s));

    if (!s) {
        mqm__fail(-ENOMEM, "no memory for %zu bytes", sizeof(*s));
        return NULL;
    }
    s->next = NULL;
    s->chunk = NULL;
    return s;
}

struct scratch *mqm__scratch(mqm *m)
{
    struct scratch *s;

    pthread_mutex_lock(&m->lock);
    s = m->scratch;
    if (s)
        m->scratch = s->next;
    pthread_mutex_unlock(&m->lock);
    return s ? s : scratch_new();
}

void mqm__scratch_back(mqm *m, struct scratch *s)
{
    s->next = m->scratch;
    m->scratch = s;
}

void mqm__scratch_put(mqm *m, struct scratch *s)
{
    pthread_mutex_lock(&m->lock);
    mqm__scratch_back(m, s);
    pthread_mutex_unlock(&m->lock);
}

void mqm__scratch_free(struct scratch *s)
{
    struct scratch *next;

    for (; s; s = next) {
        next = s->next;
        free(s->chunk);
        free(s);
    }
}
