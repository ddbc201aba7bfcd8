/* SPDX-License-Identifier: MIT */
/* ids.c - the ids of a turn's messages; see guard_cycle.h.
 *
 * BROKERS: a poll of 256 messages brings 32 in a row of each of 8 partitions,
 * which are some ms apart; polls of the one broker and of the other, whose
 * messages are 10 minutes older, take turns.  The time of the messages goes on
 * from turn to turn, so that what is older meets buckets that are half full.
 */
#include "guard_cycle.h"

#include "../../lib/id.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL = 256, PARTS = 8, ROW = POLL / PARTS, APART_MS = 600000 };
enum { SKEW_MS = 10, EACH_MS = 2 };

char bench_id[TURN_MAX][MQM_ID_LEN + 1];
unsigned char bench_id16[TURN_MAX][16];
enum bench_ids bench_ids;

static uint64_t chance(void)
{
    static uint64_t seed;

    if (!seed)
        seed = (uint64_t)time(NULL) << 20;
    seed += 0x9e3779b97f4a7c15u;
    uint64_t x = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* A UUID of that version; ms goes before its random bits. */
static void make_id(size_t i, uint64_t ms, unsigned version)
{
    uint64_t low = chance(), high = ms << 16 | (chance() & 0xffff);
    unsigned char *p = bench_id16[i];

    for (int k = 0; k < 8; k++) {
        p[k] = (unsigned char)(high >> 8 * (7 - k));
        p[8 + k] = (unsigned char)(low >> 8 * k);
    }
    p[6] = (unsigned char)(version << 4 | (p[6] & 15));
    p[8] = 0x80 | (p[8] & 0x3f);
    mqm__id_text(bench_id[i], p);
}

/* When the next one was born, of a poll after the other. */
static uint64_t next_born(void)
{
    static uint64_t begin, n;
    uint64_t poll = n / POLL, part = n % POLL / ROW, row = n % ROW;

    if (!begin)
        begin = (uint64_t)time(NULL) * 1000;
    n++;
    return begin - poll % 2 * APART_MS + part * SKEW_MS +
           (poll / 2 * ROW + row) * PARTS * EACH_MS;
}

static void make_now(size_t i)
{
    unsigned char folded[MQM_ID_MAX];

    must(mqm_new_id(bench_id[i]) == 0, "no id");
    must(mqm__id_fold(folded, bench_id[i], MQM_ID_LEN) == 16, "no UUID");
    memcpy(bench_id16[i], folded, 16);
}

void bench_make_ids(size_t n)
{
    must(n <= TURN_MAX, "a turn has up to %d messages", TURN_MAX);
    for (size_t i = 0; i < n; i++)
        if (bench_ids == IDS_NOW)
            make_now(i);
        else if (bench_ids == IDS_BROKERS)
            make_id(i, next_born(), 7);
        else if (bench_ids == IDS_EVEN)
            make_id(i, (uint64_t)time(NULL) * 1000 - n + i, 7);
        else
            make_id(i, chance() >> 16, 4);
}
