/* SPDX-License-Identifier: MIT */
/* config.c - from a JSON text to a struct config: section by section, then
 * what must hold between them (config_check.c).
 *
 * All or nothing: what is half-built is freed, and the caller's config stays.
 */
#include "config_index.h"
#include "config_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct json_place in_store = {NULL, "store", 0};
static const struct json_place in_sides = {NULL, "sides", 0};
static const struct json_place in_topics = {NULL, "topics", 0};

static int read_store(const struct reader *rd, json_t *root,
                      struct store_config *s)
{
    json_t *object = json_object_get(root, "store");
    int r;

    r = mqm__want_object(rd, &in_store, object);
    if (!r)
        r = mqm__read_settings(rd, &in_store, "store", object, s);
    if (!r)
        r = mqm__read_section(rd, &in_store, "store", object, "url",
                              &s->section);
    return r ? r : mqm__add_number(&s->section, "timeout_ms", s->timeout_ms);
}

static int read_side(const struct reader *rd, const struct json_place *at,
                     json_t *object, struct side_config *s)
{
    static const struct setting_row row = {.min = 1,
                                           .max = MQM_NAME_MAX,
                                           .kind = KIND_SIDE,
                                           .limits = "a name of 1 to 31 of A-Z "
                                                     "a-z 0-9 . _ -"};
    json_t *name = json_string(at->name);
    int r = name ? mqm__read_setting(rd, at, &row, name, s) : mqm__no_memory();

    json_decref(name);
    if (!r)
        r = mqm__want_object(rd, at, object);
    if (r)
        return r;
    s->name = strdup(at->name);
    r = mqm__read_settings(rd, at, "sides.*", object, s);
    if (!r && !s->adapter)
        s->adapter = strdup(at->name);
    if (!r && (!s->name || !s->adapter))
        return mqm__no_memory();
    return r ? r
             : mqm__read_section(rd, at, "sides.*", object, NULL, &s->section);
}

static int read_sides(const struct reader *rd, json_t *root, struct config *c)
{
    json_t *object = json_object_get(root, "sides"), *value;
    const char *name;
    int r;

    r = mqm__want_object(rd, &in_sides, object);
    if (r)
        return r;
    c->sides = calloc(json_object_size(object) + 1, sizeof(*c->sides));
    if (!c->sides)
        return mqm__no_memory();
    json_object_foreach(object, name, value)
    {
        const struct json_place p = {&in_sides, name, 0};

        if (!r)
            r = read_side(rd, &p, value, &c->sides[c->n_sides++]);
    }
    return r;
}

static const struct side_config *find_side(const struct config *c,
                                           const char *name)
{
    size_t i;

    for (i = 0; i < c->n_sides; i++)
        if (!strcmp(c->sides[i].name, name))
            return &c->sides[i];
    return NULL;
}

static int list_sides(char *buf, size_t size, const struct config *c)
{
    size_t at = 0, i;

    buf[0] = '\0';
    for (i = 0; i < c->n_sides && at < size; i++) {
        snprintf(buf + at, size - at, "%s%s", i ? ", " : "", c->sides[i].name);
        at = strlen(buf);
    }
    return 0;
}

static char *format2(const char *fmt_between, const char *a, const char *b,
                     const char *end)
{
    size_t size = strlen(a) + strlen(fmt_between) + strlen(b) + strlen(end) + 1;
    char *s = malloc(size);

    if (s)
        snprintf(s, size, "%s%s%s%s", a, fmt_between, b, end);
    return s;
}

static int fill_in(struct at_side *a, const struct topic_config *t)
{
    if (!a->topic)
        a->topic = strdup(t->topic);
    if (!a->group)
        a->group = strdup(t->group);
    if (a->topic && a->group && !a->parking)
        a->parking = format2("-", a->topic, a->group, "-parking");
    return a->topic && a->group && a->parking ? 0 : mqm__no_memory();
}

static int read_at_side(const struct reader *rd, const struct json_place *at,
                        json_t *object, struct topic_config *t,
                        struct at_side *a)
{
    const char *where = "topics[].sides.*";
    int r = object ? mqm__want_object(rd, at, object) : 0;

    if (!r)
        r = mqm__known_names(rd, at, where, object);
    if (!r)
        r = mqm__read_settings(rd, at, where, object, a);
    return r ? r : fill_in(a, t);
}

/* The side that "old" or "new" names, and how the topic looks there. */
static int read_end(const struct reader *rd, const struct json_place *topic,
                    json_t *object, const struct config *c,
                    struct topic_config *t, int side)
{
    const struct json_place at = {topic, side == MQM_OLD ? "old" : "new", 0};
    const struct json_place sides = {topic, "sides", 0};
    const char *name = json_string_value(json_object_get(object, at.name));
    const struct json_place mine = {&sides, name, 0};
    char known[200];

    t->at[side].side = find_side(c, name);
    if (!t->at[side].side) {
        list_sides(known, sizeof(known), c);
        return mqm__bad_place(rd, &at, "no such side \"%s\"; there are: %s",
                              name, known);
    }
    return read_at_side(rd, &mine,
                        json_object_get(json_object_get(object, "sides"), name),
                        t, &t->at[side]);
}

