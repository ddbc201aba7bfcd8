/* SPDX-License-Identifier: MIT */
/* dead.c - what a broker gave up delivering to a group, and sending it again.
 *
 * The record decides: sent again is what is owed by that side, or what nobody
 * has looked at.  It stays where it lies, and is told as done once it is.
 * Sending it twice does no harm.
 */
#include "ctl.h"
#include "print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct dead {
    struct ctl *c;
    struct json json;
    size_t n, sent, due, failed;
};

/* Is it to be sent again?  *why: of both answers. */
static int is_due(const struct mqm_msg *msg, const struct mqm_record *rec,
                  const char **why)
{
    const int other = rec->side[0] != '\0' && strcmp(rec->side, msg->side) != 0;

    *why = "owed";
    if (rec->state == MQM_DONE)
        *why = "done";
    else if (other)
        *why = "belongs to the other side";
    else if (rec->state == MQM_HELD)
        *why = "in work";
    else if (rec->state == MQM_PARKED)
        *why = "parked: see 'mqmctl help resolve'";
    else if (rec->state == MQM_FREE)
        *why = "nobody has looked at it";
    return !other && (rec->state == MQM_FREE || rec->state == MQM_OWED);
}

static void print(struct dead *s, const struct mqm_delivery *d,
                  const struct mqm_record *rec, const char *why)
{
    char id[PRINT_ID_MAX];

    text_of_id(id, d->msg.id, d->msg.id_len);
    if (s->c->given & CTL_JSON) {
        json_open(&s->json, '{');
        json_text(&s->json, "id", id);
        json_text(&s->json, "at", d->msg.side);
        json_text(&s->json, "place", d->msg.origin);
        json_text(&s->json, "state", state_name(rec->state));
        json_text(&s->json, "side", rec->side);
        json_int(&s->json, "bytes", (int64_t)d->body_len);
        json_text(&s->json, "why", why);
        json_close(&s->json, '}');
        return;
    }
    printf("%-36s %-10s %-14s %-7s %-10s %s\n", id[0] ? id : "(no id)",
           d->msg.side, d->msg.origin, state_name(rec->state),
           rec->side[0] ? rec->side : "-", why);
}

static const char *send_again(struct dead *s, const struct mqm_delivery *d)
{
    int r;

    s->due++;
    if (!(s->c->given & CTL_AGAIN))
        return NULL;
    r = mqm_publish(s->c->m, d);
    if (r == 0)
        s->sent++;
    else
        s->failed++;
    return r == 0 ? "sent again" : story(r);
}

static int visit(void *user, struct mqm_delivery *d)
{
    struct mqm_record rec = MQM_RECORD_INIT;
    struct dead *s = user;
    const char *why = "has no id: left alone", *done = NULL;

    s->n++;
    if (d->msg.id_len > 0 && d->msg.id_len <= MQM_ID_MAX) {
        if (mqm_inspect(s->c->m, &d->msg, &rec) < 0) {
            s->failed++;
            why = story(-EIO);
        } else if (is_due(&d->msg, &rec, &why)) {
            done = send_again(s, d);
        }
    }
    print(s, d, &rec, done != NULL ? done : why);
    return 0;
}

static int look_at(struct dead *s, const struct topic *t, const char *side)
{
    const int r = mqm_read_dead(s->c->m, side, t->group, t->topic, visit, s);

    if (r == -ENOTSUP && s->c->side == NULL)
        return CTL_OK; /* this broker gives nothing up */
    return r == 0 ? CTL_OK : failed("the dead letters cannot be read", r);
}

static int all(struct dead *s, const struct topic *t)
{
    const char *const sides[] = {t->old_side, t->new_side};
    int r = CTL_OK;

    for (int i = 0; i < 2 && r == CTL_OK; i++)
        if (s->c->side == NULL || strcmp(s->c->side, sides[i]) == 0)
            r = look_at(s, t, sides[i]);
    return r;
}

int cmd_dead(struct ctl *c)
{
    struct dead s = {.c = c};
    struct topic t;
    int r = open_topic(c, &t, c->side);

    if (r != CTL_OK)
        return r;
    if (c->given & CTL_JSON)
        json_open(&s.json, '[');
    else
        printf("%-36s %-10s %-14s %-7s %-10s %s\n", "ID", "AT", "PLACE",
               "STATE", "SIDE", "WHY");
    r = all(&s, &t);
    if (c->given & CTL_JSON) {
        json_close(&s.json, ']');
        putchar('\n');
    } else {
        printf("%zu dead, %zu to be sent again, %zu sent\n", s.n, s.due,
               s.sent);
    }
    if (r == CTL_OK && s.failed > 0)
        return refuse("%zu could not be looked up or sent: give the same "
                      "command again", s.failed);
    return r;
}
