/* SPDX-License-Identifier: MIT */
/* hiredis.c - a program that has functions of hiredis' names, as one with
 * another version of it would: whoever calls one of them by mistake ends here.
 * It uses the redis store for real.  See hiredis.sh. */
#include "redis_server.h"

#include <mqmigrate/mqmigrate.h>

#define CAPTURED(name)                                                         \
    void name(void);                                                           \
    void name(void)                                                            \
    {                                                                          \
        fputs("captured: " #name "\n", stderr);                                \
        abort();                                                               \
    }

CAPTURED(redisReaderCreate)
CAPTURED(redisReaderCreateWithFunctions)
CAPTURED(redisReaderFree)
CAPTURED(redisReaderFeed)
CAPTURED(redisReaderGetReply)
CAPTURED(redisConnect)
CAPTURED(redisCommand)
CAPTURED(freeReplyObject)
CAPTURED(sdsempty)
CAPTURED(sdsnewlen)
CAPTURED(sdscatlen)
CAPTURED(sdsMakeRoomFor)
CAPTURED(sdsrange)
CAPTURED(sdsfree)
CAPTURED(sds_malloc)
CAPTURED(sds_realloc)
CAPTURED(sds_free)
CAPTURED(hi_malloc)

static struct redis_server server;

/* The old side works on it, the new one does not. */
static int use(mqm *m)
{
    struct mqm_claim old = MQM_CLAIM_INIT, new = MQM_CLAIM_INIT;
    char id[MQM_ID_LEN + 1];

    if (mqm_new_id(id) != 0)
        return 0;
    old.msg.side = "kafka";
    old.msg.group = "issuer";
    old.msg.topic = "rewards";
    old.msg.id = id;
    old.msg.id_len = MQM_ID_LEN;
    new.msg = old.msg;
    new.msg.side = "rocketmq";
    return mqm_acquire(m, &old) == MQM_OK &&
           mqm_release_on_success(m, &old) == MQM_OK &&
           mqm_acquire(m, &new) == MQM_SKIP;
}

int main(void)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    char config[512];
    mqm *m = NULL;
    int good = 0;

    if (!redis_server_start(&server))
        return 2;
    snprintf(config, sizeof(config),
             "{\"app\": \"shop\", \"store\": {\"url\": "
             "\"redis://127.0.0.1:%d\"},"
             " \"sides\": {\"kafka\": {}, \"rocketmq\": {}},"
             " \"topics\": [{\"topic\": \"rewards\", \"group\": \"issuer\","
             " \"old\": \"kafka\", \"new\": \"rocketmq\"}]}",
             server.port);
    opts.config = config;
    if (mqm_open(&m, &opts) == MQM_OK)
        good = use(m);
    printf("%s\n", good ? "all by its own" : mqm_errmsg());
    mqm_close(m);
    redis_server_end(&server);
    return good ? 0 : 1;
}
