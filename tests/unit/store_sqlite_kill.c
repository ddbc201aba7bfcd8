/* SPDX-License-Identifier: MIT */
/* store_sqlite_kill.c - processes killed (SIGKILL) while they write to the
 * sqlite store: what was reported is there, and no batch is there in part.
 *
 * A life is one process.  Its batch b claims (creates) cells and ends (changes)
 * those of batch b-1, in one call; when the call has returned it reports b.
 * Afterwards, with k the last one reported: all cells of 1 to k-1 are ended,
 * and batch k+1 is there in whole, and then k is ended, or it is not at all.
 */
#include "../sqlite_store.h"
#include "../sqlite_vfs.h"

enum { KILLS = 1000, BATCH = 16, LIVES_MAX = KILLS + 8 };

struct report {
    int batch;
    uint64_t version[BATCH]; /* of what it claimed */
};

struct life {
    int number;
    int seen; /* -1: not looked at yet; the batches that were found */
    int64_t born_ms;
    pid_t pid;
    int pipe;
    struct report last;
};

static struct life lives[LIVES_MAX];
static uint32_t dice = 20240229;

static uint32_t below(uint32_t n)
{
    dice = dice * 1664525 + 1013904223;
    return (dice >> 8) % n;
}

/* ------------------------------- the writer ------------------------------ */

/* The token is the life, the batch and the place in it. */
struct row {
    char id[24], value[32];
    struct mqm_swap s;
};

static void make_row(struct row *row, int life, int batch, int i, char state)
{
    snprintf(row->id, sizeof(row->id), "%d.%d.%d", life, batch, i);
    snprintf(row->value, sizeof(row->value), "%c%s", state, row->id);
    row->s = a_swap(row->id, 0);
    row->s.value = row->value;
    row->s.len = strlen(row->value);
    row->s.keep_ms = 86400000; /* however long the test takes */
}

/* 0, or what went wrong.  last: the batch before, and then this one. */
static int write_batch(void *h, const struct life *l, struct report *last)
{
    struct row row[2 * BATCH];
    struct mqm_swap *all[2 * BATCH];
    size_t n = 0;
    int r;

    for (int i = 0; last->batch > 0 && i < BATCH; i++, n++) {
        make_row(&row[n], l->number, last->batch, i, 'E');
        row[n].s.expect = last->version[i];
    }
    for (int i = 0; i < BATCH; i++, n++)
        make_row(&row[n], l->number, last->batch + 1, i, 'C');
    for (size_t i = 0; i < n; i++) {
        all[i] = &row[i].s;
        row[i].s.flags = l->number % 3 ? 0 : MQM_SWAP_RELAXED;
    }
    r = swap(h, all, n);
    for (size_t i = 0; i < n && r == 0; i++)
        r = row[i].s.result;
    for (int i = 0; i < BATCH; i++)
        last->version[i] = row[n - BATCH + (size_t)i].s.now.version;
    last->batch++;
    return r;
}

static int report(int fd, const struct report *last)
{
    return write(fd, last, sizeof(*last)) == (ssize_t)sizeof(*last) ? 0 : -1;
}

/* Until it is killed. */
static int live(const struct life *l, int fd)
{
    struct report last = {0};
    void *h = NULL;
    int r = open_with(&h, "durability", l->number % 2 ? "full" : "process");

    while (r == 0) {
        r = write_batch(h, l, &last);
        if (r == 0)
            r = report(fd, &last);
        if (r == 0 && last.batch % 4 == 0)
            r = tick(h);
    }
    fprintf(stderr, "life %d: %d %s\n", l->number, r, fake_failure);
    return 1;
}

static void begin_life(struct life *l, int number,
                       int (*way)(const struct life *, int))
{
    int fds[2];

    *l = (struct life){.number = number, .seen = -1,
                        .born_ms = now_ms()};
    ck_assert_int_eq(pipe(fds), 0);
    fflush(NULL);
    l->pid = fork();
    ck_assert_int_ge(l->pid, 0);
    if (l->pid == 0) {
        close(fds[0]);
        _exit(way(l, fds[1]));
    }
    close(fds[1]);
    l->pipe = fds[0];
}

