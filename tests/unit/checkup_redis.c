/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* checkup_redis.c - what a check-up finds of a real Redis, each thing provoked;
 * and that mqm_open() refuses the fatal ones, unless told to insist. */
#include "../findings.h"
#include "../redis_server.h"
#include "../suite.h"

#include <hiredis/hiredis.h>

static struct redis_server server;
static redisContext *raw;
static char section[128];

static redisContext *dial(int port)
{
    redisContext *c = redisConnect("127.0.0.1", port);

    ck_assert(c && !c->err);
    return c;
}

static void check_done(redisReply *r)
{
    ck_assert_ptr_nonnull(r);
    ck_assert_msg(r->type != REDIS_REPLY_ERROR, "%s", r->str);
    freeReplyObject(r);
}

static void tell(const char *command)
{
    check_done(redisCommand(raw, command));
}

static void name_section(int port)
{
    snprintf(section, sizeof(section),
             "\"url\": \"redis://127.0.0.1:%d\", \"timeout_ms\": 5000", port);
}

static void setup(void)
{
    ck_assert(redis_server_start(&server));
    raw = dial(server.port);
    name_section(server.port);
}

static void teardown(void)
{
    mqm_close(m);
    redisFree(raw);
    redis_server_end(&server);
}

/* ------------------------------- opening --------------------------------- */

static void evict(void)
{
    tell("CONFIG SET maxmemory-policy allkeys-lru");
    tell("CONFIG SET maxmemory 100mb");
}

START_TEST(one_that_evicts_is_refused)
{
    evict();
    ck_assert_int_eq(try_open(section, "", 0), -EINVAL);
    ck_assert_msg(strstr(mqm_errmsg(), "allkeys-lru"), "%s", mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), "noeviction"), "%s", mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), "insist"), "%s", mqm_errmsg());
    ck_assert_ptr_null(m);
    tell("CONFIG SET maxmemory 0");
    ck_assert_int_eq(try_open(section, "", 0), 0); /* it has no limit */
    ck_assert_str_eq(logged, "");
    look_at(section, "");
    must_find("fine store eviction:", "allkeys-lru");
}
END_TEST

START_TEST(whoever_insists_may_open_it)
{
    char insists[192];

    evict();
    snprintf(insists, sizeof(insists), "%s, \"insist\": true", section);
    ck_assert_int_eq(try_open(insists, "", 0), 0);
    ck_assert_msg(strstr(logged, "allkeys-lru"), "%s", logged);
    ck_assert_int_eq(try_open(section, "", MQM_ANY_STORE), 0);
    examine();
    must_find("fatal store eviction:", "allkeys-lru");
}
END_TEST

START_TEST(a_replica_that_takes_writes_is_refused)
{
    struct redis_server other = {0};
    char line[64];

    ck_assert(redis_server_start(&other));
    snprintf(line, sizeof(line), "REPLICAOF 127.0.0.1 %d", other.port);
    tell("CONFIG SET replica-read-only no");
    tell(line);
    ck_assert_int_eq(try_open(section, "", 0), -EINVAL);
    ck_assert_msg(strstr(mqm_errmsg(), "replica"), "%s", mqm_errmsg());
    look_at(section, "");
    must_find("fatal store role:", "replica");
    redis_server_end(&other);
}
END_TEST

/* Somebody else's Redis: what may not be asked is said, and is no refusal. */
START_TEST(what_it_does_not_tell_is_a_warning)
{
    tell("CONFIG SET appendonly yes");
    tell("ACL SETUSER default -config");
    ck_assert_msg(try_open(section, "", 0) == 0, "%s", mqm_errmsg());
    examine();
    must_find("warning store persistence:", "CONFIG GET appendfsync");
    must_find("fine store eviction:", "");
    must_find("fine store clock:", "");
}
END_TEST

