/* SPDX-License-Identifier: MIT */
/* redis_bucket.c - see redis_bucket.h. */
#include "redis_bucket.h"

#include "redis_script.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LEN = MQM__REDIS_VERSION_LEN, USUAL_MS = 100, TRIES = 3 };

#define BORN_MAX 1000000000000000 /* exact as a double, in 7 bytes */

/* -------------------------------- bytes --------------------------------- */

void mqm__redis_pack(unsigned char *to, uint64_t x)
{
    if (x > MQM__REDIS_VERSION_MAX)
        x = UINT64_MAX;
    for (size_t i = LEN; i > 0; x >>= 8)
        to[--i] = (unsigned char)(x & 0xff);
}

uint64_t mqm__redis_unpack(const char *p)
{
    uint64_t x = 0;

    for (size_t i = 0; i < LEN; i++)
        x = x << 8 | (unsigned char)p[i];
    return x;
}

int64_t mqm__redis_born(const struct mqm_key *key)
{
    if (key->born_ms < 0)
        return 0;
    return key->born_ms < BORN_MAX ? key->born_ms : BORN_MAX;
}

int mqm__redis_cell(const char *p, size_t len, int64_t now_us,
                    struct mqm_cell *cell, int64_t *born)
{
    uint64_t version = len < LEN ? 0 : mqm__redis_unpack(p);
    size_t odd = version % 2 ? LEN : 0;
    size_t head = LEN + odd + (born ? LEN : 0);
    int64_t age_ms;

    if (version == 0 || version > MQM__REDIS_VERSION_MAX || len < head ||
        len - head > MQM_VALUE_MAX)
        return -1;
    age_ms = (now_us - (int64_t)mqm__redis_unpack(p + odd)) / 1000;
    if (born)
        *born = (int64_t)mqm__redis_unpack(p + LEN + odd);
    cell->version = version;
    cell->age_ms = age_ms > 0 ? age_ms : 0;
    cell->len = len - head;
    memcpy(cell->value, p + head, cell->len);
    return 0;
}

/* ------------------------------- buckets -------------------------------- */

/* Two that follow each other and are in order, the first of n1. */
static void merge(struct mqm_swap *const *s, uint16_t *at, size_t n1, size_t n)
{
    uint16_t first[MQM__REDIS_GROUP];

    if (s[at[n1 - 1]]->key.born_ms <= s[at[n1]]->key.born_ms)
        return;
    memcpy(first, at, n1 * sizeof(*at));
    for (size_t to = 0, i = 0, k = n1; i < n1; to++)
        if (k < n && s[at[k]]->key.born_ms < s[first[i]]->key.born_ms)
            at[to] = at[k++];
        else
            at[to] = first[i++];
}

/* They come partition by partition, each mostly in that order. */
static void sort_by_birth(struct mqm_swap *const *s, uint16_t *at, size_t n)
{
    for (size_t run = 1; run < n; run *= 2)
        for (size_t i = 0; i + run < n; i += 2 * run)
            merge(s, at + i, run, n - i < 2 * run ? n - i : 2 * run);
}

static void count_one(struct redis_buckets *b, int64_t slot)
{
    unsigned char *count;

    if (b->n == 0 || b->slot[b->n - 1] != slot) {
        b->slot[b->n] = slot;
        memset(b->counts + 2 * b->n++, 0, 2);
    }
    count = b->counts + 2 * (b->n - 1);
    if (++count[1] == 0)
        count[0]++;
}

void mqm__redis_buckets(struct redis_buckets *b, struct mqm_swap *const *s,
                        uint16_t *at, size_t n, int64_t bucket_ms)
{
    b->n = 0;
    b->bare = s[at[0]]->key.born_ms <= 0;
    if (b->bare) {
        b->n = n;
        return;
    }
    sort_by_birth(s, at, n);
    for (size_t i = 0; i < n; i++)
        count_one(b, mqm__redis_born(&s[at[i]]->key) / bucket_ms);
}

void mqm__redis_put_buckets(struct redis_link *l, const struct redis_buckets *b,
                            struct mqm_swap *const *s, const uint16_t *at)
{
    const char *space = s[at[0]]->key.space;
    char head[MQM__SPACE_MAX + 16], slot[24];

    snprintf(head, sizeof(head), "%s%s:",
             b->bare ? MQM__REDIS_CELL : MQM__REDIS_BUCKET, space);
    for (size_t i = 0; i < b->n; i++) {
        const struct mqm_key *key = &s[at[i]]->key;

        snprintf(slot, sizeof(slot), "%lld", (long long)b->slot[i]);
        if (b->bare)
            mqm__link_bulk2(l, head, key->id, key->id_len);
        else
            mqm__link_bulk2(l, head, slot, strlen(slot));
    }
}

/* --------------------------------- span --------------------------------- */

static int use_span(struct redis *d, int64_t bucket_ms)
{
    if (bucket_ms < 1)
        return mqm__redis_foreign(d);
    if (d->bucket_set && d->bucket_set != bucket_ms)
        return d->host->fail(d->host, -EINVAL,
                             "store.bucket_ms is %lld, but %s was begun with "
                             "%lld: set it to that, or leave it out",
                             (long long)d->bucket_set, d->link.address.label,
                             (long long)bucket_ms);
    d->bucket_ms = bucket_ms;
    memcpy(d->bucket_id, d->id, sizeof(d->bucket_id));
    return MQM_OK;
}

/* 1: it is another store than we knew. */
static int take_span(struct redis *d)
{
    const struct redis_reply *reply;
    int r = mqm__redis_script_reply(d, MQM__REDIS_TEXT, &reply);

    if (r != MQM_OK)
        return r;
    return use_span(d, mqm__redis_digits(reply->text, reply->len));
}

static int ask_span(struct redis *d)
{
    int r;

    mqm__link_put(&d->link, 6);
    mqm__link_text(&d->link, "EVAL");
    mqm__link_text(&d->link, mqm__redis_script_span);
    mqm__link_text(&d->link, "1");
    mqm__link_text(&d->link, MQM__REDIS_STORE);
    mqm__link_text(&d->link, d->id);
    mqm__link_number(&d->link, d->bucket_set ? d->bucket_set : USUAL_MS);
    r = mqm__link_flush(&d->link);
    return r < 0 ? r : take_span(d);
}

int mqm__redis_span(struct redis *d)
{
    for (int i = 0; strcmp(d->bucket_id, d->id) != 0; i++) {
        int r = i < TRIES ? ask_span(d) : mqm__link_in_vain(&d->link);

        if (r == 1)
            r = mqm__redis_hello(d);
        if (r < 0)
            return r;
    }
    return MQM_OK;
}
