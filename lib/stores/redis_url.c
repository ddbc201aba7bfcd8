/* SPDX-License-Identifier: MIT */
/* redis_url.c - see redis_url.h. */
#include "redis_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int bad(const struct mqm_host *host, const char *what)
{
    return host->fail(host, -EINVAL,
                      "store.url: %s; it has to be "
                      "redis://[user[:password]@]host[:port][/db] or "
                      "redis:///path/to.sock",
                      what);
}

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) % 16 : -1;
}

/* Copy with %XX decoded: 0, or -1 if it is too long or not decodable. */
static int decode(char *to, size_t room, const char *from, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = from[i];

        if (c == '%') {
            if (i + 2 >= len || hex(from[i + 1]) < 0 || hex(from[i + 2]) < 0)
                return -1;
            c = (char)(hex(from[i + 1]) * 16 + hex(from[i + 2]));
            i += 2;
        }
        if (c == '\0' || n + 1 >= room)
            return -1;
        to[n++] = c;
    }
    to[n] = '\0';
    return 0;
}

static int copy(char *to, size_t room, const char *from)
{
    size_t len = strlen(from);

    if (len >= room)
        return -1;
    memcpy(to, from, len + 1);
    return 0;
}

static int read_who(struct redis_address *a, const struct mqm_host *host,
                    const char *who, size_t len)
{
    const char *colon = memchr(who, ':', len);
    size_t user = colon ? (size_t)(colon - who) : len;

    if (decode(a->user, sizeof(a->user), who, user) != 0)
        return bad(host, "the user cannot be read");
    if (colon && decode(a->password, sizeof(a->password), colon + 1,
                        len - user - 1) != 0)
        return bad(host, "the password cannot be read");
    return MQM_OK;
}

static int number(const char *text, long max)
{
    char *end = NULL;
    long x = strtol(text, &end, 10);

    return text[0] < '0' || text[0] > '9' || *end || x > max ? -1 : (int)x;
}

static int read_place(struct redis_address *a, const struct mqm_host *host,
                      const char *place, size_t len)
{
    const char *bracket = place[0] == '[' ? memchr(place, ']', len) : NULL;
    const char *name = bracket ? place + 1 : place;
    const char *from = bracket ? bracket : place;
    const char *colon = memchr(from, ':', len - (size_t)(from - place));
    const char *end = bracket ? bracket : colon ? colon : place + len;

    if (bracket && bracket + 1 != place + len && bracket + 1 != colon)
        return bad(host, "behind [address] comes :port or nothing");
    if (decode(a->at.host, sizeof(a->at.host), name,
               (size_t)(end - name)) != 0 ||
        a->at.host[0] == '\0')
        return bad(host, "names no host");
    if (!colon)
        return MQM_OK;
    if (decode(a->at.port, sizeof(a->at.port), colon + 1,
               len - (size_t)(colon + 1 - place)) != 0 ||
        number(a->at.port, 65535) <= 0)
        return bad(host, "the port is no number from 1 to 65535");
    return MQM_OK;
}

static int read_url(struct redis_address *a, const struct mqm_host *host,
                    const char *rest)
{
    size_t len = strcspn(rest, "/");
    const char *at = NULL;
    int r = MQM_OK;

    for (size_t i = 0; i < len; i++)
        if (rest[i] == '@')
            at = rest + i;
    if (at) {
        r = read_who(a, host, rest, (size_t)(at - rest));
        len -= (size_t)(at + 1 - rest);
        rest = at + 1;
    }
    if (r == MQM_OK)
        r = read_place(a, host, rest, len);
    if (r == MQM_OK && rest[len] == '/' && rest[len + 1] != '\0') {
        a->db = number(rest + len + 1, 1 << 20);
        if (a->db < 0)
            return bad(host, "the database is no number");
    }
    return r;
}

int mqm__redis_address(struct redis_address *a, const struct mqm_host *host,
                       const char *rest, const char *unix_path,
                       const char *user, const char *password)
{
    int r = MQM_OK;

    memset(a, 0, sizeof(*a));
    copy(a->at.port, sizeof(a->at.port), "6379");
    if (rest[0] == '/' && !unix_path)
        unix_path = rest;
    else if (rest[0] != '/' && rest[0] != '\0')
        r = read_url(a, host, rest);
    if (r < 0)
        return r;
    if (!unix_path && a->at.host[0] == '\0')
        return bad(host, "names no host");
    if ((unix_path && copy(a->at.path, sizeof(a->at.path), unix_path) != 0) ||
        (user && copy(a->user, sizeof(a->user), user) != 0) ||
        (password && copy(a->password, sizeof(a->password), password) != 0))
        return host->fail(host, -EINVAL,
                          "store.unix, store.user or store.password is too "
                          "long");
    if (a->at.path[0])
        snprintf(a->label, sizeof(a->label), "redis at %s", a->at.path);
    else
        snprintf(a->label, sizeof(a->label), "redis at %s:%s", a->at.host,
                 a->at.port);
    return MQM_OK;
}
