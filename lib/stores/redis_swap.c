/* SPDX-License-Identifier: MIT */
/* redis_swap.c - see redis_swap.h.
 *
 * A pipeline of scripts, each with up to GROUP_MAX cells of one space and one
 * keep_ms, bucket by bucket.  A group that Redis did nothing of, because it had
 * forgotten the script or was another store, is sent once more.
 *
 * What always holds: a result is PENDING before the swap is sent and SENT until
 * Redis answered it; neither leaves this file.
 */
#include "redis_swap.h"

#include "redis_bucket.h"
#include "redis_error.h"
#include "redis_put.h"
#include "redis_script.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_MAX = MQM__REDIS_GROUP, TRIES = 3 };
enum { FAR_US = 10000 };
enum { PENDING = INT32_MIN, SENT = INT32_MIN + 1 };

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

static int nonsense(struct redis *d, struct mqm_swap *s)
{
    return s->result = mqm__link_nonsense(&d->link);
}

/* A version above what was expected, as the clock is behind it. */
static int settle_ahead(struct redis *d, struct mqm_swap *s,
                        const struct redis_reply *r)
{
    uint64_t version;

    if (r->type != MQM__REDIS_TEXT || r->len != MQM__REDIS_VERSION_LEN)
        return nonsense(d, s);
    version = mqm__redis_unpack(r->text);
    if (version <= s->expect)
        return nonsense(d, s);
    mqm__swap_done(s, version);
    return MQM_OK;
}

/* There is no cell, or none that can be read.  What contradicts the question is
 * no answer. */
static int settle_none(struct redis *d, struct mqm_swap *s, int64_t why)
{
    mqm__swap_none(s);
    if (why == 2)
        return s->result = mqm__redis_foreign(d);
    if (why == 0 ? s->expect == 0
                 : why != 1 || (s->flags & MQM_SWAP_ANYWAY) != 0)
        return nonsense(d, s);
    s->result = why == 0 ? MQM_LOST : MQM_DOUBT;
    return MQM_OK;
}

/* It was not done.  born: to skip, or NULL. */
static int settle_one(struct redis *d, struct mqm_swap *s,
                      const struct redis_reply *r, int64_t now_us,
                      int64_t *born)
{
    if (r->type == MQM__REDIS_NUMBER)
        return settle_none(d, s, r->number);
    if (r->type != MQM__REDIS_TEXT)
        return nonsense(d, s);
    if (mqm__redis_cell(r->text, r->len, now_us, &s->now, born) != 0)
        return s->result = mqm__redis_foreign(d);
    if (s->now.version == s->expect)
        return nonsense(d, s);
    s->result = MQM_LOST;
    return MQM_OK;
}

/* r: its number, and what to know of it.  1: it has no such number. */
static int settle_told(struct redis *d, struct mqm_swap *const *s,
                       const uint16_t *at, size_t n,
                       const struct redis_reply *r, int64_t now_us)
{
    int64_t which = r[0].type == MQM__REDIS_NUMBER ? r[0].number : 0;
    int64_t i, born;

    if (which < -GROUP_MAX || which >= 2 * MQM__REDIS_AHEAD)
        return 1;
    i = which < 0 ? -which : which % MQM__REDIS_AHEAD;
    if (i < 1 || (size_t)i > n)
        return 1;
    if (which > MQM__REDIS_AHEAD)
        return settle_ahead(d, s[at[i - 1]], r + 1);
    return settle_one(d, s[at[i - 1]], r + 1, now_us, which < 0 ? &born : NULL);
}

/* Of whom nothing was told: done, with this as the version. */
static int settle_rest(struct redis *d, struct mqm_swap *const *s,
                       const uint16_t *at, size_t n, uint64_t version)
{
    for (size_t i = 0; i < n; i++) {
        if (s[at[i]]->result != SENT)
            continue;
        if (version <= s[at[i]]->expect)
            return nonsense(d, s[at[i]]);
        mqm__swap_done(s[at[i]], version);
    }
    return MQM_OK;
}

/* The first negative result, or MQM_OK. */
static int settle(struct redis *d, struct mqm_swap *const *s,
                  const uint16_t *at, size_t n, const struct redis_reply *r)
{
    int64_t now_us = -1;
    size_t close = 0; /* our guess was */
    int first = MQM_OK;

    if (r->type == MQM__REDIS_ARRAY && r->len % 2 == 1 &&
        r[1].type == MQM__REDIS_TEXT) {
        close = r[1].len > 0 && r[1].text[0] == '~';
        now_us = mqm__redis_digits(r[1].text + close, r[1].len - close);
    }
    if (now_us <= 0)
        return mqm__link_nonsense(&d->link);
    d->now_us = now_us;
    for (size_t i = 2; i <= r->len; i += 2) {
        int x = settle_told(d, s, at, n, r + i, now_us);

        if (x == 1)
            return mqm__link_nonsense(&d->link);
        if (x == -EPROTO)
            return x;
        if (first == MQM_OK)
            first = x;
    }
    if (settle_rest(d, s, at, n, (uint64_t)(close ? d->guess_us : now_us)) < 0)
        return -EPROTO;
    return first;
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
        r = settle(d, s, at, n, reply);
    if (answer == MQM__REDIS_RESEND)
        d->whole_script = 1;
    if (answer == MQM__REDIS_RELEARN)
        *another = 1;
    for (size_t i = 0; i < n; i++)
        if (s[at[i]]->result == SENT || d->link.fd < 0)
            s[at[i]]->result = r == 1 ? PENDING : r;
    return r;
}

/* What Redis' clock says now, or a little more, so that no lease ends earlier
 * than its holder thinks; even. */
static int64_t guess(const struct redis *d)
{
    return d->ahead_us ? (mqm__mono_us() + d->ahead_us) & ~(int64_t)1 : 0;
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

/* Connected and introduced; while answers are due, it is. */
static int get_ready(struct redis *d)
{
    int another = 0, r;

    if (d->flying > 0 && d->link.fd >= 0) {
        if (strcmp(d->bucket_id, d->id) == 0) {
            mqm__link_begin(&d->link);
            return MQM_OK;
        }
        receive_all(d, &another);
    }
    r = mqm__redis_ready(d);
    if (r >= 0 && another)
        r = mqm__redis_hello(d);
    return r < 0 ? r : mqm__redis_span(d);
}

/* Once more what Redis did nothing of.  The time for it begins anew if the
 * answers had been there for long. */
static void send_again(struct redis *d, struct redis_flight *f, int another)
{
    receive_all(d, &another);
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

static int finish(struct redis_flight *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->s[i]->result == PENDING || f->s[i]->result == SENT)
            f->s[i]->result = f->result;
    /* Whoever answers nonsense may have done so before. */
    if (f->first == -EPROTO || f->result == -EPROTO)
        return mqm__swaps_all(f->s, f->n, -EPROTO);
    return f->first < 0 ? f->first : f->result;
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
    mqm__swaps_all(s, n, PENDING);
    f->result = make_groups(d, f, n);
    if (f->result == MQM_OK)
        f->result = get_ready(d);
    if (f->result >= 0)
        f->result = send_all(d, f);
    if (f->result < 0)
        return finish(f);
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
    return finish(f);
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
