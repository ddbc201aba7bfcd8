/* SPDX-License-Identifier: MIT */
/* retired.c - see retire.h.
 *
 * The dead are written before the yes that rests on them: those of a yes that
 * was never written have a time that no yes has, and are passed over.
 */
#include "retire.h"
#include "bytes.h"
#include "error.h"
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1, VALUE = 1 + 8 + 1 + RETIRE_WHO };

struct retired {
    bool there;
    int64_t when_ms;
    char who[RETIRE_WHO];
};

struct dead {
    int side;
    int64_t when_ms;
    char name[REPORT_NAME];
};

struct listing {
    const struct topic_config *topic;
    struct retired at[MQM_SIDES];
    struct dead *dead;
    size_t n_dead, room;
    int unreadable;
};

static void space_of(char out[REPORT_SPACE], const struct topic_config *t)
{
    snprintf(out, REPORT_SPACE, "%s/retired", t->space);
}

/* ------------------------------- writing --------------------------------- */

/* Over whatever stands there: the last word counts. */
static int put(mqm *m, const struct topic_config *t, const char *id,
               const unsigned char *value, size_t len)
{
    char space[REPORT_SPACE];
    struct mqm_swap s = {.value = value, .len = len, .keep_ms = t->keep_ms,
                         .flags = MQM_SWAP_LISTED | MQM_SWAP_ANYWAY};
    struct mqm_swap *one = &s;
    int r = MQM_LOST;

    space_of(space, t);
    s.key = (struct mqm_key){space, id, strlen(id), 0};
    for (int i = 0; i < 8 && r == MQM_LOST; i++) {
        r = mqm__combine_swap(&m->combine, &one, 1, COMBINE_EVER);
        if (r < 0)
            return r;
        r = s.result;
        s.expect = s.now.version;
    }
    return r == MQM_OK ? 0
                       : mqm__fail(-EAGAIN, "others write down that side '%s' "
                                   "may be switched off: ask again", id);
}

static unsigned char *put_head(unsigned char *p, int64_t when_ms)
{
    return mqm__put(mqm__put(p, FORMAT, 1), (uint64_t)when_ms, 8);
}

static int put_dead(mqm *m, const struct topic_config *t, int side,
                    const char *name, int64_t when_ms)
{
    unsigned char value[VALUE];
    char id[MQM_ID_MAX];

    snprintf(id, sizeof(id), "%s/%s", t->at[side].side->name, name);
    return put(m, t, id, value, (size_t)(put_head(value, when_ms) - value));
}

int mqm__retired_put(mqm *m, const struct topic_config *t, int side,
                     const char *who, const char *const *dead, size_t n_dead)
{
    const int64_t when_ms = mqm__now_ms();
    unsigned char value[VALUE], *end;
    char name[RETIRE_WHO];
    int r = 0;

    for (size_t i = 0; i < n_dead && r == 0; i++)
        r = put_dead(m, t, side, dead[i], when_ms);
    if (r < 0)
        return r;
    snprintf(name, sizeof(name), "%s", who);
    end = mqm__put_text(put_head(value, when_ms), name);
    return put(m, t, t->at[side].side->name, value, (size_t)(end - value));
}

/* ------------------------------- the steps ------------------------------- */

void mqm__retire_steps(struct checkup *k, const struct topic_config *t,
                       int side, unsigned flags)
{
    const char *name = t->at[side].side->name;
    const char *other = t->at[1 - side].side->name;
    const char *parking = t->at[side].parking;

    mqm__find(k, MQM_FINE, "1", "", "producers send to %s alone, and no more "
              "to %s (mqm_publish(): msg.side)", other, name);
    mqm__find(k, MQM_FINE, "2", "", "%s, the consumers of %s stop",
              flags & MQM_RETIRE_BROKEN ? "at once"
                                        : "when its group has read the rest",
              name);
    mqm__find(k, MQM_FINE, "3", "", "when 'mqmctl rescue %s' finds nothing "
              "more, the topic of %s goes%s%s", t->topic, name,
              parking[0] ? ", and its parking topic " : "", parking);
    mqm__find(k, MQM_FINE, "4", "", "the store and the guard of %s stay for "
              "another %" PRId64 " h (keep_ms): until then a copy may come "
              "twice", other, (t->keep_ms + 3599999) / 3600000);
}

/* ------------------------------- reading --------------------------------- */

