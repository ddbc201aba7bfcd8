/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis.c - what only the redis store has: a server that hangs, forgets
 * the script, is emptied, wants a password; and how often it is asked. */
#include "../redis_store.h"

#include <errno.h>

enum { MANY = 64, LIMIT_MS = 2000 };

START_TEST(one_round_trip)
{
    static struct mqm_swap swaps[MANY];
    static char ids[MANY][8];
    struct mqm_swap *all[MANY];
    long long before;

    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%d", i);
        swaps[i] = a_swap(ids[i], 0);
        swaps[i].keep_ms += i % 2; /* two scripts */
        all[i] = &swaps[i];
    }
    before = info("total_reads_processed");
    ck_assert_int_eq(store->swap(self, all, MANY), 0);
    ck_assert_int_eq(info("total_reads_processed") - before, 2); /* and INFO */
}
END_TEST

START_TEST(the_script_is_forgotten)
{
    tell("SCRIPT FLUSH");
    ck_assert_int_eq(put("a"), MQM_OK);
    ck_assert_int_eq(put("b"), MQM_OK);
}
END_TEST

START_TEST(it_is_emptied)
{
    struct mqm_swap s = a_swap("a", 0);
    int64_t from = 0, created = 0;
    int64_t born = s.key.born_ms;

    ck_assert_int_eq(run(&s), MQM_OK);
    sleep_ms(5);
    tell("FLUSHALL");
    s = a_swap("a", 0);
    s.key.born_ms = born;
    ck_assert_int_eq(run(&s), MQM_DOUBT);
    ck_assert_int_eq(
        store->memory(self, SPACE, 0, &from, &created), 0);
    ck_assert_int_gt(from, born);
    ck_assert_int_gt(created, born);
    tell("FLUSHALL");
    ck_assert_int_eq(
        store->memory(self, "shop/issuer/other", 0, &from, &created), 0);
    ck_assert_int_gt(from, born); /* of all spaces */
}
END_TEST

START_TEST(an_emptied_one_lists_not_nothing)
{
    struct mqm_swap s = a_swap("a", 0);
    int n = 0;

    s.flags = MQM_SWAP_LISTED;
    ck_assert_int_eq(run(&s), MQM_OK);
    tell("FLUSHALL");
    ck_assert_int_eq(store->list(self, SPACE, count, &n), -ESTALE);
    ck_assert_int_eq(store->list(self, SPACE, count, &n), 0);
    ck_assert_int_eq(n, 0);
}
END_TEST

START_TEST(lists_thousands)
{
    struct mqm_swap s;
    char id[32];
    int n = 0;

    for (int i = 0; i < 3000; i++) {
        snprintf(id, sizeof(id), "%d", i);
        s = a_swap(id, 0);
        s.flags = MQM_SWAP_LISTED;
        ck_assert_int_eq(run(&s), MQM_OK);
    }
    ck_assert_int_eq(store->list(self, SPACE, count, &n), 0);
    ck_assert_int_eq(n, 3000);
}
END_TEST

START_TEST(it_hangs)
{
    int64_t t0;

    kill(server.pid, SIGSTOP);
    t0 = now_ms();
    ck_assert_int_eq(put("a"), -ETIMEDOUT);
    ck_assert_int_ge(now_ms() - t0, LIMIT_MS - 10);
    ck_assert_int_lt(now_ms() - t0, 2 * LIMIT_MS);
    ck_assert(strstr(fake_failure, "unknown"));
    kill(server.pid, SIGCONT);
    ck_assert_int_ge(put("b"), 0);
}
END_TEST

START_TEST(it_is_away)
{
    int64_t t0;
    int again = 0, quick = 0;

    redis_server_kill(&server);
    ck_assert_int_lt(put("a"), 0);
    for (int i = 0; i < 50; i++) {
        t0 = now_ms();
        again += put("a") == -EAGAIN;
        quick += now_ms() - t0 < 50;
        sleep_ms(2);
    }
    ck_assert_int_gt(again, 25); /* mostly it does not even try */
    ck_assert_int_gt(quick, 25);
    ck_assert(strstr(fake_failure, "127.0.0.1"));
}
END_TEST

