/* SPDX-License-Identifier: MIT */
/* store_sqlite_log.c - a file that has gone back in time (its log was cut,
 * damaged or removed, an older copy was put in its place) is refused; one that
 * a killed process left is not. */
#include "../sqlite_store.h"

enum { CELLS = 200 };

static char log_path[80], turn_path[80], aside[80];

static void setup_log(void)
{
    setup();
    snprintf(log_path, sizeof(log_path), "%s-wal", path);
    snprintf(turn_path, sizeof(turn_path), "%s-turn", path);
    snprintf(aside, sizeof(aside), "%s/aside", dir);
}

static void put_all(void *s, int from, int to)
{
    for (int i = from; i < to; i++) {
        char id[16];

        snprintf(id, sizeof(id), "%d", i);
        ck_assert_int_eq(put(s, id), MQM_OK);
    }
}

/* By a process that is killed, so that the log stays. */
static void put_and_be_killed(int from, int to)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        put_all(open_store(), from, to);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}

static off_t length_of(const char *name)
{
    struct stat st;

    return stat(name, &st) == 0 ? st.st_size : -1;
}

static void copy(const char *from, const char *to)
{
    char buf[4096];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n;

    ck_assert(in && out);
    while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
        ck_assert_uint_eq(fwrite(buf, 1, n, out), n);
    fclose(in);
    ck_assert_int_eq(fclose(out), 0);
}

static void is_refused(void)
{
    void *s = NULL;
    int r = open_with(&s, NULL, NULL);

    ck_assert_msg(r == -EIO, "%d %s", r, fake_failure);
    said("lacks what was committed");
    said("-wal, was removed, cut or damaged");
}

static void all_are_there(void)
{
    void *s = open_store();

    for (int i = 0; i < CELLS; i++) {
        char id[16];

        snprintf(id, sizeof(id), "%d", i);
        ck_assert_msg(has(s, id), "%s is not", id);
    }
    close_store(s);
}

START_TEST(a_kill_loses_nothing)
{
    put_and_be_killed(0, CELLS / 2);
    put_and_be_killed(CELLS / 2, CELLS);
    ck_assert_int_gt(length_of(log_path), 0);
    all_are_there();
    all_are_there(); /* after it was written back */
}
END_TEST

START_TEST(whoever_wrote_it_back)
{
    put_and_be_killed(0, CELLS);
    raw("SELECT count(*) FROM cells");
    ck_assert_int_le(length_of(log_path), 0);
    all_are_there();
}
END_TEST

/* What is wrong with the log, and that nobody makes it worse. */
static void cut(void)
{
    ck_assert_int_eq(truncate(log_path, length_of(log_path) / 2), 0);
}

static void cut_to_nothing(void)
{
    ck_assert_int_eq(truncate(log_path, 0), 0);
}

static void flip(off_t at)
{
    int fd = open(log_path, O_RDWR);
    char c;

    ck_assert_int_eq(pread(fd, &c, 1, at), 1);
    c ^= 1;
    ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static void flip_in_the_middle(void)
{
    flip(length_of(log_path) / 2);
}

static void flip_in_the_last(void)
{
    flip(length_of(log_path) - 100);
}

static void flip_the_head(void)
{
    flip(17); /* the salt */
}

static void (*const damages[])(void) = {cut, cut_to_nothing,
                                        flip_in_the_middle, flip_in_the_last,
                                        flip_the_head};

START_TEST(a_damaged_log)
{
    void *s = open_store();
    off_t len;

    put_all(s, 0, CELLS / 2);
    close_store(s);
    put_and_be_killed(CELLS / 2, CELLS);
    copy(log_path, aside);
    damages[_i]();
    len = length_of(log_path);
    is_refused();
    is_refused();
    ck_assert_int_eq(length_of(log_path), len);
    copy(aside, log_path); /* what belongs there */
    all_are_there();
}
END_TEST

START_TEST(a_log_that_was_removed)
{
    void *s = open_store();

    put_all(s, 0, CELLS / 2);
    close_store(s);
    put_and_be_killed(CELLS / 2, CELLS);
    ck_assert_int_eq(rename(log_path, aside), 0);
    is_refused();
    unlink(log_path);
    ck_assert_int_eq(rename(aside, log_path), 0);
    all_are_there();
}
END_TEST

START_TEST(an_older_copy)
{
    void *s = open_store();

    put_all(s, 0, CELLS / 2);
    close_store(s);
    copy(path, aside);
    s = open_store();
    put_all(s, CELLS / 2, CELLS);
    close_store(s);
    ck_assert_int_eq(rename(aside, path), 0);
    is_refused();
    unlink(turn_path); /* by somebody who wants it like this */
    s = open_store();
    ck_assert(has(s, "0") && !has(s, "199"));
    close_store(s);
}
END_TEST

/* What is marked need not be there for ever. */
START_TEST(what_was_forgotten)
{
    struct mqm_swap c = a_swap("brief", 0);
    void *s = open_store();

    put_all(s, 0, 10);
    c.keep_ms = 1;
    ck_assert_int_eq(run(s, &c), MQM_OK);
    for (int i = 0; i < 3000 && has(s, "brief"); i++) {
        sleep_ms(2);
        ck_assert_int_eq(tick(s), 0);
    }
    ck_assert(!has(s, "brief"));
    close_store(s);
    close_store(open_store());
}
END_TEST

/* A mark that was being made when the process was killed counts for none. */
START_TEST(half_a_mark)
{
    int fd;

    put_and_be_killed(0, CELLS);
    fd = open(turn_path, O_RDWR);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pwrite(fd, "garbage", 7, 64 + 10 + i * 168), 7);
    close(fd);
    unlink(log_path); /* it would be noticed */
    close_store(open_store());
}
END_TEST

