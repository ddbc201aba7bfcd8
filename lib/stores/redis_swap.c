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

/* So many texts of the same length, or of a length of their own before each. */
static void put_format(struct redis_link *l, size_t len, const char *each)
{
    char text[24];

    if (len == 0) {
        mqm__link_text(l, each);
        return;
    }
    snprintf(text, sizeof(text), "c%zu", len);
    mqm__link_text(l, text);
}

static void put_ids(struct redis_link *l, struct mqm_swap *const *s,
                    const uint16_t *at, size_t n)
{
    size_t len = s[at[0]]->key.id_len, sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += s[at[i]]->key.id_len;
        if (s[at[i]]->key.id_len != len)
            len = 0;
    }
    put_format(l, len, "Bc0");
    mqm__link_bulk_begin(l, len ? sum : sum + n);
    for (size_t i = 0; i < n; i++) {
        const struct mqm_key *key = &s[at[i]]->key;
        unsigned char head = (unsigned char)key->id_len;

        if (!len)
            mqm__link_part(l, &head, 1);
        mqm__link_part(l, key->id, key->id_len);
    }
    mqm__link_bulk_end(l);
}

static void put_values(struct redis_link *l, struct mqm_swap *const *s,
                       const uint16_t *at, size_t n)
{
    size_t born = s[at[0]]->flags & MQM_SWAP_LISTED ? MQM__REDIS_VERSION_LEN : 0;
    size_t len = s[at[0]]->len + born, sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += s[at[i]]->len + born;
        if (s[at[i]]->len + born != len)
            len = 0;
    }
    put_format(l, len, ">Hc0");
    mqm__link_bulk_begin(l, len ? sum : sum + 2 * n);
    for (size_t i = 0; i < n; i++) {
        unsigned char head[2 + MQM__REDIS_VERSION_LEN];
        size_t own = s[at[i]]->len + born;

        head[0] = (unsigned char)(own >> 8);
        head[1] = (unsigned char)own;
        mqm__redis_pack(head + 2, (uint64_t)mqm__redis_born(&s[at[i]]->key));
        mqm__link_part(l, len ? head + 2 : head, (len ? 0 : 2) + born);
        mqm__link_part(l, s[at[i]]->value, s[at[i]]->len);
    }
    mqm__link_bulk_end(l);
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
    put_ids(l, s, at, n);
    put_values(l, s, at, n);
}

