/* LIBS: -lzookeeper_mt */
/* SPDX-License-Identifier: MIT */
/* store_zk.c - the ZooKeeper store with real servers: crashes, pauses, conflicts
 * in a batch, where nodes lie, forgetting, rights, a data directory set back,
 * an ensemble that loses its leader. */
#include "../clock.h"
#include "../fake_host.h"
#include "../suite.h"
#include "../zk_raw.h"
#include "../zk_server.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>

enum { MANY = 1000, BATCH = 100 };

static const char *const space = "shop/issuer/rewards";
static const struct mqm_store *store;
static struct zk_server server;
static char url[160];
static void *self;
static int64_t case_ms;

static int open_with(void **h, const char *name, const char *value)
{
    struct mqm_setting settings[] = {
        {"url", url, 0}, {"timeout_ms", "3000", 0}, {name, value, 1}};

    *h = NULL;
    return store->open(h, &fake_host, settings, name ? 3 : 2);
}

static void *open_store(void)
{
    void *h;
    int r = open_with(&h, NULL, NULL);

    ck_assert_msg(r == 0, "open: %d %s", r, fake_failure);
    return h;
}

static void begin(void)
{
    static unsigned number;

    case_ms = now_ms();
    snprintf(url, sizeof(url), "zk://127.0.0.1:%d/t%d.%u", server.port,
             (int)getpid(), number++);
    self = open_store();
}

static void end(void)
{
    store->close(self);
}

static const char *root(void)
{
    return strchr(url + 5, '/');
}

/* ------------------------------- swaps ---------------------------------- */

struct many {
    struct mqm_swap s[MANY];
    struct mqm_swap *p[MANY];
    char ids[MANY][16];
};

static void make(struct many *m, const char *prefix, const char *value)
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

static int run(void *h, struct mqm_swap *s)
{
    int r = store->swap(h, &s, 1);

    ck_assert_int_eq(r, s->result < 0 ? s->result : 0);
    return s->result;
}

static int run_until_it_works(void *h, struct mqm_swap *s)
{
    int64_t give_up = now_ms() + 20000;
    int r;

    while ((r = run(h, s)) < 0 && now_ms() < give_up)
        sleep_ms(50);
    return r;
}

/* Ask for what was reported: each must be there as it was. */
static void check_there(void *h, struct many *m, int n)
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

static int64_t memory_from(void)
{
    int64_t from = -1, created = -1;
    int r = store->memory(self, space, 0, &from, &created);

    ck_assert_msg(r == 0, "memory: %d %s", r, fake_failure);
    return from;
}

static struct many m; /* of the case that runs */

/* ------------------------- crashes and pauses --------------------------- */

START_TEST(a_crash_keeps_what_was_reported)
{
    struct mqm_swap s;
    int64_t t0;

    begin();
    make(&m, "a", "value");
    ck_assert_int_eq(store->swap(self, m.p, BATCH), 0);
    ck_assert(zk_server_kill(&server));
    t0 = now_ms();
    ck_assert_int_lt(store->swap(self, m.p + BATCH, 10), 0);
    for (int i = 0; i < 10; i++)
        ck_assert_int_lt(m.s[BATCH + i].result, 0);
    ck_assert_int_lt(now_ms() - t0, 3500);
    ck_assert(strstr(fake_failure, "zk://127.0.0.1"));
    sleep_ms(100);
    t0 = now_ms();
    for (int i = 0; i < 5; i++) /* not each of them waits */
        ck_assert_int_lt(run(self, &m.s[BATCH]), 0);
    ck_assert_int_lt(now_ms() - t0, 8000);

    ck_assert(zk_server_up(&server));
    s = m.s[BATCH];
    ck_assert_int_ne(run_until_it_works(self, &s), MQM_DOUBT);
    check_there(self, &m, BATCH);
    ck_assert_int_eq(memory_from(), 0); /* nothing was lost */
    end();
}
END_TEST

START_TEST(a_stopped_server_costs_the_limit_only)
{
    int64_t t0;

    begin();
    make(&m, "a", "value");
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    ck_assert(zk_script("stop", server.dir));
    for (int i = 1; i < 4; i++) {
        t0 = now_ms();
        ck_assert_int_lt(run(self, &m.s[i]), 0);
        ck_assert_int_lt(now_ms() - t0, 3900);
    }
    ck_assert(zk_script("cont", server.dir));
    ck_assert_int_ge(run_until_it_works(self, &m.s[4]), 0);
    m.s[0].expect = m.s[0].now.version;
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    end();
}
END_TEST

