/* SPDX-License-Identifier: MIT */
/* config_edit_file.c - mqm_change() and its file: links and rights stay, and
 * neither others nor a kill make a mess of it.
 */
#define _XOPEN_SOURCE 700
#include "config_edits.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

START_TEST(link_mode_owner)
{
    char real[96], link[96];
    struct stat st;

    snprintf(real, sizeof(real), "%s/real.json", dir);
    snprintf(link, sizeof(link), "%s", path);
    ck_assert_int_eq(rename(path, real), 0);
    ck_assert_int_eq(symlink("real.json", link), 0);
    ck_assert_int_eq(chmod(real, 0640), 0);
    if (getuid() == 0)
        ck_assert_int_eq(chown(real, 65534, 65533), 0);
    changes("cut", "7%");
    is_good_with("12.5%", "7%");
    ck_assert(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    ck_assert(stat(real, &st) == 0 && (st.st_mode & 07777) == 0640);
    if (getuid() == 0)
        ck_assert(st.st_uid == 65534 && st.st_gid == 65533);
}
END_TEST

START_TEST(lock_is_waited_for)
{
    char lock[112];
    int fd, status;
    pid_t pid;

    snprintf(lock, sizeof(lock), "%s.lock", path);
    fd = open(lock, O_RDWR | O_CREAT, 0600);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    pid = fork();
    if (!pid) {
        close(fd);
        _exit(change("cut", "1%") ? 1 : 0);
    }
    nanosleep(&(struct timespec){0, 200000000}, NULL);
    ck_assert_str_eq(get(path), good);
    close(fd);
    ck_assert(waitpid(pid, &status, 0) == pid && status == 0);
    is_good_with("12.5%", "1%");
}
END_TEST

/* Each adds entries of its own; none may be lost. */
START_TEST(editors_at_once)
{
    enum { EDITORS = 2, EACH = 40 };
    char entry[32];
    pid_t pid[EDITORS];
    struct config *c;
    int i, n, status;

    for (i = 0; i < EDITORS; i++) {
        pid[i] = fork();
        for (n = 0; !pid[i] && n < EACH; n++) {
            snprintf(entry, sizeof(entry), "user-%d-%d", i, n);
            if (change("allow", entry))
                _exit(1);
        }
        if (!pid[i])
            _exit(0);
    }
    for (i = 0; i < EDITORS; i++)
        ck_assert(waitpid(pid[i], &status, 0) == pid[i] && status == 0);
    c = parsed();
    ck_assert_uint_eq(mqm__allow_list_size(c->topics[0].policy.allow),
                      EDITORS * EACH);
    mqm__config_free(c);
}
END_TEST

static void edit_for_ever(void)
{
    for (;;)
        if (change("cut", "25%") || change("cut", "12.5%"))
            _exit(1);
}

/* Killed at any moment: the old text or the new one, and the next one works.  On
 * a busy machine more moments, later ones, until one was killed in its work. */
START_TEST(killed)
{
    int i, news = 0, status;
    pid_t pid;

    for (i = 0; i < 60 || (news == 0 && i < 400); i++) {
        const struct timespec pause = {0, 1000000L + 370000L * i};
        char *text;

        pid = fork();
        if (!pid)
            edit_for_ever();
        nanosleep(&pause, NULL);
        kill(pid, SIGKILL);
        ck_assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
        text = get(path);
        if (strcmp(text, good)) {
            is_good_with("12.5%", "25%");
            news++;
        }
        changes("cut", "12.5%");
        ck_assert_str_eq(get(path), good);
    }
    ck_assert_int_gt(news, 0);
}
END_TEST

/* Whoever reads while it is changed needs no lock. */
START_TEST(readers_see_whole_texts)
{
    struct config *c;
    int i, status;
    pid_t pid = fork();

    if (!pid)
        edit_for_ever();
    for (i = 0; i < 500; i++) {
        c = parsed();
        ck_assert(c->topics[0].policy.cut_ppm == 125000 ||
                  c->topics[0].policy.cut_ppm == 250000);
        mqm__config_free(c);
    }
    kill(pid, SIGKILL);
    ck_assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("config_edit_file");

    tcase_add_test(t, link_mode_owner);
    tcase_add_test(t, lock_is_waited_for);
    tcase_add_test(t, editors_at_once);
    tcase_add_test(t, killed);
    tcase_add_test(t, readers_see_whole_texts);
    return run_edits("config_edit_file", t);
}
