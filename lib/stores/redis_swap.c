/* SPDX-License-Identifier: MIT */
/* redis_swap.c - see redis_swap.h.
 *
 * A pipeline of scripts, each with up to GROUP_MAX cells of one space and one
 * keep_ms.  A group that Redis did nothing of, because it had forgotten the
 * script or was another store, is sent once more.
 *
 * What always holds: a result is PENDING before the swap is sent and SENT until
 * Redis answered it; neither leaves this file.
 */
#include "redis_swap.h"

#include "redis_script.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_MAX = 256, TRIES = 3 };
enum { PENDING = INT32_MIN, SENT = INT32_MIN + 1 };

#define KEEP_MAX_MS 315360000000  /* ten years */
#define BORN_MAX 1000000000000000 /* in 16 digits, and exact as a double */

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

/* Digits of a fixed number.  What does not fit can be no version or no date:
 * minus signs, which match nothing. */
static void put_digits(char *to, uint64_t x)
{
    for (size_t i = MQM__REDIS_VERSION_LEN; i > 0; x /= 10)
        to[--i] = (char)('0' + x % 10);
    if (x > 0)
        memset(to, '-', MQM__REDIS_VERSION_LEN);
}

static void put_expects(struct redis *d, struct mqm_swap *const *s,
                        const uint16_t *at, size_t n)
{
    char text[GROUP_MAX * MQM__REDIS_VERSION_LEN] = "";

    if (s[at[0]]->expect == 0) {
        mqm__link_bulk(&d->link, NULL, 0);
        return;
    }
    for (size_t i = 0; i < n; i++)
        put_digits(text + i * MQM__REDIS_VERSION_LEN, s[at[i]]->expect);
    mqm__link_bulk(&d->link, text, n * MQM__REDIS_VERSION_LEN);
}

static void put_borns(struct redis *d, struct mqm_swap *const *s,
                      const uint16_t *at, size_t n)
{
    char text[GROUP_MAX * MQM__REDIS_VERSION_LEN] = "";
    int64_t first = BORN_MAX, last = 0;
    int bare = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t born = s[at[i]]->key.born_ms;

        born = born < 0 ? 0 : born < BORN_MAX ? born : BORN_MAX;
        put_digits(text + i * MQM__REDIS_VERSION_LEN, (uint64_t)born);
        bare |= born == 0;
        if (born > 0 && born < first)
            first = born;
        if (born > last)
            last = born;
    }
    mqm__link_bulk(&d->link, text, n * MQM__REDIS_VERSION_LEN);
    mqm__link_number(&d->link, first);
    mqm__link_number(&d->link, last);
    mqm__link_text(&d->link, bare ? "1" : "0");
}

/* One script for n swaps that go together. */
static void put_script(struct redis *d, struct mqm_swap *const *s,
                       const uint16_t *at, size_t n)
{
    const struct mqm_swap *first = s[at[0]];
    struct redis_link *l = &d->link;
    size_t space_len = strlen(first->key.space);
    char cell[320];

    mqm__link_put(l, 3 + 3 + n + 9 + n);
    mqm__link_text(l, d->whole_script ? "EVAL" : "EVALSHA");
    mqm__link_text(l, d->whole_script ? mqm__redis_script_swap : d->swap_sum);
    mqm__link_number(l, (int64_t)(3 + n));
    mqm__link_text(l, MQM__REDIS_STORE);
    mqm__link_bulk2(l, MQM__REDIS_SPACE, first->key.space, space_len);
    mqm__link_bulk2(l, MQM__REDIS_LIST, first->key.space, space_len);
    snprintf(cell, sizeof(cell), "%s%s:", MQM__REDIS_CELL, first->key.space);
    for (size_t i = 0; i < n; i++)
        mqm__link_bulk2(l, cell, s[at[i]]->key.id, s[at[i]]->key.id_len);
    mqm__link_text(l, d->id);
    mqm__link_number(l, d->floor_ms);
    mqm__link_number(l, keep_of(first));
    mqm__link_text(l, how(first));
    put_expects(d, s, at, n);
    put_borns(d, s, at, n);
    for (size_t i = 0; i < n; i++)
        mqm__link_bulk(l, s[at[i]]->value, s[at[i]]->len);
}

static int goes_with(const struct mqm_swap *a, const struct mqm_swap *b)
{
    const unsigned same = MQM_SWAP_LISTED | MQM_SWAP_ANYWAY;

    return keep_of(a) == keep_of(b) && (a->flags & same) == (b->flags & same) &&
           (a->expect == 0) == (b->expect == 0) &&
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

int mqm__redis_cell(const char *p, size_t len, int64_t now_us,
                    struct mqm_cell *cell)
{
    size_t head = MQM__REDIS_VERSION_LEN + 1;
    int64_t version, changed_us, age_ms;

    if (len < head)
        return -1;
    version = changed_us = mqm__redis_digits(p, MQM__REDIS_VERSION_LEN);
    if (p[head - 1] == 'L' || p[head - 1] == 'U') {
        if (len < head + MQM__REDIS_VERSION_LEN)
            return -1;
        changed_us = mqm__redis_digits(p + head, MQM__REDIS_VERSION_LEN);
        head += MQM__REDIS_VERSION_LEN;
    } else if (p[head - 1] != 'l' && p[head - 1] != 'u') {
        return -1;
    }
    if (version <= 0 || changed_us < 0 || len - head > MQM_VALUE_MAX)
        return -1;
    age_ms = (now_us - changed_us) / 1000;
    cell->version = (uint64_t)version;
    cell->age_ms = age_ms > 0 ? age_ms : 0;
    cell->len = len - head;
    memcpy(cell->value, p + head, cell->len);
    return 0;
}

static int not_ours(struct redis *d)
{
    return d->host->fail(d->host, -EIO,
                         "%s: under a key of this store (mqm:...) lies "
                         "something else: give it a database of its own",
                         d->link.address.label);
}

static int settle_one(struct redis *d, struct mqm_swap *s, const redisReply *r,
                      int64_t now_us)
{
    if (r->type == REDIS_REPLY_INTEGER) {
        mqm__swap_none(s);
        s->result = r->integer == 0 ? MQM_LOST : MQM_DOUBT;
        return r->integer == 2 ? s->result = not_ours(d) : MQM_OK;
    }
    if (!mqm__redis_is_text(r))
        return s->result = mqm__redis_nonsense(d);
    if (r->len == MQM__REDIS_VERSION_LEN &&
        mqm__redis_digits(r->str, r->len) > 0) {
        mqm__swap_done(s, (uint64_t)mqm__redis_digits(r->str, r->len));
        return MQM_OK;
    }
    s->result = MQM_LOST;
    if (mqm__redis_cell(r->str, r->len, now_us, &s->now) != 0)
        return s->result = not_ours(d);
    return MQM_OK;
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
        int64_t which = r->element[i]->integer;
        int x;

        if (r->element[i]->type != REDIS_REPLY_INTEGER || which < 1 ||
            (size_t)which > n)
            return mqm__redis_nonsense(d);
        x = settle_one(d, s[at[which - 1]], r->element[i + 1], now_us);
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
    if (r == MQM_OK || r == 1)
        r = 1;
    for (int i = 0; r == 1 && i < TRIES; i++)
        r = round_trip(d, s, n, &first);
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
