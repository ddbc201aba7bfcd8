/* SPDX-License-Identifier: MIT */
/* core.h - what an open library consists of.
 *
 * Locks, each held for some instructions and never during I/O or a callback:
 * mqm.lock guards the snapshot's pointer, the list of runs and of scratch
 * memory; mqm.reload_lock lets one thread at a time read the configuration
 * (that one may be held while the file is read: nobody else waits for it).
 */
#ifndef MQM_CORE_H
#define MQM_CORE_H

#include "clock.h"
#include "combine.h"
#include "config.h"
#include "limbo.h"
#include "reporter.h"
#include "source_file.h"
#include "tally.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

/* A configuration in use.  Who works with one holds it. */
struct snapshot {
    atomic_int users;
    struct config *config;
};

struct run;     /* run.c */
struct scratch; /* claim.c */
struct side;    /* side.c */
struct memos;   /* memo.c */

/* A plugin that is open. */
struct plugin {
    struct mqm_host host; /* first: a host is its plugin */
    struct mqm *m;
    struct side *side; /* NULL for a store */
    const struct mqm_plugin *table;
    void *self;
};

struct mqm {
    struct mqm_options opts;
    char *config_text; /* opts.config, ours */
    char instance[64];
    pid_t pid;
    atomic_bool stopped;

    pthread_mutex_t lock;
    struct snapshot *snapshot;
    struct snapshot *first; /* as it was opened with: plugins keep pointers */
    struct run *runs;
    struct scratch *scratch; /* free ones */

    pthread_mutex_t reload_lock;
    struct source_file source;       /* path NULL: inline */
    int broken;          /* what was read last made no sense; 0: it did      */
    char complaint[512]; /* the last story of a failed reading, told once    */

    struct plugin store;
    struct combine combine;
    struct limbo limbo;
    atomic_uint_fast64_t token_seed;

    struct side *sides;
    size_t n_sides;
    struct memos *memos; /* of mqm_rescue() and mqm_settle(); under lock */
    _Atomic int64_t pace_us; /* of mqm_run() called by the program itself */
    _Atomic int64_t wait_us; /* of runs, for the store, between two chunks  */

    bool keeper_runs;
    pthread_t keeper;
    pthread_cond_t keeper_wakes;
    bool keeper_ends; /* under lock */
    bool posted;      /* a call waits for whoever has time; under lock */

    struct tally *tallies; /* first of the list; under lock, grows only */
    atomic_uint_fast64_t strays[COUNTS]; /* of no topic */
    struct reporter reporter;
};

/* -EINVAL for NULL, -ECHILD in a forked child, with words. */
int mqm__enter(const mqm *m);

struct snapshot *mqm__snapshot(mqm *m);
void mqm__snapshot_put(struct snapshot *s);

/* Waits ms in slices; -ECANCELED once mqm_stop() was called. */
int mqm__wait(const mqm *m, int64_t ms);

__attribute__((format(printf, 3, 4)))
void mqm__log(const mqm *m, int level, const char *fmt, ...);

/* reload.c: 1 changed, 0 not, < 0 with words; the old one stays in force. */
int mqm__reload_if_changed(mqm *m);
/* Reads, checks against the old one, opens nothing. */
int mqm__load(mqm *m);

/* remember.c: how far a store remembers. */
int64_t mqm__clock_margin(mqm *m); /* of producers */
int mqm__check_memory(mqm *m);     /* of a store that was just opened */
/* It has lost a claim that was made then: loud, and in doubt from now on is
 * what has no record, unless the store has seen to it. */
void mqm__store_went_back(mqm *m, const struct work *w, int64_t claimed_ms);

/* list.c: -ENOTSUP with words where the store cannot.  collect() may not call
 * the library: the store is its caller's. */
int mqm__list(mqm *m, const char *space,
              int (*collect)(void *user, const struct mqm_key *key,
                             const struct mqm_cell *cell),
              void *user);

/* keeper.c */
int mqm__keeper_start(mqm *m);
void mqm__keeper_stop(mqm *m);
/* A call was posted to the store: the keeper leads it, if it has time. */
void mqm__posted(mqm *m);

#endif
