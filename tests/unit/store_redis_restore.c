/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis_restore.c - a Redis that went back in time, with all alive: each
 * cell is as it was, to the version, and nothing is in doubt. */
#include "../redis_restore.h"
#include "../suite.h"

enum { LAG = 100000, STEP = 256, LOST = 3000, MANY = 256 * 350 };

static void setup_patient(void)
{
    setup_two("60000", "8192");
}

static struct mqm_swap with(const char *id, const char *value, unsigned flags)
{
    struct mqm_swap s = a_swap(id, 0);

    s.value = value;
    s.len = strlen(value);
    s.flags = flags;
    return s;
}

/* The next change of that cell. */
static int change(void *who, struct mqm_swap *s, const char *value,
                  unsigned flags)
{
    s->expect = s->now.version;
    s->value = value;
    s->len = strlen(value);
    s->flags = flags;
    return run_on(who, s);
}

START_TEST(each_cell_is_as_it_was)
{
    struct mqm_swap a = with("a", "owed", MQM_SWAP_LISTED);
    struct mqm_swap b = with("b", "held", MQM_SWAP_LISTED);
    struct mqm_swap c = with("c", "done", 0), e = with("e", "owed", 0);
    struct mqm_swap f = with("f", "done", 0), g = with("g", "x", 0);
    int64_t from = memory_from();
    int n = 0;

    f.key.born_ms = g.key.born_ms = 0;
    ck_assert_int_eq(run(&a), MQM_OK);
    ck_assert_int_eq(run(&e), MQM_OK);
    ck_assert_int_eq(run(&g), MQM_OK);
    remember_files();
    ck_assert_int_eq(change(other, &a, "held", MQM_SWAP_LISTED), MQM_OK);
    ck_assert_int_eq(change(self, &a, "done", 0), MQM_OK);
    ck_assert_int_eq(run_on(other, &b), MQM_OK);
    ck_assert_int_eq(run_on(other, &c), MQM_OK);
    ck_assert_int_eq(change(self, &e, "value", MQM_SWAP_LISTED), MQM_OK);
    ck_assert_int_eq(run_on(other, &f), MQM_OK);
    ck_assert_int_eq(change(self, &g, "again", 0), MQM_OK);
    ck_assert_int_eq(change(other, &b, "value", MQM_SWAP_LISTED), MQM_OK);
    lose();
    ck_assert_int_eq(tell("HEXISTS " OPEN_KEY " a"), 1); /* owed again */
    ck_assert_int_eq(tell("HEXISTS " OPEN_KEY " b"), 0);
    settle_both();
    is_as_after(&a);
    is_as_after(&b);
    is_as_after(&c);
    is_as_after(&e);
    is_as_after(&f);
    is_as_after(&g);
    ck_assert_int_eq(tell("HEXISTS " OPEN_KEY " a"), 0);
    ck_assert_int_eq(tell("HEXISTS %s a", bucket), 1);
    ck_assert_int_eq(tell("HEXISTS %s e", bucket), 0);
    ck_assert_int_gt(tell("PTTL %s", bucket), 50000);
    ck_assert_int_gt(tell("PTTL mqm:c:" SPACE ":f"), 50000);
    ck_assert_int_eq(store->list(self, SPACE, count, &n), 0);
    ck_assert_int_eq(n, 2);
    ck_assert_int_eq(memory_from(), from);
    ck_assert_int_eq(unknown(case_ms), MQM_LOST);
    ck_assert_int_eq(change(self, &c, "more", 0), MQM_OK); /* it goes on */
}
END_TEST

/* One that is there in a later version is left alone; those that were there in
 * the same are not counted as anything either. */
START_TEST(a_later_one_stays)
{
    struct mqm_swap a = with("a", "old", 0), b = with("b", "new", 0);
    char later[] = "\x1f\xff\xff\xff\xff\xff\xfe" "later";

    ck_assert_int_eq(run(&b), MQM_OK);
    remember_files();
    ck_assert_int_eq(run(&a), MQM_OK);
    lose();
    freeReplyObject(redisCommand(raw, "HSET %s a %b", bucket, later,
                                 sizeof(later) - 1));
    settle_both();
    is_as_after(&b);
    ck_assert_int_eq(ask(&a), MQM_LOST);
    ck_assert_uint_eq(a.now.version, 0x1ffffffffffffe);
}
END_TEST

