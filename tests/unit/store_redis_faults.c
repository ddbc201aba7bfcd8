/* SPDX-License-Identifier: MIT */
/* store_redis_faults.c - what Redis does that could be taken for what it does
 * not: an answer that nobody took, a restart with less than it had, memory that
 * it makes by forgetting. */
#include "../fake_host.h"
#include "../redis_server.h"

#include "../../lib/stores.h"

#include <check.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 2000 };

static struct redis_server server;
static const struct mqm_store *store;
static void *self;
static redisContext *raw;

static int open_store(void)
{
    char url[64];
    struct mqm_setting settings[] = {{"url", url, 0},
                                     {"timeout_ms", "2000", 0}};

    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    store = mqm__store_redis.store;
    self = NULL;
    return store->open(&self, &fake_host, settings, 2);
}

static void dial(void)
{
    raw = redisConnect("127.0.0.1", server.port);
    ck_assert(raw && !raw->err);
}

static void setup(void)
{
    server.password = NULL;
    server.synced = 0;
    ck_assert(redis_server_start(&server));
    ck_assert_int_eq(open_store(), 0);
    dial();
}

static void teardown(void)
{
    redisFree(raw);
    store->close(self);
    redis_server_end(&server);
}

static void tell(const char *command)
{
    redisReply *r = redisCommand(raw, command);

    ck_assert_ptr_nonnull(r);
    ck_assert_int_ne(r->type, REDIS_REPLY_ERROR);
    freeReplyObject(r);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t born_ms; /* of those created: 0: unknown */

static int create(const char *id, unsigned flags)
{
    struct mqm_swap s, *one = &s;

    memset(&s, 0, sizeof(s));
    s.key.space = "shop/issuer/rewards";
    s.key.id = id;
    s.key.id_len = strlen(id);
    s.key.born_ms = born_ms;
    s.value = "x";
    s.len = 1;
    s.keep_ms = 60000;
    s.flags = flags;
    store->swap(self, &one, 1);
    return s.result;
}

/* From the first cell on Redis refuses the second walk's questions. */
static int refuse(void *user, const struct mqm_key *key,
                  const struct mqm_cell *cell)
{
    (void)key, (void)cell;
    if (++*(int *)user == 1)
        tell("ACL SETUSER default -time -mget");
    return 0;
}

START_TEST(after_a_list_that_failed)
{
    char id[32];
    int n = 0;

    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof(id), "%d", i);
        ck_assert_int_eq(create(id, MQM_SWAP_LISTED), MQM_OK);
    }
    ck_assert_int_eq(store->list(self, "shop/issuer/rewards", refuse, &n),
                     -EACCES);
    tell("ACL SETUSER default +@all");
    ck_assert_int_eq(create("new", 0), MQM_OK);
    ck_assert_int_eq(create("7", 0), MQM_LOST); /* held by somebody */
}
END_TEST

static int64_t memory_from(void)
{
    int64_t from = -1, created;

    ck_assert_int_eq(store->memory(self, "shop/issuer/rewards", 0, &from,
                                   &created), 0);
    return from;
}

/* Begin again with what was saved. */
static void crash(void)
{
    redis_server_kill(&server);
    ck_assert(redis_server_again(&server));
    redisFree(raw);
    dial();
}

START_TEST(a_restart_with_less_is_noticed)
{
    int64_t before_ms;
    void *late;

    born_ms = now_ms() - 1000;
    ck_assert_int_eq(create("a", 0), MQM_OK);
    tell("SAVE");
    ck_assert_int_eq(create("b", 0), MQM_OK); /* done, say, and lost */
    ck_assert_int_eq(memory_from(), 0);
    before_ms = now_ms();
    crash();
    while (create("a", 0) < 0)
        ; /* until it has noticed */
    ck_assert_int_eq(create("a", 0), MQM_LOST);
    ck_assert_int_eq(create("b", 0), MQM_DOUBT);
    ck_assert_int_ge(memory_from(), before_ms);
    late = self; /* who comes later is told, too */
    ck_assert_int_eq(open_store(), 0);
    ck_assert_int_eq(create("b", 0), MQM_DOUBT);
    store->close(late);
    born_ms = now_ms() + 1;
    ck_assert_int_eq(create("c", 0), MQM_OK);
}
END_TEST