/* A process that is paused for longer than its session. */
static void paused_child(int out)
{
    char c = 'x';

    begin();
    make(&m, "a", "value");
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    ck_assert_int_eq(write(out, &c, 1), 1);
    raise(SIGSTOP);
    m.s[0].expect = m.s[0].now.version;
    ck_assert_int_eq(run_until_it_works(self, &m.s[0]), MQM_OK);
    ck_assert_int_eq(memory_from(), 0);
    end();
}

static int open_short_session(void **h)
{
    return open_with(h, "session_ms", "600");
}

START_TEST(an_expired_session_is_made_anew)
{
    struct mqm_swap s;
    int64_t t0;

    begin();
    end();
    ck_assert_int_eq(open_short_session(&self), 0);
    make(&m, "a", "value");
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    /* The server sees nothing of us, and we nothing of it. */
    ck_assert(zk_script("stop", server.dir));
    sleep_ms(2500);
    ck_assert(zk_script("cont", server.dir));
    s = m.s[0];
    s.expect = m.s[0].now.version;
    t0 = now_ms();
    ck_assert_int_eq(run_until_it_works(self, &s), MQM_OK);
    ck_assert_int_lt(now_ms() - t0, 15000);
    ck_assert_int_eq(memory_from(), 0);
    end();
}
END_TEST

START_TEST(a_paused_process_goes_on)
{
    int pipes[2], status = -1;
    char c;
    pid_t pid;

    ck_assert_int_eq(pipe(pipes), 0);
    pid = fork();
    if (pid == 0) {
        paused_child(pipes[1]);
        _exit(0);
    }
    ck_assert_int_eq(read(pipes[0], &c, 1), 1);
    sleep_ms(7500); /* its session is of 6000 ms */
    kill(pid, SIGCONT);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

/* ------------------------------ batches --------------------------------- */

START_TEST(a_conflict_stops_its_own_cell_only)
{
    static struct many again;
    uint64_t version[BATCH];

    begin();
    make(&m, "a", "old");
    for (int i = 0; i < BATCH; i += 3)
        ck_assert_int_eq(run(self, &m.s[i]), MQM_OK);
    for (int i = 0; i < BATCH; i++)
        version[i] = i % 3 == 0 ? m.s[i].now.version : 0;
    make(&again, "a", "new");
    for (int i = 0; i < BATCH; i++) {
        again.s[i].expect = i % 2 == 0 ? version[i] : 0;
        again.s[i].flags = i % 5 == 0 ? MQM_SWAP_LISTED : 0;
        if (i % 30 == 12)
            again.s[i].expect--;
    }
    ck_assert_int_eq(store->swap(self, again.p, BATCH), 0);
    for (int i = 0; i < BATCH; i++) {
        int there = i % 3 == 0;
        int want = there && (i % 2 == 1 || i % 30 == 12) ? MQM_LOST : MQM_OK;

        ck_assert_msg(again.s[i].result == want, "%d: %d, not %d", i,
                      again.s[i].result, want);
        if (want == MQM_LOST)
            ck_assert_uint_eq(again.s[i].now.version, version[i]);
        else
            ck_assert_uint_gt(again.s[i].now.version, version[i]);
    }
    check_there(self, &again, BATCH);
    end();
}
END_TEST

struct claim {
    struct many *m;
    pthread_barrier_t *start;
    int backwards;
};

static void *claim_all(void *user)
{
    struct claim *claim = user;
    struct many *mine = claim->m;
    void *h = open_store();

    pthread_barrier_wait(claim->start);
    for (int i = 0; i < MANY; i += BATCH)
        ck_assert_int_eq(store->swap(h, mine->p + (claim->backwards ?
                                     MANY - BATCH - i : i), BATCH), 0);
    for (int i = 0; i < MANY; i++) {
        struct mqm_swap *s = &mine->s[i];

        if (s->result != MQM_OK)
            continue;
        s->expect = s->now.version; /* the release */
        ck_assert_int_eq(run(h, s), MQM_OK);
    }
    store->close(h);
    return NULL;
}

START_TEST(two_that_claim_the_same_have_one_winner)
{
    static struct many a, b;
    pthread_barrier_t start;
    struct claim first = {&a, &start, 0}, second = {&b, &start, 1};
    pthread_t t;
    int won = 0;

    begin();
    make(&a, "a", "first");
    make(&b, "a", "second");
    pthread_barrier_init(&start, NULL, 2);
    ck_assert_int_eq(pthread_create(&t, NULL, claim_all, &first), 0);
    claim_all(&second);
    pthread_join(t, NULL);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_ne(a.s[i].result, b.s[i].result);
        won += a.s[i].result == MQM_OK;
    }
    check_there(self, &a, BATCH);
    check_there(self, &b, BATCH);
    fprintf(stderr, "# %d of %d to the first\n", won, MANY);
    end();
}
END_TEST

