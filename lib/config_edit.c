/* SPDX-License-Identifier: MIT */
/* config_edit.c - mqm_change(): one setting of a topic, in a file, safely.
 *
 *     lock    others that do the same wait
 *     read    the file as it is must be valid, or nothing is touched
 *     edit    the one value; every other byte stays
 *     check   as mqm_open() would, and as consumers that run would
 *     swap    readers and crashes find the old text or the new one
 *
 * "since" is set once, also by switching on, and never moves: consumers would
 * refuse to follow (mqm__config_may_follow).
 */
#define _XOPEN_SOURCE 700 /* realpath */
#include "config_read.h"
#include "file_swap.h"
#include "json_edit.h"
#include "source_file.h"

#include <mqmigrate/mqmigrate.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct edit {
    const char *path; /* the real one */
    const char *name, *value;
    struct source_file file;
    struct json_text now;
    struct config *before;
    const struct topic_config *topic;
    struct json_place element; /* of the topic */
};

static const struct json_place in_topics = {NULL, "topics", 0};

static int find_topic(struct edit *e, const char *group, const char *topic)
{
    int r = mqm__config_parse(&e->before, e->now.text, e->now.len, e->path);

    if (r < 0)
        return r;
    e->topic = mqm__config_topic(e->before, group, topic);
    if (!e->topic)
        return -ENOENT;
    e->element = (struct json_place){&in_topics, NULL,
                                     (size_t)(e->topic - e->before->topics)};
    return 0;
}

static int put(struct edit *e, const char *name, const char *json)
{
    const struct json_place at = {&e->element, name, 0};
    int r = mqm__json_set(&e->now, &at, json);

    return r < 0 ? mqm__fail(r, "cannot change %s in %s", name, e->path) : 0;
}

static int put_json(struct edit *e, const char *name, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    int r = text ? put(e, name, text) : mqm__no_memory();

    json_decref(value);
    free(text);
    return r;
}

static int put_number(struct edit *e, const char *name, int64_t n)
{
    return put_json(e, name, json_integer(n));
}

static int bad_value(const struct edit *e, const char *words)
{
    return mqm__fail(-EINVAL, "%s: \"%.80s\" must be %s", e->name, e->value,
                     words);
}

/* All of a text as a whole number. */
static int number_of(const char *text, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno || end == text || *end || strchr(" \t\n+", *text) ? -EINVAL
                                                                   : 0;
}

