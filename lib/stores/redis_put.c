/* SPDX-License-Identifier: MIT */
/* redis_put.c - see redis_put.h. */
#include "redis_put.h"

#include "redis_bucket.h"
#include "redis_restore.h"
#include "redis_script.h"

#include <stdio.h>
#include <string.h>

#define KEEP_MAX_MS 315360000000  /* ten years */

int64_t mqm__redis_keep(const struct mqm_swap *s)
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

/* n numbers of 7 bytes, in one text; one if they are all the same, as those
 * are that were written together. */
static void put_expects(struct redis *d, struct mqm_swap *const *s,
                        const uint16_t *at, size_t n)
{
    unsigned char text[MQM__REDIS_GROUP * MQM__REDIS_VERSION_LEN];
    uint64_t newest = 0;
    size_t len = s[at[0]]->expect == 0 ? 0 : MQM__REDIS_VERSION_LEN;

    for (size_t i = 0; i < n; i++) {
        uint64_t expect = s[at[i]]->expect;

        mqm__redis_pack(text + i * MQM__REDIS_VERSION_LEN, expect);
        if (expect > newest && expect <= MQM__REDIS_VERSION_MAX)
            newest = expect;
        if (expect != s[at[0]]->expect)
            len = n * MQM__REDIS_VERSION_LEN;
    }
    mqm__link_number(&d->link, (int64_t)newest);
    mqm__link_bulk(&d->link, text, len);
}

/* Those of listed ones stand in their values. */
static void put_borns(struct redis *d, struct mqm_swap *const *s,
                      const uint16_t *at, size_t n)
{
    unsigned char text[MQM__REDIS_GROUP * MQM__REDIS_VERSION_LEN];

    if (s[at[0]]->flags & MQM_SWAP_LISTED)
        n = 0;
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

/* Each as it shall lie there, if the guess is close. */
static void put_values(struct redis_link *l, struct mqm_swap *const *s,
                       const uint16_t *at, size_t n, int64_t guess_us)
{
    size_t listed = (s[at[0]]->flags & MQM_SWAP_LISTED) != 0;
    size_t more = (1 + listed) * MQM__REDIS_VERSION_LEN;
    size_t len = s[at[0]]->len + more, sum = 0;
    unsigned char head[2 + 2 * MQM__REDIS_VERSION_LEN];

    for (size_t i = 0; i < n; i++) {
        sum += s[at[i]]->len + more;
        if (s[at[i]]->len + more != len)
            len = 0;
    }
    put_format(l, len, ">Hc0");
    mqm__link_bulk_begin(l, len ? sum : sum + 2 * n);
    mqm__redis_pack(head + 2, (uint64_t)guess_us);
    for (size_t i = 0; i < n; i++) {
        size_t own = s[at[i]]->len + more;

        head[0] = (unsigned char)(own >> 8);
        head[1] = (unsigned char)own;
        if (listed)
            mqm__redis_pack(head + 2 + MQM__REDIS_VERSION_LEN,
                            (uint64_t)mqm__redis_born(&s[at[i]]->key));
        mqm__link_part(l, len ? head + 2 : head, (len ? 0 : 2) + more);
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
    mqm__link_number(l, mqm__redis_keep(s[at[0]]));
    mqm__link_text(l, how(s[at[0]]));
    mqm__link_number(l, mqm__redis_born(&s[at[0]]->key)); /* in that order */
    mqm__link_number(l, mqm__redis_born(&s[at[n - 1]]->key));
    put_expects(d, s, at, n);
    put_borns(d, s, at, n);
    mqm__link_bulk(l, b->counts, b->bare ? 0 : 2 * b->n);
    put_ids(l, s, at, n);
    put_values(l, s, at, n, d->guess_us);
    mqm__link_number(l, (int64_t)n);
    mqm__link_number(l, d->guess_us);
    mqm__link_number(l, mqm__redis_until(d) * 1000);
}

void mqm__redis_put_script(struct redis *d, struct mqm_swap *const *s,
                           uint16_t *at, size_t n)
{
    const char *space = s[at[0]]->key.space;
    struct redis_link *l = &d->link;
    struct redis_buckets b;

    mqm__redis_buckets(&b, s, at, n, d->bucket_ms);
    mqm__link_put(l, 3 + 3 + b.n + 17);
    mqm__link_text(l, d->whole_script ? "EVAL" : "EVALSHA");
    if (d->whole_script)
        mqm__link_bulk2(l, mqm__redis_script_swap, mqm__redis_script_swap_2,
                        strlen(mqm__redis_script_swap_2));
    else
        mqm__link_text(l, d->swap_sum);
    mqm__link_number(l, (int64_t)(3 + b.n));
    mqm__link_text(l, MQM__REDIS_STORE);
    mqm__link_bulk2(l, MQM__REDIS_SPACE, space, strlen(space));
    mqm__link_bulk2(l, MQM__REDIS_OPEN, space, strlen(space));
    mqm__redis_put_buckets(l, &b, s, at);
    put_args(d, s, at, n, &b);
}