/* ------------------------------- places --------------------------------- */

START_TEST(no_node_has_more_than_some_thousand_children)
{
    struct raw_count count = {0, 0, 0};
    zhandle_t *zh = raw_open(server.port);

    begin();
    for (int turn = 0; turn < 5; turn++) {
        char prefix[8];

        snprintf(prefix, sizeof(prefix), "%c", 'a' + turn);
        make(&m, prefix, "v");
        for (int i = 0; i < MANY; i++) /* 250 a second, and one without */
            m.s[i].key.born_ms =
                turn == 4 ? 0 : 1700000000000 + turn * 4000 + i * 4;
        for (int i = 0; i < MANY; i += BATCH)
            ck_assert_int_eq(store->swap(self, m.p + i, BATCH), 0);
    }
    raw_walk(zh, root(), &count, 0);
    ck_assert_int_gt(count.nodes, 5 * MANY);
    ck_assert_int_eq(count.largest, 1000);
    ck_assert_int_gt(count.buckets, 500); /* without a time: spread */
    ck_assert_int_le(count.buckets, 1024 + 5);
    zookeeper_close(zh);
    end();
}
END_TEST

START_TEST(forgetting_leaves_nothing)
{
    struct raw_count before = {0, 0, 0}, after = {0, 0, 0};
    zhandle_t *zh = raw_open(server.port);
    int64_t t0;
    int ticks = 0;

    begin();
    make(&m, "a", "v");
    m.s[0].keep_ms = 300;
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    sleep_ms(400);
    ck_assert_int_eq(store->tick(self), 0);
    raw_walk(zh, root(), &before, 0); /* what a space always has */
    make(&m, "b", "v");
    case_ms = now_ms();
    for (int i = 0; i < MANY; i++) {
        m.s[i].key.born_ms = case_ms - i % 100;
        m.s[i].keep_ms = 300;
        m.s[i].flags = i == 7 ? MQM_SWAP_LISTED : 0;
    }
    m.s[8].keep_ms = 600000;
    for (int i = 0; i < MANY; i += BATCH)
        ck_assert_int_eq(store->swap(self, m.p + i, BATCH), 0);
    sleep_ms(500);
    t0 = now_ms();
    do {
        ck_assert_int_eq(store->tick(self), 0);
        memset(&after, 0, sizeof(after));
        raw_walk(zh, root(), &after, 0);
    } while (after.nodes > before.nodes + 8 && ++ticks < 100);
    fprintf(stderr, "# %d ticks, %d ms\n", ticks + 1, (int)(now_ms() - t0));
    /* The two that stay, the listed one's node, their buckets. */
    ck_assert_int_le(after.nodes, before.nodes + 3 + 4);
    ck_assert_int_gt(memory_from(), case_ms - 10);
    m.s[7].expect = m.s[7].now.version;
    ck_assert_int_eq(run(self, &m.s[7]), MQM_OK);
    m.s[9].expect = m.s[9].now.version;
    ck_assert_int_eq(run(self, &m.s[9]), MQM_DOUBT);
    zookeeper_close(zh);
    end();
}
END_TEST

/* A cell that was forgotten and made again has its old dataVersion again. */
START_TEST(a_late_release_misses_a_new_cell)
{
    struct mqm_swap s, fresh;
    void *other;

    begin();
    make(&m, "a", "v");
    m.s[0].keep_ms = 200;
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    sleep_ms(400);
    other = open_store();
    ck_assert_int_eq(store->tick(other), 0);
    fresh = m.s[0];
    fresh.flags = MQM_SWAP_ANYWAY;
    fresh.value = "fresh";
    fresh.len = 5;
    ck_assert_int_eq(run(other, &fresh), MQM_OK);
    ck_assert_uint_gt(fresh.now.version, m.s[0].now.version);
    s = m.s[0];
    s.expect = m.s[0].now.version;
    ck_assert_int_eq(run(self, &s), MQM_LOST);
    ck_assert_uint_eq(s.now.version, fresh.now.version);
    store->close(other);
    end();
}
END_TEST

/* ------------------------- another store, rights ------------------------ */

