/* SPDX-License-Identifier: MIT */
/* store_sqlite_faults.c - disks that are full, fail or cannot be written to,
 * under the sqlite store: the file and the remedy are named, nothing is
 * acknowledged, and all goes on when the disk does.
 */
#include "../sqlite_store.h"
#include "../sqlite_vfs.h"

#include <sys/resource.h>

enum { BATCH = 32 };

static char ids[BATCH][16];

/* A batch of claims: the first of their results; all have the same, and n of
 * them are on record. */
static int claim(void *s, int batch)
{
    static char big[MQM_VALUE_MAX];
    struct mqm_swap c[BATCH];
    struct mqm_swap *all[BATCH];
    int r;

    for (int i = 0; i < BATCH; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%d.%d", batch, i);
        c[i] = a_swap(ids[i], 0);
        c[i].value = big;
        c[i].len = sizeof(big);
        all[i] = &c[i];
    }
    r = swap(s, all, BATCH);
    ck_assert_int_eq(r, c[0].result < 0 ? c[0].result : MQM_OK);
    for (int i = 1; i < BATCH; i++)
        ck_assert_int_eq(c[i].result, c[0].result);
    return c[0].result;
}

static int on_record(void *s, int batch)
{
    char id[16];
    int n = 0;

    for (int i = 0; i < BATCH; i++) {
        snprintf(id, sizeof(id), "%d.%d", batch, i);
        n += has(s, id);
    }
    return n;
}

/* ---------------------------- failing on demand --------------------------- */

static void fail_at(unsigned places, int code)
{
    vfs.code = code;
    vfs.fails = places;
}

/* What fails, and what is said of it. */
struct fault {
    unsigned places;
    int code, err;
    const char *words;
};

static const struct fault of_writes[] = {
    {AT_WAL_WRITE, SQLITE_FULL, -ENOSPC, "make room on the disk"},
    {AT_WAL_WRITE, SQLITE_IOERR_WRITE, -EIO, "the kernel's log"},
    {AT_WAL_SYNC, SQLITE_IOERR_FSYNC, -EIO, "the kernel's log"}};

static const struct fault of_checkpoints[] = {
    {AT_DB_WRITE, SQLITE_FULL, -ENOSPC, "make room on the disk"},
    {AT_DB_SYNC, SQLITE_IOERR_FSYNC, -EIO, "the kernel's log"}};

static void all_on_record(int from, int to)
{
    void *s = open_store();

    for (int i = from; i <= to; i++)
        ck_assert_int_eq(on_record(s, i), BATCH);
    close_store(s);
}

/* With the fault nothing is claimed; without it, all is, and what was claimed
 * before is there. */
START_TEST(no_write)
{
    const struct fault *f = &of_writes[_i];
    void *s;

    vfs_begin();
    s = open_store();
    ck_assert_int_eq(claim(s, 1), MQM_OK);
    fail_at(f->places, f->code);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(claim(s, 2), f->err);
        said(f->words);
    }
    fail_at(0, 0);
    ck_assert_int_eq(claim(s, 2), MQM_OK);
    ck_assert_int_eq(claim(s, 3), MQM_OK);
    close_store(s);
    all_on_record(1, 3);
}
END_TEST

/* The log is written to, and cannot be brought home: claims go on. */
START_TEST(no_checkpoint)
{
    const struct fault *f = &of_checkpoints[_i];
    void *s;

    vfs_begin();
    s = open_store();
    ck_assert_int_eq(claim(s, 1), MQM_OK);
    fail_at(f->places, f->code);
    ck_assert_int_eq(tick(s), f->err);
    said(f->words);
    for (int i = 2; i < 60; i++) /* the log is full at some place, too */
        ck_assert_int_eq(claim(s, i), MQM_OK);
    fail_at(0, 0);
    ck_assert_int_eq(tick(s), 0);
    close_store(s);
    all_on_record(1, 59);
}
END_TEST

