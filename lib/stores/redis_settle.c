/* SPDX-License-Identifier: MIT */
/* redis_settle.c - see redis_settle.h. */
#include "redis_settle.h"

#include "redis_bucket.h"
#include "redis_script.h"
#include "redis_told.h"
#include "swaps.h"

#include <errno.h>

static int nonsense(struct redis *d, struct mqm_swap *s)
{
    return s->result = mqm__link_nonsense(&d->link);
}

/* A version above what was expected, as the clock is behind it. */
static int settle_ahead(struct redis *d, struct mqm_swap *s,
                        const struct redis_reply *r, int64_t at_us)
{
    uint64_t version;

    if (r->type != MQM__REDIS_TEXT || r->len != MQM__REDIS_VERSION_LEN)
        return nonsense(d, s);
    version = mqm__redis_unpack(r->text);
    if (version <= s->expect)
        return nonsense(d, s);
    mqm__swap_done(s, version);
    mqm__redis_told_done(d, s, version, at_us);
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
    mqm__redis_told_cell(d, s, r, born != NULL);
    return MQM_OK;
}

/* r: its number, and what to know of it.  1: it has no such number. */
static int settle_told(struct redis *d, struct mqm_swap *const *s,
                       const uint16_t *at, size_t n,
                       const struct redis_reply *r, int64_t at_us)
{
    int64_t which = r[0].type == MQM__REDIS_NUMBER ? r[0].number : 0;
    int64_t i, born;

    if (which < -MQM__REDIS_GROUP || which >= 2 * MQM__REDIS_AHEAD)
        return 1;
    i = which < 0 ? -which : which % MQM__REDIS_AHEAD;
    if (i < 1 || (size_t)i > n)
        return 1;
    if (which > MQM__REDIS_AHEAD)
        return settle_ahead(d, s[at[i - 1]], r + 1, at_us);
    return settle_one(d, s[at[i - 1]], r + 1, d->now_us,
                      which < 0 ? &born : NULL);
}

/* Of whom nothing was told: done, with this as the version. */
static int settle_rest(struct redis *d, struct mqm_swap *const *s,
                       const uint16_t *at, size_t n, uint64_t version)
{
    for (size_t i = 0; i < n; i++) {
        if (s[at[i]]->result != MQM__REDIS_SENT)
            continue;
        if (version <= s[at[i]]->expect)
            return nonsense(d, s[at[i]]);
        mqm__swap_done(s[at[i]], version);
        mqm__redis_told_done(d, s[at[i]], version, (int64_t)version);
    }
    return MQM_OK;
}

int mqm__redis_settle(struct redis *d, struct mqm_swap *const *s,
                      const uint16_t *at, size_t n,
                      const struct redis_reply *r)
{
    int64_t now_us = -1, at_us;
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
    at_us = close ? d->guess_us : now_us;
    for (size_t i = 2; i <= r->len; i += 2) {
        int x = settle_told(d, s, at, n, r + i, at_us);

        if (x == 1)
            return mqm__link_nonsense(&d->link);
        if (x == -EPROTO)
            return x;
        if (first == MQM_OK)
            first = x;
    }
    if (settle_rest(d, s, at, n, (uint64_t)at_us) < 0)
        return -EPROTO;
    return first;
}