START_TEST(an_emptied_store_is_noticed)
{
    struct raw_count count = {0, 0, 0};
    zhandle_t *zh = raw_open(server.port);
    struct mqm_swap s;
    int64_t before = now_ms();

    fake_margin_ms = 60000; /* of producers' clocks */
    begin();
    make(&m, "a", "v");
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    raw_walk(zh, root(), &count, 1);
    s = m.s[1];
    ck_assert_int_lt(run(self, &s), 0); /* where is it all? */
    ck_assert(strstr(fake_failure, "emptied"));
    s = m.s[0];
    ck_assert_int_eq(run(self, &s), MQM_DOUBT);
    ck_assert_int_ge(memory_from(), before + 60000);
    s = m.s[2];
    s.key.born_ms = now_ms() + 61000;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    zookeeper_close(zh);
    end();
}
END_TEST

static void copy_data(const char *from, const char *to)
{
    char line[256];

    snprintf(line, sizeof(line), "rm -rf '%s/%s' && cp -a '%s/%s' '%s/%s'",
             server.dir, to, server.dir, from, server.dir, to);
    ck_assert_int_eq(system(line), 0);
}

START_TEST(a_store_set_back_is_noticed)
{
    struct mqm_swap s;

    begin();
    make(&m, "a", "v");
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    ck_assert(zk_script("down", server.dir));
    copy_data("data", "old");
    ck_assert(zk_server_up(&server));
    ck_assert_int_eq(run_until_it_works(self, &m.s[1]), MQM_OK);
    for (int i = 2; i < 20; i++)
        ck_assert_int_eq(run(self, &m.s[i]), MQM_OK);
    ck_assert(zk_server_kill(&server));
    copy_data("old", "data");
    ck_assert(zk_server_up(&server));
    s = m.s[1]; /* was reported, and is gone */
    s.expect = 0;
    ck_assert_int_eq(run_until_it_works(self, &s), MQM_DOUBT);
    s = m.s[0];
    s.expect = MQM_ASK;
    ck_assert_int_eq(run(self, &s), MQM_LOST);
    ck_assert_uint_eq(s.now.version, m.s[0].now.version);
    end();
}
END_TEST

START_TEST(a_password_is_asked_for)
{
    zhandle_t *zh = raw_open(server.port);
    struct String_vector names = {0, NULL};
    void *h;

    begin();
    end();
    strncat(url, "/secret", sizeof(url) - strlen(url) - 1);
    ck_assert_int_eq(open_with(&h, "auth", "digest:mqm:right-one"), 0);
    make(&m, "a", "v");
    ck_assert_int_eq(run(h, &m.s[0]), MQM_OK);
    ck_assert_int_eq(zoo_get_children(zh, root(), 0, &names), ZNOAUTH);
    store->close(h);

    ck_assert_int_eq(open_with(&h, "auth", "digest:mqm:wrong-one"), -EACCES);
    ck_assert(strstr(fake_failure, "store.auth"));
    ck_assert(!strstr(fake_failure, "wrong-one"));
    ck_assert_int_eq(open_with(&h, NULL, NULL), -EACCES);
    ck_assert_int_eq(open_with(&h, "auth", "right-one"), -EINVAL);
    ck_assert(!strstr(fake_failure, "right-one"));
    ck_assert_int_eq(open_with(&h, "auth", "digest:mqm:right-one"), 0);
    check_there(h, &m, 1);
    store->close(h);
    zookeeper_close(zh);
}
END_TEST

START_TEST(bad_urls_are_refused)
{
    static const char *const bad[] = {"zk://", "zk:///mqm", "zk://a,,b/x",
                                      "zk://h//x", "zk://h/a b",
                                      "zk://u:p@h/x", "zk://h/../x"};
    void *h;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(url, sizeof(url), "%s", bad[i]);
        ck_assert_int_eq(open_with(&h, NULL, NULL), -EINVAL);
        ck_assert(strstr(fake_failure, "store.url"));
    }
}
END_TEST

START_TEST(what_is_not_ours_is_refused)
{
    zhandle_t *zh = raw_open(server.port);
    void *h;

    begin();
    end();
    ck_assert_int_ge(zoo_create(zh, "/foreign", "a shop", 6,
                                &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), ZOK);
    snprintf(url, sizeof(url), "zk://127.0.0.1:%d/foreign", server.port);
    ck_assert_int_eq(open_with(&h, NULL, NULL), -EINVAL);
    ck_assert(strstr(fake_failure, "a shop"));
    zookeeper_close(zh);
}
END_TEST

