/* SPDX-License-Identifier: MIT */
/* store.c - the simulated store as the library sees it: what plugin.h promises,
 * and each way in which a network may spoil a call without breaking that.
 *
 * A call is applied at one moment between its request and its answer, or never.
 * What is asked for is copied out of the caller's memory first: it may be dead
 * by then.  What the server does: cells.c.
 */
#include "store.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOL = 128 };

static struct request pool[POOL], *free_requests;
static struct rng rng;
static const struct mqm_host *host; /* of any process: they are alike */
static char space[64];

/* What a process has begun and not ended, the oldest first.  Each goes its own
 * way: they are applied in any order, or not, and answers are lost one by one. */
struct flight {
    struct request *q;
    struct mqm_swap *const *s;
    int64_t back, deadline; /* back 0: no answer */
};

static struct flying {
    struct flight at[MQM_STORE_BEGUN];
    unsigned oldest, n;
} flying[PROCS];

void store_reset(void)
{
    cells_reset();
    free_requests = NULL;
    for (int i = 0; i < POOL; i++) {
        pool[i].next = free_requests;
        free_requests = &pool[i];
    }
    memset(flying, 0, sizeof(flying));
    rng.s = w.plan ? w.plan->seed ^ 0x5707e : 1;
}

static void put_back(struct request *q)
{
    if (--q->users > 0)
        return;
    q->next = free_requests;
    free_requests = q;
}

/* ------------------------------- on the way ------------------------------ */

static int message_of_id(const struct mqm_key *key)
{
    const unsigned char *id = key->id;
    int i;

    if (key->id_len != 16) {
        fprintf(stderr, "sim: an id of %zu bytes\n", key->id_len);
        abort();
    }
    i = id[14] << 8 | id[15];
    if (i >= MESSAGES)
        abort();
    return i;
}

/* What instances tell of themselves lies beside the messages. */
static bool is_report(const char *name)
{
    size_t len = strlen(name), tail = strlen("/instances");

    return len > tail && strcmp(name + len - tail, "/instances") == 0;
}

static void copy_in(struct asked *a, const struct mqm_swap *s)
{
    a->message = is_report(s->key.space) ? NO_MESSAGE : message_of_id(&s->key);
    if (a->message != NO_MESSAGE)
        memcpy(a->id, s->key.id, 16);
    a->born_ms = s->key.born_ms;
    a->expect = s->expect;
    a->flags = s->flags;
    a->keep_ms = s->keep_ms;
    a->len = s->len;
    a->result = -EIO;
    if (s->len)
        memcpy(a->value, s->value, s->len);
}

static void copy_out(const struct asked *a, struct mqm_swap *s)
{
    s->result = a->result;
    if (a->result < 0)
        return;
    s->now.version = a->version;
    s->now.age_ms = a->age_ms;
    if (a->result == MQM_OK)
        return;
    s->now.len = a->len;
    memcpy(s->now.value, a->value, a->len);
}

static int64_t way(void)
{
    if (store_is_slow())
        return rng_between(&rng, 5 * MS, 35 * MS);
    return rng_chance(&rng, 3) ? rng_between(&rng, MS, 8 * MS)
                               : rng_between(&rng, 50, 400);
}

/* When the request arrives and when the answer does; 0: never. */
static int64_t travel(struct request *q, int lose, int64_t *there)
{
    int64_t go = way(), back = way();

    *there = sim_now + go;
    q->half = lose == F_HALF_ANSWER && q->n > 1;
    if (store_is_away())
        return 0;
    switch (lose) {
    case F_LOST_REQUEST: *there = 0; return 0;
    case F_LOST_ANSWER:  return 0;
    case F_LATE_REQUEST:
        *there = sim_now + (TIMEOUT_MS + rng_below(&rng, 900)) * MS;
        return 0;
    default: return *there + back;
    }
}

static int gave_up(struct mqm_swap *const *s, size_t n, int err)
{
    for (size_t i = 0; i < n; i++)
        s[i]->result = err;
    return host->fail(host, err, "the store is not to be reached");
}

/* A half answer: what was not applied is not known either. */
static int answer(struct request *q, struct mqm_swap *const *s, size_t n)
{
    int r = MQM_OK;

    for (size_t i = 0; i < n; i++) {
        copy_out(&q->a[i], s[i]);
        if (s[i]->result < 0 && r == MQM_OK)
            r = s[i]->result;
    }
    return r;
}

/* ------------------------------- in flight ------------------------------- */

static struct flight *nth(struct flying *f, unsigned i)
{
    return &f->at[(f->oldest + i) % MQM_STORE_BEGUN];
}

void store_forget(int proc)
{
    struct flying *f = &flying[proc];

    for (; f->n > 0; f->n--, f->oldest++)
        put_back(nth(f, 0)->q);
}

/* q takes effect: before one that was begun earlier? */
static void count_order(const struct request *q)
{
    struct flying *f = &flying[q->proc];

    for (unsigned i = 0; i < f->n && nth(f, i)->q != q; i++)
        if (nth(f, i)->q->arrives > sim_now) {
            tally[T_REORDERED]++;
            return;
        }
}

