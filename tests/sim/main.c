/* SPDX-License-Identifier: MIT */
/* main.c - simulator [SECONDS [SEED [quick]]]: histories for so long, from a
 * seed on; with "replay" for SECONDS one of them, step by step; quick: a
 * failure is told in one line.  TAP on stdout.
 */
#include "sim.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LINES = 150,   /* of a failure */
    ENOUGH = 20000 /* histories, in which everything should happen */
};

int __real_clock_gettime(clockid_t clock, struct timespec *t);

static double now(clockid_t clock)
{
    struct timespec t;

    __real_clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int replay(uint64_t seed)
{
    struct plan p;

    printf("1..1\n");
    plan_make(&p, seed);
    sim_verbose = INT_MAX;
    if (!history_run(&p)) {
        printf("ok 1 - history %" PRIu64 "\n", seed);
        return 0;
    }
    printf("not ok 1 - history %" PRIu64 ": message %d: %s\n", seed,
           w.violated, w.violation);
    return 1;
}

static void report(uint64_t seed)
{
    struct plan p;

    printf("# message %d: %s; make sim SEED=%" PRIu64 " shows each step\n",
           w.violated, w.violation, seed);
    plan_make(&p, seed);
    if (!shrink(&p)) {
        printf("# it cannot be repeated\n");
        return;
    }
    plan_print(&p);
    sim_verbose = LINES;
    history_run(&p);
    sim_verbose = 0;
}

static void rates(uint64_t n, uint64_t seed, double took)
{
    double cpu = now(CLOCK_PROCESS_CPUTIME_ID);

    printf("# %" PRIu64 " histories from seed %" PRIu64 " on: %.0f a minute, "
           "%.0f a minute of processor time\n", n, seed,
           (double)n / took * 60, (double)n / cpu * 60);
}

static int run(double seconds, uint64_t seed, bool quick)
{
    double begin = now(CLOCK_MONOTONIC);
    uint64_t n = 0;
    bool failed = false;
    int gaps;

    for (; !failed && now(CLOCK_MONOTONIC) - begin < seconds; n++) {
        struct plan p;

        plan_make(&p, seed + n);
        failed = history_run(&p);
        if (failed && quick)
            printf("# found: %s\n", w.violation);
        else if (failed)
            report(seed + n);
    }
    if (!quick)
        table_print();
    rates(n, seed, now(CLOCK_MONOTONIC) - begin);
    printf("%s 1 - no message lost, none twice\n", failed ? "not ok" : "ok");
    gaps = n < ENOUGH || failed ? 0 : table_gaps();
    printf("%s 2 - each fault and each answer happened%s\n",
           gaps ? "not ok" : "ok",
           n < ENOUGH || failed ? " # SKIP too few histories" : "");
    return failed || gaps;
}

int main(int argc, char **argv)
{
    const char *seconds = argc > 1 ? argv[1] : "60";
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    edge_init();
    consumer_open_all();
    if (strcmp(seconds, "replay") == 0)
        return replay(seed);
    printf("1..2\n");
    return run(strtod(seconds, NULL), seed, argc > 3);
}