static long long round_trips(void)
{
    redisReply *r = redisCommand(raw, "INFO stats");
    const char *p;
    long long n;

    ck_assert_ptr_nonnull(r);
    p = strstr(r->str, "total_reads_processed:");
    ck_assert_ptr_nonnull(p);
    n = strtoll(strchr(p, ':') + 1, NULL, 10);
    freeReplyObject(r);
    return n;
}

/* Ours: introduction, hello, span, the check-up, memory.  And the counting. */
START_TEST(opening_asks_once_more)
{
    const long long before = round_trips();

    ck_assert_int_eq(try_open(section, "", 0), 0);
    ck_assert_int_le(round_trips() - before, 5 + 1);
}
END_TEST

/* ------------------------------ the doctor ------------------------------- */

START_TEST(persistence)
{
    look_at(section, "");
    must_find("warning store persistence:", "none");
    check_done(redisCommand(raw, "CONFIG SET save %s", "3600 1"));
    look_at(section, "");
    must_find("warning store persistence:", "snapshots only");
    tell("CONFIG SET appendonly yes");
    tell("CONFIG SET appendfsync everysec");
    look_at(section, "");
    must_find("warning store persistence:", "everysec");
    tell("CONFIG SET appendfsync always");
    look_at(section, "");
    must_find("fine store persistence:", "loses nothing");
}
END_TEST

/* A replica is not there, or not good enough, at once. */
static void await_replicas(const char *head)
{
    const struct timespec t = {0, 20000000};

    for (int i = 0; i < 1500; i++) {
        if (try_open(section, "", 0) == 0)
            examine();
        if (m && is_found(head, "min-replicas-to-write"))
            return;
        nanosleep(&t, NULL);
    }
}

START_TEST(replicas)
{
    struct redis_server other = {0};
    redisContext *c;

    look_at(section, "");
    must_find("fine store replicas:", "none");
    ck_assert(redis_server_start(&other));
    c = dial(other.port);
    check_done(redisCommand(c, "REPLICAOF 127.0.0.1 %d", server.port));
    await_replicas("warning store replicas:");
    must_find("warning store replicas:", "min-replicas-to-write 0");
    tell("CONFIG SET min-replicas-to-write 1");
    await_replicas("fine store replicas:");
    must_find("fine store replicas:", "min-replicas-to-write 1");
    redisFree(c);
    redis_server_end(&other);
}
END_TEST

START_TEST(room)
{
    look_at(section, "");
    must_find("warning store rate:", "no \"rate\" is set");
    must_find("fine store memory:", "used");
    tell("CONFIG SET maxmemory 100mb");
    look_at(section, ", \"rate\": 1000, \"keep_ms\": 1000000");
    must_find("fine store memory:", "1000000 records of 42 bytes");
    must_not_find("warning store rate:");
    must_not_find("warning store buckets:");
    look_at(section, ", \"rate\": 1000, \"keep_ms\": 10000000");
    must_find("warning store memory:", "10000000 records of 42 bytes");
    look_at(section, ", \"rate\": 10, \"keep_ms\": 10000000");
    must_find("warning store buckets:", "196 bytes");
}
END_TEST

START_TEST(version_and_clock)
{
    look_at(section, "");
    must_find("fine store role:", "master");
    must_find("fine store version:", "Redis ");
    must_find("fine store clock:", "within");
    must_not_find("fatal");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkup_redis");
    TCase *tc = tcase_create("redis");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, one_that_evicts_is_refused);
    tcase_add_test(tc, whoever_insists_may_open_it);
    tcase_add_test(tc, a_replica_that_takes_writes_is_refused);
    tcase_add_test(tc, what_it_does_not_tell_is_a_warning);
    tcase_add_test(tc, opening_asks_once_more);
    tcase_add_test(tc, persistence);
    tcase_add_test(tc, replicas);
    tcase_add_test(tc, room);
    tcase_add_test(tc, version_and_clock);
    suite_add_tcase(suite, tc);
    return run_all(suite);
}