START_TEST(a_host_is_not_killed_by_sigpipe)
{
    signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < 20; i++) {
        tell("CLIENT KILL TYPE normal SKIPME yes");
        put("a");
    }
    ck_assert_int_eq(put("b"), MQM_OK);
}
END_TEST

static void put_raw(const char *id, uint64_t version, const char *value)
{
    char cell[32];

    for (int i = 6; i >= 0; i--, version >>= 8)
        cell[i] = (char)(version & 255);
    snprintf(cell + 7, sizeof(cell) - 7, "%s", value);
    freeReplyObject(redisCommand(raw, "HSET %s %s %b", bucket, id, cell,
                                 7 + strlen(value)));
}

START_TEST(versions_beat_the_clock)
{
    struct mqm_swap s = a_swap("a", 0);
    uint64_t ahead;

    ck_assert_int_eq(run(&s), MQM_OK);
    ahead = s.now.version + 3600000000U; /* after a failover, say */
    put_raw("a", ahead, "old");
    s = a_swap("a", ahead);
    ck_assert_int_eq(run(&s), MQM_OK);
    ck_assert_uint_eq(s.now.version, ahead + 1);
    sleep_ms(30);
    s = a_swap("a", MQM_ASK);
    ck_assert_int_eq(run(&s), MQM_LOST);
    ck_assert_uint_eq(s.now.version, ahead + 1);
    ck_assert_int_ge(s.now.age_ms, 25); /* it ages all the same */
    ck_assert_uint_eq(s.now.len, 5);
}
END_TEST

START_TEST(what_is_not_ours_is_left_alone)
{
    struct mqm_swap b = a_swap("b", 0), c = a_swap("c", 0);
    struct mqm_swap *all[] = {&b, &c};

    c.key.born_ms += 1000; /* another bucket */
    tell("SET %s x", bucket);
    ck_assert_int_eq(store->swap(self, all, 2), -EIO);
    ck_assert_int_eq(b.result, -EIO);
    ck_assert_int_eq(c.result, MQM_OK);
    ck_assert(strstr(fake_failure, "something else"));
    ck_assert_int_eq(tell("STRLEN %s", bucket), 1);
}
END_TEST

/* One of 256, and the others are swapped. */
START_TEST(a_foreign_value_is_of_its_own)
{
    static struct mqm_swap s[256];
    static char ids[256][8];
    struct mqm_swap *all[256];

    tell("HSET %s 7 foreign", bucket);
    tell("HSET %s 8 x", bucket);
    for (int i = 0; i < 256; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%d", i);
        s[i] = a_swap(ids[i], 0);
        all[i] = &s[i];
    }
    ck_assert_int_eq(store->swap(self, all, 256), -EIO);
    ck_assert(strstr(fake_failure, "database of its own"));
    for (int i = 0; i < 256; i++)
        ck_assert_int_eq(s[i].result, i == 7 || i == 8 ? -EIO : MQM_OK);
    ck_assert_int_eq(tell("HSTRLEN %s 7", bucket), 7); /* as it was */
}
END_TEST

static const struct {
    const char *key, *field, *value;
} theirs[] = {
    {"mqm:s:" SPACE, "from", "nan"},
    {"mqm:s:" SPACE, "keep", "-1"},
    {"mqm:s:" SPACE, "due", "0x10"},
    {"mqm:s:" SPACE, "unborn", "1e3"},
    {"mqm:s:" SPACE, "used", "yes"},
    {"mqm:s:" SPACE, "next", "inf"},
    {"mqm:store", "floor", "nan"},
    {"mqm:store", "created", "today"},
    {"mqm:store", "id", "far too long for an identity, and with spaces"},
    {"mqm:store", "bucket_ms", "0"},
};