START_TEST(a_producers_clock_may_be_ahead_of_what_was_lost)
{
    fake_margin_ms = 60000;
    ck_assert_int_eq(create("a", 0), MQM_OK);
    crash();
    while (create("a", 0) < 0)
        ;
    born_ms = now_ms() + 30000;
    ck_assert_int_eq(create("b", 0), MQM_DOUBT);
    born_ms = now_ms() + 70000;
    ck_assert_int_eq(create("c", 0), MQM_OK);
}
END_TEST

/* The one that syncs instead of the other. */
static void sync_each(void)
{
    store->close(self);
    redisFree(raw);
    redis_server_end(&server);
    server.synced = 1;
    ck_assert(redis_server_start(&server));
    ck_assert_int_eq(open_store(), 0);
    dial();
}

START_TEST(a_restart_with_all_is_nothing)
{
    sync_each();
    born_ms = now_ms() - 1000;
    ck_assert_int_eq(create("a", 0), MQM_OK);
    crash();
    while (create("a", 0) < 0)
        ;
    ck_assert_int_eq(create("a", 0), MQM_LOST);
    ck_assert_int_eq(create("b", 0), MQM_OK);
    ck_assert_int_eq(memory_from(), 0);
}
END_TEST

static int connected(void)
{
    redisReply *r = redisCommand(raw, "INFO replication");
    int up;

    ck_assert_ptr_nonnull(r);
    up = strstr(r->str, "master_link_status:up") != NULL;
    freeReplyObject(r);
    return up;
}

/* It syncs what it has, and what it had not got yet is gone. */
START_TEST(a_promoted_replica_may_have_less)
{
    struct redis_server heir = {.synced = 1};
    char line[64];

    sync_each();
    born_ms = now_ms() - 1000;
    ck_assert_int_eq(create("a", 0), MQM_OK);
    tell("CONFIG SET repl-diskless-sync-delay 0");
    ck_assert(redis_server_start(&heir));
    snprintf(line, sizeof(line), "REPLICAOF 127.0.0.1 %d", server.port);
    redisFree(raw);
    raw = redisConnect("127.0.0.1", heir.port);
    tell(line);
    while (!connected())
        ;
    tell("REPLICAOF NO ONE");
    store->close(self);
    redis_server_end(&server);
    server = heir;
    ck_assert_int_eq(open_store(), 0);
    ck_assert_int_eq(create("a", 0), MQM_LOST);
    ck_assert_int_eq(create("b", 0), MQM_DOUBT);
}
END_TEST

START_TEST(connecting_anew_is_no_restart)
{
    born_ms = now_ms() - 1000;
    tell("CLIENT KILL TYPE normal SKIPME yes");
    while (create("a", 0) < 0)
        ;
    ck_assert_int_eq(create("b", 0), MQM_OK);
    ck_assert_int_eq(memory_from(), 0);
}
END_TEST

static const char *const evictors[] = {"allkeys-lru", "volatile-ttl",
                                       "noeviction"};

START_TEST(one_that_evicts_is_refused)
{
    char line[64];

    store->close(self);
    snprintf(line, sizeof(line), "CONFIG SET maxmemory-policy %s",
             evictors[_i]);
    tell(line);
    ck_assert_int_eq(open_store(), 0); /* it has no limit */
    store->close(self);
    tell("CONFIG SET maxmemory 100mb");
    ck_assert_int_eq(open_store(), _i < 2 ? -EINVAL : 0);
    if (_i < 2)
        ck_assert_msg(strstr(fake_failure, evictors[_i]) &&
                      strstr(fake_failure, "noeviction"), "%s", fake_failure);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_redis_faults");
    TCase *tc = tcase_create("redis");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, after_a_list_that_failed);
    tcase_add_test(tc, a_restart_with_less_is_noticed);
    tcase_add_test(tc, a_producers_clock_may_be_ahead_of_what_was_lost);
    tcase_add_test(tc, a_restart_with_all_is_nothing);
    tcase_add_test(tc, a_promoted_replica_may_have_less);
    tcase_add_test(tc, connecting_anew_is_no_restart);
    tcase_add_loop_test(tc, one_that_evicts_is_refused, 0, 3);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
