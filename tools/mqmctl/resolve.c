/* SPDX-License-Identifier: MIT */
/* resolve.c - one parked message, or many: a list of ids, or all that a rule
 * names.
 *
 * Many are looked up first, and what is asked is about those records: each is
 * resolved with the token that it had then, so one that moved meanwhile is left
 * alone, and said.  One that fails does not keep the others.
 */
#include "repair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct one {
    struct id id, key; /* as it is named, and as it is compared */
    struct mqm_record rec;
};

struct many {
    struct ctl *c;
    struct topic t;
    enum resolution how;
    int64_t older_ms;
    struct one *of;
    size_t n, room;
};

static int add(struct many *m, const struct id *id,
               const struct mqm_record *rec)
{
    struct one *more;

    if (m->n == m->room) {
        more = realloc(m->of, (2 * m->room + 64) * sizeof(*more));
        if (more == NULL)
            return refuse("out of memory");
        m->of = more;
        m->room = 2 * m->room + 64;
    }
    m->of[m->n] = (struct one){.id = *id, .rec = *rec};
    id_key(&m->of[m->n++].key, id->bytes, id->len);
    return CTL_OK;
}

/* -------------------------------- by a rule ------------------------------ */

static int is_meant(const struct many *m, const struct mqm_record *rec)
{
    return rec->state == MQM_PARKED && rec->age_ms >= m->older_ms &&
           (m->c->why == NULL ||
            (rec->why != NULL && strstr(rec->why, m->c->why) != NULL));
}

static int visit(void *user, const struct mqm_msg *msg,
                 const struct mqm_record *rec)
{
    struct many *m = user;
    struct id id;

    if (!is_meant(m, rec) || msg->id_len > sizeof(id.bytes))
        return 0;
    id.len = msg->id_len;
    memcpy(id.bytes, msg->id, msg->id_len);
    return add(m, &id, rec);
}

static int by_rule(struct many *m)
{
    const int r = mqm_pending(m->c->m, m->c->side, m->t.group, m->t.topic,
                              visit, m);

    return r < 0 ? failed("the list is not complete; nothing was changed", r)
                 : r;
}

/* ------------------------------- from a file ----------------------------- */

static int is_named(const struct many *m, const struct id *id)
{
    struct id key;

    id_key(&key, id->bytes, id->len);
    for (size_t i = 0; i < m->n; i++)
        if (id_compare(&m->of[i].key, &key) == 0)
            return 1;
    return 0;
}

static int look_up_line(struct many *m, const char *line)
{
    struct mqm_record rec = MQM_RECORD_INIT;
    struct mqm_msg msg = MQM_MSG_INIT;
    struct id id;
    int r = id_parse(&id, line);

    if (r == CTL_OK && is_named(m, &id)) /* twice */
        return CTL_OK;
    if (r == CTL_OK)
        r = look_up(m->c, &m->t, &id, &msg, &rec);
    if (r == CTL_OK && m->c->side != NULL && rec.side[0] != '\0' &&
        strcmp(rec.side, m->c->side) != 0)
        return refuse("%s belongs to %s, not to %s; nothing was changed", line,
                      rec.side, m->c->side);
    return r == CTL_OK ? add(m, &id, &rec) : r;
}

static int read_lines(struct many *m, FILE *f)
{
    char *line = NULL;
    size_t size = 0;
    int r = CTL_OK;

    while (r == CTL_OK && getline(&line, &size, f) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0')
            r = look_up_line(m, line);
    }
    if (r == CTL_OK && ferror(f))
        r = refuse("%s: %s", m->c->from, strerror(errno));
    free(line);
    return r;
}

static int from_file(struct many *m)
{
    FILE *f = fopen(m->c->from, "r");
    int r;

    if (f == NULL)
        return refuse("%s: %s", m->c->from, strerror(errno));
    r = read_lines(m, f);
    fclose(f);
    return r;
}

/* ------------------------------ the question ----------------------------- */

static size_t count_side(const struct many *m, const char *side)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        n += strcmp(m->of[i].rec.side, side) == 0;
    return n;
}

static int ask(const struct many *m)
{
    return confirm(m->c, m->n, "%zu messages of %s, %zu of %s and %zu of %s, "
                   "are resolved as %s", m->n, m->t.topic,
                   count_side(m, m->t.old_side), m->t.old_side,
                   count_side(m, m->t.new_side), m->t.new_side,
                   m->how == RESOLVE_AGAIN ? "not done, and sent again"
                                           : "done");
}

static int resolve_all(struct many *m)
{
    size_t bad = 0;

    for (size_t i = 0; i < m->n; i++) {
        struct repair p = {.t = m->t, .id = m->of[i].id,
                           .msg = MQM_MSG_INIT, .rec = m->of[i].rec};

        p.msg.side = p.t.old_side;
        p.msg.group = p.t.group;
        p.msg.topic = p.t.topic;
        p.msg.id = p.id.bytes;
        p.msg.id_len = p.id.len;
        text_of_id(p.text, p.id.bytes, p.id.len);
        bad += resolve_one(m->c, &p, m->how) != CTL_OK;
    }
    printf("%zu resolved\n", m->n - bad);
    if (bad > 0)
        return refuse("%zu were not: each is told above", bad);
    return CTL_OK;
}

/* ------------------------------ the command ------------------------------ */

static int resolve_many(struct ctl *c, enum resolution how)
{
    struct many m = {.c = c, .how = how};
    int r = CTL_OK;

    if (c->older != NULL)
        r = duration_parse(c->older, &m.older_ms);
    if (r == CTL_OK)
        r = open_topic(c, &m.t, c->side);
    if (r == CTL_OK)
        r = c->from != NULL ? from_file(&m) : by_rule(&m);
    if (r == CTL_OK)
        r = ask(&m);
    if (r == CTL_OK)
        r = resolve_all(&m);
    free(m.of);
    return r;
}

int cmd_resolve(struct ctl *c)
{
    const unsigned rule = c->given & (CTL_WHY | CTL_OLDER);
    const unsigned list = rule | (c->given & (CTL_FROM | CTL_SIDE | CTL_YES));
    const char *how = c->args[c->n_args - 1];
    const int again = strcmp(how, "again") == 0;

    if (!again && strcmp(how, "done") != 0)
        return misuse("'%s': a parked message is resolved as 'done' (it took "
                      "effect) or 'again' (it did not)", how);
    if (c->n_args == 3 && list)
        return misuse("one ID, or a list: --from FILE, or a rule: --why, "
                      "--older, --side; not both");
    if (c->n_args == 3)
        return resolve_id(c, again ? RESOLVE_AGAIN : RESOLVE_DONE);
    if (c->given & (CTL_KEY | CTL_TOKEN))
        return misuse("--key and --token are of one message: give its ID");
    if (!rule == !(c->given & CTL_FROM))
        return misuse("which?  Give an ID, or --from FILE, or a rule: --why "
                      "TEXT, --older 1h, or both");
    return resolve_many(c, again ? RESOLVE_AGAIN : RESOLVE_DONE);
}
