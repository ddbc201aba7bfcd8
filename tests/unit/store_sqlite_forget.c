/* SPDX-License-Identifier: MIT */
/* store_sqlite_forget.c - the file does not grow for ever: what is due goes in
 * small steps, and the log is written back and begun anew.  By counts of rows,
 * pages and bytes, never by time.
 */
#include "../sqlite_store.h"

enum { BATCH = 100, ROUNDS = 120, STEP_ROWS = 1000, LOG_MAX = 16 << 20 };

static char ids[BATCH][16];
static struct mqm_swap cells[BATCH];
static struct mqm_swap *all[BATCH];

static void make(int round, uint64_t expect, int64_t keep_ms)
{
    for (int i = 0; i < BATCH; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%d-%d", round, i);
        cells[i] = a_swap(ids[i], expect);
        cells[i].flags = MQM_SWAP_RELAXED;
        cells[i].keep_ms = keep_ms;
        all[i] = &cells[i];
    }
}

static void write_round(void *s, int round, int64_t keep_ms)
{
    make(round, 0, keep_ms);
    ck_assert_int_eq(swap(s, all, BATCH), 0);
    for (int i = 0; i < BATCH; i++)
        ck_assert_int_eq(cells[i].result, MQM_OK);
}

static int left_of(void *s, int round)
{
    int n = 0;

    make(round, MQM_ASK, 0);
    ck_assert_int_eq(swap(s, all, BATCH), 0);
    for (int i = 0; i < BATCH; i++)
        n += cells[i].now.version != 0;
    return n;
}

/* ------------------------------- small steps ------------------------------ */

/* What the connection of the store commits, seen from within. */
static struct {
    sqlite3 *db;
    int commits, before;
    int rows_max;  /* changed by one commit */
    int pages_max; /* written by one */
} seen;

static int pages_written(void)
{
    int now = 0, high = 0;

    sqlite3_db_status(seen.db, SQLITE_DBSTATUS_CACHE_WRITE, &now, &high, 1);
    return now;
}

static int on_commit(void *user)
{
    int rows = sqlite3_total_changes(seen.db) - seen.before;
    int pages = pages_written(); /* by the commit before this one */

    (void)user;
    seen.before += rows;
    seen.commits++;
    if (rows > seen.rows_max)
        seen.rows_max = rows;
    if (pages > seen.pages_max)
        seen.pages_max = pages;
    return 0;
}

static int on_open(sqlite3 *db, char **error, const void *api)
{
    (void)error;
    (void)api;
    seen.db = db;
    return SQLITE_OK;
}

static void watch(void)
{
    seen.before = sqlite3_total_changes(seen.db);
    seen.commits = seen.rows_max = seen.pages_max = 0;
    pages_written();
    sqlite3_commit_hook(seen.db, on_commit, NULL);
}

START_TEST(much_is_due)
{
    int left = 0;
    void *s;

    sqlite3_auto_extension((void (*)(void))on_open);
    s = open_store();
    for (int round = 0; round < ROUNDS; round++)
        write_round(s, round, round % 2 ? 60000 : 1);
    sleep_ms(5);
    watch();
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(tick(s), 0);
    sqlite3_commit_hook(seen.db, NULL, NULL);
    for (int round = 0; round < ROUNDS; round++)
        left += left_of(s, round);
    ck_assert_int_eq(left, ROUNDS * BATCH / 2);
    ck_assert_int_ge(seen.commits, ROUNDS * BATCH / 2 / STEP_ROWS);
    /* one more row: what was forgotten of the space */
    ck_assert_int_le(seen.rows_max, STEP_ROWS + 1);
    ck_assert_int_gt(seen.pages_max, 0);
    ck_assert_int_le(seen.pages_max, STEP_ROWS + 8);
    close_store(s);
}
END_TEST

/* A tick that finds nothing due writes nothing, whatever it walks through. */
START_TEST(nothing_is_due)
{
    void *s;

    sqlite3_auto_extension((void (*)(void))on_open);
    s = open_store();
    for (int round = 0; round < ROUNDS; round++)
        write_round(s, round, 60000);
    watch();
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(tick(s), 0);
    ck_assert_int_eq(seen.commits, 0);
    ck_assert_int_eq(pages_written(), 0);
    close_store(s);
}
END_TEST

