/* SPDX-License-Identifier: MIT */
/* redis_restore.c - see redis_restore.h. */
#include "redis_restore.h"

#include "redis_bucket.h"
#include "redis_script.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LOSS_MS = 2000,  /* more than "appendfsync everysec" can lose */
    BEAT_MS = 800,   /* between two registrations */
    SLACK_MS = 1000, /* of MQM__REDIS_LEASE_MS, for a call to arrive */
    BATCH = 128
};

/* ------------------------------ registration ----------------------------- */

/* The older one of two that wait is kept, it is of use first. */
static void registered(struct redis *d, int64_t now_ms)
{
    mqm__bound_answered(&d->bound, d->next_until_ms != 0);
    if (!d->next_until_ms) {
        d->next_ms = mqm__mono_ms();
        d->next_until_ms = now_ms + MQM__REDIS_LEASE_MS;
    }
}

void mqm__redis_registered(struct redis *d, int64_t now_ms, int anew)
{
    if (anew) {
        d->until_ms = 0;
        d->next_until_ms = 0;
    }
    mqm__bound_lost(&d->bound);
    mqm__bound_sent(&d->bound, MQM__BOUND_NONE);
    registered(d, now_ms);
}

/* "last", or "last bound" */
static void put_state(struct redis *d)
{
    int64_t bound_ms = mqm__bound_next(&d->bound, mqm__wall_us() / 1000);
    char text[48];

    mqm__bound_sent(&d->bound, bound_ms);
    if (bound_ms == MQM__BOUND_NONE)
        snprintf(text, sizeof(text), "%llu", (unsigned long long)d->ring.last);
    else
        snprintf(text, sizeof(text), "%llu %lld",
                 (unsigned long long)d->ring.last, (long long)bound_ms);
    mqm__link_text(&d->link, text);
}

static void put_beat(struct redis *d)
{
    struct redis_link *l = &d->link;

    mqm__link_put(l, 8);
    mqm__link_text(l, "EVAL");
    mqm__link_text(l, mqm__redis_script_beat);
    mqm__link_text(l, "2");
    mqm__link_text(l, MQM__REDIS_STORE);
    mqm__link_text(l, MQM__REDIS_CLIENTS);
    mqm__link_text(l, d->id);
    mqm__link_text(l, d->handle);
    put_state(d);
    d->beat_ms = mqm__mono_ms();
}

int mqm__redis_put_beat(struct redis *d)
{
    if (!d->lossy || mqm__mono_ms() - d->beat_ms < BEAT_MS)
        return 0;
    put_beat(d);
    return 1;
}

/* One that failed counts as none, and the call goes on. */
int mqm__redis_take_beat(struct redis *d)
{
    const struct redis_reply *reply;
    int r = mqm__redis_script_reply(d, MQM__REDIS_TEXT, &reply);
    int64_t now_ms;

    if (r != MQM_OK) {
        mqm__bound_failed(&d->bound);
        return d->link.fd < 0 ? r : MQM_OK;
    }
    now_ms = mqm__redis_digits(reply->text, reply->len);
    if (now_ms < 0)
        return mqm__link_nonsense(&d->link);
    registered(d, now_ms);
    return MQM_OK;
}

static void promote(struct redis *d)
{
    if (!d->next_until_ms || mqm__mono_ms() - d->next_ms < LOSS_MS)
        return;
    d->until_ms = d->next_until_ms;
    d->since_ms = d->next_ms;
    mqm__bound_in_force(&d->bound);
    d->next_until_ms = 0;
}

static int is_live(int64_t since_ms)
{
    return mqm__mono_ms() - since_ms < MQM__REDIS_LEASE_MS - SLACK_MS;
}

static int beat_now(struct redis *d)
{
    int r;

    d->next_until_ms = 0;
    put_beat(d);
    r = mqm__link_flush(&d->link);
    if (r >= 0)
        r = mqm__redis_take_beat(d);
    if (r >= 0 && !d->next_until_ms)
        r = mqm__redis_hello(d); /* it is another store */
    return r;
}

int mqm__redis_known(struct redis *d, int64_t newest_ms)
{
    promote(d);
    return !d->lossy || d->asks || (d->until_ms && is_live(d->since_ms) &&
                                    newest_ms <= d->bound.now_ms);
}

/* 1: the one that waits will do. */
static int will_do(const struct redis *d, int64_t newest_ms)
{
    return d->next_until_ms && is_live(d->next_ms + LOSS_MS) &&
           newest_ms <= d->bound.next_ms;
}

