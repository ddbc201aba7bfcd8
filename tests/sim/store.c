/* SPDX-License-Identifier: MIT */
/* store.c - the simulated store: what plugin.h promises, and each way in which
 * a network and a server may spoil a call without breaking that promise.
 *
 * A call is applied at one moment between its request and its answer, or never.
 * What is asked for is copied out of the caller's memory first: it may be dead
 * by then.  A failover forgets cells whole, and memory_from says so.
 */
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64, POOL = 128, BORN_MARGIN_MS = 0 };

struct cell {
    uint64_t version; /* 0: none */
    int64_t changed, forget_at, born_ms;
    bool listed;
    size_t len;
    unsigned char id[16];
    unsigned char value[MQM_VALUE_MAX];
    /* As it was before, for a store that goes back. */
    uint64_t old_version;
    size_t old_len;
    bool old_listed;
    unsigned char old_value[MQM_VALUE_MAX];
};

struct asked {
    int message, result;
    uint64_t expect, version;
    int64_t age_ms, born_ms, keep_ms;
    unsigned flags;
    size_t len;
    unsigned char id[16];
    unsigned char value[MQM_VALUE_MAX];
};

struct request {
    struct request *next;
    bool applied, half;
    bool stale; /* its caller should know that its policy is too old */
    int users; /* its caller, and the way to the server */
    size_t n;
    struct asked a[BATCH];
};

static struct cell cell[MESSAGES];
static struct request pool[POOL], *free_requests;
static int64_t memory_from_ms, outage_until, slow_until;
static uint64_t last_version;
static struct rng rng;
static const struct mqm_host *host; /* of any process: they are alike */
static char space[64];

void store_reset(void)
{
    for (int i = 0; i < MESSAGES; i++)
        cell[i].version = cell[i].old_version = 0;
    free_requests = NULL;
    for (int i = 0; i < POOL; i++) {
        pool[i].next = free_requests;
        free_requests = &pool[i];
    }
    memory_from_ms = 0;
    outage_until = slow_until = 0;
    last_version = (uint64_t)BEGIN_US;
    rng.s = w.plan ? w.plan->seed ^ 0x5707e : 1;
}

/* ------------------------------ at the server ---------------------------- */

static void tell(struct asked *a, const struct cell *c)
{
    a->version = c->version;
    a->age_ms = c->version ? (sim_now - c->changed) / 1000 : 0;
    a->len = c->len;
    memcpy(a->value, c->value, c->len);
}

static void write_cell(struct asked *a, struct cell *c)
{
    watch_write(a->message, c->value, c->version ? c->len : 0,
                (sim_now - c->changed) / MS, a->value, a->len);
    c->old_version = c->version;
    c->old_len = c->len;
    c->old_listed = c->listed;
    memcpy(c->old_value, c->value, c->len);
    last_version = (uint64_t)sim_now > last_version ? (uint64_t)sim_now
                                                    : last_version + 1;
    c->version = last_version;
    c->changed = sim_now;
    c->forget_at = sim_now + a->keep_ms * MS;
    c->born_ms = a->born_ms;
    c->listed = a->flags & MQM_SWAP_LISTED;
    c->len = a->len;
    memcpy(c->id, a->id, sizeof(c->id));
    memcpy(c->value, a->value, a->len);
    a->version = c->version;
    a->age_ms = 0;
    a->result = MQM_OK;
}

/* Nobody had looked, and the asker leaves it to the other side. */
static bool gives_away(const struct asked *a)
{
    return a->result == MQM_OK && a->expect == 0 &&
           (a->value[0] & 15) == MQM_OWED;
}

static void apply_one(struct asked *a, const struct cell *before)
{
    struct cell *c = &cell[a->message];

    tally[T_SWAP]++;
    if (!before->version && a->born_ms < memory_from_ms &&
        !(a->flags & MQM_SWAP_ANYWAY)) {
        a->result = MQM_DOUBT;
        a->version = 0;
        a->len = 0;
    } else if (before->version == a->expect) {
        write_cell(a, c);
    } else {
        a->result = MQM_LOST;
        tell(a, before);
    }
}

static void put_back(struct request *q)
{
    if (--q->users > 0)
        return;
    q->next = free_requests;
    free_requests = q;
}

static void apply_all(struct request *q)
{
    for (size_t i = 0; i < q->n; i++) {
        for (size_t k = 0; k < i; k++)
            if (q->a[k].message == q->a[i].message)
                violation(q->a[i].message, "one key twice in one call");
        if (q->half && i % 2) /* of this part nobody heard */
            continue;
        apply_one(&q->a[i], &cell[q->a[i].message]);
        if (q->stale && gives_away(&q->a[i]))
            violation(q->a[i].message, "given away by a policy that is too "
                                       "old");
    }
    q->applied = true;
}