/* One script for n swaps that go together. */
static void put_script(struct redis *d, struct mqm_swap *const *s,
                       uint16_t *at, size_t n)
{
    const char *space = s[at[0]]->key.space;
    struct redis_link *l = &d->link;
    struct redis_buckets b;

    mqm__redis_buckets(&b, s, at, n, d->bucket_ms);
    mqm__link_put(l, 3 + 3 + b.n + 14);
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

static int not_ours(struct redis *d)
{
    return d->host->fail(d->host, -EIO,
                         "%s: under a key of this store (mqm:...) lies "
                         "something else: give it a database of its own",
                         d->link.address.label);
}

/* A version above what was expected, as the clock is behind it. */
static int settle_ahead(struct redis *d, struct mqm_swap *s,
                        const redisReply *r)
{
    uint64_t version;

    if (!mqm__redis_is_text(r) || r->len != MQM__REDIS_VERSION_LEN)
        return s->result = mqm__redis_nonsense(d);
    version = mqm__redis_unpack(r->str);
    if (version <= s->expect)
        return s->result = mqm__redis_nonsense(d);
    mqm__swap_done(s, version);
    return MQM_OK;
}

/* It was not done.  born: to skip, or NULL. */
static int settle_one(struct redis *d, struct mqm_swap *s, const redisReply *r,
                      int64_t now_us, int64_t *born)
{
    if (r->type == REDIS_REPLY_INTEGER) {
        mqm__swap_none(s);
        s->result = r->integer == 0 ? MQM_LOST : MQM_DOUBT;
        return r->integer == 2 ? s->result = not_ours(d) : MQM_OK;
    }
    if (!mqm__redis_is_text(r))
        return s->result = mqm__redis_nonsense(d);
    s->result = MQM_LOST;
    if (mqm__redis_cell(r->str, r->len, now_us, &s->now, born) != 0)
        return s->result = not_ours(d);
    return MQM_OK;
}

/* r: its number, and what to know of it.  1: it has no such number. */
static int settle_told(struct redis *d, struct mqm_swap *const *s,
                       const uint16_t *at, size_t n, redisReply *const *r,
                       int64_t now_us)
{
    int64_t which = r[0]->type == REDIS_REPLY_INTEGER ? r[0]->integer : 0;
    int64_t i = which < 0 ? -which : which % MQM__REDIS_AHEAD;
    int64_t born;

    if (which < -GROUP_MAX || which >= 2 * MQM__REDIS_AHEAD || i < 1 ||
        (size_t)i > n)
        return 1;
    if (which > MQM__REDIS_AHEAD)
        return settle_ahead(d, s[at[i - 1]], r[1]);
    return settle_one(d, s[at[i - 1]], r[1], now_us, which < 0 ? &born : NULL);
}

/* The first negative result, or MQM_OK. */
static int settle(struct redis *d, struct mqm_swap *const *s,
                  const uint16_t *at, size_t n, const redisReply *r)
{
    int64_t now_us = -1;
    int first = MQM_OK;

    if (r->type == REDIS_REPLY_ARRAY && r->elements % 2 == 1 &&
        mqm__redis_is_text(r->element[0]))
        now_us = mqm__redis_digits(r->element[0]->str, r->element[0]->len);
    if (now_us <= 0)
        return mqm__redis_nonsense(d);
    for (size_t i = 1; i < r->elements; i += 2) {
        int x = settle_told(d, s, at, n, r->element + i, now_us);

        if (x == 1)
            return mqm__redis_nonsense(d);
        if (first == MQM_OK)
            first = x;
    }
    for (size_t i = 0; i < n; i++)
        if (s[at[i]]->result == SENT)
            mqm__swap_done(s[at[i]], (uint64_t)now_us);
    return first;
}

/* What a group was answered.  1: it has to be sent again. */
static int take_group(struct redis *d, struct mqm_swap *const *s,
                      const uint16_t *at, size_t n, int *another)
{
    redisReply *reply = NULL;
    int r = mqm__link_reply(&d->link, &reply);
    int again = 0;

    if (r < 0)
        return r;
    if (reply->type != REDIS_REPLY_ERROR) {
        r = settle(d, s, at, n, reply);
    } else if (strncmp(reply->str, "NOSCRIPT", 8) == 0) {
        again = d->whole_script = 1;
    } else if (strncmp(reply->str, "MQMSTORE", 8) == 0) {
        again = *another = 1;
    } else {
        r = mqm__link_error(&d->link, reply->str);
    }
    freeReplyObject(reply);
    for (size_t i = 0; i < n; i++)
        if (s[at[i]]->result == SENT || d->link.fd < 0)
            s[at[i]]->result = again ? PENDING : r;
    return again ? 1 : r;
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
    int r = send_all(d, s, n, &groups);

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

/* Up to UINT16_MAX swaps. */
static int swap_some(struct redis *d, struct mqm_swap *const *s, size_t n)
{
    int first = MQM_OK;
    int r = make_groups(d, n);

    if (r == MQM_OK)
        r = mqm__redis_ready(d);
    mqm__swaps_all(s, n, PENDING);
    if (r == MQM_OK)
        r = 1;
    for (int i = 0; r == 1 && i < TRIES; i++) {
        r = mqm__redis_span(d);
        if (r >= 0)
            r = round_trip(d, s, n, &first);
    }
    if (r == 1)
        r = d->host->fail(d->host, -EAGAIN,
                          "%s: it was emptied again and again",
                          d->link.address.label);
    for (size_t i = 0; i < n; i++)
        if (s[i]->result == PENDING || s[i]->result == SENT)
            s[i]->result = r;
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
