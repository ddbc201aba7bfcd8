/* SPDX-License-Identifier: MIT */
/* store_test.h - a store under test and short ways to swap its cells; for the
 * tests of what one kind of store alone has (contract.h: of what all have).
 */
#ifndef MQM_STORE_TEST_H
#define MQM_STORE_TEST_H

#include "clock.h"
#include "fake_host.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define SPACE "shop/issuer/rewards"

static const struct mqm_store *store;
static void *self;
static int64_t case_ms; /* when the messages of a case are born; 0: unknown */

static inline struct mqm_swap a_swap(const char *id, uint64_t expect)
{
    struct mqm_swap s;

    memset(&s, 0, sizeof(s));
    s.key.space = SPACE;
    s.key.id = id;
    s.key.id_len = strlen(id);
    s.key.born_ms = case_ms;
    s.expect = expect;
    s.value = "value";
    s.len = 5;
    s.keep_ms = 60000;
    return s;
}

/* One that is open. */
static inline struct mqm_swap a_listed(const char *id)
{
    struct mqm_swap s = a_swap(id, 0);

    s.flags = MQM_SWAP_LISTED;
    return s;
}

static inline int run_on(void *s, struct mqm_swap *one)
{
    store->swap(s, &one, 1);
    return one->result;
}

static inline int run(struct mqm_swap *s)
{
    return run_on(self, s);
}

static inline int put(const char *id)
{
    struct mqm_swap s = a_swap(id, 0);

    return run(&s);
}

/* As the next change of the same cell. */
static inline int run_again(struct mqm_swap *s, unsigned flags)
{
    s->expect = s->now.version;
    s->flags = flags;
    return run(s);
}

static inline int ask(struct mqm_swap *s)
{
    s->expect = MQM_ASK;
    s->flags = 0;
    return run(s);
}

/* For list(): how many there are. */
static inline int count(void *user, const struct mqm_key *key,
                        const struct mqm_cell *cell)
{
    ck_assert_uint_eq(cell->len, 5);
    ck_assert_int_eq(memcmp(cell->value, "value", 5), 0);
    ck_assert_int_ge(cell->age_ms, 0);
    ck_assert_uint_gt(key->id_len, 0);
    ++*(int *)user;
    return 0;
}

static inline int64_t memory_from(void)
{
    int64_t from = -1, created;

    ck_assert_int_eq(store->memory(self, SPACE, 0, &from, &created), 0);
    return from;
}

#endif
