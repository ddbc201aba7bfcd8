/* SPDX-License-Identifier: MIT */
/* side.h - a side at run time: its adapter, opened when first needed, and what
 * the program subscribed to there.
 */
#ifndef MQM_SIDE_H
#define MQM_SIDE_H

#include "core.h"

/* A handler for what comes under a broker's group and topic. */
struct subscription {
    struct subscription *next; /* added at the front, never removed */
    char topic[MQM_NAME_MAX + 1], group[MQM_NAME_MAX + 1]; /* ours */
    char *broker_topic, *broker_group;
    mqm_handler handler;
    void *user;
};

struct side {
    mqm *m;
    const char *name;
    pthread_mutex_t lock; /* opening, subscribing */
    struct plugin adapter;
    atomic_bool open, polled;
    struct subscription *_Atomic subscriptions;
    _Atomic int64_t pace_us; /* of its handlers */
};

int mqm__sides_new(mqm *m);
void mqm__sides_free(mqm *m);

/* NULL: no such side, with words. */
struct side *mqm__side(mqm *m, const char *name);
/* Opens the adapter if it is not yet. */
int mqm__side_open(struct side *s);

/* Write the body of a copy to the parking topic of its side: 0, or < 0.
 * -ENOTSUP: there is none. */
int mqm__side_park(struct side *s, const struct topic_config *t,
                   const struct mqm_delivery *d);

/* deliver.c: our names, id and key of a copy, from where `at` says. */
void mqm__translate(const struct side *s, const struct at_side *at,
                    const char *group, const char *topic,
                    struct mqm_delivery *d);

/* The host's part for adapters, deliver.c. */
int mqm__deliver(const struct mqm_host *host, struct mqm_delivery *d, size_t n);
size_t mqm__batch(const struct mqm_host *host);
int mqm__host_wait(const struct mqm_host *host, int64_t ms);

#endif
