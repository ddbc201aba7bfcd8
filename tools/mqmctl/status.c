/* SPDX-License-Identifier: MIT */
/* status.c - how the migration stands, on a page; and as JSON. */
#include "picture.h"
#include "print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRACE_MS = 600000 };

/* ------------------------------- for people ------------------------------ */

static void print_policy(const struct picture *p)
{
    char cut[PRINT_MS_MAX], since[PRINT_MS_MAX], ms[PRINT_MS_MAX];

    printf("policy     switch %s, cut %s, since %s", p->policy.switched
           ? "on" : "off", text_of_cut(cut, p->policy.cut_ppm),
           text_of_time(since, p->policy.since_ms));
    if (p->policy.allowed > 0)
        printf(", %zu on the allow list", p->policy.allowed);
    if (p->instances_error[0] == '\0')
        printf("; in force on %u of %u instances", p->current,
               p->reporting + p->silent);
    if (p->in_force_ms >= 0)
        printf(", for %s", text_of_duration(ms, p->in_force_ms));
    putchar('\n');
}

static void print_store(const struct picture *p)
{
    char from[PRINT_MS_MAX];

    fputs("store      ", stdout);
    if (p->store_error[0] != '\0') {
        put_text(stdout, p->store_error);
        putchar('\n');
        return;
    }
    printf("%s answers in %" PRId64 ".%" PRId64 " ms; ", p->store.name,
           p->store.round_trip_us / 1000, p->store.round_trip_us / 100 % 10);
    if (p->store.memory_from_ms > 0)
        printf("remembers from %s on\n",
               text_of_time(from, p->store.memory_from_ms));
    else
        puts("has forgotten nothing");
}

static const char *oldest(char buf[PRINT_MS_MAX], const struct open_part *part)
{
    return part->n > 0 ? text_of_duration(buf, part->oldest_ms) : "-";
}

static unsigned most_tries(const struct side_view *s)
{
    unsigned most = s->owed.tries_most;

    if (s->held.tries_most > most)
        most = s->held.tries_most;
    return s->parked.tries_most > most ? s->parked.tries_most : most;
}

static void print_sides(const struct picture *p)
{
    char a[PRINT_MS_MAX], b[PRINT_MS_MAX], c[PRINT_MS_MAX];

    printf("%-10s %8s %-11s %8s %-11s %8s %-11s %5s %8s %9s\n", "SIDE", "OWED",
           "OLDEST", "IN WORK", "OLDEST", "PARKED", "OLDEST", "TRIES", "DONE",
           "PER SEC");
    for (int i = 0; i < BOTH_SIDES; i++) {
        const struct side_view *s = &p->side[i];

        printf("%-10s %8" PRIu64 " %-11s %8" PRIu64 " %-11s %8" PRIu64
               " %-11s %5u %8" PRIu64 " %9.1f\n", s->name, s->owed.n,
               oldest(a, &s->owed), s->held.n, oldest(b, &s->held),
               s->parked.n, oldest(c, &s->parked), most_tries(s),
               s->done_lately, s->done_a_second);
    }
    if (p->open_error[0] != '\0') {
        fputs("           NOT COMPLETE: ", stdout);
        put_text(stdout, p->open_error);
        putchar('\n');
    }
}

static void print_coverage(const struct picture *p)
{
    const double share = coverage(p, BOTH_SIDES);
    char ms[PRINT_MS_MAX];

    fputs("copies     ", stdout);
    if (share < 0) {
        puts("none were seen lately");
        return;
    }
    printf("%.2f%% of the messages came from both sides, within %s",
           100 * share, text_of_duration(ms, p->lately_ms));
    for (int i = 0; i < BOTH_SIDES; i++)
        if (coverage(p, i) >= 0)
            printf("; first on %s: %.2f%%", p->side[i].name,
                   100 * coverage(p, i));
    putchar('\n');
}