/* Nothing of what is known of memory is made up. */
START_TEST(a_foreign_value_in_what_is_known)
{
    int64_t from, created;

    freeReplyObject(redisCommand(raw, "HSET %s %s %s", theirs[_i].key,
                                 theirs[_i].field, theirs[_i].value));
    if (strcmp(theirs[_i].key, "mqm:store") == 0) {
        ck_assert_int_eq(reopen(), -EIO);
    } else {
        ck_assert_int_eq(put("a"), -EIO);
        ck_assert_int_eq(store->memory(self, SPACE, 0, &from, &created), -EIO);
    }
    ck_assert(strstr(fake_failure, "database of its own"));
}
END_TEST

static const char *const keys[] = {"mqm:store", "mqm:s:" SPACE, OPEN_KEY};

START_TEST(a_foreign_key)
{
    tell("DEL %s", keys[_i]);
    tell("SET %s x", keys[_i]);
    if (_i == 0)
        ck_assert_int_eq(reopen(), -EIO);
    else
        ck_assert_int_eq(put("a"), -EIO);
    ck_assert(strstr(fake_failure, "database of its own"));
}
END_TEST

START_TEST(a_list_tells_of_what_is_no_cell)
{
    struct mqm_swap s = a_listed("a");
    int n = 0;

    ck_assert_int_eq(run(&s), MQM_OK);
    tell("HSET " OPEN_KEY " b foreign");
    s = a_listed("c");
    ck_assert_int_eq(run(&s), MQM_OK);
    ck_assert_int_eq(store->list(self, SPACE, count, &n), -EIO);
    ck_assert_int_eq(n, 2); /* the others are shown */
    ck_assert(strstr(fake_failure, "database of its own"));
}
END_TEST

