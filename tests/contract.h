/* SPDX-License-Identifier: MIT */
/* contract.h - what plugin.h promises of a store, tried on each of them.
 *
 * A place is where a store lives: memory, a file in a temporary directory, a
 * server of our own.  The cases know of a place only that it can be opened,
 * broken and mended.  They stand here once, for the programs that have places:
 * those name them and call contract_main().
 */
#ifndef MQM_TEST_CONTRACT_H
#define MQM_TEST_CONTRACT_H

#include "clock.h"
#include "fake_host.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 300 };

static char url[128];

struct place {
    const struct mqm_plugin *plugin;
    void (*begin)(void); /* makes url */
    void (*end)(void);
    void (*break_it)(void);
    void (*mend)(void);
};

static const struct place *places;
static const struct place *place;
/* When a case began: all of its messages are born then, since a store may file
 * records by that time. */
static int64_t case_ms;
static const struct mqm_store *store;
static void *self;

static void *open_store(void)
{
    struct mqm_setting settings[] = {{"url", url, 0},
                                     {"timeout_ms", "3000", 0}};
    void *s = NULL;
    int r = store->open(&s, &fake_host, settings, 2);

    ck_assert_msg(r == 0, "open: %d %s", r, fake_failure);
    return s;
}

static void begin(const struct place *p)
{
    case_ms = now_ms();
    place = p;
    store = p->plugin->store;
    p->begin();
    self = open_store();
}

static void end(void)
{
    store->close(self);
    place->end();
}

/* ------------------------------- helpers -------------------------------- */

static struct mqm_swap a_swap(const char *id, uint64_t expect,
                              const char *value)
{
    struct mqm_swap s;

    memset(&s, 0, sizeof(s));
    s.key.space = "shop/issuer/rewards";
    s.key.id = id;
    s.key.id_len = strlen(id);
    s.key.born_ms = case_ms;
    s.expect = expect;
    s.value = value;
    s.len = strlen(value);
    s.keep_ms = 60000;
    s.result = -1;
    return s;
}

static int run(void *h, struct mqm_swap *s)
{
    int r = store->swap(h, &s, 1);

    ck_assert_int_eq(r, s->result < 0 ? s->result : 0);
    return s->result;
}

static uint64_t put(const char *id, uint64_t expect, const char *value)
{
    struct mqm_swap s = a_swap(id, expect, value);
    int r = run(self, &s);

    ck_assert_msg(r == MQM_OK, "%s: %d %s", id, r, fake_failure);
    ck_assert_uint_gt(s.now.version, expect);
    ck_assert_uint_lt(s.now.version, MQM_ASK);
    ck_assert_int_ge(s.now.age_ms, 0);
    return s.now.version;
}

static struct mqm_swap ask(const char *id)
{
    struct mqm_swap s = a_swap(id, MQM_ASK, "");

    run(self, &s);
    return s;
}

static int is(const struct mqm_cell *cell, const char *value)
{
    return cell->len == strlen(value) &&
           memcmp(cell->value, value, cell->len) == 0;
}

static int has(struct mqm_swap s, const char *value)
{
    return is(&s.now, value);
}

static int64_t memory_from(const char *space, int64_t raise_ms)
{
    int64_t from = -1, created = -1;
    int r = store->memory(self, space, raise_ms, &from, &created);

    ck_assert_msg(r == 0, "memory: %d %s", r, fake_failure);
    ck_assert_int_ge(from, 0);
    ck_assert_int_le(created, now_ms() + 1000);
    ck_assert_int_ge(created, now_ms() - 600000);
    return from;
}

/* -------------------------------- cases --------------------------------- */

START_TEST(creates_if_absent)
{
    struct mqm_swap s;
    int64_t before_us = now_ms() * 1000;
    uint64_t v;

    begin(&places[_i]);
    v = put("one", 0, "hello");
    ck_assert_uint_ge(v, (uint64_t)before_us);
    ck_assert_uint_le(v, (uint64_t)now_ms() * 1000 + 1000000);
    s = a_swap("one", 0, "other");
    ck_assert_int_eq(run(self, &s), MQM_LOST);
    ck_assert_uint_eq(s.now.version, v);
    ck_assert(is(&s.now, "hello"));
    ck_assert_int_ge(s.now.age_ms, 0);
    end();
}
END_TEST

