/* SPDX-License-Identifier: MIT */
/* sets.c - see sets.h. */
#include "sets.h"

#include "race.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

size_t sets_held_len = 61, sets_done_len = 17;

static const char filler[512];

redisContext *sets_connect(int port)
{
    redisContext *c = redisConnect("127.0.0.1", port);

    must(c && !c->err, "no redis on port %d", port);
    return c;
}

void sets_expect(redisContext *c, redisReply *reply, int type)
{
    must(reply != NULL, "redis: %s", c->errstr);
    must(reply->type == type, "redis answered: %s",
         reply->str ? reply->str : "something else");
    freeReplyObject(reply);
}

void sets_append(redisContext *c, const char *space, const unsigned char *id16,
                 int claims)
{
    char key[128];
    size_t head = (size_t)snprintf(key, sizeof(key) - 16, "mqm:c:%s:", space);
    const char *argv[6] = {"SET", key, filler, "PX", "604800000", "NX"};
    size_t lens[6] = {3, head + 16, claims ? sets_held_len : sets_done_len,
                      2, 9, 2};

    memcpy(key + head, id16, 16);
    must(redisAppendCommandArgv(c, claims ? 6 : 5, argv, lens) == REDIS_OK,
         "redis: no memory");
}

void sets_take(redisContext *c)
{
    void *reply = NULL;

    must(redisGetReply(c, &reply) == REDIS_OK, "redis: %s", c->errstr);
    sets_expect(c, reply, REDIS_REPLY_STATUS);
}

void sets_make_old(redisContext *c, const char *space)
{
    long long ago = ((long long)time(NULL) - 3600) * 1000;

    sets_expect(c, redisCommand(c, "HSET mqm:store created %lld", ago),
                REDIS_REPLY_INTEGER);
    if (!space)
        return;
    sets_expect(c, redisCommand(c, "HSET mqm:s:%s from %lld", space, ago),
                REDIS_REPLY_INTEGER);
    sets_expect(c, redisCommand(c, "HDEL mqm:s:%s unborn", space),
                REDIS_REPLY_INTEGER);
}
