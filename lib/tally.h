/* SPDX-License-Identifier: MIT */
/* tally.h - what this process has done, by topic and side.
 *
 * One tally a topic, made when a configuration with the topic takes over, freed
 * with the handle; each work finds it through its topic_config.  Counting is
 * one atomic addition, and nothing is counted twice: mqm_read_stats() adds the
 * tallies up.
 *
 * What happened "lately" is the difference to the oldest of the samples that
 * the keeper takes each SAMPLE_MS: LATELY_MS, or less in a young process.
 * Samples and the policy's moment are read and written under mqm.lock.
 */
#ifndef MQM_TALLY_H
#define MQM_TALLY_H

#include "policy.h"

#include <mqmigrate/mqmigrate.h>

#include <stdatomic.h>

/* In the order in which a report has them: new ones at the end. */
enum count {
    COUNT_GRANTED, COUNT_DOUBTFUL, COUNT_SKIPPED, COUNT_LATER, COUNT_LOST,
    COUNT_SUCCEEDED, COUNT_FAILED, COUNT_PARKED, COUNT_ERRORS,
    COUNT_WITHOUT_ID, COUNT_FUTURE_BORN,
    COUNT_FIRST,  /* copies of messages that nobody had seen (sight.h)      */
    COUNT_SECOND, /* copies of messages that the other side saw first       */
    COUNT_WENT_BACK, /* claims that the store had lost                       */
    COUNTS
};

enum {
    SAMPLE_MS = 5000,
    MINUTE_SAMPLES = 12,
    SAMPLES = 5 * MINUTE_SAMPLES,
    LATELY_MS = SAMPLES * SAMPLE_MS
};

struct sample {
    int64_t at_ms; /* monotonic */
    uint64_t done, first, second;
};

struct tally_side {
    atomic_uint_fast64_t n[COUNTS];
    atomic_bool subscribed;
    struct sample sample[SAMPLES]; /* a ring */
    size_t samples;                /* taken so far */

    /* The reporter's alone. */
    uint64_t version;  /* of its cell; 0: none yet */
    int64_t tried_ms;  /* when it was written last, or was to be */
    uint64_t told;     /* the policy it told of; 0: it has told nothing */
    uint64_t sum;      /* of all counts, as told last */
    int64_t change_ms; /* when it was found to be another one */
};

struct tally {
    struct tally *next;
    char *group, *topic, *space;
    uint64_t print;      /* of the policy in force */
    int64_t in_force_ms; /* monotonic: since then */
    struct tally_side at[MQM_SIDES];
};

struct mqm;
struct config;
struct topic_config;
struct work;

/* Give each topic of a configuration its tally, and the policy's print. */
int mqm__tally_attach(struct mqm *m, struct config *c);

/* It is in force now. */
void mqm__tally_begin(struct mqm *m, const struct config *c);

void mqm__tally_free(struct tally *t); /* and all behind it */

void mqm__count(struct mqm *m, const struct work *w, enum count what);

/* Over all topics and sides. */
uint64_t mqm__tally_sum(struct mqm *m, enum count what);

/* Take a sample, if it is time; under mqm.lock. */
void mqm__tally_sample(struct tally_side *s, int64_t now_ms);

/* What has changed since the sample taken n or fewer ago (at most SAMPLES);
 * at_ms: over how long.  Under mqm.lock. */
struct sample mqm__tally_since(const struct tally_side *s, size_t n,
                               int64_t now_ms);

#endif
