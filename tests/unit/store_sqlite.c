/* SPDX-License-Identifier: MIT */
/* store_sqlite.c - what only the sqlite store has: files that cannot be, a full
 * disk, a writer that is killed or stopped, two that share. */
#include "../fake_host.h"

#include "../../lib/stores.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct mqm_store *store;
static char dir[40], path[64], url[80];

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap(int64_t ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static void setup(void)
{
    store = mqm__store_sqlite.store;
    snprintf(dir, sizeof(dir), "/tmp/mqm-sqlite-XXXXXX");
    ck_assert(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/a.db", dir);
    snprintf(url, sizeof(url), "sqlite:%s", path);
}

static void teardown(void)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-turn",
                                        "-journal"};
    char name[80];

    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, tails[i]);
        unlink(name);
    }
    rmdir(dir);
}

static int open_with(void **s, const char *name, const char *value)
{
    struct mqm_setting settings[] = {
        {"url", url, 0}, {"timeout_ms", "500", 0}, {name, value, 0}};

    fake_failure[0] = '\0';
    return store->open(s, &fake_host, settings, name ? 3 : 2);
}

static void *open_store(void)
{
    void *s = NULL;
    int r = open_with(&s, NULL, NULL);

    ck_assert_msg(r == 0, "%d %s", r, fake_failure);
    return s;
}

static struct mqm_swap a_swap(const char *id, uint64_t expect)
{
    struct mqm_swap s;

    memset(&s, 0, sizeof(s));
    s.key.space = "shop/issuer/rewards";
    s.key.id = id;
    s.key.id_len = strlen(id);
    s.key.born_ms = now_ms();
    s.expect = expect;
    s.value = "x";
    s.len = 1;
    s.keep_ms = 60000;
    return s;
}

static int run(void *h, struct mqm_swap *s)
{
    store->swap(h, &s, 1);
    return s->result;
}

static int put(void *h, const char *id)
{
    struct mqm_swap s = a_swap(id, 0);

    return run(h, &s);
}

static void raw(const char *sql)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void refused(int err, const char *word)
{
    void *s = NULL;
    int r = open_with(&s, NULL, NULL);

    ck_assert_msg(r == err, "%d %s", r, fake_failure);
    ck_assert_ptr_null(s);
    ck_assert_msg(strstr(fake_failure, word) != NULL, "%s", fake_failure);
}

START_TEST(files_that_cannot_be)
{
    FILE *f;

    raw("CREATE TABLE bills(x)");
    refused(-EINVAL, "not a store");
    raw("DROP TABLE bills; PRAGMA application_id=0x6d716d31;"
        "PRAGMA user_version=2");
    refused(-ENOTSUP, "format");
    teardown();
    setup();
    f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fprintf(f, "this is no database\n");
    fclose(f);
    refused(-EIO, "another kind");
    snprintf(url, sizeof(url), "sqlite:%s/no/such/a.db", dir);
    refused(-ENOENT, "directory");
    snprintf(url, sizeof(url), "sqlite:a.db");
    refused(-EINVAL, "whole path");
}
END_TEST

START_TEST(settings)
{
    void *s = NULL;

    ck_assert_int_eq(open_with(&s, "durability", "none"), -EINVAL);
    ck_assert(strstr(fake_failure, "process"));
    ck_assert_int_eq(open_with(&s, "durability", "process"), 0);
    ck_assert_int_eq(put(s, "a"), MQM_OK);
    store->close(s);
}
END_TEST