static int read_report(struct life *l)
{
    struct report got;
    ssize_t n = read(l->pipe, &got, sizeof(got));

    if (n == 0)
        return 0;
    ck_assert_int_eq(n, sizeof(got));
    l->last = got;
    return 1;
}

/* How it ended. */
static int end_life(struct life *l)
{
    int status;

    while (read_report(l))
        ;
    close(l->pipe);
    ck_assert_int_eq(waitpid(l->pid, &status, 0), l->pid);
    return status;
}

static void kill_life(struct life *l)
{
    int status;

    kill(l->pid, SIGKILL);
    status = end_life(l);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                  "life %d ended by itself", l->number);
}

/* ------------------------------ the look back ---------------------------- */

/* 'C', 'E', or 0 if there is no such cell. */
static char state_of(const struct row *row)
{
    char what = row->s.now.version ? (char)row->s.now.value[0] : 0;

    if (!what)
        return 0;
    ck_assert_msg(what == 'C' || what == 'E', "%s is odd", row->id);
    ck_assert_msg(row->s.now.len == row->s.len &&
                      memcmp(row->s.now.value + 1, row->value + 1,
                             row->s.len - 1) == 0,
                  "%s has another token", row->id);
    return what;
}

/* The state of a batch, which has to be that of all of it. */
static char look_at(void *h, const struct life *l, int batch)
{
    struct row row[BATCH];
    struct mqm_swap *all[BATCH];

    for (int i = 0; i < BATCH; i++) {
        make_row(&row[i], l->number, batch, i, 'C');
        row[i].s.expect = MQM_ASK;
        all[i] = &row[i].s;
    }
    ck_assert_msg(swap(h, all, BATCH) == 0, "%s", fake_failure);
    for (int i = 0; i < BATCH; i++) {
        ck_assert_msg(state_of(&row[i]) == state_of(&row[0]),
                      "batch %d of life %d is there in part: %d", batch,
                      l->number, i);
        if (batch == l->last.batch && state_of(&row[i]) == 'C')
            ck_assert(row[i].s.now.version == l->last.version[i]);
    }
    return state_of(&row[0]);
}

static void look_back(void *h, struct life *l)
{
    int k = l->last.batch;
    char last = k > 0 ? look_at(h, l, k) : 'E', next = look_at(h, l, k + 1);

    for (int b = 1; b < k; b++)
        ck_assert_msg(look_at(h, l, b) == 'E', "life %d: %d of %d", l->number,
                      b, k);
    ck_assert_msg(last, "life %d: batch %d was reported and is lost",
                  l->number, k);
    ck_assert_msg(next == 0 || (next == 'C' && last == 'E'),
                  "life %d: batch %d began in part", l->number, k + 1);
    ck_assert_msg(next || k == 0 || last == 'C', "life %d: batch %d has ended "
                  "and the next has not begun", l->number, k);
    ck_assert_int_eq(look_at(h, l, k + 2), 0);
    ck_assert(l->seen < 0 || l->seen == k + (next != 0));
    l->seen = k + (next != 0);
}

static void look_back_from(int first, int n)
{
    void *h = open_store();

    for (int i = first; i < n; i++)
        look_back(h, &lives[i]);
    close_store(h);
}

static void whole(void)
{
    sqlite3_stmt *st = NULL;
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(st, 0), "ok");
    sqlite3_finalize(st);
    sqlite3_close(db);
}

/* -------------------------------- the tests ------------------------------ */

/* Most in the middle of batches, some while they open what others left; one or
 * two at once. */