START_TEST(swaps_by_version)
{
    struct mqm_swap s;
    uint64_t v, w;

    begin(&places[_i]);
    v = put("one", 0, "a");
    w = put("one", v, "b");
    s = a_swap("one", v, "c");
    ck_assert_int_eq(run(self, &s), MQM_LOST);
    ck_assert_uint_eq(s.now.version, w);
    ck_assert(is(&s.now, "b"));
    s = a_swap("two", v, "c");
    ck_assert_int_eq(run(self, &s), MQM_LOST);
    ck_assert_uint_eq(s.now.version, 0);
    s = a_swap("one", MQM_ASK - 1, "c");
    ck_assert_int_eq(run(self, &s), MQM_LOST);
    ck_assert(is(&s.now, "b"));
    for (int i = 0; i < 50; i++)
        w = put("one", w, "");
    s = ask("one");
    ck_assert_uint_eq(s.now.len, 0);
    end();
}
END_TEST

START_TEST(answers_questions)
{
    struct mqm_swap s;
    uint64_t v;

    begin(&places[_i]);
    s = ask("one");
    ck_assert_int_eq(s.result, MQM_LOST);
    ck_assert_uint_eq(s.now.version, 0);
    v = put("one", 0, "a");
    s = ask("one");
    ck_assert_int_eq(s.result, MQM_LOST);
    ck_assert_uint_eq(s.now.version, v);
    ck_assert(is(&s.now, "a"));
    ck_assert_uint_eq(ask("one").now.version, v);
    end();
}
END_TEST

START_TEST(tells_the_age)
{
    struct mqm_swap s;
    uint64_t v;

    begin(&places[_i]);
    v = put("one", 0, "a");
    sleep_ms(600);
    s = ask("one");
    ck_assert_int_ge(s.now.age_ms, 590);
    ck_assert_int_lt(s.now.age_ms, 5000);
    put("one", v, "b");
    ck_assert_int_lt(ask("one").now.age_ms, 500);
    end();
}
END_TEST

START_TEST(keeps_spaces_apart)
{
    struct mqm_swap s;

    begin(&places[_i]);
    put("one", 0, "a");
    s = a_swap("one", 0, "b");
    s.key.space = "shop/issuer/reward";
    ck_assert_int_eq(run(self, &s), MQM_OK);
    ck_assert(has(ask("one"), "a"));
    end();
}
END_TEST

START_TEST(takes_any_bytes)
{
    char id[MQM_ID_MAX], value[MQM_VALUE_MAX];
    struct mqm_swap s, q;

    begin(&places[_i]);
    for (size_t i = 0; i < sizeof(id); i++)
        id[i] = (char)(i * 2);
    for (size_t i = 0; i < sizeof(value); i++)
        value[i] = (char)(255 - i);
    for (size_t len = 1; len <= sizeof(id); len++) {
        s = a_swap("x", 0, "");
        s.key.id = id;
        s.key.id_len = len;
        s.value = value;
        s.len = len * 3;
        ck_assert_int_eq(run(self, &s), MQM_OK);
        q = s;
        q.expect = MQM_ASK;
        ck_assert_int_eq(run(self, &q), MQM_LOST);
        ck_assert_uint_eq(q.now.version, s.now.version);
        ck_assert_uint_eq(q.now.len, len * 3);
        ck_assert_int_eq(memcmp(q.now.value, value, q.now.len), 0);
    }
    end();
}
END_TEST