/* Damage all pages but the first, while it is not open. */
START_TEST(a_damaged_file)
{
    void *s = open_store();
    struct mqm_swap swap;
    char junk[4096], id[16];
    int fd, n = 0;

    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof(id), "%d", i);
        ck_assert_int_eq(put(s, id), MQM_OK);
    }
    store->close(s);
    memset(junk, 0xa5, sizeof(junk));
    fd = open(path, O_WRONLY);
    for (off_t at = 4096; lseek(fd, 0, SEEK_END) > at; at += 4096)
        ck_assert_int_eq(pwrite(fd, junk, 4096, at), 4096);
    close(fd);
    s = NULL;
    if (open_with(&s, NULL, NULL) == 0) {
        for (int i = 0; i < 500; i++) {
            snprintf(id, sizeof(id), "%d", i);
            swap = a_swap(id, 0);
            n += run(s, &swap) >= 0;
        }
        store->close(s);
    }
    ck_assert_int_eq(n, 0);
    ck_assert_msg(strstr(fake_failure, "sqlite store") != NULL, "%s",
                  fake_failure);
}
END_TEST

START_TEST(a_full_disk)
{
    struct rlimit old, tight = {0, 0};
    static char big[MQM_VALUE_MAX];
    void *s = open_store();
    struct mqm_swap swap;
    char id[16];
    int full = 0;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    tight.rlim_cur = 200000;
    tight.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_FSIZE, &tight);
    for (int i = 0; i < 3000 && !full; i++) {
        snprintf(id, sizeof(id), "%d", i);
        swap = a_swap(id, 0);
        swap.value = big;
        swap.len = sizeof(big);
        full = run(s, &swap) < 0;
    }
    ck_assert(full);
    ck_assert(strstr(fake_failure, "sqlite store"));
    setrlimit(RLIMIT_FSIZE, &old);
    ck_assert_int_eq(put(s, id), MQM_OK); /* it was not claimed */
    store->close(s);
}
END_TEST

START_TEST(a_killed_writer_loses_nothing)
{
    int fds[2], status, last = -1;
    struct mqm_swap s;
    char id[16];
    void *h;
    pid_t pid;

    ck_assert_int_eq(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        h = open_store();
        for (int i = 0;; i++) {
            snprintf(id, sizeof(id), "%d", i);
            s = a_swap(id, 0);
            s.flags = i % 2 ? MQM_SWAP_RELAXED : 0;
            if (run(h, &s) != MQM_OK ||
                write(fds[1], &i, sizeof(i)) != (ssize_t)sizeof(i))
                _exit(1);
        }
    }
    close(fds[1]);
    for (int i = 0; i < 300; i++)
        ck_assert_int_eq(read(fds[0], &last, sizeof(last)), sizeof(last));
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    while (read(fds[0], &last, sizeof(last)) == (ssize_t)sizeof(last))
        ;
    close(fds[0]);
    h = open_store();
    for (int i = 0; i <= last; i++) {
        snprintf(id, sizeof(id), "%d", i);
        s = a_swap(id, MQM_ASK);
        ck_assert_int_eq(run(h, &s), MQM_LOST);
        ck_assert_msg(s.now.version > 0, "%d is missing", i);
    }
    store->close(h);
}
END_TEST

START_TEST(a_held_lock_is_a_limit)
{
    void *s = open_store();
    sqlite3 *db = NULL;
    int64_t t0;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), 0);
    t0 = now_ms();
    ck_assert_int_eq(put(s, "a"), -EAGAIN);
    ck_assert_int_ge(now_ms() - t0, 480);
    ck_assert_int_lt(now_ms() - t0, 2500);
    ck_assert(strstr(fake_failure, "busy"));
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
    ck_assert_int_eq(put(s, "a"), MQM_OK);
    store->close(s);
}
END_TEST

