/* SPDX-License-Identifier: MIT */
/* instances.c - who has reported for a topic, and what the store is like. */
#include "core.h"
#include "error.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What was reported, until it is shown: visit() may call the library. */
struct heard {
    struct report_key key;
    struct report report;
    unsigned format_unknown;
    int64_t age_ms;
};

struct hearing {
    struct heard *heard;
    size_t n, room;
};

static int collect(void *user, const struct mqm_key *key,
                   const struct mqm_cell *cell)
{
    struct hearing *h = user;
    struct heard *one;

    if (h->n == h->room) {
        one = realloc(h->heard, (h->room * 2 + 16) * sizeof(*one));
        if (!one)
            return mqm__fail(-ENOMEM, "no memory for %zu instances", h->n);
        h->heard = one;
        h->room = h->room * 2 + 16;
    }
    one = &h->heard[h->n];
    if (mqm__report_key_read(&one->key, key->id, key->id_len) < 0)
        return 0; /* not of ours */
    one->format_unknown =
        mqm__report_decode(&one->report, cell->value, cell->len) < 0;
    one->age_ms = cell->age_ms;
    h->n++;
    return 0;
}

static unsigned flags_of(const struct heard *h, const struct topic_config *t)
{
    const struct report *r = &h->report;

    if (h->format_unknown)
        return MQM_INSTANCE_UNKNOWN;
    return (r->print == t->print ? (unsigned)MQM_INSTANCE_CURRENT : 0) |
           (r->gone ? (unsigned)MQM_INSTANCE_GONE : 0) |
           (!r->gone && h->age_ms > mqm__silent_after_ms(r->report_ms)
                ? (unsigned)MQM_INSTANCE_SILENT : 0) |
           (r->on ? (unsigned)MQM_INSTANCE_SWITCHED : 0);
}

static void tell_counts(struct mqm_instance_info *info, const struct report *r)
{
    info->granted = r->n[COUNT_GRANTED];
    info->doubtful = r->n[COUNT_DOUBTFUL];
    info->skipped = r->n[COUNT_SKIPPED];
    info->later = r->n[COUNT_LATER];
    info->lost = r->n[COUNT_LOST];
    info->succeeded = r->n[COUNT_SUCCEEDED];
    info->failed = r->n[COUNT_FAILED];
    info->parked = r->n[COUNT_PARKED];
    info->errors = r->n[COUNT_ERRORS];
    info->without_id = r->n[COUNT_WITHOUT_ID];
    info->future_born = r->n[COUNT_FUTURE_BORN];
    info->seen_first = r->n[COUNT_FIRST];
    info->seen_second = r->n[COUNT_SECOND];
    info->lately_ms = r->lately.at_ms;
    info->lately_done = r->lately.done;
    info->lately_first = r->lately.first;
    info->lately_second = r->lately.second;
    info->minute_ms = r->minute.at_ms;
    info->minute_done = r->minute.done;
}

/* Durations go on since it was written; those of one that is gone do not. */
static void tell_times(struct mqm_instance_info *info, const struct heard *h)
{
    const struct report *r = &h->report;
    int64_t since = r->gone ? 0 : h->age_ms;

    info->seen_ms = h->age_ms;
    if (h->format_unknown)
        return;
    info->report_ms = r->report_ms;
    info->open_ms = r->open_ms + since;
    info->in_force_ms = r->in_force_ms + since;
    info->confirmed_ms = r->confirmed_ms + since;
    info->unchanged_ms = r->unchanged_ms + since;
}

static int show(const struct hearing *h, const struct topic_config *t,
                int (*visit)(void *user, const struct mqm_instance_info *info),
                void *user)
{
    int r = 0;

    for (size_t i = 0; i < h->n && r == 0; i++) {
        const struct heard *one = &h->heard[i];
        struct mqm_instance_info info = {
            .size = sizeof(info), .instance = one->key.instance,
            .run = one->key.run, .side = one->key.side, .group = t->group,
            .topic = t->topic, .host = one->report.host,
            .version = one->report.version, .pid = one->report.pid,
            .flags = flags_of(one, t), .cut_ppm = one->report.cut_ppm,
            .policy = one->report.print, .since_ms = one->report.since_ms};

        tell_times(&info, one);
        tell_counts(&info, &one->report);
        r = visit(user, &info);
    }
    return r;
}

static int list(mqm *m, const struct topic_config *t, struct hearing *h)
{
    char space[REPORT_SPACE];

    mqm__report_space(space, t->space);
    return mqm__list(m, space, collect, h);
}

int mqm_instances(mqm *m, const char *group, const char *topic,
                  int (*visit)(void *user,
                               const struct mqm_instance_info *info),
                  void *user)
{
    const struct topic_config *t;
    struct hearing h = {NULL, 0, 0};
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!topic || !visit)
        return mqm__fail(-EINVAL, "mqm_instances() needs a topic and a "
                         "visitor");
    snap = mqm__snapshot(m);
    t = mqm__config_topic(snap->config, group, topic);
    r = t ? list(m, t, &h) : -ENOENT;
    if (r == 0)
        r = show(&h, t, visit, user);
    free(h.heard);
    mqm__snapshot_put(snap);
    return r;
}

/* -------------------------------- the store ------------------------------ */

static int ask(mqm *m, const struct topic_config *t, struct mqm_store_info *out)
{
    const struct mqm_store *s = m->store.table->store;
    int64_t began;
    int r;

    out->name = m->store.table->name;
    out->shared = (s->flags & MQM_STORE_SHARED) != 0;
    out->durable = (s->flags & MQM_STORE_DURABLE) != 0;
    mqm__combine_enter(&m->combine);
    began = mqm__mono_us();
    r = s->memory(m->store.self, t->space, 0, &out->memory_from_ms,
                  &out->created_ms);
    out->round_trip_us = mqm__mono_us() - began;
    mqm__combine_leave(&m->combine);
    return r;
}

int mqm_read_store(mqm *m, const char *group, const char *topic,
                   struct mqm_store_info *out)
{
    struct mqm_store_info info = MQM_STORE_INFO_INIT;
    const struct topic_config *t;
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!topic || !out || out->size < sizeof(out->size))
        return mqm__fail(-EINVAL, "mqm_read_store() needs a topic, and a place "
                         "set up with MQM_STORE_INFO_INIT");
    snap = mqm__snapshot(m);
    t = mqm__config_topic(snap->config, group, topic);
    r = t ? ask(m, t, &info) : -ENOENT;
    mqm__snapshot_put(snap);
    if (r < 0)
        return r;
    info.size = out->size < sizeof(info) ? out->size : sizeof(info);
    memcpy(out, &info, info.size);
    return 0;
}