START_TEST(refuses_what_cannot_be)
{
    char id[MQM_ID_MAX + 1] = "x";
    struct mqm_swap s;

    begin(&places[_i]);
    s = a_swap("x", 0, "a");
    s.key.id = id;
    s.key.id_len = sizeof(id);
    ck_assert_int_eq(run(self, &s), -EINVAL);
    s.key.id_len = 0;
    ck_assert_int_eq(run(self, &s), -EINVAL);
    s = a_swap("x", 0, "a");
    s.len = MQM_VALUE_MAX + 1;
    ck_assert_int_eq(run(self, &s), -EINVAL);
    s = a_swap("x", 0, "a");
    s.key.space = "a:b";
    fake_failure[0] = '\0';
    ck_assert_int_eq(run(self, &s), -EINVAL);
    ck_assert(strstr(fake_failure, "a:b"));
    ck_assert_uint_eq(ask("x").now.version, 0);
    end();
}
END_TEST

START_TEST(swaps_many_at_once)
{
    static struct mqm_swap swaps[MANY];
    static char ids[MANY][16];
    struct mqm_swap *all[MANY];

    begin(&places[_i]);
    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "id%d", i);
        if (i % 3 == 1)
            put(ids[i], 0, "old");
        swaps[i] = a_swap(ids[i], i % 3 == 2 ? 77 : 0, "new");
        swaps[i].keep_ms = 60000 + i % 2;
        if (i % 5 == 0)
            swaps[i].key.space = "shop/other/t";
        if (i % 7 == 0)
            swaps[i].flags = MQM_SWAP_LISTED;
        all[i] = &swaps[i];
    }
    ck_assert_int_eq(store->swap(self, all, MANY), MQM_OK);
    for (int i = 0; i < MANY; i++) {
        int there = i % 3 == 1 && i % 5 != 0;
        int want = i % 3 == 2 || there ? MQM_LOST : MQM_OK;

        ck_assert_int_eq(swaps[i].result, want);
        ck_assert_int_eq(swaps[i].now.version != 0, want == MQM_OK || there);
        if (there)
            ck_assert(is(&swaps[i].now, "old"));
    }
    ck_assert_int_eq(store->swap(self, all, 0), MQM_OK);
    end();
}
END_TEST

static int count(void *user, const struct mqm_key *key,
                 const struct mqm_cell *cell)
{
    int *n = user;

    ck_assert_uint_gt(cell->version, 0);
    ck_assert_int_ge(cell->age_ms, 0);
    ck_assert(is(cell, "listed"));
    ck_assert_str_eq(key->space, "shop/issuer/rewards");
    ck_assert_int_eq(key->born_ms, 1700000000123);
    ck_assert_uint_eq(key->id_len, 5);
    ck_assert_int_eq(memcmp(key->id, "id\0", 3), 0);
    (*n)++;
    return 0;
}

static int stop_at_two(void *user, const struct mqm_key *key,
                       const struct mqm_cell *cell)
{
    int *n = user;

    (void)key;
    (void)cell;
    return ++*n == 2 ? 42 : 0;
}

static struct mqm_swap listed(char id[6], int i, unsigned flags)
{
    struct mqm_swap s = a_swap("", 0, "listed");

    memcpy(id, "id\0xx", 6);
    id[3] = (char)('0' + i / 10);
    id[4] = (char)('0' + i % 10);
    s.key.id = id;
    s.key.id_len = 5;
    s.key.born_ms = 1700000000123;
    s.keep_ms = flags & MQM_SWAP_LISTED ? 10 : 60000;
    s.flags = flags;
    return s;
}

START_TEST(lists_what_is_listed)
{
    struct mqm_swap first, s;
    char id[6], first_id[6];
    int n = 0;

    begin(&places[_i]);
    for (int i = 0; i < 40; i++) {
        s = listed(id, i, i % 2 == 0 ? MQM_SWAP_LISTED : 0);
        ck_assert_int_eq(run(self, &s), MQM_OK);
    }
    ck_assert_int_eq(store->list(self, "shop/issuer/rewards", count, &n), 0);
    ck_assert_int_eq(n, 20);
    ck_assert_int_eq(store->list(self, "nobody/was/here", count, &n), 0);
    ck_assert_int_eq(n, 20);
    sleep_ms(30); /* listed ones do not expire */
    ck_assert_int_eq(store->tick(self), 0);
    n = 0;
    store->list(self, "shop/issuer/rewards", count, &n);
    ck_assert_int_eq(n, 20);
    n = 0;
    ck_assert_int_eq(store->list(self, "shop/issuer/rewards", stop_at_two, &n),
                     42);
    ck_assert_int_eq(n, 2);

    first = listed(first_id, 0, 0);
    first.expect = MQM_ASK;
    run(self, &first);
    first.expect = first.now.version;
    ck_assert_int_eq(run(self, &first), MQM_OK); /* listed no longer */
    n = 0;
    store->list(self, "shop/issuer/rewards", count, &n);
    ck_assert_int_eq(n, 19);
    end();
}
END_TEST

