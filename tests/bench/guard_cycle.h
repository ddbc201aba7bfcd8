/* SPDX-License-Identifier: MIT */
/* guard_cycle.h - claim and success through the public calls. */
#ifndef BENCH_GUARD_CYCLE_H
#define BENCH_GUARD_CYCLE_H

#include "race.h"

#include <mqmigrate/mqmigrate.h>

enum { TURN_MAX = 65536 };
#define BENCH_SPACE "bench/issuer/rewards" /* app, group, topic */

/* Fresh ids for the messages of a turn, as text and as a store has them.
 * NOW: as this moment makes them.  BROKERS: as two brokers with 8 partitions
 * deliver those of a topic with 1000 messages a second, half of them each, one
 * 10 minutes behind the other (see ids.c).  EVEN: one a millisecond, until now.
 * TIMELESS: at random. */
enum bench_ids { IDS_NOW, IDS_BROKERS, IDS_EVEN, IDS_TIMELESS };
extern enum bench_ids bench_ids;
extern char bench_id[TURN_MAX][MQM_ID_LEN + 1];
extern unsigned char bench_id16[TURN_MAX][16];
void bench_make_ids(size_t n);

/* Message i of the turn. */
void bench_message(struct mqm_msg *msg, size_t i);

struct guard {
    mqm *m;
    size_t batch; /* claims, or deliveries, in one call; or threads */
};

/* settings: what else stands in the section of the store, or "". */
mqm *guard_open(const char *url, const char *settings);

/* Racers; self is a struct guard. */
void guard_submit(void *self, struct lap *lap); /* ends with the next claims */
void guard_run(void *self, struct lap *lap);    /* mqm_run() */
void guard_steps(void *self, struct lap *lap);  /* acquire, release: two calls */
void guard_threads(void *self, struct lap *lap); /* one message each */

/* Round trips so far. */
double guard_calls(mqm *m);

#endif