int mqm__redis_may_write(struct redis *d, int64_t newest_ms)
{
    int r = MQM_OK;

    if (mqm__redis_known(d, newest_ms))
        return MQM_OK;
    if (d->until_ms && is_live(d->since_ms))
        mqm__bound_miss(&d->bound);
    d->until_ms = 0;
    mqm__bound_saw(&d->bound, newest_ms); /* no bound is below that now */
    if (!will_do(d, newest_ms))
        r = beat_now(d);
    while (r >= 0 && !d->until_ms) {
        struct timespec t = {0, 10000000};

        nanosleep(&t, NULL);
        promote(d);
    }
    mqm__link_begin(&d->link); /* that was not Redis' time */
    return r;
}

int64_t mqm__redis_until(const struct redis *d)
{
    return !d->lossy || d->asks ? INT64_MAX / 1000000 : d->until_ms;
}

/* Best effort: else it is waited for, for some seconds after its last beat. */
void mqm__redis_leave(struct redis *d)
{
    struct redis_link *l = &d->link;

    if (!d->lossy || l->fd < 0 || d->unsettled ||
        (d->put_ms && mqm__mono_ms() - d->put_ms < LOSS_MS))
        return;
    mqm__link_begin(l);
    mqm__link_put(l, 3);
    mqm__link_text(l, "HDEL");
    mqm__link_text(l, MQM__REDIS_CLIENTS);
    mqm__link_text(l, d->handle);
    if (mqm__link_flush(l) < 0)
        mqm__link_drop(l);
}

/* -------------------------------- restoring ------------------------------ */

struct batch {
    size_t n;
    int bare;
    int64_t keep_ms, last_ms;
    uint32_t space;
    struct ring_cell cells[BATCH];
};

static int64_t born_of(const struct ring_cell *c)
{
    struct mqm_key key = {NULL, NULL, 0, c->born_ms};

    return mqm__redis_born(&key);
}

static int fits(const struct batch *b, const struct ring_cell *c)
{
    return b->n < BATCH && b->space == c->space &&
           b->keep_ms == c->keep_ms && b->bare == (c->born_ms <= 0);
}

/* c: the first one, and then the first that does not fit.  0: no more. */
static int gather(const struct redis_ring *g, struct batch *b,
                  struct ring_cell *c)
{
    int more = 1;

    b->n = 0;
    b->bare = c->born_ms <= 0;
    b->keep_ms = c->keep_ms;
    b->space = c->space;
    b->last_ms = 0;
    while (more && fits(b, c)) {
        if (born_of(c) > b->last_ms)
            b->last_ms = born_of(c);
        b->cells[b->n++] = *c;
        more = mqm__ring_next(g, c);
    }
    return more;
}

static void put_key(struct redis *d, const struct batch *b,
                    const struct ring_cell *c, const char *space)
{
    char head[sizeof(MQM__REDIS_BUCKET) + MQM__SPACE_MAX + 32];

    if (b->bare) {
        snprintf(head, sizeof(head), "%s%s:", MQM__REDIS_CELL, space);
        mqm__link_bulk2(&d->link, head, c->id, c->id_len);
        return;
    }
    snprintf(head, sizeof(head), "%s%s:%lld", MQM__REDIS_BUCKET, space,
             (long long)(born_of(c) / d->bucket_ms));
    mqm__link_text(&d->link, head);
}

/* An answer, or -EAGAIN: it is over, or began anew. */
static int take(struct redis *d, int type, const struct redis_reply **reply)
{
    int r = mqm__link_flush(&d->link);

    if (r >= 0)
        r = mqm__redis_script_reply(d, type, reply);
    if (r == 1)
        r = d->host->fail(d->host, -EAGAIN, "%s: others have ended its "
                          "restoring", d->link.address.label);
    return r;
}

/* The store's id as it stands there just now. */
static void put_id(struct redis *d)
{
    mqm__link_bulk2(&d->link, d->restoring ? "~" : "", d->id, strlen(d->id));
}