START_TEST(forgets_and_says_so)
{
    struct mqm_swap s, keep;
    int64_t born = now_ms() - 5000;
    uint64_t v;

    begin(&places[_i]);
    ck_assert_int_eq(memory_from("shop/issuer/rewards", 0), 0);
    s = a_swap("fresh", 0, "a");
    s.key.born_ms = born;
    s.keep_ms = 500;
    ck_assert_int_eq(run(self, &s), MQM_OK); /* old, but none was forgotten */
    v = s.now.version;
    keep = a_swap("keep", 0, "b");
    keep.key.born_ms = born - 10000; /* it may be forgotten with its like */
    keep.keep_ms = 60000;
    ck_assert_int_eq(run(self, &keep), MQM_OK);
    sleep_ms(700);
    /* A little at a time: on a busy machine one tick may not get far. */
    for (int i = 0; i < 50 && memory_from("shop/issuer/rewards", 0) <= born;
         i++) {
        ck_assert_int_eq(store->tick(self), 0);
        sleep_ms(i ? 100 : 0);
    }
    ck_assert_int_gt(memory_from("shop/issuer/rewards", 0), born);
    ck_assert_int_le(memory_from("shop/issuer/rewards", 0), now_ms());

    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    ck_assert_uint_eq(s.now.version, 0);
    s.expect = MQM_ASK;
    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    s.expect = v;
    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    ck_assert_int_eq(run(self, &keep), MQM_LOST); /* not where a cell is */
    s.expect = 0;
    s.flags = MQM_SWAP_ANYWAY;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    ck_assert_uint_gt(s.now.version, v);
    case_ms = now_ms();
    put("later", 0, "c"); /* born now: cannot have been forgotten */
    end();
}
END_TEST

START_TEST(a_write_begins_keep_anew)
{
    struct mqm_swap s;

    begin(&places[_i]);
    s = a_swap("one", 0, "a");
    s.keep_ms = 1500;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    for (int i = 0; i < 5; i++) {
        sleep_ms(400);
        ck_assert_int_eq(store->tick(self), 0);
        s.expect = s.now.version;
        ck_assert_int_eq(run(self, &s), MQM_OK);
    }
    end();
}
END_TEST

START_TEST(unlisted_begins_to_expire)
{
    struct mqm_swap s;

    begin(&places[_i]);
    s = a_swap("one", 0, "a");
    s.flags = MQM_SWAP_LISTED;
    s.keep_ms = 50;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    sleep_ms(100);
    store->tick(self);
    s.expect = s.now.version;
    s.flags = 0;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    sleep_ms(100);
    store->tick(self);
    s.expect = 0;
    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    end();
}
END_TEST

START_TEST(forgets_the_unborn)
{
    struct mqm_swap s;

    begin(&places[_i]);
    s = a_swap("one", 0, "a");
    s.key.born_ms = 0;
    s.keep_ms = 40;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    sleep_ms(100);
    store->tick(self);
    s = a_swap("two", 0, "a");
    s.key.born_ms = 0;
    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    s.flags = MQM_SWAP_ANYWAY;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    end();
}
END_TEST

START_TEST(memory_only_grows)
{
    struct mqm_swap s;
    int64_t at = now_ms() - 1000;

    begin(&places[_i]);
    ck_assert_int_eq(memory_from("shop/issuer/rewards", at), at);
    ck_assert_int_eq(memory_from("shop/issuer/rewards", at - 10), at);
    ck_assert_int_eq(memory_from("shop/issuer/rewards", 0), at);
    ck_assert_int_eq(memory_from("shop/issuer/other", 0), 0);
    s = a_swap("one", 0, "a");
    s.key.born_ms = at - 1;
    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    s.key.born_ms = at;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    end();
}
END_TEST

