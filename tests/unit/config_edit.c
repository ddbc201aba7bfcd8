/* SPDX-License-Identifier: MIT */
/* config_edit.c - mqm_change(): what it changes, what it leaves alone, what it
 * refuses, and that neither others nor a kill make a mess of the file.
 */
#define _XOPEN_SOURCE 700
#include "../../lib/config.h"
#include "../clock.h"
#include "../suite.h"
#include "config_text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char dir[64], path[96];

static void put(const char *where, const char *text)
{
    FILE *f = fopen(where, "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

static char *get(const char *where)
{
    static char text[65536];
    FILE *f = fopen(where, "r");

    ck_assert_ptr_nonnull(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void begin(void)
{
    snprintf(dir, sizeof(dir), "/tmp/mqm-edit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/mqm.json", dir);
    put(path, good);
}

static void end(void)
{
    char cmd[128];

    snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
    ck_assert_int_eq(system(cmd), 0);
}

static int change(const char *name, const char *value)
{
    return mqm_change(path, "issuer", "rewards", name, value);
}

static void changes(const char *name, const char *value)
{
    ck_assert_msg(change(name, value) == 0, "%s", mqm_errmsg());
}

/* The file is the good text with the first `from` replaced, byte for byte. */
static void is_good_with(const char *from, const char *to)
{
    char *want = with(good, from, to);

    ck_assert_str_eq(get(path), want);
    free(want);
}

static void refuses(const char *name, const char *value, int err,
                    const char *words)
{
    char *before = strdup(get(path));
    int r = change(name, value);

    ck_assert_msg(r == err, "%d %s", r, mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), words) != NULL, "%s", mqm_errmsg());
    ck_assert_str_eq(get(path), before);
    free(before);
}

static struct config *parsed(void)
{
    const char *text = get(path);
    struct config *c = NULL;

    ck_assert_msg(!mqm__config_parse(&c, text, strlen(text), "x"), "%s",
                  mqm_errmsg());
    return c;
}

START_TEST(one_value)
{
    changes("cut", "0.5%");
    is_good_with("12.5%", "0.5%");
    changes("cut", "100%");
    is_good_with("12.5%", "100%");
}
END_TEST

#define NEW(more) "\"cut\": \"12.5%\"", "\"cut\": \"12.5%\",\n      " more

START_TEST(new_members)
{
    static const struct {
        const char *name, *value, *from, *to;
    } x[] = {
        {"switch", "on", NEW("\"switch\": true")},
        {"switch", "off", NEW("\"switch\": false")},
        {"lease_ms", "20000", NEW("\"lease_ms\": 20000")},
        {"tries", "3", NEW("\"tries\": 3")},
        {"in_doubt", "again", NEW("\"in_doubt\": \"again\"")},
        {"salt", "a\"b", NEW("\"salt\": \"a\\\"b\"")},
        {"allow", "user-17", NEW("\"allow\": [\"user-17\"]")},
    };
    size_t i;

    for (i = 0; i < sizeof(x) / sizeof(*x); i++) {
        put(path, good);
        changes(x[i].name, x[i].value);
        is_good_with(x[i].from, x[i].to);
    }
}
END_TEST

/* All on one line, and nothing at all: still one text that parses. */
START_TEST(other_layouts)
{
    char *text = strdup(good), *p;
    struct config *c;

    for (p = text; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    put(path, text);
    changes("switch", "on");
    ck_assert_ptr_nonnull(strstr(get(path), "\"12.5%\", \"switch\": true "));
    c = parsed();
    ck_assert(c->topics[0].policy.on);
    mqm__config_free(c);
    free(text);
}
END_TEST

START_TEST(allow_and_disallow)
{
    struct config *c;

    changes("allow", "user-17");
    changes("allow", "user-18");
    changes("allow", "user-17");
    c = parsed();
    ck_assert_uint_eq(mqm__allow_list_size(c->topics[0].policy.allow), 2);
    mqm__config_free(c);
    refuses("disallow", "user-19", -ENOENT,
            "\"user-19\" is not on the allow list");
    changes("disallow", "user-17");
    is_good_with(NEW("\"allow\": [\"user-18\"]"));
    changes("disallow", "user-18");
    is_good_with(NEW("\"allow\": []"));
    refuses("disallow", "user-18", -ENOENT, "is not on the allow list");
    refuses("allow", "", -EINVAL, "topics[0].allow[0]: must be a key or an id");
    refuses("allow", "\xff", -EINVAL, "must be a text");
}
END_TEST

START_TEST(refused)
{
    refuses("cut", "101%", -EINVAL, "cut: \"101%\" must be a percentage");
    refuses("cut", "5", -EINVAL, "cut: \"5\" must be a percentage");
    refuses("switch", "maybe", -EINVAL, "switch: \"maybe\" must be on or off");
    refuses("lease_ms", "1", -EINVAL, "topics[0].lease_ms: must be 100 to");
    refuses("lease_ms", "x", -EINVAL, "lease_ms: \"x\" must be 100 to 3600000");
    refuses("lease_ms", "9999999999999999999", -EINVAL, "must be 100 to");
    refuses("lease_ms", "3600000", -EINVAL,
            "settle_ms (120000) must be more than lease_ms + handler_ms");
    refuses("in_doubt", "x", -EINVAL, "must be \"park\" or \"again\"");
    refuses("hash", "last-two-digits", -EINVAL, "whole number of percents");
    refuses("swich", "on", -EINVAL, "did you mean \"switch\"?");
    refuses("topic", "x", -EINVAL, "says what the topic is");
    refuses("old", "x", -EINVAL, "says what the topic is");
    refuses("sides", "{}", -EINVAL, "says what the topic is");
    ck_assert_int_eq(mqm_change(path, "x", "rewards", "cut", "1%"), -ENOENT);
    ck_assert(strstr(mqm_errmsg(), "there are (group/topic): issuer/rewards"));
    ck_assert_int_eq(mqm_change(path, NULL, "rewards", "cut", "1%"), 0);
    ck_assert_int_eq(mqm_change("/no/file", NULL, "r", "cut", "1%"), -ENOENT);
    ck_assert_int_eq(mqm_change(NULL, NULL, "r", "cut", "1%"), -EINVAL);
    put(path, "{");
    refuses("cut", "1%", -EINVAL, "line 1: not valid JSON");
}
END_TEST

/* ----------------------- the moment never moves -------------------------- */

static int64_t since(void)
{
    struct config *c = parsed();
    int64_t ms = c->topics[0].policy.since_ms;

    mqm__config_free(c);
    return ms;
}

static void put_unset(const char *more)
{
    char *text = with(good, "1766400000000,\n      \"cut\": \"12.5%\"", more);

    put(path, text);
    free(text);
}

START_TEST(since_moves_not)
{
    refuses("since", "now", -EINVAL, "since is set (1766400000000) and never");
    refuses("since", "1766400000001", -EINVAL, "since is set");
    refuses("since", "x", -EINVAL, "must be \"now\", Unix milliseconds or");
    changes("since", "1766400000000");
    changes("since", "2025-12-22T10:40:00Z");
    ck_assert_str_eq(get(path), good);
}
END_TEST

START_TEST(since_is_set)
{
    int64_t before;

    put_unset("null");
    changes("since", "1766400000000");
    ck_assert_int_eq(since(), 1766400000000);
    put_unset("null");
    changes("since", "2025-12-22T10:40:00Z");
    ck_assert_int_eq(since(), 1766400000000);
    put_unset("null, \"clock_margin_ms\": 7000");
    before = now_ms();
    changes("since", "now");
    ck_assert(since() >= before + 7000 && since() <= now_ms() + 7000);
    put_unset("null");
    refuses("since", "1766400000", -EINVAL, "is it in seconds?");
    refuses("cut", "1%", -EINVAL, "a cut above 0% needs \"since\"");
    refuses("allow", "a", -EINVAL, "an allow list needs \"since\"");
}
END_TEST

START_TEST(switching_on_sets_since)
{
    int64_t before = now_ms(), at;
    struct config *c;

    put_unset("null");
    changes("switch", "off");
    ck_assert_int_eq(since(), 0);
    changes("switch", "on");
    at = since();
    ck_assert(at >= before + 5000 && at <= now_ms() + 5000);
    changes("switch", "off");
    changes("switch", "on");
    ck_assert_int_eq(since(), at);
    c = parsed();
    ck_assert(c->topics[0].policy.on);
    mqm__config_free(c);
}
END_TEST

/* ------------------------------- the file -------------------------------- */

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

/* Killed at any moment: the old text or the new one, and the next one works. */
START_TEST(killed)
{
    int i, news = 0, status;
    pid_t pid;

    for (i = 0; i < 60; i++) {
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
    Suite *s = suite_create("config_edit");
    TCase *t = tcase_create("config_edit");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, one_value);
    tcase_add_test(t, new_members);
    tcase_add_test(t, other_layouts);
    tcase_add_test(t, allow_and_disallow);
    tcase_add_test(t, refused);
    tcase_add_test(t, since_moves_not);
    tcase_add_test(t, since_is_set);
    tcase_add_test(t, switching_on_sets_since);
    tcase_add_test(t, link_mode_owner);
    tcase_add_test(t, lock_is_waited_for);
    tcase_add_test(t, editors_at_once);
    tcase_add_test(t, killed);
    tcase_add_test(t, readers_see_whole_texts);
    suite_add_tcase(s, t);
    return run_all(s);
}
