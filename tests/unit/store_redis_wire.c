/* SPDX-License-Identifier: MIT */
/* store_redis_wire.c - an answer that nobody took is never taken for the answer
 * to something else. */
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

static void setup(void)
{
    char url[64];
    struct mqm_setting settings[] = {{"url", url, 0}, {"timeout_ms", "2000", 0}};

    server.password = NULL;
    ck_assert(redis_server_start(&server));
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    store = mqm__store_redis.store;
    self = NULL;
    ck_assert_int_eq(store->open(&self, &fake_host, settings, 2), 0);
    raw = redisConnect("127.0.0.1", server.port);
    ck_assert(raw && !raw->err);
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

static int create(const char *id, unsigned flags)
{
    struct mqm_swap s, *one = &s;

    memset(&s, 0, sizeof(s));
    s.key.space = "shop/issuer/rewards";
    s.key.id = id;
    s.key.id_len = strlen(id);
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

int main(void)
{
    Suite *suite = suite_create("store_redis_wire");
    TCase *tc = tcase_create("redis");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, after_a_list_that_failed);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
