/* SPDX-License-Identifier: MIT */
/* json.c - finds members in the JSON texts of the remoting protocol.
 *
 * They come from the servers that this program believes anyway, so a text is
 * walked through, not checked; what always holds: nothing is read behind its
 * NUL byte.  Names without quotes, as older servers write numbers, are names.
 */
#include "rocketmq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *blanks(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

/* Behind the string that begins at s. */
static const char *past_string(const char *s)
{
    for (s++; *s && *s != '"'; s++)
        if (*s == '\\' && s[1])
            s++;
    return *s ? s + 1 : s;
}

/* Behind the value or name that begins at s. */
static const char *past(const char *s)
{
    int depth = 0;

    do {
        if (*s == '"') {
            s = past_string(s);
            continue;
        }
        if (!depth && strchr(",:]}", *s)) /* the NUL byte, too */
            break;
        depth += *s == '{' || *s == '[';
        depth -= *s == '}' || *s == ']';
        s += *s != '\0';
    } while (*s && (depth || !strchr(",:]} \t\r\n", *s)));
    return blanks(s);
}

const char *rmq_json_first(const char *container)
{
    if (!container || (*container != '{' && *container != '['))
        return NULL;
    container = blanks(container + 1);
    return *container == '}' || *container == ']' || !*container ? NULL
                                                                 : container;
}

const char *rmq_json_after(const char *value)
{
    value = past(value);
    if (*value == ':') /* it was a name */
        value = past(blanks(value + 1));
    if (*value != ',')
        return NULL;
    value = blanks(value + 1);
    return *value ? value : NULL;
}

const char *rmq_json_member(const char *object, const char *name)
{
    const size_t len = strlen(name);
    const char *at = object && *object == '{' ? rmq_json_first(object) : NULL;

    for (; at; at = rmq_json_after(at)) {
        const char *text = at + (*at == '"'), *end = past(at);

        if (!strncmp(text, name, len) && strchr("\": \t", text[len]) &&
            *end == ':')
            return blanks(end + 1);
    }
    return NULL;
}

int rmq_json_text(const char *value, char *out, size_t size)
{
    size_t len;
    int n;

    if (!value || *value == '{' || *value == '[')
        return -1;
    if (*value == '"')
        len = strcspn(++value, "\"");
    else
        len = strcspn(value, ",:]} \t\r\n");
    n = snprintf(out, size, "%.*s", (int)len, value);
    return n >= 0 && (size_t)n < size ? 0 : -1;
}

long long rmq_json_number(const char *value, long long otherwise)
{
    char text[32], *end;
    long long n;

    if (rmq_json_text(value, text, sizeof(text)) < 0)
        return otherwise;
    n = strtoll(text, &end, 10);
    return end != text && !*end ? n : otherwise;
}