/* The moment lies later than what any producer's clock says now. */
static int put_since_now(struct edit *e)
{
    struct timespec t;

    if (clock_gettime(CLOCK_REALTIME, &t) < 0)
        return mqm__fail(-errno, "no clock for \"since\"");
    return put_number(e, "since",
                      (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 +
                          e->topic->policy.margin_ms);
}

static int edit_since(struct edit *e)
{
    int64_t since = e->topic->policy.since_ms, ms;

    if (since && !strcmp(e->value, "now"))
        return mqm__fail(-EINVAL, "since is set (%" PRId64 ") and never moves",
                         since);
    if (!strcmp(e->value, "now"))
        return put_since_now(e);
    if (number_of(e->value, &ms) < 0 && mqm__ms_of_text(e->value, &ms) < 0)
        return bad_value(e, "\"now\", Unix milliseconds or "
                            "2026-01-31T23:59:59Z");
    if (since && since != ms)
        return mqm__fail(-EINVAL, "since is set (%" PRId64 ") and never moves",
                         since);
    return since ? 0 : put_number(e, "since", ms);
}

static int edit_bool(struct edit *e)
{
    bool on = !strcmp(e->value, "on") || !strcmp(e->value, "true");
    int r = 0;

    if (!on && strcmp(e->value, "off") && strcmp(e->value, "false"))
        return bad_value(e, "on or off");
    if (on && !strcmp(e->name, "switch") && !e->topic->policy.since_ms)
        r = put_since_now(e);
    return r ? r : put(e, e->name, on ? "true" : "false");
}

/* A new reference. */
static int text_value(const struct edit *e, json_t **out)
{
    errno = 0;
    *out = json_string(e->value);
    if (*out)
        return 0;
    return errno == ENOMEM ? mqm__no_memory() : bad_value(e, "a text (UTF-8)");
}

static int put_text(struct edit *e)
{
    json_t *value;
    int r = text_value(e, &value);

    return r ? r : put_json(e, e->name, value);
}

static int edit_cut(struct edit *e)
{
    uint32_t ppm;

    if (mqm__cut_of_text(e->value, &ppm) < 0)
        return bad_value(e, "a percentage: \"0%\" to \"100%\", in steps of "
                            "0.0001%");
    return put_text(e);
}

static size_t index_of(const json_t *list, const char *entry)
{
    size_t i;

    for (i = 0; i < json_array_size(list); i++)
        if (!strcmp(json_string_value(json_array_get(list, i)), entry))
            break;
    return i;
}

/* The allow list as it stands in the file; a new reference, may be empty.  The
 * text was read before, so NULL: no memory. */
static json_t *allow_list_of(const struct edit *e)
{
    json_error_t error;
    json_t *root = mqm__json_load(e->now.text, e->now.len, &error);
    json_t *topic =
        json_array_get(json_object_get(root, "topics"), e->element.index);
    json_t *list = json_incref(json_object_get(topic, "allow"));

    if (root && !list)
        list = json_array();
    json_decref(root);
    return list;
}

static int add_entry(const struct edit *e, json_t *list)
{
    json_t *entry;
    int r = text_value(e, &entry);

    if (r)
        return r;
    return json_array_append_new(list, entry) ? mqm__no_memory() : 0;
}

static int edit_allow(struct edit *e, int add)
{
    json_t *list = allow_list_of(e);
    size_t at = index_of(list, e->value);
    bool there = at < json_array_size(list);
    int r = 0;

    if (!list)
        return mqm__no_memory();
    if (!add && !there)
        r = mqm__fail(-ENOENT, "\"%.80s\" is not on the allow list", e->value);
    else if (!add)
        json_array_remove(list, at);
    else if (!there)
        r = add_entry(e, list);
    if (!r)
        return put_json(e, "allow", list);
    json_decref(list);
    return r;
}

static int edit_other(struct edit *e, const struct setting_row *row)
{
    int64_t n;

    if (row->kind != KIND_MS && row->kind != KIND_COUNT)
        return put_text(e);
    if (number_of(e->value, &n) < 0)
        return bad_value(e, row->limits);
    return put_number(e, e->name, n);
}

static int no_setting(const struct edit *e)
{
    const char *near = mqm__near_setting("topics[]", e->name);

    if (mqm__find_setting("topics[]", e->name))
        return mqm__fail(-EINVAL,
                         "%s says what the topic is and cannot be "
                         "changed like this",
                         e->name);
    return mqm__fail(-EINVAL, "no setting \"%.60s\" of a topic%s%s%s", e->name,
                     near ? "; did you mean \"" : "", near ? near : "",
                     near ? "\"?" : "");
}

static int edit(struct edit *e)
{
    const struct setting_row *row = mqm__find_setting("topics[]", e->name);

    if (!strcmp(e->name, "allow"))
        return edit_allow(e, 1);
    if (!strcmp(e->name, "disallow"))
        return edit_allow(e, 0);
    if (!row)
        return no_setting(e);
    switch (row->kind) {
    case KIND_NAME:
    case KIND_SIDE:
    case KIND_PART: return no_setting(e);
    case KIND_SINCE: return edit_since(e);
    case KIND_BOOL: return edit_bool(e);
    case KIND_CUT: return edit_cut(e);
    default: return edit_other(e, row);
    }
}

static int check(const struct edit *e)
{
    struct config *after = NULL;
    int r =
        mqm__config_parse(&after, e->now.text, e->now.len, "the changed text");

    if (r < 0)
        return r;
    r = mqm__config_may_follow(e->before, after);
    mqm__config_free(after);
    return r;
}

/* Somebody without the lock may have written meanwhile. */
static int untouched(struct edit *e)
{
    char *text = NULL;
    size_t len;
    int r = mqm__source_file_read(&e->file, &text, &len);

    free(text);
    return r <= 0 ? r
                  : mqm__fail(-EAGAIN,
                              "%s was changed meanwhile by "
                              "something else",
                              e->path);
}

static int change_locked(struct edit *e, const char *group, const char *topic)
{
    int r = mqm__source_file_settled(&e->file, &e->now.text,
                                     &e->now.len);

    if (!r)
        r = find_topic(e, group, topic);
    if (!r)
        r = edit(e);
    if (!r)
        r = check(e);
    if (!r)
        r = untouched(e);
    return r ? r : mqm__file_swap(e->path, e->now.text, e->now.len);
}

static int change(char *path, const char *group, const char *topic,
                  const char *name, const char *value)
{
    struct edit e = {.path = path, .name = name, .value = value};
    int lock = mqm__file_lock(path), r;

    if (lock < 0)
        return lock;
    e.file.path = path;
    r = change_locked(&e, group, topic);
    free(e.now.text);
    mqm__config_free(e.before);
    close(lock);
    return r;
}

int mqm_change(const char *path, const char *group, const char *topic,
               const char *name, const char *value)
{
    char *real;
    int r;

    mqm__clear_error();
    if (!path || !topic || !name || !value)
        return mqm__fail(-EINVAL, "path, topic, name and value must be given");
    real = realpath(path, NULL);
    if (!real)
        return mqm__fail(-errno, "cannot find %s: %s", path, strerror(errno));
    r = change(real, group, topic, name, value);
    free(real);
    return r;
}
