/* SPDX-License-Identifier: MIT */
/* picture_json.c - how a topic's migration stands, for programs: one object. */
#include "picture.h"
#include "print.h"

static void json_part(struct json *j, const char *name,
                      const struct open_part *part)
{
    json_open_as(j, name, '{');
    json_int(j, "n", (int64_t)part->n);
    json_int(j, "oldest_ms", part->oldest_ms);
    json_int(j, "tries_most", part->tries_most);
    json_close(j, '}');
}

static void json_share(struct json *j, const char *name, double share)
{
    if (share < 0)
        json_text(j, name, NULL);
    else
        json_int(j, name, (int64_t)(share * 1000000));
}

static void json_error(struct json *j, const char *name, const char *error)
{
    json_text(j, name, error[0] != '\0' ? error : NULL);
}

static void json_side(struct json *j, const struct picture *p, int i)
{
    const struct side_view *s = &p->side[i];

    json_open(j, '{');
    json_text(j, "side", s->name);
    json_part(j, "owed", &s->owed);
    json_part(j, "held", &s->held);
    json_part(j, "parked", &s->parked);
    json_int(j, "untried", (int64_t)s->untried);
    json_int(j, "untried_oldest_ms", s->untried_ms);
    json_int(j, "unsent", (int64_t)s->unsent);
    json_int(j, "ended", (int64_t)s->ended);
    json_int(j, "body_missing", (int64_t)s->body_missing);
    json_int(j, "instances", s->instances);
    json_int(j, "done_lately", (int64_t)s->done_lately);
    json_int(j, "done_an_hour", (int64_t)(s->done_a_second * 3600));
    json_int(j, "first_lately", (int64_t)s->first_lately);
    json_int(j, "second_lately", (int64_t)s->second_lately);
    json_share(j, "coverage_ppm", coverage(p, i));
    if (s->group_known)
        json_int(j, "unread", s->behind);
    else
        json_text(j, "unread", NULL);
    json_int(j, "read_unguarded", s->read_on);
    json_error(j, "group_error", s->group_error);
    json_int(j, "retired_ms", s->retired_ms);
    json_error(j, "retired_by", s->retired_by);
    json_bool(j, "given_again", s->given);
    json_open_as(j, "taken_for_dead", '[');
    for (size_t k = 0; k < s->n_dead; k++)
        json_text(j, NULL, s->dead[k]);
    json_close(j, ']');
    json_close(j, '}');
}

static void json_instance(struct json *j, const struct instance_view *i)
{
    const struct mqm_instance_info *f = &i->info;

    json_open(j, '{');
    json_text(j, "instance", i->instance);
    json_text(j, "run", i->run);
    json_text(j, "side", i->side);
    json_text(j, "host", i->host);
    json_int(j, "pid", f->pid);
    json_text(j, "version", i->version);
    json_text(j, "state", instance_state(i));
    json_bool(j, "current", (f->flags & MQM_INSTANCE_CURRENT) != 0);
    json_bool(j, "gone", (f->flags & MQM_INSTANCE_GONE) != 0);
    json_bool(j, "silent", (f->flags & MQM_INSTANCE_SILENT) != 0);
    json_bool(j, "unknown", (f->flags & MQM_INSTANCE_UNKNOWN) != 0);
    json_bool(j, "taken_for_dead", i->declared);
    json_token(j, "policy", f->policy);
    json_bool(j, "switch", (f->flags & MQM_INSTANCE_SWITCHED) != 0);
    json_int(j, "cut_ppm", f->cut_ppm);
    json_int(j, "since_ms", f->since_ms);
    json_int(j, "seen_ms", f->seen_ms);
    json_int(j, "open_ms", f->open_ms);
    json_int(j, "in_force_ms", f->in_force_ms);
    json_int(j, "confirmed_ms", f->confirmed_ms);
    json_int(j, "unchanged_ms", f->unchanged_ms);
    json_int(j, "granted", (int64_t)f->granted);
    json_int(j, "succeeded", (int64_t)f->succeeded);
    json_int(j, "failed", (int64_t)f->failed);
    json_int(j, "parked", (int64_t)f->parked);
    json_int(j, "skipped", (int64_t)f->skipped);
    json_int(j, "later", (int64_t)f->later);
    json_int(j, "minute_ms", f->minute_ms);
    json_int(j, "minute_done", (int64_t)f->minute_done);
    json_close(j, '}');
}

static void json_head(struct json *j, const struct picture *p)
{
    json_text(j, "topic", p->names.topic);
    json_text(j, "group", p->names.group);
    json_text(j, "old", p->names.old_side);
    json_text(j, "new", p->names.new_side);
    json_bool(j, "switch", p->policy.switched);
    json_int(j, "cut_ppm", p->policy.cut_ppm);
    json_int(j, "since_ms", p->policy.since_ms);
    json_int(j, "allowed", (int64_t)p->policy.allowed);
    json_int(j, "reporting", p->reporting);
    json_int(j, "current", p->current);
    json_int(j, "outdated", p->outdated);
    json_int(j, "silent", p->silent);
    json_int(j, "in_force_ms", p->in_force_ms);
    json_int(j, "lately_ms", p->lately_ms);
    json_share(j, "coverage_ppm", coverage(p, BOTH_SIDES));
    json_text(j, "store", p->store.name);
    json_int(j, "round_trip_us", p->store.round_trip_us);
    json_int(j, "memory_from_ms", p->store.memory_from_ms);
    json_error(j, "store_error", p->store_error);
    json_error(j, "open_error", p->open_error);
    json_error(j, "instances_error", p->instances_error);
}

void picture_json(struct json *j, const struct picture *p)
{
    char words[ADVICE_MAX];

    json_open(j, '{');
    json_head(j, p);
    json_open_as(j, "sides", '[');
    for (int i = 0; i < BOTH_SIDES; i++)
        json_side(j, p, i);
    json_close(j, ']');
    json_open_as(j, "instances", '[');
    for (size_t i = 0; i < p->instances; i++)
        json_instance(j, &p->instance[i]);
    json_close(j, ']');
    json_text(j, "next", advice(words, p));
    json_close(j, '}');
}
