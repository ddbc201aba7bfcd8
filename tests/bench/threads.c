/* SPDX-License-Identifier: MIT */
/* threads.c - many threads, each with one message at a time: claim, success.
 * What they do at the same moment should go to the store together.
 */
#include "guard_cycle.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS_MAX = 64 };

struct turn {
    mqm *m;
    size_t n;
    atomic_size_t next; /* message */
};

static void *work(void *user)
{
    struct turn *t = user;
    size_t i;

    while ((i = atomic_fetch_add(&t->next, 1)) < t->n) {
        struct mqm_claim c = MQM_CLAIM_INIT;

        bench_message(&c.msg, i);
        must(mqm_acquire(t->m, &c) == MQM_OK, "acquire: %s", c.why);
        must(mqm_release_on_success(t->m, &c) == MQM_OK, "release: %s", c.why);
    }
    return NULL;
}

void guard_threads(void *self, struct lap *lap)
{
    pthread_t thread[THREADS_MAX];
    struct guard *g = self;
    struct turn turn = {.m = g->m, .n = lap->n};
    double calls = guard_calls(g->m);

    must(g->batch <= THREADS_MAX, "up to %d threads", THREADS_MAX);
    bench_make_ids(lap->n);
    lap_begin(lap);
    for (size_t t = 0; t < g->batch; t++)
        must(pthread_create(&thread[t], NULL, work, &turn) == 0, "no thread");
    for (size_t t = 0; t < g->batch; t++)
        pthread_join(thread[t], NULL);
    lap_end(lap);
    lap->calls = guard_calls(g->m) - calls;
}