static void put_batch(struct redis *d, const struct batch *b)
{
    const struct ring_space *space = &d->ring.spaces[b->space];
    struct redis_link *l = &d->link;
    unsigned char borns[BATCH * MQM__REDIS_VERSION_LEN];
    char how[BATCH];

    mqm__link_put(l, 3 + 3 + b->n + 6 + 2 * b->n);
    mqm__link_text(l, "EVAL");
    mqm__link_text(l, mqm__redis_script_restore);
    mqm__link_number(l, (int64_t)(3 + b->n));
    mqm__link_text(l, MQM__REDIS_STORE);
    mqm__link_bulk2(l, MQM__REDIS_SPACE, space->name, strlen(space->name));
    mqm__link_bulk2(l, MQM__REDIS_OPEN, space->name, strlen(space->name));
    for (size_t i = 0; i < b->n; i++) {
        put_key(d, b, &b->cells[i], space->name);
        how[i] = b->cells[i].listed ? 'L' : 'U';
        mqm__redis_pack(borns + i * MQM__REDIS_VERSION_LEN,
                        (uint64_t)born_of(&b->cells[i]));
    }
    put_id(d);
    mqm__link_number(l, space->raised_ms > d->floor_ms ? space->raised_ms
                                                       : d->floor_ms);
    mqm__link_number(l, b->keep_ms);
    mqm__link_number(l, b->last_ms);
    mqm__link_bulk(l, how, b->n);
    mqm__link_bulk(l, b->bare ? (const unsigned char *)"" : borns,
                   b->bare ? 0 : b->n * MQM__REDIS_VERSION_LEN);
    for (size_t i = 0; i < b->n; i++)
        mqm__link_bulk(l, b->cells[i].id, b->cells[i].id_len);
    for (size_t i = 0; i < b->n; i++)
        mqm__link_bulk(l, b->cells[i].cell, b->cells[i].len);
}

/* {how many were written, how many could not be} */
static int send_batch(struct redis *d, const struct batch *b, int64_t *written,
                      int64_t *failed)
{
    const struct redis_reply *reply;
    int r;

    put_batch(d, b);
    r = take(d, MQM__REDIS_ARRAY, &reply);
    if (r < 0)
        return r;
    if (!mqm__redis_is_texts(reply, 2))
        return mqm__link_nonsense(&d->link);
    *written += mqm__redis_digits(reply[1].text, reply[1].len);
    *failed += mqm__redis_digits(reply[2].text, reply[2].len);
    return MQM_OK;
}

/* What memory() was told, for what it is worth without a cell. */
static int send_raised(struct redis *d, struct batch *b)
{
    int64_t none = 0;
    int r = MQM_OK;

    memset(b, 0, offsetof(struct batch, cells));
    for (size_t i = 0; i < d->ring.n_spaces && r >= 0; i++) {
        b->space = (uint32_t)i;
        if (d->ring.spaces[i].raised_ms > 0)
            r = send_batch(d, b, &none, &none);
    }
    return r;
}

/* It goes on where the last call had to stop. */
static int send_cells(struct redis *d, struct batch *b, uint64_t base,
                      int64_t *written, int64_t *failed)
{
    struct ring_cell c = {.at = 0};
    uint64_t from = base > d->again ? base : d->again;
    int more;
    int r = MQM_OK;

    do
        more = mqm__ring_next(&d->ring, &c);
    while (more && c.number <= from);
    while (more && r >= 0) {
        more = gather(&d->ring, b, &c);
        r = send_batch(d, b, written, failed);
        if (r >= 0)
            d->again = b->cells[b->n - 1].number;
    }
    return r;
}

static int send_answer(struct redis *d)
{
    const struct redis_reply *reply;
    struct redis_link *l = &d->link;

    mqm__link_put(l, 10);
    mqm__link_text(l, "EVAL");
    mqm__link_text(l, mqm__redis_script_answer);
    mqm__link_text(l, "3");
    mqm__link_text(l, MQM__REDIS_STORE);
    mqm__link_text(l, MQM__REDIS_CLIENTS);
    mqm__link_text(l, MQM__REDIS_MISSING);
    put_id(d);
    mqm__link_text(l, d->handle);
    mqm__link_number(l, (int64_t)d->ring.last);
    mqm__link_number(l, d->incomplete);
    return take(d, MQM__REDIS_TEXT, &reply);
}

int mqm__redis_restore(struct redis *d, uint64_t base, int late)
{
    struct batch *b = malloc(sizeof(*b));
    int64_t written = 0, failed = 0;
    int r;

    if (!b)
        return d->host->fail(d->host, -ENOMEM, "redis store: out of memory");
    if (late || base < d->ring.gone)
        d->incomplete = 1;
    r = send_raised(d, b);
    if (r >= 0)
        r = send_cells(d, b, base, &written, &failed);
    d->incomplete |= failed > 0;
    if (r >= 0)
        r = send_answer(d);
    free(b);
    if (r >= 0)
        d->host->log(d->host, MQM_WARN,
                     "%s: it went back in time; wrote %lld records again%s",
                     d->link.address.label, (long long)written,
                     d->incomplete ? ", and cannot tell of all" : "");
    return r < 0 ? r : MQM_OK;
}
