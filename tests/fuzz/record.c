/* SPDX-License-Identifier: MIT */
/* record.c - any bytes as a record: it is refused with words, or it is written
 * as it was read, and every rule has an answer to it.
 *
 * Input: a byte (what is asked), two numbers, the record.
 */
#include "fuzz.h"

#include "../../lib/codec.h"
#include "../../lib/error.h"

#include <mqmigrate/plugin.h>

#include <errno.h>

static void same(const struct record *a, const struct record *b)
{
    MUST(a->state == b->state && a->token == b->token);
    MUST(a->doubt == b->doubt && a->attempts == b->attempts);
    MUST(a->lease_ms == b->lease_ms && a->why == b->why);
    MUST(a->by_rule == b->by_rule && a->body_safe == b->body_safe);
    MUST(a->reassigned == b->reassigned && a->unsent == b->unsent);
    MUST(!strcmp(a->side, b->side) && !strcmp(a->holder, b->holder));
    MUST(!strcmp(a->origin, b->origin));
}

static void goes_round(const struct record *r, const uint8_t *p, size_t len)
{
    unsigned char bytes[MQM_VALUE_MAX];
    struct record again;
    size_t n = mqm__encode(bytes, r);

    MUST(n <= sizeof(bytes));
    /* The tag of a side that is not told cannot be written again. */
    MUST(n == len && !memcmp(bytes, p, n - (r->state == MQM_DONE)));
    MUST(mqm__decode(&again, bytes, n, NULL) == 0);
    same(r, &again);
}

static void can_be_decided(const struct record *r, uint8_t what, uint64_t a,
                           uint64_t b)
{
    static const char *const sides[] = {"kafka", "rocketmq"};
    struct request rq = {.op = what % (OP_LOOK + 2),
                         .side = sides[what >> 4 & 1],
                         .route = sides[what >> 5 & 1],
                         .holder = "h",
                         .origin = "o",
                         .token = a,
                         .lease_ms = (int64_t)(b & INT32_MAX),
                         .settle_ms = 1000,
                         .may_pin_away = b >> 40 & 1,
                         .by_rule = b >> 41 & 1,
                         .unsure = b >> 42 & 1,
                         .parked_copy = b >> 43 & 1,
                         .body_safe = b >> 44 & 1};
    unsigned char bytes[MQM_VALUE_MAX];
    struct record cur = *r, next, back;
    const char *why = NULL;
    int v;

    if (rq.op > OP_LOOK)
        return;
    cur.age_ms = (int64_t)(b >> 8 & INT32_MAX);
    memset(&next, 0, sizeof(next));
    v = mqm__decide(&cur, &rq, &next, &why);
    MUST(v >= MQM_OK && v <= MQM_LOST && why);
    if (next.state == MQM_FREE)
        return;
    MUST(cur.state != MQM_DONE || next.state == MQM_DONE);
    MUST(next.attempts <= cur.attempts + 1);
    MUST(rq.op != OP_ACQUIRE || next.state != MQM_HELD ||
         next.token > cur.token);
    MUST(mqm__decode(&back, bytes, mqm__encode(bytes, &next), NULL) == 0 ||
         next.token == UINT64_MAX); /* the end of all tokens: nobody's */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    uint8_t what = take_byte(&in);
    uint64_t a = take_number(&in, 8), b = take_number(&in, 8);
    char *exact = text_of(in.at, in.left);
    struct record r;
    int err;

    mqm__clear_error();
    err = mqm__decode(&r, (unsigned char *)exact, in.left, NULL);
    MUST(err == 0 || (err == -EPROTO && mqm_errmsg()[0]));
    MUST(err == 0 || is_plain(mqm_errmsg()));
    if (err == 0) {
        goes_round(&r, in.at, in.left);
        can_be_decided(&r, what, a, b);
    }
    free(exact);
    return 0;
}
