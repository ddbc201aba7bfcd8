/* SPDX-License-Identifier: MIT */
/* change.c - mqm_change() without its file: what it made of a text is a
 * configuration again, and differs in the one setting only (and in "since",
 * which the first switching on sets).
 *
 * Input: the name, the value, a line each; then the text.
 */
#define _XOPEN_SOURCE 700 /* as config_edit.c */
#include "fuzz.h"

#include "../../lib/config_edit.c"

static void drop(json_t *root, const struct edit *e, const char *name)
{
    json_t *topics = json_object_get(root, "topics");

    json_object_del(json_array_get(topics, e->element.index), name);
}

static json_t *without(const char *text, size_t len, const struct edit *e)
{
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const char *name = strcmp(e->name, "disallow") ? e->name : "allow";

    MUST(root);
    drop(root, e, name);
    if (!strcmp(name, "switch"))
        drop(root, e, "since");
    return root;
}

static void differs_there_only(const struct edit *e, const char *text,
                               size_t len)
{
    json_t *before = without(text, len, e);
    json_t *after = without(e->now.text, e->now.len, e);

    MUST(json_equal(before, after));
    json_decref(before);
    json_decref(after);
}

/* A value that was there is replaced, and every other byte stays. */
static void bytes_stay(const struct edit *e, const char *text, size_t len)
{
    const struct json_place at = {&e->element, e->name, 0};
    struct json_span s;
    size_t tail;

    if (!strcmp(e->name, "switch") ||
        mqm__json_find(text, len, &at, &s) < 0)
        return;
    tail = len - s.to;
    MUST(e->now.len >= s.from + tail);
    MUST(!memcmp(e->now.text, text, s.from));
    MUST(!memcmp(e->now.text + e->now.len - tail, text + s.to, tail));
}

/* A second time, in what came out, it changes nothing more. */
static void try_it(struct edit *e, const char *text, size_t len)
{
    int r = edit(e);

    MUST(r == 0 || r == -EINVAL || r == -ENOENT);
    MUST(r == 0 || is_plain(mqm_errmsg()));
    if (r == 0)
        r = check(e);
    MUST(r == 0 || (r == -EINVAL && mqm_errmsg()[0]));
    MUST(r == 0 || is_plain(mqm_errmsg()));
    if (r < 0)
        return;
    differs_there_only(e, text, len);
    bytes_stay(e, text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    char *name = take_line(&in), *value = take_line(&in);
    struct edit e = {.path = "x.json", .name = name, .value = value};

    mqm__clear_error();
    e.now.text = text_of(in.at, in.left);
    e.now.len = in.left;
    if (mqm__config_parse(&e.before, e.now.text, e.now.len, e.path) == 0 &&
        e.before->n_topics > 0) {
        e.topic = &e.before->topics[e.before->n_topics - 1];
        e.element = (struct json_place){&in_topics, NULL,
                                        e.before->n_topics - 1};
        try_it(&e, (const char *)in.at, in.left);
    }
    free(e.now.text);
    mqm__config_free(e.before);
    free(name);
    free(value);
    return 0;
}
