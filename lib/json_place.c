/* SPDX-License-Identifier: MIT */
/* json_place.c - a walk over JSON that is known to be valid.
 *
 * It keeps within the text also if it is not, but means nothing then.
 */
#include "json_place.h"

#include "error.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct walk {
    const char *text;
    size_t len, at;
};

static char here(const struct walk *w)
{
    return w->at < w->len ? w->text[w->at] : '\0';
}

static void skip_space(struct walk *w)
{
    while (w->at < w->len && strchr(" \t\r\n", w->text[w->at]))
        w->at++;
}

static void skip_text(struct walk *w)
{
    for (w->at++; w->at < w->len && here(w) != '"'; w->at++)
        w->at += here(w) == '\\';
    w->at = w->at < w->len ? w->at + 1 : w->len;
}

/* A number, true, false or null. */
static void skip_word(struct walk *w)
{
    for (w->at++; w->at < w->len && !strchr(" \t\r\n,:]}", here(w)); w->at++)
        ;
}

/* Brackets are counted, not matched: the text is valid. */
static void skip_value(struct walk *w)
{
    size_t depth = 0;

    do {
        skip_space(w);
        if (here(w) == '"') {
            skip_text(w);
        } else if (strchr("{[", here(w)) && here(w)) {
            depth++;
            w->at++;
        } else if (strchr("}]", here(w)) && here(w)) {
            depth--;
            w->at++;
        } else if (strchr(",:", here(w)) && here(w)) {
            w->at++;
        } else {
            skip_word(w);
        }
        if (depth)
            skip_space(w);
    } while (depth && w->at < w->len);
}

static bool text_is(const char *raw, size_t len, const char *name)
{
    json_t *decoded;
    bool same;

    if (!memchr(raw, '\\', len))
        return len == strlen(name) + 2 && !memcmp(raw + 1, name, len - 2);
    decoded = json_loadb(raw, len, JSON_DECODE_ANY, NULL);
    same = json_is_string(decoded) && !strcmp(json_string_value(decoded), name);
    json_decref(decoded);
    return same;
}

/* At a member's name: go on to its value.  Is it the one looked for? */
static bool enter_member(struct walk *w, const char *name, size_t *key)
{
    bool same;

    *key = w->at;
    skip_text(w);
    same = text_is(w->text + *key, w->at - *key, name);
    skip_space(w);
    w->at++; /* the colon */
    skip_space(w);
    return same;
}

/* At an object or array: go on to the value of p. */
static int enter(struct walk *w, const struct json_place *p, size_t *key)
{
    size_t i;
    bool found;

    if (here(w) != (p->name ? '{' : '['))
        return -ENOENT;
    w->at++;
    for (i = 0;; i++) {
        skip_space(w);
        if (w->at >= w->len || here(w) == '}' || here(w) == ']')
            return -ENOENT;
        *key = w->at;
        found = p->name ? enter_member(w, p->name, key) : i == p->index;
        if (found)
            return 0;
        skip_value(w);
        skip_space(w);
        w->at += here(w) == ',';
    }
}

static int go_to(struct walk *w, const struct json_place *p, size_t *key)
{
    int r;

    if (!p) {
        skip_space(w);
        *key = w->at;
        return 0;
    }
    r = go_to(w, p->up, key);
    return r < 0 ? r : enter(w, p, key);
}

int mqm__json_find(const char *text, size_t len, const struct json_place *p,
                   struct json_span *out)
{
    struct walk w = {text, len, 0};
    struct json_span s = {0, 0, 0};
    int r = go_to(&w, p, &s.key);

    if (r < 0)
        return r;
    s.from = w.at < len ? w.at : len;
    skip_value(&w);
    s.to = w.at < len ? w.at : len;
    *out = s;
    return 0;
}

size_t mqm__json_line(const char *text, size_t len, const struct json_place *p)
{
    struct json_span s = {0, 0, 0};
    size_t line = 1, i;

    while (mqm__json_find(text, len, p, &s) < 0 && p)
        p = p->up;
    for (i = 0; i < s.key && i < len; i++)
        line += text[i] == '\n';
    return line;
}

static void put_name(char *buf, size_t size, const struct json_place *p)
{
    size_t at = strlen(buf);

    if (!p->name)
        snprintf(buf + at, size - at, "[%zu]", p->index);
    else
        snprintf(buf + at, size - at, "%s%.60s", at ? "." : "", p->name);
    mqm__make_plain(buf + at);
}

static void put_names(char *buf, size_t size, const struct json_place *p)
{
    if (!p)
        return;
    put_names(buf, size, p->up);
    put_name(buf, size, p);
}

const char *mqm__json_name(char *buf, size_t size, const struct json_place *p)
{
    buf[0] = '\0';
    put_names(buf, size, p);
    return buf;
}
