/* LIBS: -lzookeeper_mt */
/* SPDX-License-Identifier: MIT */
/* store_zk_crashes.c - the ZooKeeper store when servers crash, stand still or
 * are set back, when we stand still, and when an ensemble loses its leader. */
#include "../zk_store.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

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
    ck_assert_int_lt(now_ms() - t0, 2 * limit_ms);
    ck_assert(strstr(fake_failure, "zk://127.0.0.1"));
    sleep_ms(100);
    t0 = now_ms();
    for (int i = 0; i < 5; i++) /* not each of them waits */
        ck_assert_int_lt(run(self, &m.s[BATCH]), 0);
    ck_assert_int_lt(now_ms() - t0, 3 * limit_ms);

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
        ck_assert_int_lt(now_ms() - t0, 2 * limit_ms);
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
    return open_with(h, "session_ms", "1500");
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
    sleep_ms(3500);
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

/* As the reports of an instance that stood still: others let them be forgotten
 * soon.  That is no loss of what it wrote last. */
START_TEST(what_others_make_short_is_not_lost)
{
    struct mqm_swap s;
    void *other;

    limit_ms = 20000;
    begin();
    end();
    ck_assert_int_eq(open_short_session(&self), 0);
    make(&m, "a", "value");
    ck_assert_int_eq(run(self, &m.s[0]), MQM_OK);
    other = open_store();
    s = m.s[0];
    s.expect = s.now.version;
    s.keep_ms = 100;
    ck_assert_int_eq(run(other, &s), MQM_OK);
    sleep_ms(300);
    ck_assert_int_eq(store->tick(other), 0);
    store->close(other);
    ck_assert(zk_script("stop", server.dir));
    sleep_ms(3500); /* our session expires */
    ck_assert(zk_script("cont", server.dir));
    ck_assert_int_eq(run_until_it_works(self, &m.s[1]), MQM_OK);
    ck_assert_int_lt(memory_from(), case_ms); /* no store that was set back */
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

/* ------------------------------- set back ------------------------------- */

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

static atomic_int leader_killed;

static void *claim_on(void *user)
{
    struct claims *c = user;
    int64_t give_up = now_ms() + 60000;

    for (int i = 0; i + 5 <= MANY && now_ms() < give_up; i += 5) {
        int r;

        while (i >= MANY / 2 - 10 && !atomic_load(&leader_killed))
            sleep_ms(5); /* its leader is to be killed in between */
        r = store->swap(self, c->m.p + i, 5);
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
    int port = free_ports(9), ok = 0, leader;
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
    atomic_store(&leader_killed, 1);
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

int main(int argc, char **argv)
{
    TCase *tc = tcase_create("store_zk_crashes");

    (void)argc;
    limit_ms = 3000;
    tcase_add_test(tc, a_crash_keeps_what_was_reported);
    tcase_add_test(tc, a_stopped_server_costs_the_limit_only);
    tcase_add_test(tc, an_expired_session_is_made_anew);
    tcase_add_test(tc, what_others_make_short_is_not_lost);
    tcase_add_test(tc, a_paused_process_goes_on);
    tcase_add_test(tc, a_store_set_back_is_noticed);
    tcase_add_test(tc, a_killed_leader_loses_no_claim);
    return run_with_server(argv[0], "store_zk_crashes", tc);
}
