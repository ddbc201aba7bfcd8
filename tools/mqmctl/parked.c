/* SPDX-License-Identifier: MIT */
/* parked.c - what waits for somebody who knows, with what it is about.
 *
 * The list comes from the store, the bodies out of the parking topics, which
 * are read from their beginning; each is printed as it comes, so that bodies
 * take no room.  What is parked and has no body there (the program keeps it, or
 * a broker does not answer) is printed last.
 */
#include "ctl.h"
#include "print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT = 200 }; /* bytes of a body that are shown without --body */

struct parked {
    struct id key; /* first: what they are sorted by */
    char id[MQM_ID_MAX];
    size_t id_len;
    struct mqm_record rec;
    int shown;
};

struct list {
    struct ctl *c;
    struct topic t;
    struct json json;
    struct parked *of;
    size_t n, room;
    const char *side; /* whose parking topic is read */
};

/* ------------------------------- the list -------------------------------- */

static int collect(void *user, const struct mqm_msg *msg,
                   const struct mqm_record *rec)
{
    struct list *l = user;
    struct parked *p;

    if (rec->state != MQM_PARKED || msg->id_len > MQM_ID_MAX)
        return 0;
    if (l->n == l->room) {
        p = realloc(l->of, (2 * l->room + 64) * sizeof(*p));
        if (p == NULL)
            return -ENOMEM;
        l->of = p;
        l->room = 2 * l->room + 64;
    }
    p = &l->of[l->n++];
    *p = (struct parked){.id_len = msg->id_len, .rec = *rec};
    memcpy(p->id, msg->id, msg->id_len);
    id_key(&p->key, msg->id, msg->id_len);
    return 0;
}

static int by_key(const void *a, const void *b)
{
    return id_compare(a, b);
}

/* ------------------------------- printing -------------------------------- */

static int print_header(void *user, const char *name, const void *value,
                        size_t len)
{
    (void)user;
    fputs("    header    ", stdout);
    put_text(stdout, name);
    fputs(": ", stdout);
    put_bytes(stdout, value, len);
    putchar('\n');
    return 0;
}

static void print_body(const struct list *l, const struct mqm_delivery *d)
{
    const int cut = d->body_len > SHORT && !(l->c->given & CTL_BODY);

    if (d->msg.origin != NULL)
        printf("    parked at %s\n", d->msg.origin);
    (void)mqm_headers(d, print_header, NULL);
    fputs("    body      ", stdout);
    if (cut)
        printf("%zu bytes: --body shows them", d->body_len);
    else
        put_bytes(stdout, d->body, d->body_len);
    putchar('\n');
}

static int json_header(void *user, const char *name, const void *value,
                       size_t len)
{
    struct json *j = user;

    json_open(j, '{');
    json_text(j, "name", name);
    if (is_utf8(value, len))
        json_utf8(j, "value", value, len);
    else
        json_hex(j, "value_hex", value, len);
    json_close(j, '}');
    return 0;
}

static void json_body(struct list *l, const struct mqm_delivery *d)
{
    struct json *j = &l->json;

    json_text(j, "parked_at", d->msg.origin);
    json_open_as(j, "headers", '[');
    (void)mqm_headers(d, json_header, j);
    json_close(j, ']');
    json_int(j, "bytes", (int64_t)d->body_len);
    if (d->body_len > SHORT && !(l->c->given & CTL_BODY))
        return;
    if (is_utf8(d->body, d->body_len))
        json_utf8(j, "body", d->body, d->body_len);
    else
        json_hex(j, "body_hex", d->body, d->body_len);
}

/* d: NULL where it has no body. */
static void show(struct list *l, struct parked *p, const struct mqm_delivery *d)
{
    struct mqm_msg msg = MQM_MSG_INIT;

    p->shown = 1;
    msg.side = p->rec.side;
    msg.group = l->t.group;
    msg.topic = l->t.topic;
    msg.id = p->id;
    msg.id_len = p->id_len;
    if (l->c->given & CTL_JSON) {
        json_open(&l->json, '{');
        json_record(&l->json, &msg, &p->rec);
        if (d != NULL)
            json_body(l, d);
        json_close(&l->json, '}');
        return;
    }
    print_record_row(&msg, &p->rec);
    if (p->rec.origin[0] != '\0') {
        fputs("    origin    ", stdout);
        put_text(stdout, p->rec.origin);
        putchar('\n');
    }
    if (d != NULL)
        print_body(l, d);
}

/* ------------------------------- the bodies ------------------------------ */

/* One that was parked twice lies there twice. */
static int visit_body(void *user, struct mqm_delivery *d)
{
    struct list *l = user;
    struct parked *p;
    struct id key;

    id_key(&key, d->msg.id, d->msg.id_len);
    p = key.len == 0 ? NULL : bsearch(&key, l->of, l->n, sizeof(*p), by_key);
    if (p != NULL && !p->shown && strcmp(p->rec.side, l->side) == 0)
        show(l, p, d);
    return 0;
}

static int any_of(const struct list *l, const char *side)
{
    for (size_t i = 0; i < l->n; i++)
        if (!l->of[i].shown && strcmp(l->of[i].rec.side, side) == 0)
            return 1;
    return 0;
}

static int show_bodies(struct list *l)
{
    const char *const sides[] = {l->t.old_side, l->t.new_side};
    int r, exit = CTL_OK;

    for (int i = 0; i < 2; i++) {
        l->side = sides[i];
        if (!any_of(l, l->side))
            continue;
        r = mqm_read_parking(l->c->m, l->side, l->t.group, l->t.topic,
                             visit_body, l);
        if (r < 0 && r != -ENOENT && r != -ENOTSUP)
            exit = failed("the bodies are not complete", r);
    }
    return exit;
}

static int show_all(struct list *l)
{
    int r;

    if (l->c->given & CTL_JSON)
        json_open(&l->json, '[');
    else
        print_record_head();
    if (l->n > 0)
        qsort(l->of, l->n, sizeof(*l->of), by_key);
    r = show_bodies(l);
    for (size_t i = 0; i < l->n; i++)
        if (!l->of[i].shown)
            show(l, &l->of[i], NULL);
    if (l->c->given & CTL_JSON) {
        json_close(&l->json, ']');
        putchar('\n');
    } else {
        printf("%zu parked\n", l->n);
    }
    return r;
}

int cmd_parked(struct ctl *c)
{
    struct list l = {.c = c};
    int r = open_topic(c, &l.t, c->side), listed;

    if (r != CTL_OK)
        return r;
    listed = mqm_pending(c->m, c->side, l.t.group, l.t.topic, collect, &l);
    if (listed < 0)
        r = failed("the list is not complete", listed);
    if (show_all(&l) != CTL_OK)
        r = CTL_FAILED;
    free(l.of);
    return r;
}
