/* SPDX-License-Identifier: MIT */
/* cells.h - cells are made, swapped by version, asked for, many at once, and
 * listed. */
#ifndef MQM_CONTRACT_CELLS_H
#define MQM_CONTRACT_CELLS_H

#include "place.h"

#include <errno.h>

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

/* Of one that was put at that version and looked at so much later. */
static int64_t age_after(uint64_t *v, int64_t ms)
{
    int64_t t0 = now_ms(), age_ms;

    *v = put("one", *v, "a");
    sleep_ms(ms);
    age_ms = ask("one").now.age_ms;
    ck_assert_int_ge(age_ms, 0);
    ck_assert_int_lt(age_ms, now_ms() - t0 + 500);
    return age_ms;
}

/* A store may count off what its own calls took: on a busy machine, much. */
START_TEST(tells_the_age)
{
    int64_t most = 0;
    uint64_t v = 0;

    begin(&places[_i]);
    for (int i = 0; i < 5 && most < 590; i++) {
        int64_t age_ms = age_after(&v, 600);

        most = age_ms > most ? age_ms : most;
    }
    ck_assert_int_ge(most, 590);
    (void)age_after(&v, 0); /* it begins anew */
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

#endif
