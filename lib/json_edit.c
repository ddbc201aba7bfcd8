/* SPDX-License-Identifier: MIT */
/* json_edit.c - see json_edit.h. */
#include "json_edit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Put value in place of [from, to). */
static int splice(struct json_text *t, size_t from, size_t to,
                  const char *value)
{
    size_t n = strlen(value), len = t->len - (to - from) + n;
    char *s = malloc(len + 1);

    if (!s)
        return -ENOMEM;
    memcpy(s, t->text, from);
    memcpy(s + from, value, n);
    memcpy(s + from + n, t->text + to, t->len - to);
    s[len] = '\0';
    free(t->text);
    t->text = s;
    t->len = len;
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The line's end and the blanks that stand before the object's first member:
 * the new one gets the same, if it has a line of its own. */
static size_t indent_of(const char *text, const struct json_span *object)
{
    size_t n = 0;

    while (is_space(text[object->from + 1 + n]))
        n++;
    return memchr(text + object->from + 1, '\n', n) ? n : 0;
}

static char *new_member(const char *text, const struct json_span *object,
                        const char *name, const char *value, bool first)
{
    size_t indent = indent_of(text, object);
    const char *blank = indent ? text + object->from + 1 : " ";
    size_t size = strlen(name) + strlen(value) + indent + 16;
    char *s = malloc(size);

    indent = indent ? indent : 1;
    if (s)
        snprintf(s, size, "%s%.*s\"%s\": %s", first ? "" : ",",
                 first ? 0 : (int)indent, blank, name, value);
    return s;
}

static int append(struct json_text *t, const struct json_place *p,
                  const char *value)
{
    struct json_span object;
    char *member;
    size_t end;
    int r = mqm__json_find(t->text, t->len, p->up, &object);

    if (r < 0 || t->text[object.from] != '{')
        return -ENOENT;
    for (end = object.to - 1; is_space(t->text[end - 1]); end--)
        ;
    member =
        new_member(t->text, &object, p->name, value, t->text[end - 1] == '{');
    if (!member)
        return -ENOMEM;
    r = splice(t, end, end, member);
    free(member);
    return r;
}

int mqm__json_set(struct json_text *t, const struct json_place *p,
                  const char *value)
{
    struct json_span at;

    if (mqm__json_find(t->text, t->len, p, &at) < 0)
        return append(t, p, value);
    return splice(t, at.from, at.to, value);
}