START_TEST(cells_expire)
{
    struct mqm_swap s = a_swap("a", 0);

    ck_assert_int_eq(run(&s), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", bucket), 50000);
    ck_assert_int_le(tell("PTTL %s", bucket), 61000);
    s = a_swap("a", s.now.version);
    s.flags = MQM_SWAP_LISTED;
    ck_assert_int_eq(run(&s), MQM_OK);
    ck_assert_int_eq(tell("HEXISTS %s a", bucket), 0);
    ck_assert_int_eq(tell("HEXISTS " OPEN_KEY " a"), 1);
    ck_assert_int_eq(tell("PTTL " OPEN_KEY), -1);
    s = a_swap("a", s.now.version);
    ck_assert_int_eq(run(&s), MQM_OK);
    ck_assert_int_eq(tell("HEXISTS %s a", bucket), 1);
    ck_assert_int_eq(tell("HEXISTS " OPEN_KEY " a"), 0);
}
END_TEST

START_TEST(no_memory_is_no)
{
    tell("CONFIG SET maxmemory 1");
    ck_assert_int_eq(put("a"), -ENOSPC);
    tell("CONFIG SET maxmemory 0");
    ck_assert_int_eq(put("a"), MQM_OK);
}
END_TEST

/* What was to be written instead was not. */
START_TEST(no_memory_takes_nothing_away)
{
    struct mqm_swap s = a_listed("a");

    ck_assert_int_eq(run(&s), MQM_OK);
    tell("CONFIG SET maxmemory 1");
    ck_assert_int_eq(run_again(&s, 0), -ENOSPC);
    ck_assert_int_eq(tell("HEXISTS " OPEN_KEY " a"), 1);
    tell("CONFIG SET maxmemory 0");
    ck_assert_int_eq(run(&s), MQM_OK);
}
END_TEST

START_TEST(ways_to_it)
{
    char at[300];

    store->close(self);
    self = NULL;
    snprintf(at, sizeof(at), "redis://%s/s.sock", server.dir);
    ck_assert_int_eq(open_at(&self, at, NULL, NULL), 0);
    ck_assert_int_eq(put("a"), MQM_OK);
    store->close(self);
    self = NULL;
    snprintf(at, sizeof(at), "%s/s.sock", server.dir);
    ck_assert_int_eq(open_at(&self, "redis://", "unix", at), 0);
    ck_assert_int_eq(put("a"), MQM_LOST);
    store->close(self);
    self = NULL;
    snprintf(at, sizeof(at), "%s/3", url);
    ck_assert_int_eq(open_at(&self, at, NULL, NULL), 0);
    ck_assert_int_eq(put("a"), MQM_OK);
    ck_assert_int_eq(tell("EXISTS %s", bucket), 1);
    tell("SELECT 3");
    ck_assert_int_eq(tell("EXISTS %s", bucket), 1);
}
END_TEST

static const char *const bad_urls[] = {
    "redis:127.0.0.1",    "redis://",          "redis://h:0",
    "redis://h:70000",    "redis://h:1/x",     "redis://u:s3cr%zz@h",
    "redis://u:s3cr@h:x", "rediss://u:s3cr@h", "redis://:s3cr@",
};

START_TEST(urls_that_cannot_be)
{
    void *s = NULL;
    struct mqm_setting setting = {"url", bad_urls[_i], 0};

    fake_failure[0] = '\0';
    ck_assert_int_eq(store->open(&s, &fake_host, &setting, 1), -EINVAL);
    ck_assert(strstr(fake_failure, "store.url"));
    ck_assert_ptr_null(strstr(fake_failure, "s3cr"));
}
END_TEST

START_TEST(wants_a_password)
{
    char at[300];
    void *s = NULL;
    struct mqm_setting setting = {"url", at, 0};

    tell("CONFIG SET requirepass s3cr!");
    snprintf(at, sizeof(at), "%s", url);
    ck_assert_int_eq(store->open(&s, &fake_host, &setting, 1), -EACCES);
    ck_assert(strstr(fake_failure, "store.password"));
    snprintf(at, sizeof(at), "redis://:s3crwrong@127.0.0.1:%d", server.port);
    ck_assert_int_eq(store->open(&s, &fake_host, &setting, 1), -EACCES);
    ck_assert_ptr_null(strstr(fake_failure, "s3cr"));
    for (int i = 0; i < 2; i++) {
        snprintf(at, sizeof(at), "redis://%s@127.0.0.1:%d",
                 i ? "default:s3cr!" : ":s3cr%21", server.port);
        ck_assert_int_eq(store->open(&s, &fake_host, &setting, 1), 0);
        store->close(s);
        s = NULL;
    }
    store->close(self);
    self = NULL;
    ck_assert_int_eq(open_with(&self, "password", "s3cr!"), 0);
    ck_assert_int_eq(put("a"), MQM_OK);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("redis");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, one_round_trip);
    tcase_add_test(tc, the_script_is_forgotten);
    tcase_add_test(tc, it_is_emptied);
    tcase_add_test(tc, an_emptied_one_lists_not_nothing);
    tcase_add_test(tc, lists_thousands);
    tcase_add_test(tc, it_hangs);
    tcase_add_test(tc, it_is_away);
    tcase_add_test(tc, a_host_is_not_killed_by_sigpipe);
    tcase_add_test(tc, versions_beat_the_clock);
    tcase_add_test(tc, what_is_not_ours_is_left_alone);
    tcase_add_test(tc, a_foreign_value_is_of_its_own);
    tcase_add_loop_test(tc, a_foreign_value_in_what_is_known, 0,
                        (int)(sizeof(theirs) / sizeof(theirs[0])));
    tcase_add_loop_test(tc, a_foreign_key, 0, 3);
    tcase_add_test(tc, a_list_tells_of_what_is_no_cell);
    tcase_add_test(tc, cells_expire);
    tcase_add_test(tc, no_memory_is_no);
    tcase_add_test(tc, no_memory_takes_nothing_away);
    tcase_add_test(tc, ways_to_it);
    tcase_add_loop_test(tc, urls_that_cannot_be, 0,
                        (int)(sizeof(bad_urls) / sizeof(bad_urls[0])));
    tcase_add_test(tc, wants_a_password);
    return run_case("store_redis", tc);
}
