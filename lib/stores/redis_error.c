/* SPDX-License-Identifier: MIT */
/* redis_error.c - see redis_error.h. */
#include "redis_error.h"

#include <errno.h>
#include <string.h>

#define FOREIGN                                                                \
    ": under a key of this store (mqm:...) lies something else: give it a "    \
    "database of its own"
#define RIGHTS ": the user needs more rights: docs/redis.md has the ACL"
#define NO_CLUSTER ": this store does not work on a cluster"

enum {
    RESEND = MQM__REDIS_RESEND,
    RELEARN = MQM__REDIS_RELEARN,
    LATER = MQM__REDIS_LATER,
    LAPSED = MQM__REDIS_LAPSED,
    ANEW = MQM__REDIS_ANEW,
    REFUSED = MQM__REDIS_REFUSED
};

static const struct redis_error errors[] = {
    {"NOSCRIPT", RESEND, -EAGAIN, ": it does not keep the script"},
    {"MQMSTORE", RELEARN, -EAGAIN,
     ": it is emptied or replaced again and again"},

    {"LOADING", LATER, -EAGAIN, ": it is starting"},
    {"BUSY", LATER, -EAGAIN, ": a script keeps it busy"},
    {"NOREPLICAS", LATER, -EAGAIN,
     ": it waits for replicas (min-replicas-to-write)"},
    {"MQMLAPSED", LAPSED, -EAGAIN,
     ": it has not heard of this program for some seconds"},
    {"ERR Script killed", LATER, -EAGAIN, ""},
    {"Script killed", LATER, -EAGAIN, ""},

    /* Behind the same name there may be another server by now. */
    {"READONLY", ANEW, -EROFS, ": store.url names a replica, not the master"},
    {"MASTERDOWN", ANEW, -EAGAIN,
     ": store.url names a replica, and it has lost its master"},
    {"NOAUTH", ANEW, -EACCES, ": set store.password"},
    {"ERR max number of clients", ANEW, -EAGAIN,
     ": raise maxclients, or look who leaves connections open"},
    {"ERR Protocol error", ANEW, -EPROTO, ""},

    {"WRONGPASS", REFUSED, -EACCES, ": check store.user and store.password"},
    {"ERR invalid password", REFUSED, -EACCES, ": check store.password"},
    {"ERR AUTH", REFUSED, -EACCES, ": it has no password: leave it out"},
    {"ERR Client sent AUTH", REFUSED, -EACCES,
     ": it has no password: leave it out"},
    {"NOPERM", REFUSED, -EACCES, RIGHTS},
    {"ERR The user executing the script", REFUSED, -EACCES, RIGHTS},
    {"The user executing the script", REFUSED, -EACCES, RIGHTS},
    {"MQMBLIND", REFUSED, -EACCES,
     ": without INFO nobody sees that it was restarted with less, or makes "
     "room by forgetting: the user needs +info"},
    {"DENIED", REFUSED, -EACCES, ": see protected-mode in its configuration"},
    {"OOM", REFUSED, -ENOSPC, ": give it more memory (maxmemory)"},
    {"MISCONF", REFUSED, -EIO,
     ": it cannot write to its disk: make room there, or mend it"},
    {"WRONGTYPE", REFUSED, -EIO, FOREIGN},
    {"MQMFOREIGN", REFUSED, -EIO, FOREIGN},
    {"MOVED", REFUSED, -ENOTSUP, NO_CLUSTER},
    {"ASK", REFUSED, -ENOTSUP, NO_CLUSTER},
    {"TRYAGAIN", REFUSED, -ENOTSUP, NO_CLUSTER},
    {"CROSSSLOT", REFUSED, -ENOTSUP, NO_CLUSTER},
    {"CLUSTERDOWN", REFUSED, -ENOTSUP, NO_CLUSTER},
    {"ERR SELECT is not allowed", REFUSED, -ENOTSUP, NO_CLUSTER},
    {"ERR Script attempted to access", REFUSED, -ENOTSUP, NO_CLUSTER},
    {"ERR DB index", REFUSED, -EINVAL,
     ": check the database at the end of store.url"},
    {"ERR invalid DB index", REFUSED, -EINVAL,
     ": check the database at the end of store.url"},
    {"ERR unknown command", REFUSED, -ENOTSUP,
     ": it needs Redis 5 or newer, no Sentinel, and commands that are not "
     "renamed"},
    {"ERR Unknown Redis command", REFUSED, -ENOTSUP,
     ": it needs Redis 5 or newer, and commands that are not renamed"},
    {"Unknown Redis command", REFUSED, -ENOTSUP,
     ": it needs Redis 5 or newer, and commands that are not renamed"},
    {"", REFUSED, -EIO, ""} /* all others */
};

static int begins(const char *text, const char *begin)
{
    size_t n = strlen(begin);

    if (strncmp(text, begin, n) != 0)
        return 0;
    return n == 0 || strchr(begin, ' ') || text[n] == ' ' || text[n] == '\0';
}

/* Before 7.0 Redis says first where in the script it was, once or twice. */
static const char *inner(const char *text)
{
    static const char where[] = "@user_script";
    const char *at = text, *next;

    while ((next = strstr(at, where)))
        at = next + sizeof(where) - 1;
    return at == text ? text : at + strspn(at, ":0123456789 -");
}

const struct redis_error *mqm__redis_error(const char *text)
{
    const struct redis_error *row = errors;
    const char *in = inner(text);

    while (!begins(text, row->begin) && !begins(in, row->begin))
        row++;
    return row;
}
