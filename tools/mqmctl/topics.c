/* SPDX-License-Identifier: MIT */
/* topics.c - the topics of the configuration in force, and finding one. */
#include "ctl.h"
#include "print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct search {
    const char *topic, *group; /* group: NULL: any */
    struct topic *out;
    int same_topic, found;
    int names; /* an exit code: could they be copied? */
};

int visit_topics(struct ctl *c,
                 int (*visit)(void *user, const struct mqm_topic_info *info),
                 void *user)
{
    return c->m != NULL ? mqm_topics(c->m, visit, user)
                        : mqm_read_topics(c->config, visit, user);
}

static int copy(char *out, size_t size, const char *name)
{
    return snprintf(out, size, "%s", name) >= (int)size;
}

int topic_names(struct topic *t, const struct mqm_topic_info *info)
{
    if (copy(t->topic, sizeof(t->topic), info->topic) |
        copy(t->group, sizeof(t->group), info->group) |
        copy(t->old_side, sizeof(t->old_side), info->old_side) |
        copy(t->new_side, sizeof(t->new_side), info->new_side))
        return refuse("the names of topic '%s' are too long", info->topic);
    return CTL_OK;
}

static int match(void *user, const struct mqm_topic_info *info)
{
    struct search *s = user;

    if (strcmp(info->topic, s->topic) != 0)
        return 0;
    s->same_topic++;
    if (s->group != NULL && strcmp(info->group, s->group) != 0)
        return 0;
    s->found++;
    s->names = topic_names(s->out, info);
    return 0;
}

int find_topic(struct ctl *c, struct topic *t)
{
    struct search s = {c->args[0], c->group, t, 0, 0, CTL_OK};
    const int r = visit_topics(c, match, &s);

    if (r < 0)
        return failed("the topics cannot be read", r);
    if (s.same_topic == 0)
        return refuse("there is no topic '%s' in %s; 'mqmctl topics' lists "
                      "them", s.topic, c->config);
    if (s.found == 0)
        return refuse("topic '%s' has no group '%s'; 'mqmctl topics' lists "
                      "them", s.topic, s.group);
    if (s.found > 1)
        return refuse("topic '%s' has %d groups: name one with --group; "
                      "'mqmctl topics' lists them", s.topic, s.found);
    return s.names;
}

int check_side(const struct topic *t, const char *side)
{
    if (side == NULL || strcmp(side, t->old_side) == 0 ||
        strcmp(side, t->new_side) == 0)
        return CTL_OK;
    return refuse("topic '%s' has no side '%s': its sides are %s and %s",
                  t->topic, side, t->old_side, t->new_side);
}

int open_topic(struct ctl *c, struct topic *t, const char *side)
{
    int r = ctl_open(c);

    if (r == CTL_OK)
        r = find_topic(c, t);
    return r == CTL_OK ? check_side(t, side) : r;
}

/* ------------------------------ the list -------------------------------- */

static int print_row(void *user, const struct mqm_topic_info *info)
{
    char cut[PRINT_MS_MAX], since[PRINT_MS_MAX], settle[PRINT_MS_MAX];

    (void)user;
    printf("%-16s %-16s %-10s %-10s %-6s %-8s %-20s %6zu  %s\n", info->topic,
           info->group, info->old_side, info->new_side,
           info->switched ? "on" : "off", text_of_cut(cut, info->cut_ppm),
           text_of_time(since, info->since_ms), info->allowed,
           text_of_duration(settle, info->settle_ms));
    return 0;
}

static int print_json(void *user, const struct mqm_topic_info *info)
{
    struct json *j = user;
    char cut[PRINT_MS_MAX];

    json_open(j, '{');
    json_text(j, "topic", info->topic);
    json_text(j, "group", info->group);
    json_text(j, "old", info->old_side);
    json_text(j, "new", info->new_side);
    json_bool(j, "switch", info->switched);
    json_text(j, "cut", text_of_cut(cut, info->cut_ppm));
    json_int(j, "cut_ppm", info->cut_ppm);
    json_int(j, "since_ms", info->since_ms);
    json_int(j, "settle_ms", info->settle_ms);
    json_int(j, "allowed", (int64_t)info->allowed);
    json_close(j, '}');
    return 0;
}

int cmd_topics(struct ctl *c)
{
    struct json j = {0};
    int r = ctl_open(c);

    if (r != CTL_OK)
        return r;
    if (c->given & CTL_JSON) {
        json_open(&j, '[');
        r = mqm_topics(c->m, print_json, &j);
        json_close(&j, ']');
        putchar('\n');
    } else {
        printf("%-16s %-16s %-10s %-10s %-6s %-8s %-20s %6s  %s\n", "TOPIC",
               "GROUP", "OLD", "NEW", "SWITCH", "CUT", "SINCE", "ALLOW",
               "SETTLE");
        r = mqm_topics(c->m, print_row, NULL);
    }
    return r < 0 ? failed("the topics cannot be read", r) : CTL_OK;
}
