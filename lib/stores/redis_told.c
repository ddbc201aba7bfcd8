/* SPDX-License-Identifier: MIT */
/* redis_told.c - see redis_told.h. */
#include "redis_told.h"

#include "redis_bucket.h"
#include "redis_put.h"
#include "redis_script.h"
#include "swaps.h"

enum { LEN = MQM__REDIS_VERSION_LEN };

void mqm__redis_told_done(struct redis *d, const struct mqm_swap *s,
                          uint64_t version, int64_t at_us)
{
    unsigned char head[3 * LEN];
    size_t len = LEN;

    if (!d->lossy)
        return;
    mqm__redis_pack(head, version);
    if (version % 2) {
        mqm__redis_pack(head + len, (uint64_t)at_us);
        len += LEN;
    }
    if (s->flags & MQM_SWAP_LISTED) {
        mqm__redis_pack(head + len, (uint64_t)mqm__redis_born(&s->key));
        len += LEN;
    }
    mqm__ring_put(&d->ring, s, mqm__redis_keep(s), s->flags & MQM_SWAP_LISTED,
                  head, len, s->value, s->len);
    d->put_ms = mqm__mono_ms();
}

/* What we do next may rest on it, and whoever wrote it may not know. */
void mqm__redis_told_cell(struct redis *d, const struct mqm_swap *s,
                          const struct redis_reply *cell, int listed)
{
    if (!d->lossy)
        return;
    mqm__ring_put(&d->ring, s, mqm__redis_keep(s), listed, cell->text,
                  cell->len, NULL, 0);
    d->put_ms = mqm__mono_ms();
}

/* If it falls now, the ring does not reach back far enough. */
void mqm__redis_told_nonsense(struct redis *d)
{
    mqm__ring_clear(&d->ring);
}
