/* SPDX-License-Identifier: MIT */
/* cells.c - the simulated store's server: versioned cells, each call applied at
 * one moment.  A failover forgets cells whole, and memory_from says so.
 */
#include "store.h"
#include "watch.h"

#include <string.h>

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

static struct cell cell[MESSAGES];
static int64_t memory_from_ms, outage_until, slow_until, margin_ms;
static uint64_t last_version;

void cells_reset(void)
{
    for (int i = 0; i < MESSAGES; i++)
        cell[i].version = cell[i].old_version = 0;
    memory_from_ms = 0;
    outage_until = slow_until = 0;
    last_version = (uint64_t)BEGIN_US;
}

bool store_is_away(void)
{
    return outage_until > sim_now;
}

bool store_is_slow(void)
{
    return slow_until > sim_now;
}

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

/* It shares calls, and their faults, with messages; nothing else matters. */
static void apply_report(struct asked *a)
{
    a->result = MQM_OK;
    a->version = ++last_version;
    a->age_ms = 0;
}

static void apply_message(struct asked *a, bool stale)
{
    apply_one(a, &cell[a->message]);
    if (stale && gives_away(a))
        violation(a->message, "given away by a policy that is too old");
}

void cells_apply(struct request *q)
{
    for (size_t i = 0; i < q->n; i++) {
        for (size_t k = 0; k < i; k++)
            if (q->a[i].message != NO_MESSAGE &&
                q->a[k].message == q->a[i].message)
                violation(q->a[i].message, "one key twice in one call");
        if (q->half && i % 2) /* of this part nobody heard */
            continue;
        if (q->a[i].message == NO_MESSAGE)
            apply_report(&q->a[i]);
        else
            apply_message(&q->a[i], q->stale);
    }
    q->applied = true;
}

int64_t cells_memory(int64_t raise_ms)
{
    if (raise_ms > memory_from_ms)
        memory_from_ms = raise_ms;
    return memory_from_ms;
}

void cells_margin(int64_t ms)
{
    margin_ms = ms;
}

int cells_show(int i, const char *space,
               int (*visit)(void *user, const struct mqm_key *key,
                            const struct mqm_cell *cell),
               void *user)
{
    const struct cell *c = &cell[i];
    struct mqm_key key = {space, c->id, 16, c->born_ms};
    struct mqm_cell now = {c->version, (sim_now - c->changed) / 1000, c->len,
                           {0}};

    if (!c->version || !c->listed)
        return 0;
    memcpy(now.value, c->value, c->len);
    return visit(user, &key, &now);
}

/* -------------------------------- faults --------------------------------- */

static void drop(int i)
{
    trace("  forgotten: %d", i);
    if (plan_fault_of(i, F_ONE_SIDE))
        excuse(i, "reached one broker only, and the store forgot it");
    if (cell[i].born_ms >= sim_now / MS + MARGIN_MS)
        excuse(i, "forgotten, and its producer's clock was too far ahead");
    w.message[i].forgotten = true;
    cell[i].version = 0;
}

static void fail_over(int64_t length)
{
    cells_memory(sim_now / MS + margin_ms);
    for (int i = 0; i < MESSAGES; i++)
        if (cell[i].version && cell[i].changed > sim_now - length)
            drop(i);
}

static void forget_due(void)
{
    for (int i = 0; i < MESSAGES; i++)
        if (cell[i].version && !cell[i].listed &&
            cell[i].forget_at <= sim_now) {
            cells_memory(cell[i].born_ms + 1);
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
