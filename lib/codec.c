/* SPDX-License-Identifier: MIT */
/* codec.c - see codec.h. */
#include "codec.h"
#include "bytes.h"
#include "error.h"

#include <mqmigrate/plugin.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { FORMAT = 1, DONE_LEN = 10 };
enum { BY_RULE = 1, BODY_SAFE = 2, REASSIGNED = 4, UNSENT = 8, ALL_FLAGS = 15 };

static_assert(1 + 1 + 1 + 2 + 8 + 8 + 4 + 3 + RECORD_SIDE + RECORD_HOLDER +
                      RECORD_ORIGIN <= MQM_VALUE_MAX,
              "the longest record fits a cell");

unsigned char mqm__side_tag(const char *side)
{
    unsigned h = 2166136261u;

    for (; *side; side++)
        h = (h ^ (unsigned char)*side) * 16777619u;
    return (unsigned char)(h ^ h >> 8 ^ h >> 16 ^ h >> 24);
}

size_t mqm__encode(unsigned char *out, const struct record *r)
{
    unsigned flags = (r->by_rule ? BY_RULE : 0u) |
                     (r->body_safe ? BODY_SAFE : 0u) |
                     (r->reassigned ? REASSIGNED : 0u) |
                     (r->unsent ? UNSENT : 0u);
    unsigned char *p = mqm__put(out, FORMAT << 4 | (unsigned)r->state, 1);

    if (r->state == MQM_DONE) {
        p = mqm__put(p, r->token, 8);
        return (size_t)(mqm__put(p, mqm__side_tag(r->side), 1) - out);
    }
    p = mqm__put(p, flags, 1);
    p = mqm__put(p, (unsigned)r->why, 1);
    p = mqm__put(p, r->attempts > UINT16_MAX ? UINT16_MAX : r->attempts, 2);
    p = mqm__put(p, r->token, 8);
    p = mqm__put(p, r->doubt, 8);
    p = mqm__put(p, (uint64_t)r->lease_ms, 4);
    p = mqm__put_text(p, r->side);
    p = mqm__put_text(p, r->holder);
    return (size_t)(mqm__put_text(p, r->origin) - out);
}

static void decode_open(struct record *out, struct bytes *r)
{
    unsigned flags = (unsigned)mqm__get(r, 1);

    out->why = (int)mqm__get(r, 1);
    out->attempts = (unsigned)mqm__get(r, 2);
    out->token = mqm__get(r, 8);
    out->doubt = mqm__get(r, 8);
    out->lease_ms = (int64_t)mqm__get(r, 4);
    mqm__get_text(r, out->side, sizeof(out->side));
    mqm__get_text(r, out->holder, sizeof(out->holder));
    mqm__get_text(r, out->origin, sizeof(out->origin));
    out->by_rule = flags & BY_RULE;
    out->body_safe = flags & BODY_SAFE;
    out->reassigned = flags & REASSIGNED;
    out->unsent = flags & UNSENT;
    r->bad |= (flags & ~(unsigned)ALL_FLAGS) || !out->side[0];
    /* Tokens grow, and who holds it has one and has begun: record.c counts on
     * both. */
    r->bad |= out->token == UINT64_MAX;
    r->bad |= out->state == MQM_HELD && (!out->token || !out->attempts);
}

int mqm__decode(struct record *out, const unsigned char *in, size_t len,
                unsigned char *side_tag)
{
    struct bytes r = {in, len, false};
    unsigned head = (unsigned)mqm__get(&r, 1);
    unsigned char tag = 0;

    *out = (struct record){.state = (int)(head & 15)};
    if (head >> 4 != FORMAT)
        return mqm__fail(-EPROTO, "the record has format %u, this library "
                         "knows %d: update it, or look for a foreign value "
                         "under our key", head >> 4, FORMAT);
    if (out->state == MQM_DONE) {
        out->token = mqm__get(&r, 8);
        tag = (unsigned char)mqm__get(&r, 1);
    } else if (out->state == MQM_OWED || out->state == MQM_HELD ||
               out->state == MQM_PARKED) {
        decode_open(out, &r);
    } else {
        r.bad = true;
    }
    if (r.bad || r.left)
        return mqm__fail(-EPROTO, "the record cannot be read (%zu bytes)", len);
    if (side_tag)
        *side_tag = tag;
    return 0;
}
