/* SPDX-License-Identifier: MIT */
/* redis_store.h - the redis store on a server of the test's own, and a
 * connection beside it to look and to meddle. */
#ifndef MQM_REDIS_STORE_H
#define MQM_REDIS_STORE_H

#include "redis_server.h"
#include "store_test.h"

#include "../lib/stores.h"

#include <hiredis/hiredis.h>
#include <stdarg.h>

#define OPEN_KEY "mqm:o:" SPACE

static struct redis_server server;
static redisContext *raw;
static char url[64];
static char bucket[64]; /* where messages of this case lie */

static inline void bucket_of(int64_t born_ms, int64_t bucket_ms)
{
    snprintf(bucket, sizeof(bucket), "mqm:b:" SPACE ":%lld",
             (long long)(born_ms / bucket_ms));
}

static inline int open_at(void **s, const char *at, const char *name,
                          const char *value)
{
    struct mqm_setting settings[] = {
        {"url", at, 0}, {"timeout_ms", "2000", 0}, {name, value, 1}};

    fake_failure[0] = '\0';
    return store->open(s, &fake_host, settings, name ? 3 : 2);
}

static inline int open_with(void **s, const char *name, const char *value)
{
    return open_at(s, url, name, value);
}

/* Close and open on what the server is now. */
static inline int reopen(void)
{
    store->close(self);
    self = NULL;
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    return open_with(&self, NULL, NULL);
}

static inline void dial(void)
{
    raw = redisConnect("127.0.0.1", server.port);
    ck_assert(raw && !raw->err);
}

static inline void begin(int synced)
{
    case_ms = now_ms();
    bucket_of(case_ms, 100);
    server.password = NULL;
    server.synced = synced;
    ck_assert(redis_server_start(&server));
    store = mqm__store_redis.store;
    self = NULL;
    ck_assert_msg(reopen() == 0, "%s", fake_failure);
    dial();
}

static inline void setup(void)
{
    begin(0);
}

static inline void teardown(void)
{
    redisFree(raw);
    store->close(self);
    redis_server_end(&server);
}

/* As redisCommand() has it, without spaces in the arguments. */
__attribute__((format(printf, 1, 2))) static inline long long
tell(const char *fmt, ...)
{
    redisReply *r;
    long long x;
    va_list ap;

    va_start(ap, fmt);
    r = redisvCommand(raw, fmt, ap);
    va_end(ap);
    ck_assert_ptr_nonnull(r);
    ck_assert_msg(r->type != REDIS_REPLY_ERROR, "%s: %s", fmt, r->str);
    x = r->integer;
    freeReplyObject(r);
    return x;
}

/* A number of INFO. */
static inline long long info(const char *name)
{
    redisReply *r = redisCommand(raw, "INFO");
    const char *at;
    long long x;

    ck_assert_ptr_nonnull(r);
    at = strstr(r->str, name);
    ck_assert_ptr_nonnull(at);
    x = strtoll(at + strlen(name) + 1, NULL, 10);
    freeReplyObject(r);
    return x;
}

static inline int is_there(const char *key, const char *id)
{
    return (int)tell("HEXISTS %s %s", key, id);
}

#endif