/* Behind it follows what only a yes has. */
static int get_head(struct bytes *b, int64_t *when_ms)
{
    const unsigned format = (unsigned)mqm__get(b, 1);

    if (format != FORMAT)
        return mqm__fail(-EPROTO, "who retired a side is told in format %u, "
                         "this library knows %d", format, FORMAT);
    *when_ms = (int64_t)mqm__get(b, 8);
    return 0;
}

static int get_end(const struct bytes *b, const struct mqm_cell *cell)
{
    return b->bad ? mqm__fail(-EPROTO, "who retired a side cannot be read (%zu "
                              "bytes)", cell->len) : 0;
}

static int get_yes(struct retired *out, const struct mqm_cell *cell)
{
    struct bytes b = {cell->value, cell->len, false};
    int r = get_head(&b, &out->when_ms);

    if (r < 0)
        return r;
    mqm__get_text(&b, out->who, sizeof(out->who));
    r = get_end(&b, cell);
    out->there = r == 0;
    return r;
}

static int get_dead(struct listing *l, int side, const char *name, size_t len,
                    const struct mqm_cell *cell)
{
    struct bytes b = {cell->value, cell->len, false};
    const size_t room = l->room * 2 + 16;
    struct dead *one;
    int r;

    if (l->n_dead == l->room) {
        one = realloc(l->dead, room * sizeof(*one));
        if (!one)
            return mqm__fail(-ENOMEM, "no memory for %zu names", room);
        l->dead = one;
        l->room = room;
    }
    one = &l->dead[l->n_dead];
    one->side = side;
    snprintf(one->name, sizeof(one->name), "%.*s", (int)len, name);
    r = get_head(&b, &one->when_ms);
    if (r == 0)
        r = get_end(&b, cell);
    l->n_dead += r == 0;
    return r;
}

static int collect(void *user, const struct mqm_key *key,
                   const struct mqm_cell *cell)
{
    struct listing *l = user;
    const char *id = key->id;
    int r = 0;

    for (int i = 0; i < MQM_SIDES && r == 0; i++) {
        const char *name = l->topic->at[i].side->name;
        const size_t len = strlen(name);

        if (key->id_len < len || memcmp(id, name, len) != 0)
            continue;
        if (key->id_len == len)
            r = get_yes(&l->at[i], cell);
        else if (id[len] == '/')
            r = get_dead(l, i, id + len + 1, key->id_len - len - 1, cell);
    }
    if (r < 0)
        l->unreadable = r;
    return 0;
}

static int list(mqm *m, struct listing *l)
{
    char space[REPORT_SPACE];
    int r;

    space_of(space, l->topic);
    r = mqm__list(m, space, collect, l);
    return r == 0 ? l->unreadable : r;
}

/* Those that the yes rests on, into names, which has room for all. */
static size_t dead_of(const struct listing *l, int side, const char **names)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_dead; i++)
        if (l->dead[i].side == side &&
            l->dead[i].when_ms == l->at[side].when_ms)
            names[n++] = l->dead[i].name;
    return n;
}

static int show(const struct listing *l,
                int (*visit)(void *user, const struct mqm_retirement *r),
                void *user)
{
    const char **names = calloc(l->n_dead + 1, sizeof(*names));
    int r = 0;

    if (!names)
        return mqm__fail(-ENOMEM, "no memory for %zu names", l->n_dead);
    for (int i = 0; i < MQM_SIDES && r == 0; i++) {
        const struct retired *it = &l->at[i];
        struct mqm_retirement one = {
            .size = sizeof(one), .side = l->topic->at[i].side->name,
            .who = it->who, .when_ms = it->when_ms,
            .given = mqm__gives(&l->topic->policy, i),
            .dead = names, .n_dead = dead_of(l, i, names)};

        if (it->there)
            r = visit(user, &one);
    }
    free(names);
    return r;
}

int mqm_retirements(mqm *m, const char *group, const char *topic,
                    int (*visit)(void *user, const struct mqm_retirement *r),
                    void *user)
{
    struct listing l = {0};
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!topic || !visit)
        return mqm__fail(-EINVAL, "mqm_retirements() needs a topic and a "
                         "visitor");
    snap = mqm__snapshot(m);
    l.topic = mqm__config_topic(snap->config, group, topic);
    r = l.topic ? list(m, &l) : -ENOENT;
    if (r == 0)
        r = show(&l, visit, user);
    mqm__snapshot_put(snap);
    free(l.dead);
    return r;
}