static void arrive(void *arg)
{
    struct request *q = arg;

    if (!store_is_away()) {
        count_order(q);
        cells_apply(q);
    }
    put_back(q);
}

static struct request *compose(struct mqm_swap *const *s, size_t n)
{
    struct request *q = free_requests;

    if (!q || n > BATCH)
        abort();
    free_requests = q->next;
    q->n = n;
    q->proc = sim_cur;
    q->applied = false;
    q->stale = conf_is_stale();
    for (size_t i = 0; i < n; i++)
        copy_in(&q->a[i], s[i]);
    return q;
}

static void send(struct flight *l, int lose)
{
    struct request *q = l->q;

    l->deadline = sim_now + TIMEOUT_MS * MS;
    l->back = travel(q, lose, &q->arrives);
    q->users = q->arrives ? 2 : 1;
    if (q->arrives)
        sched_at(q->arrives, arrive, q);
}

static int sim_begin(void *self, struct mqm_swap *const *s, size_t n)
{
    struct flying *f = &flying[sim_cur];
    struct process *p = &w.proc[sim_cur];
    struct flight *l = nth(f, f->n);
    int lose = p->lose;

    (void)self;
    if (f->n++ == MQM_STORE_BEGUN)
        abort();
    tally[T_STORE_CALL]++;
    tally[T_OVERLAPPED] += f->n > 1;
    p->lose = -1;
    l->q = compose(s, n);
    l->s = s;
    send(l, lose);
    if (p->call_stop)
        consumer_stop(sim_cur, p->call_stop);
    p->call_stop = 0;
    if (lose >= 0)
        trace("  the store's call of %d (%zu cells): fault", sim_cur, n);
    if (l->back || !store_is_away() || !rng_chance(&rng, 70))
        return MQM_OK;
    f->n--;
    put_back(l->q);
    co_sleep(300); /* refused at once */
    return gave_up(s, n, -ECONNREFUSED);
}

/* No answer came to the oldest, and one did to the next? */
static void count_lost(struct flying *f)
{
    const struct flight *next = nth(f, 1);

    if (f->n > 1 && next->back && next->q->applied)
        tally[T_EARLIER_LOST]++;
}

static int sim_end(void *self)
{
    struct flying *f = &flying[sim_cur];
    struct flight *l = nth(f, 0);
    bool answered = l->back && l->back <= l->deadline;
    int64_t until = answered ? l->back : l->deadline;
    struct mqm_swap *const *s = l->s;
    struct request *q = l->q;
    int r;

    (void)self;
    if (f->n == 0)
        abort();
    if (until > sim_now)
        co_sleep(until - sim_now);
    if (answered && q->applied) {
        r = answer(q, s, q->n);
    } else {
        count_lost(f);
        r = gave_up(s, q->n, -ETIMEDOUT);
    }
    f->oldest++;
    f->n--;
    put_back(q);
    return r;
}

static int sim_swap(void *self, struct mqm_swap *const *s, size_t n)
{
    int r = sim_begin(self, s, n);

    return r < 0 ? r : sim_end(self);
}

/* ------------------------------- the rest -------------------------------- */

static int sim_open(void **self, const struct mqm_host *h,
                    const struct mqm_setting *settings, size_t n)
{
    (void)settings;
    (void)n;
    host = h;
    cells_margin(h->clock_margin(h));
    *self = space;
    return 0;
}

static void sim_close(void *self)
{
    (void)self;
}

static int sim_list(void *self, const char *name,
                    int (*visit)(void *user, const struct mqm_key *key,
                                 const struct mqm_cell *cell),
                    void *user)
{
    int r = 0;

    (void)self;
    co_sleep(way());
    if (store_is_away())
        return -ECONNREFUSED;
    for (int i = 0; i < MESSAGES && r == 0 && !is_report(name); i++)
        r = cells_show(i, name, visit, user);
    return r;
}

static int sim_memory(void *self, const char *name, int64_t raise_ms,
                      int64_t *from, int64_t *created)
{
    (void)self;
    (void)name;
    *from = cells_memory(raise_ms);
    *created = BEGIN_US / MS - 86400000;
    return MQM_OK;
}

/* One that knows only swap(), as stores were before, and one that flies. */
static const struct mqm_store plain = {
    .size = offsetof(struct mqm_store, swap_begin),
    .flags = MQM_STORE_SHARED | MQM_STORE_DURABLE,
    .open = sim_open, .close = sim_close, .swap = sim_swap, .list = sim_list,
    .memory = sim_memory};
static const struct mqm_store flies = {
    .size = sizeof(flies), .flags = MQM_STORE_SHARED | MQM_STORE_DURABLE,
    .open = sim_open, .close = sim_close, .swap = sim_swap, .list = sim_list,
    .memory = sim_memory, .swap_begin = sim_begin, .swap_end = sim_end};

static const struct mqm_plugin plain_plugin = {sizeof(plain_plugin), "sim",
                                               "1", &plain, NULL};
static const struct mqm_plugin flying_plugin = {sizeof(flying_plugin), "sim",
                                                "1", &flies, NULL};

const struct mqm_plugin *store_plugin(void)
{
    return conf_flies() ? &flying_plugin : &plain_plugin;
}
