/* SPDX-License-Identifier: MIT */
/* race.h - ways to do the same thing, measured against each other.
 *
 * The racers of a race take turns (A B C A B C ...), so that what else the
 * machine does hits all alike, and each turn is compared with the first racer's
 * turn just before.  Printed are medians and quartiles; beside them what noise
 * hardly touches: CPU time of this process and of the servers, and round trips,
 * over all turns.
 */
#ifndef BENCH_RACE_H
#define BENCH_RACE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { RACERS = 4, TURNS = 11 };

/* Whose CPU time is told beside our own. */
enum { BENCH_REDIS, BENCH_KAFKA, BENCH_ZOOKEEPER, BENCH_SERVERS };

/* One turn.  The racer prepares, begins the lap, works, ends the lap. */
struct lap {
    size_t n;     /* messages to work on       */
    double calls; /* round trips; the racer's  */
    double wall_s, own_us, server_us[BENCH_SERVERS];
};

struct racer {
    const char *name;
    void (*turn)(void *self, struct lap *lap);
    void *self;
    size_t n;   /* messages a turn */
    double bar; /* of its speed as a share of the first racer's; 0: none */
    struct lap lap[TURNS];
};

struct race {
    const char *title;
    const char *servers[BENCH_SERVERS]; /* heads of their columns, or NULL */
    size_t n;
    struct racer racer[RACERS];
};

/* The process whose CPU time is a server's. */
void bench_server(int which, pid_t pid);

void lap_begin(struct lap *lap);
void lap_end(struct lap *lap);

/* Runs it, prints its table, notes its bars. */
void race_run(struct race *race);

/* Median over the turns of racer a's speed divided by b's. */
double race_ratio(const struct race *race, size_t a, size_t b);

/* Median over the turns of a message's CPU time in this process. */
double racer_own_us(const struct racer *r);

/* Round trips a message, over all turns. */
double racer_calls(const struct racer *r);

/* A line of the closing summary.  better > 0: bar is the least, else the
 * most. */
void bar_note(const char *what, double measured, double bar, int better);
void bars_print(void);

/* Ends the program with the words, unless ok. */
__attribute__((format(printf, 2, 3)))
void must(int ok, const char *fmt, ...);

#endif
