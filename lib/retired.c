/* SPDX-License-Identifier: MIT */
/* retired.c - see retire.h. */
#include "retire.h"
#include "bytes.h"
#include "error.h"
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FORMAT = 1, VALUE = 1 + 8 + 1 + RETIRE_WHO };

struct retired {
    bool there;
    int64_t when_ms;
    char who[RETIRE_WHO];
};

struct listing {
    const struct topic_config *topic;
    struct retired at[MQM_SIDES];
    int unreadable;
};

static void space_of(char out[REPORT_SPACE], const struct topic_config *t)
{
    snprintf(out, REPORT_SPACE, "%s/retired", t->space);
}

static size_t encode(unsigned char out[VALUE], const char *who)
{
    unsigned char *p = mqm__put(out, FORMAT, 1);

    p = mqm__put(p, (uint64_t)mqm__now_ms(), 8);
    return (size_t)(mqm__put_text(p, who) - out);
}

static int decode(struct retired *out, const struct mqm_cell *cell)
{
    struct bytes b = {cell->value, cell->len, false};
    const unsigned format = (unsigned)mqm__get(&b, 1);

    if (format != FORMAT)
        return mqm__fail(-EPROTO, "who retired a side is told in format %u, "
                         "this library knows %d", format, FORMAT);
    out->when_ms = (int64_t)mqm__get(&b, 8);
    mqm__get_text(&b, out->who, sizeof(out->who));
    if (b.bad)
        return mqm__fail(-EPROTO, "who retired a side cannot be read (%zu "
                         "bytes)", cell->len);
    out->there = true;
    return 0;
}

/* ------------------------------- writing --------------------------------- */

/* Over whatever stands there: the last word counts. */
int mqm__retired_put(mqm *m, const struct topic_config *t, int side,
                     const char *who)
{
    unsigned char value[VALUE];
    char space[REPORT_SPACE], name[RETIRE_WHO];
    const char *id = t->at[side].side->name;
    struct mqm_swap s = {.value = value, .keep_ms = t->keep_ms,
                         .flags = MQM_SWAP_LISTED | MQM_SWAP_ANYWAY};
    struct mqm_swap *one = &s;
    int r = MQM_LOST;

    snprintf(name, sizeof(name), "%s", who);
    space_of(space, t);
    s.key = (struct mqm_key){space, id, strlen(id), 0};
    s.len = encode(value, name);
    for (int i = 0; i < 8 && r == MQM_LOST; i++) {
        r = mqm__combine_swap(&m->combine, &one, 1);
        if (r < 0)
            return r;
        r = s.result;
        s.expect = s.now.version;
    }
    return r == MQM_OK ? 0
                       : mqm__fail(-EAGAIN, "others write down that side '%s' "
                                   "may be switched off: ask again", id);
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

static int collect(void *user, const struct mqm_key *key,
                   const struct mqm_cell *cell)
{
    struct listing *l = user;

    for (int i = 0; i < MQM_SIDES; i++) {
        const char *name = l->topic->at[i].side->name;
        int r;

        if (key->id_len != strlen(name) ||
            memcmp(key->id, name, key->id_len) != 0)
            continue;
        r = decode(&l->at[i], cell);
        if (r < 0)
            l->unreadable = r;
    }
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

static int show(const struct listing *l,
                int (*visit)(void *user, const struct mqm_retirement *r),
                void *user)
{
    int r = 0;

    for (int i = 0; i < MQM_SIDES && r == 0; i++) {
        const struct retired *it = &l->at[i];
        struct mqm_retirement one = {
            .size = sizeof(one), .side = l->topic->at[i].side->name,
            .who = it->who, .when_ms = it->when_ms,
            .given = mqm__gives(&l->topic->policy, i)};

        if (it->there)
            r = visit(user, &one);
    }
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
    return r;
}
