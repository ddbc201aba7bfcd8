/* SPDX-License-Identifier: MIT */
/* source_file.c - every way in which a file changes is seen, and what is half
 * there is not taken for the whole.
 */
#define _XOPEN_SOURCE 700
#include "../suite.h"

#include "../../lib/source_file.h"

#include <mqmigrate/mqmigrate.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char dir[64], path[96], other[96];
static struct source_file s;

static void begin(void)
{
    snprintf(dir, sizeof(dir), "/tmp/mqm-source-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/mqm.json", dir);
    snprintf(other, sizeof(other), "%s/other", dir);
    s = (struct source_file){.path = strdup(path)};
}

static void end(void)
{
    mqm__source_file_free(&s);
    unlink(path);
    unlink(other);
    rmdir(path);
    ck_assert_int_eq(rmdir(dir), 0);
}

static void put(const char *where, const char *text)
{
    FILE *f = fopen(where, "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

/* A file changed a while ago, by moving its times is not possible (they are
 * not the time of change), so the stamp is told that it has settled. */
static void settle(void)
{
    ck_assert_uint_ne(s.stamp[5], 0);
    s.stamp[5] = 1;
}

static void reads(const char *want)
{
    char *text = NULL;
    size_t len = 0;
    int r = mqm__source_file_read(&s, &text, &len);

    ck_assert_msg(r == 1, "%d %s", r, mqm_errmsg());
    ck_assert_uint_eq(len, strlen(want));
    ck_assert_str_eq(text, want);
    free(text);
}

static void stands(void)
{
    char *text = NULL;
    size_t len = 0;

    ck_assert_int_eq(mqm__source_file_read(&s, &text, &len), 0);
    ck_assert_ptr_null(text);
}

static void fails(int err, const char *words)
{
    char *text = NULL;
    size_t len = 0;

    ck_assert_int_eq(mqm__source_file_read(&s, &text, &len), err);
    ck_assert_ptr_null(text);
    ck_assert_msg(strstr(mqm_errmsg(), words) && strstr(mqm_errmsg(), dir),
                  "%s", mqm_errmsg());
}

START_TEST(rewritten)
{
    put(path, "one");
    reads("one");
    stands();
    put(path, "three");
    reads("three");
    stands();
    settle();
    stands();
    put(path, "four");
    reads("four");
    stands();
}
END_TEST

/* Same size, within one tick of the clock of files. */
START_TEST(rewritten_at_once)
{
    char text[8];
    int i;

    for (i = 0; i < 200; i++) {
        snprintf(text, sizeof(text), "n%03d", i);
        put(path, text);
        reads(text);
        stands();
    }
}
END_TEST

START_TEST(renamed_over)
{
    put(path, "one");
    reads("one");
    settle();
    put(other, "two");
    ck_assert_int_eq(rename(other, path), 0);
    reads("two");
    stands();
}
END_TEST

START_TEST(link_switched)
{
    char a[96], b[96];

    snprintf(a, sizeof(a), "%s/a", dir);
    snprintf(b, sizeof(b), "%s/b", dir);
    put(a, "one");
    put(b, "two");
    ck_assert_int_eq(symlink("a", path), 0);
    reads("one");
    settle();
    stands();
    ck_assert_int_eq(symlink("b", other), 0);
    ck_assert_int_eq(rename(other, path), 0);
    reads("two");
    stands();
    put(b, "three");
    reads("three");
    unlink(a);
    unlink(b);
}
END_TEST

START_TEST(removed_and_back)
{
    fails(-ENOENT, "cannot open");
    put(path, "one");
    reads("one");
    ck_assert_int_eq(rename(path, other), 0);
    fails(-ENOENT, "No such file");
    ck_assert_int_eq(rename(other, path), 0);
    stands();
    unlink(path);
    fails(-ENOENT, "No such file");
    put(path, "two");
    reads("two");
}
END_TEST

START_TEST(unreadable)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
    fails(-EISDIR, "is a directory");
    rmdir(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    fails(-EINVAL, "is not a regular file");
    unlink(path);
    put(path, "");
    fails(-EAGAIN, "is empty");
    unlink(path);
    ck_assert_int_eq(symlink("mqm.json", path), 0);
    fails(-ELOOP, "cannot open");
}
END_TEST

START_TEST(forbidden)
{
    int status;
    pid_t pid;

    put(path, "one");
    reads("one");
    ck_assert_int_eq(chmod(path, 0), 0);
    ck_assert_int_eq(chmod(dir, 0755), 0);
    pid = fork();
    if (!pid) {
        if (getuid() == 0 && setuid(65534) < 0)
            _exit(2);
        fails(-EACCES, "Permission denied");
        _exit(0);
    }
    ck_assert(waitpid(pid, &status, 0) == pid && status == 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_uint_eq(s.stamp[2], 3);
}
END_TEST

START_TEST(too_large)
{
    char *text = NULL;
    size_t len = 0;

    put(path, "x");
    ck_assert_int_eq(truncate(path, (off_t)MQM_SOURCE_MAX + 1), 0);
    fails(-EFBIG, "is larger than 4 MB");
    ck_assert_int_eq(truncate(path, (off_t)MQM_SOURCE_MAX), 0);
    ck_assert_int_eq(mqm__source_file_read(&s, &text, &len), 1);
    ck_assert_uint_eq(len, MQM_SOURCE_MAX);
    free(text);
}
END_TEST

/* Truncates, writes all 'a' or all 'b', slowly, again and again. */
static void write_slowly(size_t bytes)
{
    static char block[4096];
    int i;

    for (i = 0;; i++) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        const struct timespec pause = {0, 1000000};
        size_t n;

        memset(block, 'a' + i % 2, sizeof(block));
        for (n = 0; n < bytes; n += sizeof(block))
            if (write(fd, block, sizeof(block)) < 0)
                _exit(1);
        close(fd);
        nanosleep(&pause, NULL);
    }
}

/* While somebody rewrites it all the time: whatever is read is of one piece,
 * never the beginning of one text and the end of another. */
START_TEST(while_written)
{
    size_t bytes = 256 * 4096, len = 0, i;
    unsigned changed = 0, moving = 0, rounds;
    const time_t end = time(NULL) + 40;
    char *text = NULL;
    pid_t pid = fork();
    int r;

    if (!pid)
        write_slowly(bytes);
    for (rounds = 0; (rounds < 3000 && (changed < 20 || moving < 5)) ||
                     ((!changed || !moving) && time(NULL) < end); rounds++) {
        r = mqm__source_file_read(&s, &text, &len);
        ck_assert_msg(r == 1 || r == 0 || r == -EAGAIN || r == -ENOENT, "%d %s",
                      r, mqm_errmsg());
        moving += r == -EAGAIN;
        changed += r == 1;
        for (i = 0; r == 1 && i < len; i++)
            if (text[i] != text[0])
                ck_abort_msg("mixed at %zu of %zu", i, len);
        if (r == 1)
            free(text);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    ck_assert_uint_ge(changed, 1);
    ck_assert_uint_ge(moving, 1);
}
END_TEST

/* A writer that pauses in the middle: the half is handed out (the parser will
 * refuse it), and the rest is seen as soon as it is there. */
START_TEST(half_written)
{
    FILE *f;

    put(path, "{\"whole\": 1}");
    reads("{\"whole\": 1}");
    f = fopen(path, "w");
    fails(-EAGAIN, "is empty: still being written?");
    fputs("{\"who", f);
    fflush(f);
    reads("{\"who");
    stands();
    mqm__source_file_forget(&s);
    reads("{\"who");
    fputs("le\": 2}", f);
    fclose(f);
    reads("{\"whole\": 2}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source_file");
    TCase *t = tcase_create("source_file");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, rewritten);
    tcase_add_test(t, rewritten_at_once);
    tcase_add_test(t, renamed_over);
    tcase_add_test(t, link_switched);
    tcase_add_test(t, removed_and_back);
    tcase_add_test(t, unreadable);
    tcase_add_test(t, forbidden);
    tcase_add_test(t, too_large);
    tcase_add_test(t, while_written);
    tcase_add_test(t, half_written);
    suite_add_tcase(suite, t);
    return run_all(suite);
}
