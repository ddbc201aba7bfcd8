/* SPDX-License-Identifier: MIT */
/* new_id.c - makes ids: UUID version 7.
 *
 *     48 bits  Unix ms, of the thread's own clock, which never goes back
 *      4 bits  version
 *     12 bits  high part of the counter
 *      2 bits  variant
 *      8 bits  low part of the counter
 *     54 bits  random, fresh for each id
 *
 * The counter begins anew in each ms, at random in its lower half, and counts
 * up while the clock stands or has gone back, so ids of a thread sort as they
 * were made.  Threads and processes share nothing: the random bits keep them
 * apart.  A forked child starts with random bits of its own.
 */
#include "error.h"
#include "id.h"

#include <mqmigrate/mqmigrate.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define COUNTER_MAX 0xfffffu
#define LAST_MS 0xffffffffffffLL

struct maker {
    int64_t ms;
    uint32_t counter;
    unsigned fork; /* the block is of this side of a fork */
    size_t left;
    unsigned char block[23 * 11];
};

static _Thread_local struct maker maker;
static atomic_uint forks = 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forked(void)
{
    atomic_fetch_add(&forks, 1);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forked);
}

static int refill(struct maker *k)
{
    size_t have = 0;
    ssize_t n;

    while (have < sizeof(k->block)) {
        n = getrandom(k->block + have, sizeof(k->block) - have, 0);
        if (n < 0 && errno != EINTR)
            return mqm__fail(-errno, "no random bits for an id");
        have += n > 0 ? (size_t)n : 0;
    }
    k->left = have;
    k->fork = atomic_load(&forks);
    return 0;
}

/* n bytes, used once. */
static int take_random(struct maker *k, void *out, size_t n)
{
    int r;

    if (k->left < n || k->fork != atomic_load(&forks)) {
        r = refill(k);
        if (r < 0)
            return r;
    }
    k->left -= n;
    memcpy(out, k->block + k->left, n);
    memset(k->block + k->left, 0, n);
    return 0;
}

static void step(struct maker *k, int64_t now_ms, uint32_t fresh)
{
    if (now_ms <= k->ms && k->counter < COUNTER_MAX) {
        k->counter++;
        return;
    }
    k->ms = now_ms > k->ms ? now_ms : k->ms + 1;
    k->counter = fresh & COUNTER_MAX >> 1;
}

int mqm__id_from_clock(char *id, int64_t now_ms)
{
    unsigned char b[16], fresh[11];
    struct maker *k = &maker;
    uint32_t start;
    int i, r;

    if (now_ms <= 0 || now_ms >= LAST_MS)
        return mqm__fail(-ERANGE, "the clock is out of range for an id");
    pthread_once(&once, watch_forks);
    r = take_random(k, fresh, sizeof(fresh));
    if (r < 0)
        return r;
    memcpy(&start, fresh + 7, sizeof(start));
    step(k, now_ms, start);
    for (i = 0; i < 6; i++)
        b[i] = (unsigned char)(k->ms >> (40 - 8 * i));
    b[6] = (unsigned char)(0x70 | k->counter >> 16);
    b[7] = (unsigned char)(k->counter >> 8);
    b[8] = (unsigned char)(0x80 | (k->counter >> 2 & 0x3f));
    b[9] = (unsigned char)(k->counter << 6 | (fresh[6] & 0x3f));
    memcpy(b + 10, fresh, 6);
    mqm__id_text(id, b);
    return 0;
}

int mqm_new_id(char id[MQM_ID_LEN + 1])
{
    struct timespec t;

    mqm__clear_error();
    if (!id)
        return mqm__fail(-EINVAL, "mqm_new_id() needs a place for the id");
    if (clock_gettime(CLOCK_REALTIME, &t) < 0)
        return mqm__fail(-errno, "no clock for an id");
    return mqm__id_from_clock(id,
                              (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
}