START_TEST(a_born_of_the_future_is_no_flaw)
{
    struct mqm_swap s, one;

    begin(&places[_i]);
    one = a_swap("one", 0, "a");
    one.key.born_ms = now_ms() + 3600000;
    one.keep_ms = 20;
    ck_assert_int_eq(run(self, &one), MQM_OK);
    s = a_swap("two", 0, "a");
    s.key.born_ms = INT64_MAX;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    s = a_swap("three", 0, "a");
    s.keep_ms = INT64_MAX;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    sleep_ms(60);
    store->tick(self);
    one.expect = MQM_ASK;
    ck_assert_int_eq(run(self, &one), MQM_LOST); /* not before its time */
    ck_assert_uint_gt(one.now.version, 0);
    ck_assert_int_le(memory_from("shop/issuer/rewards", 0), now_ms());
    case_ms = now_ms();
    put("four", 0, "x");
    end();
}
END_TEST

START_TEST(a_repeat_sees_its_own_version)
{
    struct mqm_swap s, again;

    begin(&places[_i]);
    s = a_swap("one", 0, "mine");
    ck_assert_int_eq(run(self, &s), MQM_OK);
    again = a_swap("one", 0, "mine"); /* as if the answer had been lost */
    ck_assert_int_eq(run(self, &again), MQM_LOST);
    ck_assert_uint_eq(again.now.version, s.now.version);
    ck_assert(is(&again.now, "mine"));
    end();
}
END_TEST

/* ----------------------- several, and none ------------------------------ */

static pthread_mutex_t one_call = PTHREAD_MUTEX_INITIALIZER;

static void *race(void *user)
{
    int *won = user;
    void *h = store->flags & MQM_STORE_SHARED ? open_store() : NULL;

    for (int i = 0; i < 100; i++) {
        char id[16];
        struct mqm_swap s;

        snprintf(id, sizeof(id), "r%d", i);
        s = a_swap(id, 0, "x");
        if (!h)
            pthread_mutex_lock(&one_call);
        *won += run(h ? h : self, &s) == MQM_OK;
        if (!h)
            pthread_mutex_unlock(&one_call);
    }
    if (h)
        store->close(h);
    return NULL;
}

START_TEST(threads_have_one_winner)
{
    pthread_t t[8];
    int won[8] = {0}, sum = 0;

    begin(&places[_i]);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, race, &won[i]), 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], NULL);
        sum += won[i];
    }
    ck_assert_int_eq(sum, 100);
    end();
}
END_TEST

START_TEST(processes_have_one_winner)
{
    pid_t pids[4];
    int sum = 0, status;

    begin(&places[_i]);
    for (int i = 0; store->flags & MQM_STORE_SHARED && i < 4; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            int won = 0;

            race(&won);
            _exit(won);
        }
    }
    for (int i = 0; store->flags & MQM_STORE_SHARED && i < 4; i++) {
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert(WIFEXITED(status));
        sum += WEXITSTATUS(status);
    }
    ck_assert_int_eq(sum, store->flags & MQM_STORE_SHARED ? 100 : 0);
    end();
}
END_TEST

START_TEST(two_handles_see_one_another)
{
    struct mqm_swap s;
    void *other;
    uint64_t v;

    begin(&places[_i]);
    if (store->flags & MQM_STORE_SHARED) {
        other = open_store();
        v = put("one", 0, "a");
        s = a_swap("one", v, "b");
        ck_assert_int_eq(run(other, &s), MQM_OK);
        ck_assert(has(ask("one"), "b"));
        store->close(other);
    }
    end();
}
END_TEST