/* Nobody uses it before all have answered. */
START_TEST(nobody_comes_in_between)
{
    struct mqm_swap a = with("a", "owed", 0), x;
    void *late = NULL;
    int64_t from, created;
    int n = 0;

    ck_assert_int_eq(run(&a), MQM_OK);
    remember_files();
    ck_assert_int_eq(change(other, &a, "done", 0), MQM_OK);
    lose();
    for (int i = 0; i < 20; i++) {
        x = with("a", "mine!", 0);
        x.expect = 0;
        ck_assert_int_eq(run(&x), -EAGAIN);
        ck_assert_msg(strstr(fake_failure, "restored"), "%s", fake_failure);
        ck_assert_int_eq(ask(&x), -EAGAIN);
        ck_assert_int_eq(store->list(self, SPACE, count, &n), -EAGAIN);
        ck_assert_int_eq(store->memory(self, SPACE, 0, &from, &created),
                         -EAGAIN);
        ck_assert_int_eq(open_patient(&late, "1", "64"), -EAGAIN);
        store->tick(self);
    }
    settle_both();
    is_as_after(&a);
    ck_assert_int_eq(memory_from(), 0);
    ck_assert_int_eq(open_patient(&late, "1", "64"), 0); /* for the first time */
    x = with("b", "mine!", 0);
    ck_assert_int_eq(run_on(late, &x), MQM_OK);
    store->close(late);
}
END_TEST

/* One has answered, and that is lost, too. */
START_TEST(twice_in_a_row)
{
    struct mqm_swap a = with("a", "owed", 0), b = with("b", "done", 0);

    ck_assert_int_eq(run(&a), MQM_OK);
    remember_files();
    ck_assert_int_eq(change(self, &a, "done", 0), MQM_OK);
    ck_assert_int_eq(run_on(other, &b), MQM_OK);
    for (int i = 0; i < 2; i++) {
        lose();
        ck_assert_int_eq(is_back(self), 0);
        ck_assert_int_eq(is_back(self), 0);
    }
    restart(); /* with all that it has by now */
    ck_assert_int_eq(is_back(self), 0);
    settle_both();
    is_as_after(&a);
    is_as_after(&b);
    ck_assert_int_eq(memory_from(), 0);
    remember_files(); /* and after it */
    ck_assert_int_eq(change(self, &a, "again", 0), MQM_OK);
    lose();
    settle_both();
    is_as_after(&a);
    ck_assert_int_eq(memory_from(), 0);
}
END_TEST

/* Whoever wrote it did not get the answer, or is dead: we have seen it. */
START_TEST(what_was_seen_comes_back)
{
    struct mqm_swap a = with("a", "x", 0);
    static const char cell[] = "\0\x05\xe0\0\0\0\x02" "done!";

    ck_assert_int_eq(run_on(other, &a), MQM_OK); /* they are known */
    a = with("seen", "done!", 0);
    remember_files();
    freeReplyObject(redisCommand(raw, "HSET %s seen %b", bucket, cell,
                                 sizeof(cell) - 1));
    ck_assert_int_eq(ask(&a), MQM_LOST);
    a.len = 5;
    lose();
    ck_assert_int_eq(is_there(bucket, "seen"), 0);
    settle_both();
    is_as_after(&a);
}
END_TEST

/* Written by a clock that was ahead: odd, and with its time. */
START_TEST(an_odd_version_comes_back)
{
    struct mqm_swap a = with("a", "x", 0);
    static const char ahead[] = "\x0f\xff\xff\xff\xff\xff\xfe" "ahead";

    ck_assert_int_eq(run_on(other, &a), MQM_OK);
    freeReplyObject(redisCommand(raw, "HSET %s a %b", bucket, ahead,
                                 sizeof(ahead) - 1));
    ck_assert_int_eq(ask(&a), MQM_LOST);
    remember_files();
    ck_assert_int_eq(change(self, &a, "later", MQM_SWAP_LISTED), MQM_OK);
    ck_assert_uint_eq(a.now.version, 0xfffffffffffffULL + 0);
    lose();
    settle_both();
    is_as_after(&a);
    ck_assert_int_lt(a.now.age_ms, 60000);
}
END_TEST

static void ask_lag(int64_t born_ms)
{
    static struct mqm_swap s[STEP];
    static char ids[STEP][16];
    struct mqm_swap *all[STEP];

    for (int i = 0; i < LAG; i += STEP) {
        for (int j = 0; j < STEP; j++) {
            snprintf(ids[j], sizeof(ids[j]), "lag%d", i + j);
            s[j] = a_swap(ids[j], MQM_ASK);
            s[j].key.born_ms = born_ms + (i + j) / 100;
            all[j] = &s[j];
        }
        ck_assert_int_eq(store->swap(self, all, STEP), MQM_OK);
        for (int j = 0; j < STEP; j++)
            ck_assert_int_eq(s[j].result, MQM_LOST); /* not MQM_DOUBT */
    }
}

/* Thousands are lost; and what nobody has seen yet is new. */
START_TEST(a_lag_is_not_in_doubt)
{
    static struct mqm_swap s[LOST];
    static char ids[LOST][16];
    struct mqm_swap *all[LOST];

    ck_assert_int_eq(put("a"), MQM_OK);
    remember_files();
    for (int i = 0; i < LOST; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%d", i);
        s[i] = a_swap(ids[i], 0);
        s[i].key.born_ms = i % 3 ? case_ms - i : 0;
        s[i].flags = i % 2 ? MQM_SWAP_LISTED : 0;
        all[i] = &s[i];
    }
    ck_assert_int_eq(store->swap(other, all, LOST), MQM_OK);
    lose();
    settle_both();
    for (int i = 0; i < LOST; i++)
        is_as_after(&s[i]);
    ask_lag(case_ms - 30000);
    ck_assert_int_eq(memory_from(), 0);
}
END_TEST

