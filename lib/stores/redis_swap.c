/* SPDX-License-Identifier: MIT */
/* redis_swap.c - see redis_swap.h.
 *
 * A pipeline of scripts, each with up to GROUP_MAX cells of one space and one
 * keep_ms, bucket by bucket.  A group that Redis did nothing of, because it had
 * forgotten the script or was another store, is sent once more.
 *
 * What always holds: a result is PENDING before the swap is sent and SENT until
 * Redis answered it; neither leaves this file and redis_settle.c.
 */
#include "redis_swap.h"

#include "redis_bucket.h"
#include "redis_error.h"
#include "redis_put.h"
#include "redis_restore.h"
#include "redis_settle.h"
#include "redis_told.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_MAX = MQM__REDIS_GROUP, TRIES = 3 };
enum { FAR_US = 10000, LEAD_US = 20000 };
enum { PENDING = MQM__REDIS_PENDING, SENT = MQM__REDIS_SENT };

static int goes_with(const struct mqm_swap *a, const struct mqm_swap *b)
{
    const unsigned same = MQM_SWAP_LISTED | MQM_SWAP_ANYWAY;

    return mqm__redis_keep(a) == mqm__redis_keep(b) &&
           (a->flags & same) == (b->flags & same) &&
           (a->expect == 0) == (b->expect == 0) &&
           (a->key.born_ms <= 0) == (b->key.born_ms <= 0) &&
           (a->key.space == b->key.space ||
            strcmp(a->key.space, b->key.space) == 0);
}

/* The pending swaps that go with the one at `from`. */
static size_t gather(struct mqm_swap *const *s, size_t n, size_t from,
                     uint16_t *group)
{
    size_t len = 0;

    for (size_t i = from; i < n && len < GROUP_MAX; i++) {
        if (s[i]->result != PENDING || !goes_with(s[i], s[from]))
            continue;
        s[i]->result = SENT;
        group[len++] = (uint16_t)i;
    }
    return len;
}

/* What a group was answered.  1: it has to be sent again. */
static int take_group(struct redis *d, struct mqm_swap *const *s,
                      const uint16_t *at, size_t n, int *another)
{
    const struct redis_reply *reply;
    int r = mqm__link_reply(&d->link, &reply);
    int answer = -1;

    if (r < 0)
        return r;
    if (reply->type == MQM__REDIS_ERROR)
        r = mqm__link_error(&d->link, reply, &answer);
    else
        r = mqm__redis_settle(d, s, at, n, reply);
    if (answer == MQM__REDIS_RESEND)
        d->whole_script = 1;
    if (answer == MQM__REDIS_RELEARN)
        *another = 1;
    if (answer == MQM__REDIS_LAPSED)
        d->until_ms = 0;
    for (size_t i = 0; i < n; i++)
        if (s[at[i]]->result == SENT || d->link.fd < 0)
            s[at[i]]->result = r == 1 ? PENDING : r;
    return r;
}

/* What Redis' clock will say when it gets there, or a little more: it takes
 * none that is behind its clock (redis_script.h).  Even. */
static int64_t guess(const struct redis *d)
{
    return d->ahead_us
               ? (mqm__mono_us() + d->ahead_us + LEAD_US) & ~(int64_t)1
               : 0;
}

/* It said d->now_us later than when we sent. */
static void learn_time(struct redis *d, const struct redis_flight *f)
{
    int64_t most = d->now_us - f->sent_us;

    if (!d->ahead_us || most < d->ahead_us || most > d->ahead_us + FAR_US)
        d->ahead_us = most;
    else
        d->ahead_us += (most - d->ahead_us) / 64;
}

/* Send what is pending, in groups. */
static int send_all(struct redis *d, struct redis_flight *f)
{
    uint16_t *at = f->group;
    uint16_t *len = f->group + f->n; /* of each group */

    f->groups = 0;
    f->received = 0;
    f->sent_us = mqm__mono_us();
    f->guess_us = d->guess_us = guess(d);
    mqm__bound_saw(&d->bound, f->newest_ms); /* so it is not below that */
    f->beat = mqm__redis_put_beat(d);
    for (size_t i = 0; i < f->n; i++) {
        if (f->s[i]->result != PENDING)
            continue;
        len[f->groups] = (uint16_t)gather(f->s, f->n, i, at);
        mqm__redis_put_script(d, f->s, at, len[f->groups]);
        at += len[f->groups++];
    }
    d->whole_script = 0;
    f->drops = d->link.drops;
    f->deadline_us = d->link.deadline_us;
    return mqm__link_flush(&d->link);
}

/* Take its answers, unless they were taken.  Its result is 1 if some have to be
 * sent again. */
static void receive(struct redis *d, struct redis_flight *f, int *another)
{
    const uint16_t *at = f->group;

    if (f->received)
        return;
    f->received = 1;
    f->result = MQM_OK;
    d->link.deadline_us = f->deadline_us;
    d->guess_us = f->guess_us;
    d->now_us = 0;
    if (f->beat && f->drops == d->link.drops)
        f->result = mqm__redis_take_beat(d);
    for (size_t g = 0; g < f->groups && f->result >= 0; g++) {
        size_t len = f->group[f->n + g];
        int x;

        if (f->drops != d->link.drops) {
            f->result = mqm__link_lost(&d->link);
            return;
        }
        x = take_group(d, f->s, at, len, another);
        if (x < 0 && f->first == MQM_OK)
            f->first = x;
        if (x < 0 && d->link.fd < 0)
            f->result = x;
        else if (x == 1)
            f->result = 1;
        at += len;
    }
    if (d->now_us)
        learn_time(d, f);
}