/* ------------------------------ an ensemble ----------------------------- */

static int leader_of(const char *dir)
{
    char line[128], said[16] = "";
    FILE *f;

    snprintf(line, sizeof(line), "scripts/zookeeper leader %s", dir);
    f = popen(line, "r");
    ck_assert(f && fgets(said, sizeof(said), f));
    pclose(f);
    return (int)strtol(said, NULL, 10);
}

struct claims {
    struct many m;
    int done, failed;
};

static void *claim_on(void *user)
{
    struct claims *c = user;
    int64_t give_up = now_ms() + 60000;

    for (int i = 0; i + 5 <= MANY && now_ms() < give_up; i += 5) {
        int r = store->swap(self, c->m.p + i, 5);

        __atomic_add_fetch(&c->done, 5, __ATOMIC_SEQ_CST);
        c->failed += r < 0;
        sleep_ms(r < 0 ? 200 : 20);
    }
    return NULL;
}

static void kill_leader(const char *dir, int leader)
{
    char one[80];

    snprintf(one, sizeof(one), "%s/%d", dir, leader);
    ck_assert(zk_script("kill", one));
}

static void end_ensemble(const char *dir)
{
    zk_script("down", dir);
    zk_remove(dir, "");
}

START_TEST(a_killed_leader_loses_no_claim)
{
    static struct claims c;
    char dir[64] = "/tmp/mqm-zk3-XXXXXX", rest[128];
    int port = zk_free_ports(9), ok = 0, leader;
    pthread_t t;
    void *fresh;

    ck_assert(port > 0 && mkdtemp(dir));
    snprintf(rest, sizeof(rest), "%s %d", dir, port);
    ck_assert(zk_script("ensemble", rest));
    snprintf(url, sizeof(url), "zk://127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d/m",
             port, port + 1, port + 2);
    case_ms = now_ms();
    leader = leader_of(dir);
    self = open_store();
    make(&c.m, "a", "value");
    ck_assert_int_eq(pthread_create(&t, NULL, claim_on, &c), 0);
    while (__atomic_load_n(&c.done, __ATOMIC_SEQ_CST) < MANY / 4)
        sleep_ms(5);
    kill_leader(dir, leader);
    ck_assert_int_lt(__atomic_load_n(&c.done, __ATOMIC_SEQ_CST), MANY / 2);
    pthread_join(t, NULL);
    for (int i = 0; i < MANY; i++)
        ok += c.m.s[i].result == MQM_OK;
    fprintf(stderr, "# %d claims OK, %d calls failed\n", ok, c.failed);
    ck_assert_int_gt(ok, MANY / 2);
    for (int i = MANY - 20; i < MANY; i++)
        ck_assert_int_eq(c.m.s[i].result, MQM_OK); /* it goes on */
    fresh = open_store();
    check_there(fresh, &c.m, MANY);
    ck_assert_int_eq(memory_from(), 0);
    store->close(fresh);
    end();
    end_ensemble(dir);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("store_zk");
    TCase *tc = tcase_create("zk");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_conflict_stops_its_own_cell_only);
    tcase_add_test(tc, two_that_claim_the_same_have_one_winner);
    tcase_add_test(tc, no_node_has_more_than_some_thousand_children);
    tcase_add_test(tc, forgetting_leaves_nothing);
    tcase_add_test(tc, a_late_release_misses_a_new_cell);
    tcase_add_test(tc, an_emptied_store_is_noticed);
    tcase_add_test(tc, a_password_is_asked_for);
    tcase_add_test(tc, bad_urls_are_refused);
    tcase_add_test(tc, what_is_not_ours_is_refused);
    tcase_add_test(tc, a_crash_keeps_what_was_reported);
    tcase_add_test(tc, a_stopped_server_costs_the_limit_only);
    tcase_add_test(tc, an_expired_session_is_made_anew);
    tcase_add_test(tc, a_paused_process_goes_on);
    tcase_add_test(tc, a_store_set_back_is_noticed);
    tcase_add_test(tc, a_killed_leader_loses_no_claim);
    suite_add_tcase(s, tc);
    return s;
}

int main(int argc, char **argv)
{
    const struct mqm_plugin *plugin = zk_plugin(argv[0]);
    int code = EXIT_FAILURE;

    (void)argc;
    if (!plugin)
        return EXIT_FAILURE;
    store = plugin->store;
    if (zk_server_start(&server))
        code = run_all(suite());
    zk_server_end(&server);
    return code;
}
