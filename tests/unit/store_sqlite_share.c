/* SPDX-License-Identifier: MIT */
/* store_sqlite_share.c - processes that write to one file without a pause: each
 * gets its share of the commits, by count.
 */
#include "../sqlite_store.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { WRITERS_MAX = 4, BATCH_MAX = 64, TRIES = 3 };

/* In memory that the writers have in common. */
struct score {
    atomic_int ready; /* writers that have committed once */
    atomic_int total;
    atomic_int of[WRITERS_MAX];
};

/* None has less than its part: all of them / least. */
static const struct contest {
    const char *durability;
    int writers, batch, commits, least;
} contests[] = {
    {"full", 2, 1, 1000, 3},     {"full", 2, 64, 600, 3},
    {"full", 4, 1, 1000, 12},    {"full", 4, 64, 600, 12},
    {"process", 2, 1, 20000, 8}, {"process", 4, 64, 2000, 20}};

static int attempt; /* of a contest */

static int commit(void *s, int writer, int serial, int batch)
{
    char ids[BATCH_MAX][32];
    struct mqm_swap c[BATCH_MAX];
    struct mqm_swap *all[BATCH_MAX];
    int r;

    for (int i = 0; i < batch; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%d.%d.%d.%d", attempt, writer, serial,
                 i);
        c[i] = a_swap(ids[i], 0);
        all[i] = &c[i];
    }
    r = swap(s, all, (size_t)batch);
    return r < 0 ? r : c[batch - 1].result;
}

/* Counts from the moment when all have begun. */
static int write_all(struct score *score, const struct contest *c, int me)
{
    void *s = NULL;
    int r = open_with(&s, "durability", c->durability);

    for (int i = 0; r == 0 && atomic_load(&score->total) < c->commits; i++) {
        r = commit(s, me, i, c->batch);
        if (i == 0)
            atomic_fetch_add(&score->ready, 1);
        if (atomic_load(&score->ready) < c->writers)
            continue;
        atomic_fetch_add(&score->of[me], 1);
        atomic_fetch_add(&score->total, 1);
    }
    if (r != 0)
        fprintf(stderr, "writer %d: %d %s\n", me, r, fake_failure);
    return r != 0;
}

static struct score *new_score(void)
{
    struct score *score;
    char name[80];
    int fd;

    snprintf(name, sizeof(name), "%s/score", dir);
    fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof(*score)), 0);
    score = mmap(NULL, sizeof(*score), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                 0);
    ck_assert(score != MAP_FAILED);
    close(fd);
    return score;
}

static struct score *hold(const struct contest *c)
{
    struct score *score = new_score();
    pid_t pids[WRITERS_MAX];
    int status;

    close_store(open_store());
    fflush(NULL);
    for (int k = 0; k < c->writers; k++) {
        pids[k] = fork();
        if (pids[k] == 0)
            _exit(write_all(score, c, k));
    }
    for (int k = 0; k < c->writers; k++) {
        waitpid(pids[k], &status, 0);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    return score;
}

/* Who has least, of how many. */
static int least_of(const struct contest *c, int *total)
{
    struct score *score = hold(c);
    int least = atomic_load(&score->of[0]);

    *total = atomic_load(&score->total);
    ck_assert_int_ge(*total, c->commits);
    for (int k = 1; k < c->writers; k++)
        if (atomic_load(&score->of[k]) < least)
            least = atomic_load(&score->of[k]);
    munmap(score, sizeof(*score));
    return least;
}

/* On a busy machine one of them may stand for a while: another contest then. */
START_TEST(each_has_its_share)
{
    const struct contest *c = &contests[_i];
    int total = 0, least = 0;

    for (; attempt < TRIES && (!attempt || least * c->least < total); attempt++)
        least = least_of(c, &total);
    ck_assert_msg(least * c->least >= total, "one of %d writers has %d of %d",
                  c->writers, least, total);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("share");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, each_has_its_share, 0,
                        (int)(sizeof(contests) / sizeof(*contests)));
    return run_sqlite_case("store_sqlite_share", tc);
}
