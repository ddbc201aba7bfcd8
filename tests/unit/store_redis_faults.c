/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis_faults.c - what Redis does that could be taken for what it does
 * not: an answer that nobody took, a restart with less than it had, memory that
 * it makes by forgetting. */
#include "../redis_store.h"

#include <errno.h>

enum { MANY = 2000 };

static int create(const char *id, unsigned flags)
{
    struct mqm_swap s = a_swap(id, 0);

    s.flags = flags;
    return run(&s);
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
    ck_assert_int_eq(store->list(self, SPACE, refuse, &n),
                     -EACCES);
    tell("ACL SETUSER default +@all");
    ck_assert_int_eq(create("new", 0), MQM_OK);
    ck_assert_int_eq(create("7", 0), MQM_LOST); /* held by somebody */
}
END_TEST

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

    case_ms = now_ms() - 1000;
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
    ck_assert_int_eq(open_with(&self, NULL, NULL), 0);
    ck_assert_int_eq(create("b", 0), MQM_DOUBT);
    store->close(late);
    case_ms = now_ms() + 1;
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
    case_ms = now_ms() + 30000;
    ck_assert_int_eq(create("b", 0), MQM_DOUBT);
    case_ms = now_ms() + 70000;
    ck_assert_int_eq(create("c", 0), MQM_OK);
}
END_TEST

/* The one that syncs instead of the other. */
static void sync_each(void)
{
    teardown();
    begin(1);
}

START_TEST(a_restart_with_all_is_nothing)
{
    sync_each();
    case_ms = now_ms() - 1000;
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

    sync_each();
    case_ms = now_ms() - 1000;
    ck_assert_int_eq(create("a", 0), MQM_OK);
    tell("CONFIG SET repl-diskless-sync-delay 0");
    ck_assert(redis_server_start(&heir));
    redisFree(raw);
    raw = redisConnect("127.0.0.1", heir.port);
    tell("REPLICAOF 127.0.0.1 %d", server.port);
    while (!connected())
        ;
    tell("REPLICAOF NO ONE");
    redis_server_end(&server);
    server = heir;
    ck_assert_int_eq(reopen(), 0);
    ck_assert_int_eq(create("a", 0), MQM_LOST);
    ck_assert_int_eq(create("b", 0), MQM_DOUBT);
}
END_TEST

START_TEST(connecting_anew_is_no_restart)
{
    case_ms = now_ms() - 1000;
    tell("CLIENT KILL TYPE normal SKIPME yes");
    while (create("a", 0) < 0)
        ;
    ck_assert_int_eq(create("b", 0), MQM_OK);
    ck_assert_int_eq(memory_from(), 0);
}
END_TEST

static void limit(const char *policy)
{
    tell("CONFIG SET maxmemory-policy %s", policy);
    tell("CONFIG SET maxmemory 100mb");
}

static void no_findings(const struct mqm_inquiry *q, int level,
                        const char *subject, const char *remedy,
                        const char *fmt, ...)
{
    (void)q, (void)level, (void)subject, (void)remedy, (void)fmt;
}

static void look_at_it(void)
{
    const struct mqm_inquiry q = {
        .size = sizeof(q), .find = no_findings, .opening = 1};

    ck_assert_int_eq(store->checkup(self, &q), 0);
}

static void connect_anew(void)
{
    tell("CLIENT KILL TYPE normal SKIPME yes");
}

/* Whoever opened it looked at it, and let it pass or not. */
START_TEST(one_that_begins_to_evict_is_refused)
{
    look_at_it();
    limit("volatile-ttl");
    ck_assert_int_eq(create("a", 0), MQM_OK); /* not noticed yet */
    connect_anew();
    while (create("b", 0) >= 0)
        ;
    ck_assert_msg(strstr(fake_failure, "volatile-ttl") &&
                  strstr(fake_failure, "noeviction"), "%s", fake_failure);
    limit("noeviction");
    for (int i = 0; i < 1000 && create("c", 0) < 0; i++)
        sleep_ms(10);
    ck_assert_int_eq(create("d", 0), MQM_OK);
}
END_TEST

START_TEST(one_that_evicted_when_it_was_opened_may_go_on)
{
    limit("allkeys-lru");
    ck_assert_int_eq(reopen(), 0);
    look_at_it();
    connect_anew();
    for (int i = 0; i < 1000 && create("a", 0) < 0; i++)
        sleep_ms(10);
    ck_assert_int_eq(create("b", 0), MQM_OK);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("redis");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, after_a_list_that_failed);
    tcase_add_test(tc, a_restart_with_less_is_noticed);
    tcase_add_test(tc, a_producers_clock_may_be_ahead_of_what_was_lost);
    tcase_add_test(tc, a_restart_with_all_is_nothing);
    tcase_add_test(tc, a_promoted_replica_may_have_less);
    tcase_add_test(tc, connecting_anew_is_no_restart);
    tcase_add_test(tc, one_that_begins_to_evict_is_refused);
    tcase_add_test(tc, one_that_evicted_when_it_was_opened_may_go_on);
    return run_case("store_redis_faults", tc);
}
