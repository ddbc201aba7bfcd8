/* SPDX-License-Identifier: MIT */
/* redis_out.c - what is sent to Redis, gathered in a link's memory: commands as
 * its protocol has them.  Without memory nothing of it is sent, which the flush
 * says (see redis_link.h).
 */
#include "redis_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *room(struct redis_link *l, size_t len)
{
    size_t size = l->out_room ? l->out_room : 4096;
    char *p;

    if (l->out_failed)
        return NULL;
    while (size - l->out_len < len)
        size *= 2;
    if (size > l->out_room) {
        p = realloc(l->out, size);
        l->out_failed = p == NULL;
        if (!p)
            return NULL;
        l->out = p;
        l->out_room = size;
    }
    return l->out + l->out_len;
}

/* "$12\r\n" */
static void put_head(struct redis_link *l, char kind, size_t x)
{
    char digits[24];
    size_t n = sizeof(digits);
    char *p = room(l, sizeof(digits));

    if (!p)
        return;
    digits[--n] = '\n';
    digits[--n] = '\r';
    do
        digits[--n] = (char)('0' + x % 10);
    while ((x /= 10) > 0);
    digits[--n] = kind;
    memcpy(p, digits + n, sizeof(digits) - n);
    l->out_len += sizeof(digits) - n;
}

void mqm__link_put(struct redis_link *l, size_t n)
{
    put_head(l, '*', n);
    l->due++;
}

void mqm__link_bulk_begin(struct redis_link *l, size_t len)
{
    put_head(l, '$', len);
}

void mqm__link_part(struct redis_link *l, const void *p, size_t len)
{
    char *to = len > 0 ? room(l, len) : NULL;

    if (!to)
        return;
    memcpy(to, p, len);
    l->out_len += len;
}

void mqm__link_bulk_end(struct redis_link *l)
{
    mqm__link_part(l, "\r\n", 2);
}

void mqm__link_bulk2(struct redis_link *l, const char *head, const void *p,
                     size_t len)
{
    size_t head_len = strlen(head);
    char *to;

    put_head(l, '$', head_len + len);
    to = room(l, head_len + len + 2);
    if (!to)
        return;
    memcpy(to, head, head_len);
    if (len > 0)
        memcpy(to + head_len, p, len);
    memcpy(to + head_len + len, "\r\n", 2);
    l->out_len += head_len + len + 2;
}

void mqm__link_bulk(struct redis_link *l, const void *p, size_t len)
{
    mqm__link_bulk2(l, "", p, len);
}

void mqm__link_text(struct redis_link *l, const char *text)
{
    mqm__link_bulk2(l, text, NULL, 0);
}

void mqm__link_number(struct redis_link *l, int64_t x)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)x);

    mqm__link_bulk(l, text, (size_t)n);
}
