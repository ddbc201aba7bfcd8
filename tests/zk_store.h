/* SPDX-License-Identifier: MIT */
/* zk_store.h - what the tests of the ZooKeeper store share: a server of their
 * own, a root of each case's own in it, and many swaps at once.
 */
#ifndef MQM_TEST_ZK_STORE_H
#define MQM_TEST_ZK_STORE_H

#include "clock.h"
#include "fake_host.h"
#include "suite.h"
#include "zk_server.h"

#include <check.h>
#include <errno.h>

enum { MANY = 1000, BATCH = 100 };

static const char *const space = "shop/issuer/rewards";
static const struct mqm_store *store;
static struct zk_server server;
static char url[160];
static void *self;
static int64_t case_ms;

/* Of a call: more than a busy machine needs; those that reach it want less. */
static int limit_ms = 20000;

static inline int open_with(void **h, const char *name, const char *value)
{
    char limit[16];
    struct mqm_setting settings[] = {
        {"url", url, 0}, {"timeout_ms", limit, 0}, {name, value, 1}};

    snprintf(limit, sizeof(limit), "%d", limit_ms);
    *h = NULL;
    return store->open(h, &fake_host, settings, name ? 3 : 2);
}

static inline void *open_store(void)
{
    void *h;
    int r = open_with(&h, NULL, NULL);

    ck_assert_msg(r == 0, "open: %d %s", r, fake_failure);
    return h;
}

static inline void begin(void)
{
    static unsigned number;

    case_ms = now_ms();
    snprintf(url, sizeof(url), "zk://127.0.0.1:%d/t%d.%u", server.port,
             (int)getpid(), number++);
    self = open_store();
}

static inline void end(void)
{
    store->close(self);
}

static inline const char *root(void)
{
    return strchr(url + 5, '/');
}

/* ------------------------------- swaps ---------------------------------- */

struct many {
    struct mqm_swap s[MANY];
    struct mqm_swap *p[MANY];
    char ids[MANY][16];
};

static inline void make(struct many *m, const char *prefix, const char *value)
{
    memset(m, 0, sizeof(*m));
    for (int i = 0; i < MANY; i++) {
        struct mqm_swap *s = &m->s[i];

        snprintf(m->ids[i], sizeof(m->ids[i]), "%s%d", prefix, i);
        s->key.space = space;
        s->key.id = m->ids[i];
        s->key.id_len = strlen(m->ids[i]);
        s->key.born_ms = case_ms;
        s->value = value;
        s->len = strlen(value);
        s->keep_ms = 600000;
        s->result = -1;
        m->p[i] = s;
    }
}

static inline int run(void *h, struct mqm_swap *s)
{
    int r = store->swap(h, &s, 1);

    ck_assert_int_eq(r, s->result < 0 ? s->result : 0);
    return s->result;
}

static inline int run_until_it_works(void *h, struct mqm_swap *s)
{
    int64_t give_up = now_ms() + 20000;
    int r;

    while ((r = run(h, s)) < 0 && now_ms() < give_up)
        sleep_ms(50);
    return r;
}

/* Ask for what was reported: each must be there as it was. */
static inline void check_there(void *h, struct many *m, int n)
{
    for (int i = 0; i < n; i++) {
        struct mqm_swap q = m->s[i];

        if (m->s[i].result != MQM_OK)
            continue;
        q.expect = MQM_ASK;
        ck_assert_int_eq(run_until_it_works(h, &q), MQM_LOST);
        ck_assert_uint_eq(q.now.version, m->s[i].now.version);
        ck_assert_uint_eq(q.now.len, m->s[i].len);
        ck_assert_int_eq(memcmp(q.now.value, m->s[i].value, m->s[i].len), 0);
    }
}

static inline int64_t memory_from(void)
{
    int64_t from = -1, created = -1;
    int r = store->memory(self, space, 0, &from, &created);

    ck_assert_msg(r == 0, "memory: %d %s", r, fake_failure);
    return from;
}

static struct many m; /* of the case that runs */

/* All of a main(): the cases, with a server. */
static inline int run_with_server(const char *program, const char *name,
                                  TCase *tc)
{
    const struct mqm_plugin *plugin = zk_plugin(program);
    int code = EXIT_FAILURE;

    if (!plugin)
        return EXIT_FAILURE;
    store = plugin->store;
    if (zk_server_start(&server))
        code = run_case_for(name, tc, 120);
    zk_server_end(&server);
    return code;
}

#endif