static struct redis_flight *flight(struct redis *d, size_t i)
{
    return &d->flight[(d->oldest + i) % MQM_STORE_BEGUN];
}

/* Take all that is in flight, so that the connection is free. */
static void receive_all(struct redis *d, int *another)
{
    for (size_t i = 0; i < d->flying; i++)
        receive(d, flight(d, i), another);
}

/* Connected and introduced; while answers are due, it is.  And, if the call
 * writes, known. */
static int get_ready(struct redis *d, int64_t newest_ms)
{
    int another = 0, r;

    if (d->flying > 0 && d->link.fd >= 0) {
        if (strcmp(d->bucket_id, d->id) == 0 &&
            mqm__redis_known(d, newest_ms)) {
            mqm__link_begin(&d->link);
            return MQM_OK;
        }
        receive_all(d, &another);
    }
    r = mqm__redis_ready(d);
    if (r >= 0 && another)
        r = mqm__redis_hello(d);
    if (r >= 0)
        r = mqm__redis_may_write(d, newest_ms);
    return r < 0 ? r : mqm__redis_span(d);
}

/* Once more what Redis did nothing of.  The time for it begins anew if the
 * answers had been there for long. */
static void send_again(struct redis *d, struct redis_flight *f, int another)
{
    receive_all(d, &another);
    d->asks = f->asks;
    for (int i = 1; f->result == 1 && i < TRIES; i++) {
        f->result = MQM_OK;
        d->link.deadline_us = f->deadline_us;
        if (d->link.fd < 0)
            f->result = mqm__redis_ready(d);
        else if (mqm__mono_us() >= f->deadline_us)
            mqm__link_begin(&d->link);
        if (f->result >= 0 && another)
            f->result = mqm__redis_hello(d);
        another = 0;
        if (f->result >= 0)
            f->result = mqm__redis_may_write(d, f->newest_ms);
        if (f->result >= 0)
            f->result = mqm__redis_span(d);
        if (f->result >= 0)
            f->result = send_all(d, f);
        if (f->result >= 0)
            receive(d, f, &another);
    }
    if (f->result == 1)
        f->result = mqm__link_in_vain(&d->link);
}

static int make_groups(struct redis *d, struct redis_flight *f, size_t n)
{
    uint16_t *p;

    if (2 * n <= f->room)
        return MQM_OK;
    p = realloc(f->group, 2 * n * sizeof(*p));
    if (!p)
        return d->host->fail(d->host, -ENOMEM, "redis store: out of memory");
    f->group = p;
    f->room = 2 * n;
    return MQM_OK;
}

static int finish(struct redis *d, struct redis_flight *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->s[i]->result == PENDING || f->s[i]->result == SENT)
            f->s[i]->result = f->result;
    /* Whoever answers nonsense may have done so before. */
    if (f->first == -EPROTO || f->result == -EPROTO) {
        mqm__redis_told_nonsense(d);
        return mqm__swaps_all(f->s, f->n, -EPROTO);
    }
    return f->first < 0 ? f->first : f->result;
}

static int asks_only(struct mqm_swap *const *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i]->expect != MQM_ASK)
            return 0;
    return 1;
}

/* Of what is to be created, the latest birth.  What there is already was
 * created by somebody who was allowed to. */
static int64_t newest(struct mqm_swap *const *s, size_t n)
{
    int64_t at_ms = 0;

    for (size_t i = 0; i < n; i++)
        if (s[i]->expect == 0 && mqm__redis_born(&s[i]->key) > at_ms)
            at_ms = mqm__redis_born(&s[i]->key);
    return at_ms;
}

int mqm__redis_swap_begin(struct redis *d, struct mqm_swap *const *s, size_t n)
{
    struct redis_flight *f = flight(d, d->flying);
    int r = mqm__swaps_check(d->host, s, n);

    if (r < 0)
        return r;
    f->s = s;
    f->n = n;
    f->first = MQM_OK;
    f->asks = d->asks = asks_only(s, n);
    f->newest_ms = newest(s, n);
    mqm__swaps_all(s, n, PENDING);
    f->result = make_groups(d, f, n);
    if (f->result == MQM_OK)
        f->result = get_ready(d, f->newest_ms);
    if (f->result >= 0)
        f->result = send_all(d, f);
    if (f->result < 0)
        return finish(d, f);
    d->flying++;
    return MQM_OK;
}

int mqm__redis_swap_end(struct redis *d)
{
    struct redis_flight *f = flight(d, 0);
    int another = 0;

    receive(d, f, &another);
    if (f->result == 1)
        send_again(d, f, another);
    d->oldest = (d->oldest + 1) % MQM_STORE_BEGUN;
    d->flying--;
    return finish(d, f);
}

int mqm__redis_swap(struct redis *d, struct mqm_swap *const *s, size_t n)
{
    int first = mqm__swaps_check(d->host, s, n);

    if (first < 0)
        return first;
    for (size_t i = 0; i < n; i += UINT16_MAX) {
        size_t some = n - i < UINT16_MAX ? n - i : UINT16_MAX;
        int r = mqm__redis_swap_begin(d, s + i, some);

        if (r == MQM_OK)
            r = mqm__redis_swap_end(d);
        if (first == MQM_OK)
            first = r;
    }
    return first;
}
