/* SPDX-License-Identifier: MIT */
/* cases.c - the parked messages that the resolver has met (see cases.h). */
#include "cases.h"

#include "demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cases_begin(struct cases *cs)
{
    for (struct a_case *c = cs->first; c; c = c->next) {
        c->here = 0;
        c->send = 0;
    }
}

struct a_case *cases_find(struct cases *cs, const void *id, size_t id_len)
{
    struct a_case *c = cs->first;

    while (c && (strlen(c->id) != id_len || memcmp(c->id, id, id_len) != 0))
        c = c->next;
    return c;
}

static struct a_case *add(struct cases *cs, const struct mqm_msg *msg)
{
    struct a_case *c = calloc(1, sizeof(*c));

    if (!c || msg->id_len > MQM_ID_MAX)
        demo_die("no memory for a parked message");
    memcpy(c->id, msg->id, msg->id_len);
    c->next = cs->first;
    cs->first = c;
    return c;
}

void cases_see(struct cases *cs, const struct mqm_msg *msg,
               const struct mqm_record *record)
{
    struct a_case *c = cases_find(cs, msg->id, msg->id_len);

    if (!c)
        c = add(cs, msg);
    snprintf(c->side, sizeof(c->side), "%s", record->side);
    c->token = record->token;
    c->state = record->state;
    c->in_doubt = record->doubt != 0;
    c->age_ms = record->age_ms;
    c->left_ms = record->left_ms;
    c->here = 1;
    if (record->state == MQM_PARKED && c->counted != record->token) {
        c->counted = record->token;
        cs->parkings++;
    }
}

void cases_free(struct cases *cs)
{
    while (cs->first) {
        struct a_case *c = cs->first;

        cs->first = c->next;
        free(c);
    }
}
