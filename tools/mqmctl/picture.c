/* SPDX-License-Identifier: MIT */
/* picture.c - see picture.h. */
#include "picture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note_error(char error[PICTURE_STORY], int result)
{
    error[0] = '\0';
    if (result != 0)
        snprintf(error, PICTURE_STORY, "%s", story(result));
}

static struct side_view *side_named(struct picture *p, const char *name)
{
    for (int i = 0; i < BOTH_SIDES; i++)
        if (strcmp(p->side[i].name, name) == 0)
            return &p->side[i];
    return NULL;
}

/* ----------------------------- what is open ----------------------------- */

static void add_open(struct open_part *part, const struct mqm_record *rec)
{
    part->n++;
    if (rec->age_ms > part->oldest_ms)
        part->oldest_ms = rec->age_ms;
    if (rec->attempts > part->tries_most)
        part->tries_most = rec->attempts;
}

static int visit_open(void *user, const struct mqm_msg *msg,
                      const struct mqm_record *rec)
{
    struct picture *p = user;
    struct side_view *s = side_named(p, rec->side);

    (void)msg;
    if (s == NULL)
        return 0;
    if (rec->state == MQM_HELD)
        add_open(&s->held, rec);
    else if (rec->state == MQM_PARKED)
        add_open(&s->parked, rec);
    else
        add_open(&s->owed, rec);
    s->unsent += (rec->flags & MQM_UNSENT) != 0 && rec->left_ms <= 0;
    s->ended += rec->state == MQM_HELD && rec->left_ms <= 0;
    s->body_missing += rec->state == MQM_PARKED &&
                       !(rec->flags & MQM_BODY_SAFE);
    if (rec->state == MQM_OWED && rec->attempts == 0 &&
        rec->age_ms > p->grace_ms) {
        s->untried++;
        if (rec->age_ms > s->untried_ms)
            s->untried_ms = rec->age_ms;
    }
    return 0;
}

/* ----------------------------- who is there ----------------------------- */

static void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text != NULL ? text : "");
}

static int keep_instance(struct picture *p,
                         const struct mqm_instance_info *info)
{
    struct instance_view *i;
    const size_t room = p->room * 2 + 16;

    if (p->instances == p->room) {
        i = realloc(p->instance, room * sizeof(*i));
        if (i == NULL)
            return -ENOMEM;
        p->instance = i;
        p->room = room;
    }
    i = &p->instance[p->instances++];
    copy(i->instance, sizeof(i->instance), info->instance);
    copy(i->run, sizeof(i->run), info->run);
    copy(i->side, sizeof(i->side), info->side);
    copy(i->host, sizeof(i->host), info->host);
    copy(i->version, sizeof(i->version), info->version);
    i->info = *info;
    i->declared = 0;
    return 0;
}

double done_a_second(const struct mqm_instance_info *info)
{
    if (info->minute_ms <= 0 ||
        (info->flags & (MQM_INSTANCE_GONE | MQM_INSTANCE_SILENT)))
        return 0;
    return 1000.0 * (double)info->minute_done / (double)info->minute_ms;
}

static void add_work(struct side_view *s, const struct mqm_instance_info *info)
{
    s->done_lately += info->lately_done;
    s->first_lately += info->lately_first;
    s->second_lately += info->lately_second;
    s->failed += info->failed;
    s->doubtful += info->doubtful;
    s->done_a_second += done_a_second(info);
}

/* What it told last has passed meanwhile. */
static int is_over(const struct mqm_instance_info *info)
{
    return (info->flags & MQM_INSTANCE_UNKNOWN) ||
           info->seen_ms > info->lately_ms + 3 * info->report_ms;
}

static void count_policy(struct picture *p, struct side_view *s,
                         const struct mqm_instance_info *info)
{
    if (info->flags & MQM_INSTANCE_GONE)
        return;
    if (info->flags & MQM_INSTANCE_SILENT) {
        p->silent++;
        return;
    }
    p->reporting++;
    s->instances++;
    if (!(info->flags & MQM_INSTANCE_CURRENT)) {
        p->outdated++;
        return;
    }
    p->current++;
    if (p->in_force_ms < 0 || info->in_force_ms < p->in_force_ms)
        p->in_force_ms = info->in_force_ms;
}

static int visit_instance(void *user, const struct mqm_instance_info *info)
{
    struct picture *p = user;
    struct side_view *s = side_named(p, info->side);

    if (s == NULL)
        return 0;
    if (!is_over(info))
        add_work(s, info);
    if (!is_over(info) && info->lately_ms > p->lately_ms)
        p->lately_ms = info->lately_ms;
    count_policy(p, s, info);
    return keep_instance(p, info);
}

