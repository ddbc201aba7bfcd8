/* SPDX-License-Identifier: MIT */
/* combine.c - calls of many threads become calls of the store: each swap is
 * sent once, or never and told so, in whatever order threads post, work, finish,
 * serve, and have the store for themselves; with a store that knows swap() only,
 * and with one that has several calls in flight.
 */
#include "../../lib/clock.h"
#include "../../lib/combine.h"
#include "../suite.h"

#include <check.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 24, TURNS = 1500, EACH = 16, KEYS = 64 };

static struct combine c;

/* A store that counts: what is in value is a swap's counter. */
static struct {
    atomic_int inside, begun, together, twice, failures;
    struct mqm_swap *const *s[MQM_STORE_BEGUN];
    size_t n[MQM_STORE_BEGUN];
    unsigned first, flying;
} st;

static void look_for_twins(struct mqm_swap *const *s, size_t n)
{
    char seen[KEYS] = {0};

    for (size_t i = 0; i < n; i++) {
        const unsigned char *id = s[i]->key.id;

        atomic_fetch_add(&st.twice, seen[*id]);
        seen[*id] = 1;
    }
}

static void answer(struct mqm_swap *const *s, size_t n)
{
    look_for_twins(s, n);
    for (size_t i = 0; i < n; i++) {
        atomic_fetch_add((atomic_int *)(uintptr_t)s[i]->value, 1);
        s[i]->result = MQM_OK;
    }
}

static int swap(void *self, struct mqm_swap *const *s, size_t n)
{
    (void)self;
    atomic_fetch_add(&st.together, atomic_fetch_add(&st.inside, 1) > 0);
    answer(s, n);
    atomic_fetch_sub(&st.inside, 1);
    return MQM_OK;
}

/* Some begins fail, and then there is no end. */
static int swap_begin(void *self, struct mqm_swap *const *s, size_t n)
{
    (void)self;
    atomic_fetch_add(&st.together, atomic_fetch_add(&st.inside, 1) > 0 ||
                                       st.flying == MQM_STORE_BEGUN);
    if (atomic_fetch_add(&st.begun, 1) % 50 == 49) {
        for (size_t i = 0; i < n; i++)
            s[i]->result = -5;
        atomic_fetch_add(&st.failures, (int)n);
        atomic_fetch_sub(&st.inside, 1);
        return -5;
    }
    st.s[(st.first + st.flying) % MQM_STORE_BEGUN] = s;
    st.n[(st.first + st.flying++) % MQM_STORE_BEGUN] = n;
    atomic_fetch_sub(&st.inside, 1);
    return MQM_OK;
}

static int swap_end(void *self)
{
    unsigned at = st.first;

    (void)self;
    atomic_fetch_add(&st.together, atomic_fetch_add(&st.inside, 1) > 0);
    answer(st.s[at], st.n[at]);
    st.first = (st.first + 1) % MQM_STORE_BEGUN;
    st.flying--;
    atomic_fetch_sub(&st.inside, 1);
    return MQM_OK;
}

static const struct mqm_store one_call = {.size = sizeof(one_call),
                                          .swap = swap};
static const struct mqm_store pipelined = {.size = sizeof(pipelined),
                                           .swap = swap,
                                           .swap_begin = swap_begin,
                                           .swap_end = swap_end};

struct caller {
    pthread_t thread;
    unsigned dice;
    int late, lost, bad;
    struct mqm_swap s[EACH], *p[EACH];
    unsigned char id[EACH];
    atomic_int sent[EACH];
};

static unsigned roll(struct caller *w, unsigned n)
{
    w->dice = w->dice * 1103515245u + 12345u;
    return (w->dice >> 16) % n;
}

/* Keys that many have, so that some calls have to wait for others. */
static size_t fill(struct caller *w)
{
    size_t n = 1 + roll(w, KEYS / 4);
    unsigned from = roll(w, KEYS);

    for (size_t i = 0; i < n; i++) {
        w->id[i] = (unsigned char)((from + i) % KEYS);
        atomic_store(&w->sent[i], 0);
        w->s[i] = (struct mqm_swap){.key = {"s", &w->id[i], 1, 0},
                                    .value = &w->sent[i]};
        w->p[i] = &w->s[i];
    }
    return n;
}

static void check(struct caller *w, size_t n, int r)
{
    for (size_t i = 0; i < n; i++) {
        int result = w->s[i].result;

        w->late += result == COMBINE_LATE;
        w->lost += result == -5;
        w->bad += atomic_load(&w->sent[i]) != (result == MQM_OK);
        w->bad += result != r;
    }
}

static int64_t some_time(struct caller *w)
{
    switch (roll(w, 4)) {
    case 0:  return mqm__mono_ms() - 1;
    case 1:  return mqm__mono_ms();
    default: return COMBINE_EVER;
    }
}

static void *call(void *user)
{
    struct caller *w = user;
    struct combine_call one;

    for (int i = 0; i < TURNS; i++) {
        size_t n = fill(w);
        int64_t until_ms = some_time(w);

        if (roll(w, 2)) {
            check(w, n, mqm__combine_swap(&c, w->p, n, until_ms));
        } else {
            mqm__combine_post(&c, &one, w->p, n, until_ms);
            for (unsigned k = roll(w, 3); k > 0; k--)
                sched_yield();
            check(w, n, mqm__combine_finish(&c, &one));
        }
        if (roll(w, 8) == 0)
            mqm__combine_serve(&c);
        if (roll(w, 32) == 0) {
            mqm__combine_enter(&c);
            w->bad += atomic_fetch_add(&st.inside, 1) > 0 || st.flying;
            atomic_fetch_sub(&st.inside, 1);
            mqm__combine_leave(&c);
        }
    }
    return NULL;
}

static void try_with(const struct mqm_store *store)
{
    static struct caller callers[THREADS];
    int late = 0, lost = 0;

    memset(&st, 0, sizeof(st));
    ck_assert_int_eq(mqm__combine_init(&c, store, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.dice = i * 7919};
        ck_assert_int_eq(
            pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(callers[i].thread, NULL), 0);
        ck_assert_int_eq(callers[i].bad, 0);
        late += callers[i].late;
        lost += callers[i].lost;
    }
    ck_assert_int_eq(atomic_load(&st.together), 0);
    ck_assert_int_eq(atomic_load(&st.twice), 0);
    ck_assert_int_gt(late, 0);
    ck_assert_int_eq(lost, atomic_load(&st.failures));
    ck_assert(!c.leading && !c.first && !c.flying && !c.alone);
    mqm__combine_destroy(&c);
}

START_TEST(test_one_call_at_a_time)
{
    try_with(&one_call);
}
END_TEST

START_TEST(test_calls_in_flight)
{
    try_with(&pipelined);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("combine");

    tcase_add_test(tc, test_one_call_at_a_time);
    tcase_add_test(tc, test_calls_in_flight);
    return run_case_for("combine", tc, 120);
}