/* Room that was freed is used again. */
START_TEST(the_file_stays_small)
{
    void *s = open_store();
    long pages = 0;

    for (int turn = 0; turn < 12; turn++) {
        for (int round = 0; round < ROUNDS / 4; round++)
            write_round(s, turn * ROUNDS + round, 1);
        sleep_ms(3);
        for (int i = 0; i < 20; i++)
            ck_assert_int_eq(tick(s), 0);
        if (turn == 3)
            pages = raw_number("PRAGMA page_count");
    }
    ck_assert_int_le(raw_number("PRAGMA page_count"), pages * 3 / 2);
    close_store(s);
}
END_TEST

/* --------------------------------- the log -------------------------------- */

static off_t log_bytes(void)
{
    char name[80];
    struct stat st;

    snprintf(name, sizeof(name), "%s-wal", path);
    return stat(name, &st) == 0 ? st.st_size : 0;
}

static int keep_on(void *s, int from, int rounds, off_t *most)
{
    for (int i = 0; i < rounds; i++) {
        write_round(s, from + i, 60000);
        if (i % 20 == 0)
            ck_assert_int_eq(tick(s), 0);
        if (log_bytes() > *most)
            *most = log_bytes();
    }
    return from + rounds;
}

/* One who looks at an old state for ever keeps the log from beginning anew,
 * since he needs it.  When he is gone, it is as small as ever. */
START_TEST(a_reader_that_stays)
{
    void *s = open_store();
    sqlite3 *reader = NULL;
    off_t alone = 0, beside = 0, after = 0;
    int n = keep_on(s, 0, 400, &alone);

    ck_assert_int_le(alone, LOG_MAX);
    sqlite3_open(path, &reader);
    ck_assert_int_eq(
        sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM cells", NULL, NULL,
                     NULL),
        SQLITE_OK);
    while (beside <= LOG_MAX)
        n = keep_on(s, n, 50, &beside);
    sqlite3_close(reader);
    keep_on(s, n, 100, &after);
    ck_assert_int_le(log_bytes(), LOG_MAX);
    close_store(s);
    ck_assert_int_eq(log_bytes(), 0);
}
END_TEST

/* Two readers: one goes only when the other has come, so that there is always
 * one, also while the store waits. */
static struct {
    sqlite3 *db[2];
    int last, waits;
} readers;

static void relieve(void)
{
    int next = !readers.last;

    ck_assert_int_eq(sqlite3_exec(readers.db[next],
                                  "BEGIN; SELECT count(*) FROM spaces", NULL,
                                  NULL, NULL),
                     SQLITE_OK);
    sqlite3_exec(readers.db[readers.last], "COMMIT", NULL, NULL, NULL);
    readers.last = next;
}

static int on_wait(void *user, int count)
{
    (void)user;
    readers.waits++;
    relieve();
    return count < 100;
}

START_TEST(readers_in_turns)
{
    off_t most = 0;
    void *s;
    int n = 0;

    sqlite3_auto_extension((void (*)(void))on_open);
    s = open_store();
    sqlite3_busy_handler(seen.db, on_wait, NULL);
    for (int k = 0; k < 2; k++)
        ck_assert_int_eq(sqlite3_open(path, &readers.db[k]), SQLITE_OK);
    for (int i = 0; i < 240; i++) {
        n = keep_on(s, n, 5, &most);
        relieve();
    }
    ck_assert_int_gt(readers.waits, 0);
    ck_assert_int_le(most, LOG_MAX);
    for (int k = 0; k < 2; k++)
        sqlite3_close(readers.db[k]);
    close_store(s);
}
END_TEST

/* Two who write without a pause, each in the other's way: a try is in vain
 * while the other one writes back, so it is longer than for one, but far from
 * what they write in all. */
START_TEST(two_writers)
{
    off_t most = 0;
    int status;
    pid_t pid;
    void *s;

    close_store(open_store());
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        s = open_store();
        for (int i = 0; i < 1000; i++) {
            make(5000 + i, 0, 60000);
            if (swap(s, all, BATCH) != 0 || (i % 20 == 0 && tick(s) != 0))
                _exit(1);
        }
        _exit(0);
    }
    s = open_store();
    keep_on(s, 0, 1000, &most);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_le(most, 2 * LOG_MAX);
    close_store(s);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("forget");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, much_is_due);
    tcase_add_test(tc, nothing_is_due);
    tcase_add_test(tc, the_file_stays_small);
    tcase_add_test(tc, a_reader_that_stays);
    tcase_add_test(tc, readers_in_turns);
    tcase_add_test(tc, two_writers);
    return run_sqlite_case("store_sqlite_forget", tc);
}
