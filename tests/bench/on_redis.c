/* SPDX-License-Identifier: MIT */
/* on_redis.c - the guard's cycle on Redis, beside two SETs by hand with the
 * ids and lengths of the store's cells: all of a batch in one pipeline, and
 * one by one, waiting for each (the naive way).
 *
 * An entry of its own for each message costs Redis the more the more there are,
 * and a store is kept for days.  So the store of most races has a million done
 * messages in it, of both: an hour of 300 a second.
 */
#include "bench.h"
#include "guard_cycle.h"
#include "sets.h"

#include <stdio.h>
#include <string.h>

struct bare {
    redisContext *c;
    size_t batch;
};

/* For message i. */
static void append_set(struct bare *b, size_t i, int claims)
{
    sets_append(b->c, BENCH_SPACE, bench_id16[i], claims);
}

static void pipelined(void *self, struct lap *lap)
{
    struct bare *b = self;
    size_t n = b->batch, sent;

    bench_make_ids(lap->n);
    lap_begin(lap);
    for (size_t at = 0; at <= lap->n; at += n) {
        sent = 0;
        for (size_t i = at - n; at > 0 && i < at; i++, sent++)
            append_set(b, i, 0);
        for (size_t i = at; at < lap->n && i < at + n; i++, sent++)
            append_set(b, i, 1);
        while (sent-- > 0)
            sets_take(b->c);
        lap->calls++;
    }
    lap_end(lap);
}

static void naive(void *self, struct lap *lap)
{
    struct bare *b = self;

    bench_make_ids(lap->n);
    lap_begin(lap);
    for (size_t i = 0; i < lap->n; i++) {
        append_set(b, i, 1);
        sets_take(b->c);
        append_set(b, i, 0);
        sets_take(b->c);
        lap->calls += 2;
    }
    lap_end(lap);
}

/* ------------------------ the lengths of its cells ------------------------ */

#define OPEN "mqm:o:" BENCH_SPACE
#define BUCKETS "mqm:b:" BENCH_SPACE ":*"

/* The length of the first id's cell in a hash. */
static size_t cell_len(redisContext *c, const char *key)
{
    redisReply *r = redisCommand(c, "HSTRLEN %s %b", key, bench_id16[0],
                                 (size_t)16);
    size_t len;

    must(r && r->type == REDIS_REPLY_INTEGER && r->integer > 0 &&
             r->integer <= 500,
         "the store's cells do not lie in %s", key);
    len = (size_t)r->integer;
    freeReplyObject(r);
    return len;
}

static size_t filed_len(redisContext *c)
{
    redisReply *r = redisCommand(c, "KEYS " BUCKETS);
    size_t len;

    must(r && r->type == REDIS_REPLY_ARRAY && r->elements == 1,
         "there is not one key like " BUCKETS);
    len = cell_len(c, r->element[0]->str);
    freeReplyObject(r);
    return len;
}

static void learn_lengths(mqm *m, redisContext *c)
{
    struct mqm_claim claim = MQM_CLAIM_INIT;

    bench_make_ids(1);
    bench_message(&claim.msg, 0);
    must(mqm_acquire(m, &claim) == MQM_OK, "acquire");
    sets_held_len = cell_len(c, OPEN);
    must(mqm_release_on_success(m, &claim) == MQM_OK, "release");
    sets_done_len = filed_len(c);
}

/* ------------------------------- the store ------------------------------- */

enum { PAST = 1 << 20, LAP = 16384 };
static int filled;

static void fill(mqm *m, redisContext *c)
{
    struct bare bare = {c, 256};
    struct guard batch = {m, 256};

    filled = 1;
    bench_ids = IDS_BROKERS;
    for (size_t n = 0; n < PAST; n += LAP) {
        struct lap lap = {.n = LAP};

        pipelined(&bare, &lap);
        guard_submit(&batch, &lap);
    }
    bench_ids = IDS_NOW;
}

/* It has been there for an hour. */
static mqm *open_old(int port, redisContext *c)
{
    char url[64];
    mqm *m;

    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", port);
    mqm_close(guard_open(url, ""));
    sets_make_old(c, BENCH_SPACE);
    m = guard_open(url, "");
    learn_lengths(m, c);
    return m;
}