/* The sections in "sides" of a topic are those of its two sides. */
static int known_ends(const struct reader *rd, const struct json_place *topic,
                      json_t *object, const struct topic_config *t)
{
    const struct json_place sides = {topic, "sides", 0};
    const char *old = t->at[MQM_OLD].side->name,
               *new = t->at[MQM_NEW].side->name;
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(object, "sides"), name, value)
    {
        const struct json_place p = {&sides, name, 0};

        if (strcmp(name, old) && strcmp(name, new))
            return mqm__bad_place(rd, &p,
                                  "is neither the old side (%s) nor "
                                  "the new one (%s)",
                                  old, new);
    }
    return 0;
}

static int read_ends(const struct reader *rd, const struct json_place *at,
                     json_t *object, const struct config *c,
                     struct topic_config *t)
{
    const struct json_place at_sides = {at, "sides", 0}, new = {at, "new", 0};
    json_t *sides = json_object_get(object, "sides");
    int r = sides ? mqm__want_object(rd, &at_sides, sides) : 0;

    if (!r)
        r = read_end(rd, at, object, c, t, MQM_OLD);
    if (!r)
        r = read_end(rd, at, object, c, t, MQM_NEW);
    if (!r && t->at[MQM_OLD].side == t->at[MQM_NEW].side)
        r = mqm__bad_place(rd, &new, "old and new are the same side (%s)",
                           t->at[MQM_NEW].side->name);
    return r ? r : known_ends(rd, at, object, t);
}

static char *space_of(const char *app, const struct topic_config *t)
{
    char *both = format2("/", t->group, t->topic, "");
    char *space = both ? format2("/", app, both, "") : NULL;

    free(both);
    return space;
}

static int read_topic(const struct reader *rd, const struct json_place *at,
                      json_t *object, const struct config *c,
                      struct topic_config *t)
{
    int r = mqm__want_object(rd, at, object);

    if (!r)
        r = mqm__known_names(rd, at, "topics[]", object);
    if (!r)
        r = mqm__read_settings(rd, at, "topics[]", object, t);
    if (!r)
        r = read_ends(rd, at, object, c, t);
    if (r)
        return r;
    t->space = space_of(c->app, t);
    return t->space ? mqm__check_topic(rd, at, t) : mqm__no_memory();
}

static int read_topics(const struct reader *rd, json_t *root, struct config *c)
{
    json_t *list = json_object_get(root, "topics");
    size_t i;
    int r = 0;

    if (!json_is_array(list))
        return mqm__bad_place(rd, &in_topics, "must be a list: [{...}, ...]");
    c->topics = calloc(json_array_size(list) + 1, sizeof(*c->topics));
    if (!c->topics)
        return mqm__no_memory();
    for (i = 0; !r && i < json_array_size(list); i++) {
        const struct json_place p = {&in_topics, NULL, i};

        r = read_topic(rd, &p, json_array_get(list, i), c,
                       &c->topics[c->n_topics++]);
    }
    if (!r)
        r = mqm__check_together(rd, c);
    return r ? r : mqm__config_index(c);
}

static int read_root(const struct reader *rd, json_t *root, struct config *c)
{
    int r = mqm__want_object(rd, NULL, root);

    if (!r)
        r = mqm__known_names(rd, NULL, "", root);
    if (!r)
        r = mqm__read_settings(rd, NULL, "", root, c);
    if (!r)
        r = read_store(rd, root, &c->store);
    if (!r)
        r = read_sides(rd, root, c);
    return r ? r : read_topics(rd, root, c);
}

/* What the parser says, without the text near the error, which may be a
 * secret; but a name that is there twice is told.  When it has no memory it
 * says that something is wrong with the text. */
static int bad_json(const struct reader *rd, json_error_t *e)
{
    char *near = strstr(e->text, " near '");

    if (errno == ENOMEM)
        return mqm__no_memory();
    if (near && json_error_code(e) != json_error_duplicate_key)
        *near = '\0';
    return mqm__fail(-EINVAL, "%s: line %d: not valid JSON: %s", rd->where,
                     e->line > 0 ? e->line : 1, e->text);
}

int mqm__config_parse(struct config **out, const char *text, size_t len,
                      const char *where)
{
    const struct reader rd = {text, len, where};
    json_error_t error;
    struct config *c = NULL;
    json_t *root = mqm__json_load(text, len, &error);
    int r;

    if (!root)
        return bad_json(&rd, &error);
    c = calloc(1, sizeof(*c));
    r = c ? read_root(&rd, root, c) : mqm__no_memory();
    json_decref(root);
    if (r < 0) {
        mqm__config_free(c);
        return r;
    }
    *out = c;
    return 0;
}

static void free_topic(struct topic_config *t)
{
    mqm__free_settings("topics[].sides.*", &t->at[MQM_OLD]);
    mqm__free_settings("topics[].sides.*", &t->at[MQM_NEW]);
    mqm__free_settings("topics[]", t);
    free(t->space);
}

void mqm__config_free(struct config *c)
{
    if (!c)
        return;
    while (c->n_topics)
        free_topic(&c->topics[--c->n_topics]);
    while (c->n_sides) {
        c->n_sides--;
        mqm__free_settings("sides.*", &c->sides[c->n_sides]);
        mqm__free_section(&c->sides[c->n_sides].section);
        free(c->sides[c->n_sides].name);
    }
    mqm__free_settings("store", &c->store);
    mqm__free_section(&c->store.section);
    mqm__free_settings("", c);
    free(c->index);
    free(c->topics);
    free(c->sides);
    free(c);
}
