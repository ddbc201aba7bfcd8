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
#include "redis_restore.h"
#include "redis_script.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_MAX = 256, TRIES = 3 };
enum { PENDING = INT32_MIN, SENT = INT32_MIN + 1 };

#define KEEP_MAX_MS 315360000000  /* ten years */

static int64_t keep_of(const struct mqm_swap *s)
{
    if (s->keep_ms < 1)
        return 1;
    return s->keep_ms < KEEP_MAX_MS ? s->keep_ms : KEEP_MAX_MS;
}

static const char *how(const struct mqm_swap *s)
{
    int listed = (s->flags & MQM_SWAP_LISTED) != 0;

    if (s->flags & MQM_SWAP_ANYWAY)
        return listed ? "L" : "U";
    return listed ? "l" : "u";
}

/* n numbers of 7 bytes, in one text. */
static void put_expects(struct redis *d, struct mqm_swap *const *s,
                        const uint16_t *at, size_t n)
{
    unsigned char text[GROUP_MAX * MQM__REDIS_VERSION_LEN];
    uint64_t newest = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t expect = s[at[i]]->expect;

        mqm__redis_pack(text + i * MQM__REDIS_VERSION_LEN, expect);
        if (expect > newest && expect <= MQM__REDIS_VERSION_MAX)
            newest = expect;
    }
    mqm__link_number(&d->link, (int64_t)newest);
    mqm__link_bulk(&d->link, text,
                   s[at[0]]->expect == 0 ? 0 : n * MQM__REDIS_VERSION_LEN);
}

static void put_borns(struct redis *d, struct mqm_swap *const *s,
                      const uint16_t *at, size_t n)
{
    unsigned char text[GROUP_MAX * MQM__REDIS_VERSION_LEN];

    for (size_t i = 0; i < n; i++)
        mqm__redis_pack(text + i * MQM__REDIS_VERSION_LEN,
                        (uint64_t)mqm__redis_born(&s[at[i]]->key));
    mqm__link_bulk(&d->link, text, n * MQM__REDIS_VERSION_LEN);
}

static void put_value(struct redis_link *l, const struct mqm_swap *s)
{
    unsigned char open[MQM__REDIS_VERSION_LEN + MQM_VALUE_MAX];

    if (!(s->flags & MQM_SWAP_LISTED)) {
        mqm__link_bulk(l, s->value, s->len);
        return;
    }
    mqm__redis_pack(open, (uint64_t)mqm__redis_born(&s->key));
    if (s->len > 0)
        memcpy(open + MQM__REDIS_VERSION_LEN, s->value, s->len);
    mqm__link_bulk(l, open, MQM__REDIS_VERSION_LEN + s->len);
}

static void put_args(struct redis *d, struct mqm_swap *const *s,
                     const uint16_t *at, size_t n,
                     const struct redis_buckets *b)
{
    struct redis_link *l = &d->link;

    mqm__link_text(l, d->id);
    mqm__link_number(l, d->floor_ms);
    mqm__link_number(l, keep_of(s[at[0]]));
    mqm__link_text(l, how(s[at[0]]));
    mqm__link_number(l, mqm__redis_born(&s[at[0]]->key)); /* in that order */
    mqm__link_number(l, mqm__redis_born(&s[at[n - 1]]->key));
    put_expects(d, s, at, n);
    put_borns(d, s, at, n);
    mqm__link_bulk(l, b->counts, b->bare ? 0 : 2 * b->n);
    mqm__link_number(l, mqm__redis_until(d) * 1000);
    for (size_t i = 0; i < n; i++)
        mqm__link_bulk(l, s[at[i]]->key.id, s[at[i]]->key.id_len);
    for (size_t i = 0; i < n; i++)
        put_value(l, s[at[i]]);
}

/* One script for n swaps that go together. */
static void put_script(struct redis *d, struct mqm_swap *const *s,
                       uint16_t *at, size_t n)
{
    const char *space = s[at[0]]->key.space;
    struct redis_link *l = &d->link;
    struct redis_buckets b;

    mqm__redis_buckets(&b, s, at, n, d->bucket_ms);
    mqm__link_put(l, 3 + 3 + b.n + 11 + 2 * n);
    mqm__link_text(l, d->whole_script ? "EVAL" : "EVALSHA");
    mqm__link_text(l, d->whole_script ? mqm__redis_script_swap : d->swap_sum);
    mqm__link_number(l, (int64_t)(3 + b.n));
    mqm__link_text(l, MQM__REDIS_STORE);
    mqm__link_bulk2(l, MQM__REDIS_SPACE, space, strlen(space));
    mqm__link_bulk2(l, MQM__REDIS_OPEN, space, strlen(space));
    mqm__redis_put_buckets(l, &b, s, at);
    put_args(d, s, at, n, &b);
}