static int64_t memory_from(void *s)
{
    int64_t from = -1, created;

    ck_assert_int_eq(mqm__store_sqlite.store->memory(s, "shop/issuer/rewards",
                                                     0, &from, &created), 0);
    return from;
}

/* Begun after what is marked: all before is in doubt.  Nothing was written back
 * yet in the second case, so it is the same. */
START_TEST(a_new_file)
{
    int64_t before = now_ms(), from;
    void *s;

    put_and_be_killed(0, CELLS);
    if (_i == 0)
        unlink(path);
    unlink(log_path);
    sleep_ms(5);
    s = open_store();
    ck_assert(!has(s, "0"));
    from = memory_from(s);
    ck_assert_int_ge(from, before);
    close_store(s);
    s = open_store();
    ck_assert_int_eq(memory_from(s), from);
    close_store(s);
}
END_TEST

static void another_boot(void)
{
    raw("UPDATE meta SET value='another' WHERE name='process_boot'");
}

/* The machine fell, and nobody had waited for its disk. */
START_TEST(a_crash_with_nobody_waiting)
{
    void *s = open_as("durability", "process");
    int64_t from, before = now_ms();
    struct mqm_swap c = a_swap("never seen", MQM_ASK);

    put_all(s, 0, CELLS);
    ck_assert_int_eq(memory_from(s), 0);
    close_store(s);
    s = open_as("durability", "process"); /* the same boot */
    ck_assert_int_eq(memory_from(s), 0);
    close_store(s);
    another_boot();
    raw("DELETE FROM cells WHERE id='199'"); /* the last one */
    s = open_as("durability", _i ? "process" : "full");
    from = memory_from(s);
    ck_assert_int_ge(from, before);
    c.key.born_ms = before;
    ck_assert_int_eq(run(s, &c), MQM_DOUBT);
    close_store(s);
    s = open_store(); /* and for ever, but no later */
    ck_assert_int_eq(memory_from(s), from);
    close_store(s);
    ck_assert_int_eq(raw_number("SELECT count(*) FROM meta WHERE name="
                                "'process_boot'"), _i);
}
END_TEST

START_TEST(a_crash_with_all_waiting)
{
    void *s = open_store();

    put_all(s, 0, CELLS);
    close_store(s);
    ck_assert_int_eq(raw_number("SELECT count(*) FROM meta WHERE name="
                                "'process_boot'"), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("log");

    tcase_add_checked_fixture(tc, setup_log, teardown);
    tcase_add_test(tc, a_kill_loses_nothing);
    tcase_add_test(tc, whoever_wrote_it_back);
    tcase_add_loop_test(tc, a_damaged_log, 0,
                        sizeof(damages) / sizeof(damages[0]));
    tcase_add_test(tc, a_log_that_was_removed);
    tcase_add_test(tc, an_older_copy);
    tcase_add_loop_test(tc, a_new_file, 0, 2);
    tcase_add_test(tc, what_was_forgotten);
    tcase_add_test(tc, half_a_mark);
    tcase_add_loop_test(tc, a_crash_with_nobody_waiting, 0, 2);
    tcase_add_test(tc, a_crash_with_all_waiting);
    return run_sqlite_case("store_sqlite_log", tc);
}