static void setup_brief(void)
{
    limit_ms = "300";
    setup_two("600000", "8192");
}

/* So many are written after the files were remembered; fewer on a machine so
 * busy that who wrote would be taken for dead when they are lost. */
static int write_many(struct mqm_swap s[MANY])
{
    static char ids[MANY][16];
    int64_t until_ms = INT64_MAX;
    int n = 0;

    for (; n < MANY && now_ms() < until_ms; n += STEP) {
        struct mqm_swap *all[STEP];

        for (int j = 0; j < STEP; j++) {
            snprintf(ids[n + j], sizeof(ids[n + j]), "%d", n + j);
            s[n + j] = a_swap(ids[n + j], 0);
            s[n + j].key.born_ms = case_ms - (n + j) / 10;
            all[j] = &s[n + j];
        }
        (void)store->swap(self, all, STEP); /* some may take too long */
        if (n == 0) {
            remember_files();
            until_ms = now_ms() + 5000;
        }
    }
    return n;
}

/* More than one call has time for: the next one goes on. */
START_TEST(by_and_by)
{
    static struct mqm_swap s[MANY];
    int n = write_many(s), calls = 0;

    lose();
    while (!is_back(self)) {
        store->tick(other);
        calls++;
        sleep_ms(5);
    }
    if (n == MANY)
        ck_assert_int_ge(calls, 2);
    for (int i = 0; i < n; i += 7)
        if (s[i].result == MQM_OK)
            is_as_after(&s[i]);
    ck_assert_int_eq(memory_from(), 0);
}
END_TEST

/* Promoted at the moment when the master wrote on; then it has its address. */
START_TEST(a_promoted_replica_gets_what_it_lacks)
{
    struct redis_server heir = {.synced = 2};
    struct mqm_swap a = with("a", "owed", 0);
    redisContext *beside;
    redisReply *r;
    int port = server.port;

    ck_assert_int_eq(run(&a), MQM_OK);
    tell("CONFIG SET repl-diskless-sync-delay 0");
    ck_assert(redis_server_start(&heir));
    beside = raw;
    raw = redisConnect("127.0.0.1", heir.port);
    tell("REPLICAOF 127.0.0.1 %d", port);
    for (int i = 0; i < 3000 && tell("EXISTS %s", bucket) == 0; i++)
        sleep_ms(10);
    tell("REPLICAOF NO ONE");
    ck_assert_int_eq(change(self, &a, "done", 0), MQM_OK);
    redisFree(beside);
    redis_server_end(&server);
    server = heir;
    tell("CONFIG SET port %d", port);
    server.port = port;
    settle_both();
    is_as_after(&a);
    ck_assert_int_eq(memory_from(), 0);
    r = redisCommand(raw, "INFO replication");
    ck_assert_ptr_null(strstr(r->str, "master_replid2:0000")); /* promoted */
    freeReplyObject(r);
}
END_TEST

/* What memory() was told stays. */
START_TEST(memory_does_not_go_back)
{
    int64_t from, created;

    ck_assert_int_eq(put("a"), MQM_OK);
    remember_files();
    ck_assert_int_eq(store->memory(other, SPACE, 1700000000000, &from,
                                   &created), 0);
    ck_assert_int_eq(store->memory(other, "shop/issuer/none", 1700000000001,
                                   &from, &created), 0);
    lose();
    settle_both();
    ck_assert_int_eq(memory_from(), 1700000000000);
    ck_assert_int_eq(store->memory(self, "shop/issuer/none", 0, &from,
                                   &created), 0);
    ck_assert_int_eq(from, 1700000000001);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("restore"), *brief = tcase_create("brief");
    Suite *suite = suite_create("store_redis_restore");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup_patient, teardown_two);
    tcase_add_test(tc, each_cell_is_as_it_was);
    tcase_add_test(tc, a_later_one_stays);
    tcase_add_test(tc, nobody_comes_in_between);
    tcase_add_test(tc, twice_in_a_row);
    tcase_add_test(tc, what_was_seen_comes_back);
    tcase_add_test(tc, an_odd_version_comes_back);
    tcase_add_test(tc, a_lag_is_not_in_doubt);
    tcase_add_test(tc, a_promoted_replica_gets_what_it_lacks);
    tcase_add_test(tc, memory_does_not_go_back);
    tcase_set_timeout(brief, 120);
    tcase_add_checked_fixture(brief, setup_brief, teardown_two);
    tcase_add_test(brief, by_and_by);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, brief);
    return run_all(suite);
}