static int goes_with(const struct mqm_swap *a, const struct mqm_swap *b)
{
    const unsigned same = MQM_SWAP_LISTED | MQM_SWAP_ANYWAY;

    return keep_of(a) == keep_of(b) && (a->flags & same) == (b->flags & same) &&
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

/* ---------------------------- what is kept ------------------------------ */

/* Done, in Redis' microseconds; the version as far as it is another. */
static void keep_done(struct redis *d, const struct mqm_swap *s,
                      uint64_t version, int64_t now_us)
{
    unsigned char head[3 * MQM__REDIS_VERSION_LEN];
    size_t len = MQM__REDIS_VERSION_LEN;

    if (!d->lossy)
        return;
    mqm__redis_pack(head, version);
    if (version % 2) {
        mqm__redis_pack(head + len, (uint64_t)now_us);
        len += MQM__REDIS_VERSION_LEN;
    }
    if (s->flags & MQM_SWAP_LISTED) {
        mqm__redis_pack(head + len, (uint64_t)mqm__redis_born(&s->key));
        len += MQM__REDIS_VERSION_LEN;
    }
    mqm__ring_put(&d->ring, s, keep_of(s), s->flags & MQM_SWAP_LISTED, head,
                  len, s->value, s->len);
}

/* As it stands there: what we do next may rest on it. */
static void keep_seen(struct redis *d, const struct mqm_swap *s,
                      const struct redis_reply *r, int listed)
{
    if (d->lossy)
        mqm__ring_put(&d->ring, s, keep_of(s), listed, r->text, r->len, NULL,
                      0);
}

/* ------------------------------- results -------------------------------- */

static int nonsense(struct redis *d, struct mqm_swap *s)
{
    return s->result = mqm__link_nonsense(&d->link);
}

/* A version above what was expected, as the clock is behind it. */
static int settle_ahead(struct redis *d, struct mqm_swap *s,
                        const struct redis_reply *r, int64_t now_us)
{
    uint64_t version;

    if (r->type != MQM__REDIS_TEXT || r->len != MQM__REDIS_VERSION_LEN)
        return nonsense(d, s);
    version = mqm__redis_unpack(r->text);
    if (version <= s->expect)
        return nonsense(d, s);
    mqm__swap_done(s, version);
    keep_done(d, s, version, now_us);
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
    keep_seen(d, s, r, born != NULL);
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
        return settle_ahead(d, s[at[i - 1]], r + 1, now_us);
    return settle_one(d, s[at[i - 1]], r + 1, now_us, which < 0 ? &born : NULL);
}

/* Of whom nothing was told: done, with now as the version. */
static int settle_rest(struct redis *d, struct mqm_swap *const *s,
                       const uint16_t *at, size_t n, uint64_t now)
{
    for (size_t i = 0; i < n; i++) {
        if (s[at[i]]->result != SENT)
            continue;
        if (now <= s[at[i]]->expect)
            return nonsense(d, s[at[i]]);
        mqm__swap_done(s[at[i]], now);
        keep_done(d, s[at[i]], now, (int64_t)now);
    }
    return MQM_OK;
}

/* The first negative result, or MQM_OK. */
static int settle(struct redis *d, struct mqm_swap *const *s,
                  const uint16_t *at, size_t n, const struct redis_reply *r)
{
    int64_t now_us = -1;
    int first = MQM_OK;

    if (r->type == MQM__REDIS_ARRAY && r->len % 2 == 1 &&
        r[1].type == MQM__REDIS_TEXT)
        now_us = mqm__redis_digits(r[1].text, r[1].len);
    if (now_us <= 0)
        return mqm__link_nonsense(&d->link);
    for (size_t i = 2; i <= r->len; i += 2) {
        int x = settle_told(d, s, at, n, r + i, now_us);

        if (x == 1)
            return mqm__link_nonsense(&d->link);
        if (x == -EPROTO)
            return x;
        if (first == MQM_OK)
            first = x;
    }
    if (settle_rest(d, s, at, n, (uint64_t)now_us) < 0)
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
    if (answer == MQM__REDIS_LAPSED)
        d->until_ms = 0;
    for (size_t i = 0; i < n; i++)
        if (s[at[i]]->result == SENT || d->link.fd < 0)
            s[at[i]]->result = r == 1 ? PENDING : r;
    return r;
}

/* Send what is pending, in groups. */
static int send_all(struct redis *d, struct mqm_swap *const *s, size_t n,
                    size_t *groups)
{
    uint16_t *at = d->group;
    uint16_t *len = d->group + n; /* of each group */

    *groups = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i]->result != PENDING)
            continue;
        len[*groups] = (uint16_t)gather(s, n, i, at);
        put_script(d, s, at, len[*groups]);
        at += len[(*groups)++];
    }
    d->whole_script = 0;
    return mqm__link_flush(&d->link);
}