/* --------------------------------- races --------------------------------- */

static void race_single(mqm *m, redisContext *c)
{
    struct bare bare = {c, 1};
    struct guard one = {m, 1};
    struct race race = {
        .title = "Redis, single",
        .servers = {"redis us"},
        .n = 4,
        .racer = {{"by hand: SET NX, last one's SET", pipelined, &bare, 2048, 0,
                   {{0}}},
                  {"naive: two round trips", naive, &bare, 2048, 0, {{0}}},
                  {"mqm_submit", guard_submit, &one, 2048, 0, {{0}}},
                  {"mqm_acquire, ..._on_success", guard_steps, &one, 2048, 0,
                   {{0}}}}};

    race_run(&race);
}

static const struct {
    size_t batch;
    enum bench_ids ids;
    const char *words;
} kinds[] = {
    {64, IDS_BROKERS, "ids of two brokers"},
    {256, IDS_BROKERS, "ids of two brokers"},
    {256, IDS_NOW, "ids of a burst"},
    {256, IDS_TIMELESS, "ids without a time"},
};

static const char *const bars_of_64[2][2] = {
    {"Redis 64: mqm_submit", "Redis 64: mqm_submit beside the naive way"},
    {"Redis 64: mqm_run", "Redis 64: mqm_run beside the naive way"},
};

static void race_batches(mqm *m, redisContext *c, size_t kind,
                         const char *where)
{
    size_t n = kinds[kind].batch;
    struct bare bare = {c, n};
    struct guard batch = {m, n}, whole = {m, 1024};
    char title[80];
    struct race race = {
        .title = title,
        .servers = {"redis us"},
        .n = n == 64 ? 4 : 3,
        .racer = {{"by hand: pipelined SET NX, SET", pipelined, &bare, LAP, 0,
                   {{0}}},
                  {"mqm_submit", guard_submit, &batch, LAP, 0, {{0}}},
                  {"mqm_run", guard_run, &whole, LAP, 0, {{0}}},
                  {"naive: two round trips", naive, &bare, 1024, 0, {{0}}}}};

    snprintf(title, sizeof(title), "Redis%s, batches of %zu, %s", where, n,
             kinds[kind].words);
    bench_ids = kinds[kind].ids;
    race_run(&race);
    bench_ids = IDS_NOW;
    if (n == 256 && kinds[kind].ids != IDS_TIMELESS)
        bar_note(title, race_ratio(&race, 1, 0), 1.2, 1);
    for (size_t i = 1; n == 64 && i <= 2; i++) {
        bar_note(bars_of_64[i - 1][0], race_ratio(&race, i, 0), 0.6, 1);
        bar_note(bars_of_64[i - 1][1], race_ratio(&race, i, 3), 8, 1);
    }
}

static void race_threads(mqm *m, redisContext *c)
{
    struct bare bare = {c, 256};
    struct guard one = {m, 1}, eight = {m, 8}, many = {m, 64};
    struct race race = {
        .title = "Redis, threads with one message at a time",
        .servers = {"redis us"},
        .n = 4,
        .racer = {{"by hand: pipelined by 256", pipelined, &bare, LAP, 0,
                   {{0}}},
                  {"1 thread", guard_threads, &one, 1024, 0, {{0}}},
                  {"8 threads", guard_threads, &eight, 4096, 0, {{0}}},
                  {"Redis: 64 threads", guard_threads, &many, 8192, 0.35,
                   {{0}}}}};

    bench_ids = IDS_BROKERS;
    race_run(&race);
    bench_ids = IDS_NOW;
    bar_note("Redis: round trips a call of 8 threads",
             racer_calls(&race.racer[2]) / 2,
             0.3, -1);
}

void bench_redis_fill(int port)
{
    redisContext *c;
    mqm *m;

    if (filled)
        return;
    c = sets_connect(port);
    m = open_old(port, c);
    fill(m, c);
    mqm_close(m);
    redisFree(c);
}

void bench_redis(int port)
{
    redisContext *c = sets_connect(port);
    mqm *m = open_old(port, c);

    race_single(m, c);
    race_batches(m, c, 1, ", empty");
    fill(m, c);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        race_batches(m, c, i, "");
    race_threads(m, c);
    mqm_close(m);
    redisFree(c);
}
