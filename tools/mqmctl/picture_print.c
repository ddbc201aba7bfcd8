/* SPDX-License-Identifier: MIT */
/* picture_print.c - how a topic's migration stands, on a page for people. */
#include "picture.h"
#include "print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { GONE_MS = 300000 };

static void print_policy(const struct picture *p)
{
    char cut[PRINT_MS_MAX], since[PRINT_MS_MAX], ms[PRINT_MS_MAX];

    printf("policy     switch %s, cut %s, since %s", p->policy.switched
           ? "on" : "off", text_of_cut(cut, p->policy.cut_ppm),
           text_of_time(since, p->policy.since_ms));
    if (p->policy.allowed > 0)
        printf(", %zu on the allow list", p->policy.allowed);
    if (p->store_error[0] == '\0' && p->instances_error[0] == '\0')
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

static void print_error(const char *what, const char *error)
{
    if (error[0] == '\0')
        return;
    printf("%-10s ", what);
    put_text(stdout, error);
    putchar('\n');
}

static void remark(uint64_t n, const char *side, const char *words)
{
    if (n > 0)
        printf("           %" PRIu64 " on %s: %s\n", n, side, words);
}

static void print_remarks(const struct side_view *s)
{
    remark(s->untried, s->name, "owed, and never tried there");
    remark(s->unsent, s->name, "perhaps no copy is on its way: send it again, "
                               "or mqmctl rescue");
    remark(s->ended, s->name, "in work, but the lease is over: who had it "
                              "died, the next copy is a doubt");
    remark(s->body_missing, s->name, "parked, and the body is not kept: its "
                                     "copy must not be lost");
    remark((uint64_t)s->read_on, s->name, "UNGUARDED: read by the group within "
                                          "seconds, and nobody reports");
    if (s->group_error[0] != '\0') {
        printf("           the group on %s is not known: ", s->name);
        put_text(stdout, s->group_error);
        putchar('\n');
    }
}

static const char *unread(char buf[PRINT_MS_MAX], const struct side_view *s)
{
    if (!s->group_known)
        return "?";
    snprintf(buf, PRINT_MS_MAX, "%" PRId64, s->behind);
    return buf;
}

static void print_retired(const struct side_view *s)
{
    char when[PRINT_MS_MAX];

    if (s->retired_ms == 0)
        return;
    printf("           %s: retired by ", s->name);
    put_text(stdout, s->retired_by);
    printf(", %s", text_of_time(when, s->retired_ms));
    for (size_t i = 0; i < s->n_dead; i++) {
        fputs(i == 0 ? "; taken for dead: " : ", ", stdout);
        put_text(stdout, s->dead[i]);
    }
    puts(s->given ? "; SINCE THEN the policy gives it messages again" : "");
}

static void print_sides(const struct picture *p)
{
    char a[PRINT_MS_MAX], b[PRINT_MS_MAX], c[PRINT_MS_MAX], d[PRINT_MS_MAX];

    printf("%-10s %8s %-11s %8s %-11s %8s %-11s %5s %8s %9s %8s\n", "SIDE",
           "OWED", "OLDEST", "IN WORK", "OLDEST", "PARKED", "OLDEST", "TRIES",
           "DONE", "PER SEC", "UNREAD");
    for (int i = 0; i < BOTH_SIDES; i++) {
        const struct side_view *s = &p->side[i];

        printf("%-10s %8" PRIu64 " %-11s %8" PRIu64 " %-11s %8" PRIu64
               " %-11s %5u %8" PRIu64 " %9.1f %8s\n", s->name, s->owed.n,
               oldest(a, &s->owed), s->held.n, oldest(b, &s->held),
               s->parked.n, oldest(c, &s->parked), most_tries(s),
               s->done_lately, s->done_a_second, unread(d, s));
    }
    for (int i = 0; i < BOTH_SIDES; i++)
        print_remarks(&p->side[i]);
    for (int i = 0; i < BOTH_SIDES; i++)
        print_retired(&p->side[i]);
    print_error("NOT COMPLETE", p->open_error);
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
    printf("  %.1f/s  seen %s ago%s\n", done_a_second(f),
           text_of_duration(seen, f->seen_ms),
           i->declared ? ", taken for dead" : "");
}

/* Who left a while ago is of no interest to people any more. */
static void print_instances(const struct picture *p)
{
    size_t left = 0;

    for (size_t i = 0; i < p->instances; i++) {
        const struct mqm_instance_info *f = &p->instance[i].info;

        if ((f->flags & MQM_INSTANCE_GONE) && f->seen_ms > GONE_MS)
            left++;
        else
            print_instance(&p->instance[i]);
    }
    if (left > 0)
        printf("%-10s %zu left more than five minutes ago\n", "", left);
    print_error("NOT KNOWN", p->instances_error);
}

void picture_print(const struct picture *p)
{
    char words[ADVICE_MAX];

    printf("%s (%s), %s to %s\n", p->names.topic, p->names.group,
           p->names.old_side, p->names.new_side);
    print_policy(p);
    print_store(p);
    if (p->store_error[0] == '\0') {
        print_coverage(p);
        print_sides(p);
        print_instances(p);
    }
    fputs("next: ", stdout);
    put_text(stdout, advice(words, p));
    puts("\n");
}