/* Each of two that write without a pause gets a good share. */
START_TEST(two_share)
{
    pid_t pids[2];
    int fds[2][2], status;
    int n[2] = {0, 0};

    store->close(open_store());
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(pipe(fds[k]), 0);
        pids[k] = fork();
        if (pids[k] == 0) {
            void *h = open_store();
            int64_t end = now_ms() + 1000;
            char id[24];
            int i = 0;

            for (; now_ms() < end; i++) {
                snprintf(id, sizeof(id), "%d-%d", k, i);
                if (put(h, id) != MQM_OK)
                    _exit(1);
            }
            _exit(write(fds[k][1], &i, sizeof(i)) != (ssize_t)sizeof(i));
        }
    }
    for (int k = 0; k < 2; k++) {
        waitpid(pids[k], &status, 0);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        ck_assert_int_eq(read(fds[k][0], &n[k], sizeof(n[k])), sizeof(n[k]));
        close(fds[k][0]);
        close(fds[k][1]);
    }
    ck_assert_msg(n[0] * 10 > n[1] && n[1] * 10 > n[0], "%d and %d", n[0],
                  n[1]);
}
END_TEST

START_TEST(a_replaced_file)
{
    void *s = open_store(), *other;
    char name[80];
    int64_t from = 0, created = 0;
    struct mqm_swap swap;

    fake_margin_ms = 60000;
    ck_assert_int_eq(put(s, "a"), MQM_OK);
    swap = a_swap("b", 0);
    snprintf(name, sizeof(name), "%s.old", path);
    ck_assert_int_eq(rename(path, name), 0);
    nap(5);
    other = open_store(); /* a new one in its place */
    ck_assert_int_eq(put(s, "b"), -ESTALE);
    ck_assert(strstr(fake_failure, "replaced"));
    ck_assert_int_eq(run(s, &swap), MQM_DOUBT);
    ck_assert_int_eq(
        store->memory(s, "shop/issuer/rewards", 0, &from, &created), 0);
    ck_assert_int_gt(from, swap.key.born_ms);
    ck_assert_int_gt(from, now_ms() + 30000); /* producers' clocks */
    nap(2);
    swap = a_swap("c", 0);
    swap.key.born_ms = from - 1;
    ck_assert_int_eq(run(s, &swap), MQM_DOUBT);
    swap.key.born_ms = from;
    ck_assert_int_eq(run(s, &swap), MQM_OK);
    ck_assert_int_eq(put(other, "c"), MQM_LOST);
    store->close(other);
    store->close(s);
    unlink(name);
}
END_TEST

START_TEST(much_is_due)
{
    void *s = open_store();
    struct mqm_swap swaps[100];
    struct mqm_swap *all[100];
    char ids[100][16];
    int left = 0;

    for (int round = 0; round < 120; round++) {
        for (int i = 0; i < 100; i++) {
            snprintf(ids[i], sizeof(ids[i]), "%d-%d", round, i);
            swaps[i] = a_swap(ids[i], 0);
            swaps[i].flags = MQM_SWAP_RELAXED;
            swaps[i].keep_ms = round % 2 ? 60000 : 1;
            all[i] = &swaps[i];
        }
        ck_assert_int_eq(store->swap(s, all, 100), 0);
    }
    nap(5);
    for (int i = 0; i < 30; i++)
        ck_assert_int_eq(store->tick(s), 0);
    for (int round = 0; round < 120; round++) {
        for (int i = 0; i < 100; i++) {
            snprintf(ids[i], sizeof(ids[i]), "%d-%d", round, i);
            swaps[i] = a_swap(ids[i], MQM_ASK);
            all[i] = &swaps[i];
        }
        ck_assert_int_eq(store->swap(s, all, 100), 0);
        for (int i = 0; i < 100; i++)
            left += swaps[i].now.version != 0;
    }
    ck_assert_int_eq(left, 6000);
    store->close(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_sqlite");
    TCase *tc = tcase_create("sqlite");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, files_that_cannot_be);
    tcase_add_test(tc, settings);
    tcase_add_test(tc, a_damaged_file);
    tcase_add_test(tc, a_full_disk);
    tcase_add_test(tc, a_killed_writer_loses_nothing);
    tcase_add_test(tc, a_held_lock_is_a_limit);
    tcase_add_test(tc, two_share);
    tcase_add_test(tc, a_replaced_file);
    tcase_add_test(tc, much_is_due);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