/* One round trip.  1: some have to be sent again. */
static int round_trip(struct redis *d, struct mqm_swap *const *s, size_t n,
                      int *first)
{
    const uint16_t *at = d->group;
    size_t groups = 0;
    int again = 0, another = 0;
    int beat = mqm__redis_put_beat(d);
    int r = send_all(d, s, n, &groups);

    if (r >= 0 && beat)
        r = mqm__redis_take_beat(d);
    for (size_t g = 0; r >= 0 && g < groups; g++) {
        size_t len = d->group[n + g];
        int x = take_group(d, s, at, len, &another);

        if (x < 0 && *first == MQM_OK)
            *first = x;
        if (x < 0 && d->link.fd < 0)
            r = x;
        again |= x == 1;
        at += len;
    }
    if (r >= 0 && another)
        r = mqm__redis_hello(d);
    return r < 0 ? r : again;
}

static int make_groups(struct redis *d, size_t n)
{
    uint16_t *p;

    if (2 * n <= d->group_room)
        return MQM_OK;
    p = realloc(d->group, 2 * n * sizeof(*p));
    if (!p)
        return d->host->fail(d->host, -ENOMEM, "redis store: out of memory");
    d->group = p;
    d->group_room = 2 * n;
    return MQM_OK;
}

static int asks_only(struct mqm_swap *const *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i]->expect != MQM_ASK)
            return 0;
    return 1;
}

/* What was kept of this call is not true. */
static int not_believed(struct redis *d, struct mqm_swap *const *s, size_t n,
                        uint64_t last, uint64_t end)
{
    mqm__ring_undo(&d->ring, last, end);
    return mqm__swaps_all(s, n, -EPROTO);
}

/* Up to UINT16_MAX swaps. */
static int swap_some(struct redis *d, struct mqm_swap *const *s, size_t n)
{
    const uint64_t last = d->ring.last, end = d->ring.end;
    int first = MQM_OK;
    int r = make_groups(d, n);

    if (r == MQM_OK)
        r = mqm__redis_ready(d);
    mqm__swaps_all(s, n, PENDING);
    d->asks = asks_only(s, n);
    if (r == MQM_OK)
        r = 1;
    for (int i = 0; r == 1 && i < TRIES; i++) {
        r = mqm__redis_span(d);
        if (r >= 0)
            r = mqm__redis_may_write(d);
        if (r >= 0)
            r = round_trip(d, s, n, &first);
    }
    if (r == 1)
        r = mqm__link_in_vain(&d->link);
    for (size_t i = 0; i < n; i++)
        if (s[i]->result == PENDING || s[i]->result == SENT)
            s[i]->result = r;
    /* Whoever answers nonsense may have done so before. */
    if (first == -EPROTO || r == -EPROTO)
        return not_believed(d, s, n, last, end);
    if (d->ring.last != last)
        d->put_ms = mqm__mono_ms();
    return first < 0 ? first : r;
}

int mqm__redis_swap(struct redis *d, struct mqm_swap *const *s, size_t n)
{
    int first = mqm__swaps_check(d->host, s, n);

    if (first < 0)
        return first;
    for (size_t i = 0; i < n; i += UINT16_MAX) {
        size_t some = n - i < UINT16_MAX ? n - i : UINT16_MAX;
        int r = swap_some(d, s + i, some);

        if (first == MQM_OK)
            first = r;
    }
    return first;
}