START_TEST(survives_reopening)
{
    uint64_t v;
    int64_t from;

    begin(&places[_i]);
    v = put("one", 0, "a");
    from = memory_from("shop/issuer/rewards", now_ms() - 100);
    if (store->flags & MQM_STORE_DURABLE) {
        store->close(self);
        self = open_store();
        ck_assert_uint_eq(ask("one").now.version, v);
        ck_assert_int_eq(memory_from("shop/issuer/rewards", 0), from);
    }
    end();
}
END_TEST

static int run_until_it_works(struct mqm_swap *s)
{
    int64_t give_up = now_ms() + 10000;
    int r;

    do {
        r = run(self, s);
        if (r < 0)
            sleep_ms(50);
    } while (r < 0 && now_ms() < give_up);
    return r;
}

START_TEST(is_gone_and_comes_back)
{
    struct mqm_swap s, before;
    int64_t t0;

    begin(&places[_i]);
    before = a_swap("before", 0, "a");
    ck_assert_int_eq(run(self, &before), MQM_OK);
    if (place->break_it) {
        place->break_it();
        s = a_swap("two", 0, "b");
        fake_failure[0] = '\0';
        t0 = now_ms();
        ck_assert_int_lt(run(self, &s), 0);
        ck_assert_int_lt(now_ms() - t0, 3500);
        ck_assert_msg(strlen(fake_failure) > 20, "%s", fake_failure);
        place->mend();
        s = a_swap("three", 0, "c");
        s.key.born_ms = now_ms() + 60000; /* after all that is forgotten */
        ck_assert_int_eq(run_until_it_works(&s), MQM_OK);
        s = a_swap("before", 0, "d"); /* all of it is gone: a doubt */
        s.key.born_ms = before.key.born_ms;
        ck_assert_int_eq(run(self, &s), MQM_DOUBT);
        s.key.born_ms = 0;
        ck_assert_int_eq(run(self, &s), MQM_DOUBT);
        ck_assert_int_gt(memory_from("shop/issuer/rewards", 0),
                         before.key.born_ms);
    }
    end();
}
END_TEST

START_TEST(refuses_unknown_settings)
{
    struct mqm_setting settings[] = {{"url", url, 0}, {"colour", "red", 0}};
    struct mqm_setting number[] = {{"url", url, 0}, {"timeout_ms", "5s", 0}};
    void *s = NULL;

    begin(&places[_i]);
    ck_assert_int_eq(store->open(&s, &fake_host, settings, 2), -EINVAL);
    ck_assert(strstr(fake_failure, "colour"));
    ck_assert(strstr(fake_failure, "timeout_ms"));
    ck_assert_int_eq(store->open(&s, &fake_host, number, 2), -EINVAL);
    ck_assert(strstr(fake_failure, "5s"));
    ck_assert_ptr_null(s);
    end();
}
END_TEST

typedef const TTest *test;

static int contract_main(const char *suite_name, const struct place *all, int n,
                         const char *only)
{
    const test tests[] = {
        creates_if_absent,
        swaps_by_version,
        answers_questions,
        tells_the_age,
        keeps_spaces_apart,
        takes_any_bytes,
        refuses_what_cannot_be,
        swaps_many_at_once,
        lists_what_is_listed,
        forgets_and_says_so,
        a_write_begins_keep_anew,
        unlisted_begins_to_expire,
        forgets_the_unborn,
        memory_only_grows,
        a_born_of_the_future_is_no_flaw,
        a_repeat_sees_its_own_version,
        threads_have_one_winner,
        processes_have_one_winner,
        two_handles_see_one_another,
        survives_reopening,
        is_gone_and_comes_back,
        refuses_unknown_settings,
    };
    Suite *suite = suite_create(suite_name);

    places = all;
    for (int i = 0; i < n; i++) {
        TCase *tc = tcase_create(places[i].plugin->name);

        if (only && strcmp(only, places[i].plugin->name) != 0)
            continue;
        tcase_set_timeout(tc, 60);
        for (size_t k = 0; k < sizeof(tests) / sizeof(tests[0]); k++)
            tcase_add_loop_test(tc, tests[k], i, i + 1);
        suite_add_tcase(suite, tc);
    }
    return run_all(suite);
}

#endif
