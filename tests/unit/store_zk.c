/* LIBS: -lzookeeper_mt */
/* SPDX-License-Identifier: MIT */
/* store_zk.c - the ZooKeeper store with a real server: conflicts in a batch,
 * where nodes lie, forgetting, rights.  (store_zk_crashes.c: what goes wrong.) */
#include "../zk_raw.h"
#include "../zk_store.h"

#include <pthread.h>

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

/* Requests of all sessions, as the server counts them, pings included. */
static long received(void)
{
    char answer[2048] = "";
    struct sockaddr_in a;
    size_t len = 0;
    ssize_t n = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&a, 0, sizeof(a));
    a.sin_family = AF_INET;
    a.sin_port = htons((unsigned short)server.port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(write(fd, "srvr", 4), 4);
    for (; n > 0 && len < sizeof(answer) - 1; len += (size_t)(n > 0 ? n : 0))
        n = read(fd, answer + len, sizeof(answer) - 1 - len);
    close(fd);
    ck_assert_ptr_nonnull(strstr(answer, "Received: "));
    return strtol(strstr(answer, "Received: ") + 10, NULL, 10);
}

/* What was read is changed without another look, unless it changed since. */
START_TEST(what_was_read_is_remembered)
{
    struct mqm_swap met, last;
    long before, asks;
    void *other;

    begin();
    make(&m, "a", "v");
    other = open_store();
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    met = m.s[0];
    ck_assert_int_eq(run(other, &met), MQM_LOST);
    before = received();
    asks = received() - before;
    before = received();
    met.expect = met.now.version;
    ck_assert_int_eq(run(other, &met), MQM_OK);
    ck_assert_int_le(received() - before - asks, 2); /* one is a ping */
    last = m.s[0];
    last.expect = m.s[0].now.version;
    ck_assert_int_eq(run(self, &last), MQM_LOST);
    ck_assert_uint_eq(last.now.version, met.now.version);
    store->close(other);
    end();
}
END_TEST

/* Remembered for long, made short by another one, forgotten and made again: it
 * has the dataVersion that it had when it was read. */
START_TEST(what_was_read_is_not_a_new_cell)
{
    struct mqm_swap met, s;
    void *other;
    int r;

    begin();
    make(&m, "a", "v");
    other = open_store();
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    met = m.s[0];
    met.expect = MQM_ASK;
    ck_assert_int_eq(run(other, &met), MQM_LOST);
    s = m.s[0];
    s.expect = s.now.version;
    s.keep_ms = 200;
    ck_assert_int_eq(run(self, &s), MQM_OK);
    sleep_ms(400);
    ck_assert_int_eq(store->tick(self), 0);
    s.expect = 0;
    s.flags = MQM_SWAP_ANYWAY;
    s.keep_ms = m.s[0].keep_ms;
    r = run(self, &s);
    ck_assert_int_ge(r, 0); /* or it is there still: as good */
    met.expect = met.now.version;
    ck_assert_int_eq(run(other, &met), MQM_LOST);
    ck_assert_uint_eq(met.now.version, s.now.version);
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

int main(int argc, char **argv)
{
    TCase *tc = tcase_create("store_zk");

    (void)argc;
    tcase_add_test(tc, a_conflict_stops_its_own_cell_only);
    tcase_add_test(tc, two_that_claim_the_same_have_one_winner);
    tcase_add_test(tc, no_node_has_more_than_some_thousand_children);
    tcase_add_test(tc, forgetting_leaves_nothing);
    tcase_add_test(tc, a_late_release_misses_a_new_cell);
    tcase_add_test(tc, what_was_read_is_remembered);
    tcase_add_test(tc, what_was_read_is_not_a_new_cell);
    tcase_add_test(tc, an_emptied_store_is_noticed);
    tcase_add_test(tc, a_password_is_asked_for);
    tcase_add_test(tc, bad_urls_are_refused);
    tcase_add_test(tc, what_is_not_ours_is_refused);
    return run_with_server(argv[0], "store_zk", tc);
}