START_TEST(killed_a_thousand_times)
{
    int n = 0, checked = 0, amid = 0;

    while (n < KILLS) {
        int pair = 1 + (below(4) == 0), hasty = below(5) == 0;

        for (int i = 0; i < pair; i++)
            begin_life(&lives[n + i], n + i, live);
        for (int i = 0; i < pair && !hasty; i++)
            ck_assert(read_report(&lives[n + i]));
        for (int i = 0; i < pair; i++) {
            struct timespec t = {0, (long)below(3000) * 1000};

            nanosleep(&t, NULL);
            kill_life(&lives[n + i]);
            amid += lives[n + i].last.batch > 0;
        }
        n += pair;
        if (below(3) == 0) { /* else the next finds what this one left */
            look_back_from(checked, n);
            checked = n;
        }
    }
    look_back_from(0, n);
    whole();
    ck_assert_int_ge(amid, KILLS / 2);
}
END_TEST

/* -------- every place where it writes, syncs, or changes the index -------- */

enum { BRIEF = 6, BATCHES = 3 };

static long dies_at;

static void brief_row(struct row *row, const struct life *l, int i)
{
    make_row(row, l->number, 0, i, 'C');
    row->s.key.born_ms = l->born_ms;
    row->s.key.space = "shop/issuer/brief";
    row->s.keep_ms = 1;
}

/* Cells that are due at once, before anything is counted. */
static int write_brief(void *h, const struct life *l)
{
    struct row row;
    int r = 0;

    for (int i = 0; i < BRIEF && r == 0; i++) {
        brief_row(&row, l, i);
        r = run(h, &row.s);
    }
    sleep_ms(3);
    return r;
}

/* Claims, forgets and checkpoints, claims, and closes: 0. */
static int live_to_the_end(const struct life *l, int fd)
{
    struct report last = {0};
    void *h = NULL;
    int r;

    vfs_begin();
    r = open_with(&h, "durability", l->number % 2 ? "full" : "process");
    if (r == 0)
        r = write_brief(h, l);
    vfs.counted = AT_WAL_WRITE | AT_WAL_SYNC | AT_DB_WRITE | AT_DB_SYNC |
                  AT_INDEX;
    vfs.last = dies_at;
    while (r == 0 && last.batch < BATCHES) {
        r = write_batch(h, l, &last);
        if (r == 0)
            r = report(fd, &last);
        if (r == 0)
            r = tick(h);
    }
    if (r == 0)
        close_store(h);
    else
        fprintf(stderr, "life %d: %d %s\n", l->number, r, fake_failure);
    return r != 0;
}

/* All there, or all gone and said so: never new. */
static void look_at_brief(const struct life *l)
{
    void *h = open_store();
    struct row row;
    int there = 0, doubt = 0;

    for (int i = 0; i < BRIEF; i++) {
        brief_row(&row, l, i);
        row.s.expect = MQM_ASK;
        run(h, &row.s);
        there += row.s.result == MQM_LOST && state_of(&row) == 'C';
        doubt += row.s.result == MQM_DOUBT;
    }
    close_store(h);
    ck_assert_msg(there == BRIEF || doubt == BRIEF, "life %d: %d there, %d in "
                  "doubt", l->number, there, doubt);
}

START_TEST(killed_at_each_place)
{
    int status;

    do {
        struct life *l = &lives[dies_at % LIVES_MAX];

        dies_at++;
        begin_life(l, (int)dies_at, live_to_the_end);
        status = end_life(l);
        ck_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
                                      : WEXITSTATUS(status) == 0);
        if (dies_at % 2) { /* else the next finds what this one left */
            look_at_brief(l);
            look_back_from((int)((dies_at - 1) % LIVES_MAX),
                           (int)((dies_at - 1) % LIVES_MAX) + 1);
        }
    } while (WIFSIGNALED(status));
    ck_assert_int_ge(dies_at, 60); /* there are so many places at least */
    look_back_from(0, (int)dies_at);
    whole();
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("kill");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, killed_a_thousand_times);
    tcase_add_test(tc, killed_at_each_place);
    return run_sqlite_case("store_sqlite_kill", tc);
}
