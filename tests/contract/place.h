/* SPDX-License-Identifier: MIT */
/* place.h - where a store lives while the contract is tried on it, and short
 * ways to swap its cells. */
#ifndef MQM_CONTRACT_PLACE_H
#define MQM_CONTRACT_PLACE_H

#include "../clock.h"
#include "../fake_host.h"
#include "../suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 300 };

/* Of a call: more than a busy machine needs. */
static int limit_ms = 20000;

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
    char limit[16];
    struct mqm_setting settings[] = {{"url", url, 0},
                                     {"timeout_ms", limit, 0}};
    void *s = NULL;
    int r;

    snprintf(limit, sizeof(limit), "%d", limit_ms);
    r = store->open(&s, &fake_host, settings, 2);
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

#endif