const char *instance_state(const struct instance_view *i)
{
    const unsigned flags = i->info.flags;

    if (flags & MQM_INSTANCE_UNKNOWN)
        return "unknown";
    if (flags & MQM_INSTANCE_GONE)
        return "gone";
    if (flags & MQM_INSTANCE_CURRENT)
        return flags & MQM_INSTANCE_SILENT ? "silent" : "current";
    return flags & MQM_INSTANCE_SILENT ? "silent, OLD" : "OLD";
}

/* By side, then by name, so that two looks show the same order. */
static int by_name(const void *a, const void *b)
{
    const struct instance_view *x = a, *y = b;
    int r = strcmp(x->side, y->side);

    if (r == 0)
        r = strcmp(x->instance, y->instance);
    return r != 0 ? r : strcmp(x->run, y->run);
}

/* Whoever is taken for dead since a yes that still stands. */
static void note_declared(struct picture *p, const char *name)
{
    for (size_t i = 0; i < p->instances; i++)
        if ((p->instance[i].info.flags & MQM_INSTANCE_SILENT) &&
            strcmp(p->instance[i].instance, name) == 0)
            p->instance[i].declared = 1;
}

static int keep_dead(struct picture *p, struct side_view *s,
                     const struct mqm_retirement *r)
{
    s->dead = calloc(r->n_dead + 1, sizeof(*s->dead));
    if (s->dead == NULL)
        return -ENOMEM;
    s->n_dead = r->n_dead;
    for (size_t i = 0; i < r->n_dead; i++) {
        copy(s->dead[i], sizeof(s->dead[i]), r->dead[i]);
        if (!r->given)
            note_declared(p, r->dead[i]);
    }
    return 0;
}

static int visit_retired(void *user, const struct mqm_retirement *r)
{
    struct picture *p = user;
    struct side_view *s = side_named(p, r->side);

    if (s == NULL)
        return 0;
    s->retired_ms = r->when_ms;
    copy(s->retired_by, sizeof(s->retired_by), r->who);
    s->given = r->given;
    return keep_dead(p, s, r);
}

/* ------------------------------- all of it ------------------------------ */

static int visit_topic(void *user, const struct mqm_topic_info *info)
{
    struct picture *p = user;

    if (strcmp(info->topic, p->names.topic) == 0 &&
        strcmp(info->group, p->names.group) == 0)
        p->policy = *info;
    return 0;
}

double coverage(const struct picture *p, int first_on)
{
    const struct side_view *old = &p->side[OLD_SIDE], *new = &p->side[NEW_SIDE];
    const uint64_t first =
        (first_on != NEW_SIDE ? old->first_lately : 0) +
        (first_on != OLD_SIDE ? new->first_lately : 0);
    const uint64_t second =
        (first_on != NEW_SIDE ? new->second_lately : 0) +
        (first_on != OLD_SIDE ? old->second_lately : 0);

    if (first == 0)
        return -1;
    return second >= first ? 1 : (double)second / (double)first;
}

static void ask_store(struct ctl *c, struct picture *p)
{
    const struct topic *t = &p->names;

    note_error(p->store_error,
               mqm_read_store(c->m, t->group, t->topic, &p->store));
    note_error(p->open_error, mqm_pending(c->m, NULL, t->group, t->topic,
                                          visit_open, p));
    note_error(p->instances_error,
               mqm_instances(c->m, t->group, t->topic, visit_instance, p));
    if (p->instances_error[0] == '\0')
        note_error(p->instances_error,
                   mqm_retirements(c->m, t->group, t->topic, visit_retired,
                                   p));
    if (p->instances > 0)
        qsort(p->instance, p->instances, sizeof(*p->instance), by_name);
    groups_look(c, p);
}

void picture_take(struct ctl *c, struct picture *p)
{
    const struct mqm_store_info none = MQM_STORE_INFO_INIT;

    p->side[OLD_SIDE].name = p->names.old_side;
    p->side[NEW_SIDE].name = p->names.new_side;
    p->in_force_ms = -1;
    p->store = none;
    visit_topics(c, visit_topic, p);
    if (c->m != NULL)
        ask_store(c, p);
}

void picture_free(struct picture *p)
{
    free(p->instance);
    p->instance = NULL;
    for (int i = 0; i < BOTH_SIDES; i++) {
        free(p->side[i].dead);
        p->side[i].dead = NULL;
    }
}