static void print_instance(const struct instance_view *i)
{
    char seen[PRINT_MS_MAX], cut[PRINT_MS_MAX];
    const struct mqm_instance_info *f = &i->info;
    const double rate = f->minute_ms > 0 ? 1000.0 * (double)f->minute_done /
                                               (double)f->minute_ms
                                         : 0;
    char where[96];

    snprintf(where, sizeof(where), "%s:%" PRId64, i->host, f->pid);
    put_text(stdout, i->side);
    printf("%*s ", (int)(strlen(i->side) < 10 ? 10 - strlen(i->side) : 0), "");
    put_text(stdout, i->instance);
    if (!(f->flags & MQM_INSTANCE_UNKNOWN) && strcmp(where, i->instance) != 0) {
        fputs(" (", stdout);
        put_text(stdout, where);
        putchar(')');
    }
    printf("  %s  policy %s", i->version[0] != '\0' ? i->version : "?",
           instance_state(i));
    if (!(f->flags & (MQM_INSTANCE_CURRENT | MQM_INSTANCE_UNKNOWN)))
        printf(" (switch %s, cut %s)",
               f->flags & MQM_INSTANCE_SWITCHED ? "on" : "off",
               text_of_cut(cut, f->cut_ppm));
    printf("  %.1f/s  seen %s ago\n", rate, text_of_duration(seen, f->seen_ms));
}

static void print_instances(const struct picture *p)
{
    for (size_t i = 0; i < p->instances; i++)
        print_instance(&p->instance[i]);
    if (p->instances_error[0] != '\0') {
        fputs("instances  NOT KNOWN: ", stdout);
        put_text(stdout, p->instances_error);
        putchar('\n');
    }
}

static void print_picture(const struct picture *p)
{
    char words[ADVICE_MAX];

    printf("%s (%s), %s to %s\n", p->names.topic, p->names.group,
           p->names.old_side, p->names.new_side);
    print_policy(p);
    print_store(p);
    print_coverage(p);
    print_sides(p);
    print_instances(p);
    fputs("next: ", stdout);
    put_text(stdout, advice(words, p));
    puts("\n");
}

/* ------------------------------ for programs ----------------------------- */

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
    json_int(j, "body_missing", (int64_t)s->body_missing);
    json_int(j, "instances", s->instances);
    json_int(j, "done_lately", (int64_t)s->done_lately);
    json_int(j, "done_an_hour", (int64_t)(s->done_a_second * 3600));
    json_int(j, "first_lately", (int64_t)s->first_lately);
    json_int(j, "second_lately", (int64_t)s->second_lately);
    json_share(j, "coverage_ppm", coverage(p, i));
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

static void json_error(struct json *j, const char *name, const char *error)
{
    json_text(j, name, error[0] != '\0' ? error : NULL);
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

static void json_picture(struct json *j, const struct picture *p)
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

/* ------------------------------ the command ------------------------------ */

struct page {
    struct ctl *c;
    struct json json;
    int64_t grace_ms;
    int incomplete;
};

static void show(struct page *page, const struct topic *t)
{
    struct picture p = {.names = *t, .grace_ms = page->grace_ms};

    picture_take(page->c, &p);
    page->incomplete |= p.store_error[0] != '\0' || p.open_error[0] != '\0' ||
                        p.instances_error[0] != '\0';
    if (page->c->given & CTL_JSON)
        json_picture(&page->json, &p);
    else
        print_picture(&p);
    picture_free(&p);
}

static int visit(void *user, const struct mqm_topic_info *info)
{
    struct page *page = user;
    struct topic t;

    if (page->c->group != NULL && strcmp(page->c->group, info->group) != 0)
        return 0;
    if (topic_names(&t, info) != CTL_OK)
        return -1;
    show(page, &t);
    return 0;
}

static int show_asked(struct page *page)
{
    struct topic t;
    int r;

    if (page->c->n_args == 0) {
        r = mqm_topics(page->c->m, visit, page);
        return r < 0 ? failed("the topics cannot be read", r) : CTL_OK;
    }
    r = find_topic(page->c, &t);
    if (r == CTL_OK)
        show(page, &t);
    return r;
}

int cmd_status(struct ctl *c)
{
    struct page page = {c, {0}, GRACE_MS, 0};
    int r = ctl_open(c);

    if (r != CTL_OK)
        return r;
    if (c->given & CTL_JSON)
        json_open(&page.json, '[');
    r = show_asked(&page);
    if (c->given & CTL_JSON) {
        json_close(&page.json, ']');
        putchar('\n');
    }
    if (r == CTL_OK && page.incomplete)
        return refuse("the picture is not complete");
    return r;
}