static void arrive(void *arg)
{
    struct request *q = arg;

    if (outage_until <= sim_now)
        apply_all(q);
    put_back(q);
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

static void copy_in(struct asked *a, const struct mqm_swap *s)
{
    a->message = message_of_id(&s->key);
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
    if (slow_until > sim_now)
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
    if (outage_until > sim_now)
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

static int sim_swap(void *self, struct mqm_swap *const *s, size_t n)
{
    struct process *p = &w.proc[sim_cur];
    struct request *q = free_requests;
    int64_t there, back, deadline = sim_now + TIMEOUT_MS * MS;
    int lose = p->lose, r;

    (void)self;
    if (!q || n > BATCH)
        abort();
    free_requests = q->next;
    tally[T_STORE_CALL]++;
    q->n = n;
    q->applied = false;
    q->stale = conf_is_stale();
    for (size_t i = 0; i < n; i++)
        copy_in(&q->a[i], s[i]);
    p->lose = -1;
    back = travel(q, lose, &there);
    if (there)
        sched_at(there, arrive, q);
    q->users = there ? 2 : 1;
    if (lose >= 0)
        trace("  the store's call of %d (%zu cells): fault", sim_cur, n);
    if (!back && outage_until > sim_now && rng_chance(&rng, 70)) {
        co_sleep(300); /* refused at once */
        r = gave_up(s, n, -ECONNREFUSED);
    } else {
        co_sleep((back && back < deadline ? back : deadline) - sim_now);
        r = back && back <= deadline && q->applied ? answer(q, s, n)
                                                   : gave_up(s, n, -ETIMEDOUT);
    }
    put_back(q);
    return r;
}

/* ------------------------------- the rest -------------------------------- */

static int sim_open(void **self, const struct mqm_host *h,
                    const struct mqm_setting *settings, size_t n)
{
    (void)settings;
    (void)n;
    host = h;
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
    if (outage_until > sim_now)
        return -ECONNREFUSED;
    for (int i = 0; i < MESSAGES && r == 0; i++) {
        const struct cell *c = &cell[i];
        struct mqm_key key = {name, c->id, 16, c->born_ms};
        struct mqm_cell now = {c->version, (sim_now - c->changed) / 1000,
                               c->len, {0}};

        if (!c->version || !c->listed)
            continue;
        memcpy(now.value, c->value, c->len);
        r = visit(user, &key, &now);
    }
    return r;
}

static int sim_memory(void *self, const char *name, int64_t raise_ms,
                      int64_t *from, int64_t *created)
{
    (void)self;
    (void)name;
    if (raise_ms > memory_from_ms)
        memory_from_ms = raise_ms;
    *from = memory_from_ms;
    *created = BEGIN_US / MS - 86400000;
    return MQM_OK;
}

static const struct mqm_store table = {
    .size = sizeof(table), .flags = MQM_STORE_SHARED | MQM_STORE_DURABLE,
    .open = sim_open, .close = sim_close, .swap = sim_swap, .list = sim_list,
    .memory = sim_memory};

const struct mqm_plugin sim_store = {sizeof(sim_store), "sim", "1", &table,
                                     NULL};

/* -------------------------------- faults --------------------------------- */

static void raise_memory(int64_t ms)
{
    if (ms > memory_from_ms)
        memory_from_ms = ms;
}

static void drop(int i)
{
    trace("  forgotten: %d", i);
    if (plan_fault_of(i, F_ONE_SIDE))
        excuse(i, "reached one broker only, and the store forgot it");
    if (cell[i].born_ms >= memory_from_ms)
        excuse(i, "forgotten, and its producer's clock was too far ahead");
    w.message[i].forgotten = true;
    cell[i].version = 0;
}

static void fail_over(int64_t length)
{
    raise_memory(sim_now / MS + BORN_MARGIN_MS);
    for (int i = 0; i < MESSAGES; i++)
        if (cell[i].version && cell[i].changed > sim_now - length)
            drop(i);
}

static void forget_due(void)
{
    for (int i = 0; i < MESSAGES; i++)
        if (cell[i].version && !cell[i].listed &&
            cell[i].forget_at <= sim_now) {
            raise_memory(cell[i].born_ms + 1);
            drop(i);
        }
}

static void roll_back(int64_t length)
{
    for (int i = 0; i < MESSAGES; i++)
        if (cell[i].version && cell[i].changed > sim_now - length) {
            struct cell *c = &cell[i];

            w.message[i].forgotten = true;
            excuse(i, "the store went back to an older value");
            c->version = c->old_version;
            c->len = c->old_len;
            c->listed = c->old_listed;
            memcpy(c->value, c->old_value, c->old_len);
        }
}

void store_dropped(int message, int side)
{
    const struct cell *c = &cell[message];

    watch_dropped(message, side, c->value, c->version ? c->len : 0,
                  (sim_now - c->changed) / MS);
}

void store_fault(int kind, int64_t length)
{
    switch (kind) {
    case F_OUTAGE:     outage_until = sim_now + length; break;
    case F_SLOW_STORE: slow_until = sim_now + length; break;
    case F_FAILOVER:   fail_over(length); break;
    case F_FORGET:     forget_due(); break;
    case F_ROLLBACK:   roll_back(length); break;
    default:           break;
    }
}
