/* SPDX-License-Identifier: MIT */
/* tally.c - see tally.h. */
#include "tally.h"
#include "claim.h"
#include "error.h"
#include "fingerprint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct tally *find(struct tally *t, const char *space)
{
    while (t && strcmp(t->space, space) != 0)
        t = t->next;
    return t;
}

void mqm__tally_free(struct tally *t)
{
    while (t) {
        struct tally *next = t->next;

        free(t->group);
        free(t->topic);
        free(t->space);
        free(t);
        t = next;
    }
}

static struct tally *make(const struct topic_config *tc)
{
    struct tally *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->group = strdup(tc->group);
    t->topic = strdup(tc->topic);
    t->space = strdup(tc->space);
    if (!t->group || !t->topic || !t->space) {
        mqm__tally_free(t);
        return NULL;
    }
    for (int i = 0; i < MQM_SIDES; i++)
        mqm__tally_sample(&t->at[i], mqm__mono_ms());
    return t;
}

/* One thread at a time reads a configuration, so nobody else adds to them. */
int mqm__tally_attach(mqm *m, struct config *c)
{
    for (size_t i = 0; i < c->n_topics; i++) {
        struct topic_config *tc = &c->topics[i];

        tc->print = mqm__fingerprint(&tc->policy, tc->at[MQM_OLD].side->name,
                                      tc->at[MQM_NEW].side->name);
        tc->tally = find(m->tallies, tc->space);
        if (tc->tally)
            continue;
        tc->tally = make(tc);
        if (!tc->tally)
            return mqm__fail(-ENOMEM, "no memory for a topic's counts");
        pthread_mutex_lock(&m->lock);
        tc->tally->next = m->tallies;
        m->tallies = tc->tally;
        pthread_mutex_unlock(&m->lock);
    }
    return 0;
}

void mqm__tally_begin(mqm *m, const struct config *c)
{
    int64_t now = mqm__mono_ms();

    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < c->n_topics; i++) {
        struct tally *t = c->topics[i].tally;

        if (t->print == c->topics[i].print)
            continue;
        t->print = c->topics[i].print;
        t->in_force_ms = now;
    }
    pthread_mutex_unlock(&m->lock);
}

static int side_of(const struct work *w)
{
    return w->rq.side == w->topic->at[MQM_NEW].side->name;
}

/* What a resolver or an operator does is not the work of a side. */
void mqm__count(mqm *m, const struct work *w, enum count what)
{
    bool ours = w->topic && w->topic->tally && w->rq.op != OP_RESOLVE_DONE &&
                w->rq.op != OP_RESOLVE_AGAIN;

    atomic_fetch_add_explicit(ours ? &w->topic->tally->at[side_of(w)].n[what]
                                   : &m->strays[what],
                              1, memory_order_relaxed);
}

uint64_t mqm__tally_sum(mqm *m, enum count what)
{
    uint64_t sum = atomic_load(&m->strays[what]);
    struct tally *t;

    pthread_mutex_lock(&m->lock);
    t = m->tallies;
    pthread_mutex_unlock(&m->lock);
    for (; t; t = t->next)
        for (int i = 0; i < MQM_SIDES; i++)
            sum += atomic_load(&t->at[i].n[what]);
    return sum;
}

static struct sample present(const struct tally_side *s, int64_t now_ms)
{
    return (struct sample){now_ms, atomic_load(&s->n[COUNT_SUCCEEDED]),
                           atomic_load(&s->n[COUNT_FIRST]),
                           atomic_load(&s->n[COUNT_SECOND])};
}

void mqm__tally_sample(struct tally_side *s, int64_t now_ms)
{
    const struct sample *last =
        &s->sample[(s->samples + SAMPLES - 1) % SAMPLES];

    if (s->samples && now_ms - last->at_ms < SAMPLE_MS)
        return;
    s->sample[s->samples++ % SAMPLES] = present(s, now_ms);
}

struct sample mqm__tally_since(const struct tally_side *s, size_t n,
                               int64_t now_ms)
{
    struct sample now = present(s, now_ms);
    const struct sample *then;

    if (n > s->samples)
        n = s->samples;
    then = &s->sample[(s->samples - n) % SAMPLES];
    return (struct sample){now_ms - then->at_ms, now.done - then->done,
                           now.first - then->first, now.second - then->second};
}