START_TEST(no_read)
{
    void *s;

    vfs_begin();
    s = open_store();
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(claim(s, i), MQM_OK);
    close_store(s);
    s = open_store();
    fail_at(AT_DB_READ, SQLITE_IOERR_READ);
    ck_assert_int_eq(claim(s, 7), -EIO);
    said("the kernel's log");
    fail_at(0, 0);
    ck_assert_int_eq(claim(s, 7), MQM_LOST);
    fail_at(AT_DB_READ, SQLITE_IOERR_READ);
    close_store(s);
    s = NULL;
    ck_assert_int_eq(open_with(&s, NULL, NULL), -EIO);
    said("the kernel's log");
}
END_TEST

/* ----------------------------- the real thing ----------------------------- */

START_TEST(a_limit_of_file_size)
{
    struct rlimit old, tight;
    void *s = open_store();
    int last = 0, r = MQM_OK;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    tight = old;
    tight.rlim_cur = 200000;
    setrlimit(RLIMIT_FSIZE, &tight);
    while (r == MQM_OK && last < 1000)
        r = claim(s, ++last);
    ck_assert_int_eq(r, -EFBIG);
    said("the limit of a file's size");
    ck_assert_int_eq(claim(s, last), -EFBIG);
    setrlimit(RLIMIT_FSIZE, &old);
    ck_assert_int_eq(on_record(s, last), 0);
    for (int i = 1; i < last; i++)
        ck_assert_int_eq(on_record(s, i), BATCH);
    ck_assert_int_eq(claim(s, last), MQM_OK);
    close_store(s);
}
END_TEST

/* As somebody who is not root, in a process of its own. */
static void as_nobody(void (*what)(void))
{
    int status = 0;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        what();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", status);
}

/* Without Check, which counts in its own process. */
static void refused_here(int err, const char *words)
{
    void *s = NULL;
    int r = open_with(&s, NULL, NULL);

    if (r == err && strstr(fake_failure, path) && strstr(fake_failure, words))
        return;
    fprintf(stderr, "%d %s\n", r, fake_failure);
    _exit(1);
}

static void a_file(void)
{
    void *s = open_store();

    ck_assert_int_eq(claim(s, 1), MQM_OK);
    close_store(s);
}

static void no_right_to_write(void)
{
    refused_here(-EACCES, "has to be allowed to write");
}

static void no_right_to_make(void)
{
    refused_here(-ENOENT, "to be allowed to write there");
}

START_TEST(a_file_that_is_read_only)
{
    a_file();
    ck_assert_int_eq(chmod(path, 0444), 0);
    ck_assert_int_eq(chmod(dir, 0777), 0);
    as_nobody(no_right_to_write);
}
END_TEST

START_TEST(a_file_that_cannot_be_read)
{
    a_file();
    ck_assert_int_eq(chmod(path, 0), 0);
    ck_assert_int_eq(chmod(dir, 0777), 0);
    as_nobody(no_right_to_make);
}
END_TEST

START_TEST(a_folder_that_is_read_only)
{
    a_file();
    ck_assert_int_eq(chmod(path, 0666), 0);
    ck_assert_int_eq(chmod(dir, 0555), 0);
    as_nobody(no_right_to_write);
    ck_assert_int_eq(chmod(dir, 0755), 0);
}
END_TEST

START_TEST(a_file_that_cannot_be_made)
{
    ck_assert_int_eq(chmod(dir, 0555), 0);
    as_nobody(no_right_to_make);
    ck_assert_int_eq(chmod(dir, 0755), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("faults");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, no_write, 0,
                        (int)(sizeof(of_writes) / sizeof(*of_writes)));
    tcase_add_loop_test(tc, no_checkpoint, 0,
                        (int)(sizeof(of_checkpoints) / sizeof(*of_checkpoints)));
    tcase_add_test(tc, no_read);
    tcase_add_test(tc, a_limit_of_file_size);
    tcase_add_test(tc, a_file_that_is_read_only);
    tcase_add_test(tc, a_file_that_cannot_be_read);
    tcase_add_test(tc, a_folder_that_is_read_only);
    tcase_add_test(tc, a_file_that_cannot_be_made);
    return run_sqlite_case("store_sqlite_faults", tc);
}
