/* SPDX-License-Identifier: MIT */
/* fault_store.c - a store that fails as it is told to; a plugin as somebody
 * outside of the project would write one.
 *
 * One table of cells for all who open it in this process.  It also watches its
 * caller: one call at a time, no key twice in it.
 */
#include "fault_store.h"

#include <mqmigrate/plugin.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BUCKETS = 4096 };

struct cell {
    struct cell *next;
    char space[100];
    unsigned char id[MQM_ID_MAX];
    size_t id_len;
    int64_t changed_ms;
    unsigned flags;
    struct mqm_cell is;
};

extern MQM_API struct fault fault;
struct fault fault;

static struct cell *table[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users;

static int64_t clock_us(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int take_one(atomic_int *n)
{
    int have = atomic_load(n);

    while (have > 0)
        if (atomic_compare_exchange_weak(n, &have, have - 1))
            return 1;
    return 0;
}

static struct cell **find(const struct mqm_key *key)
{
    const unsigned char *id = key->id;
    unsigned h = 5381;
    struct cell **at;

    for (size_t i = 0; i < key->id_len; i++)
        h = h * 33 + id[i];
    for (at = &table[h % BUCKETS]; *at; at = &(*at)->next)
        if ((*at)->id_len == key->id_len &&
            memcmp((*at)->id, id, key->id_len) == 0 &&
            strcmp((*at)->space, key->space) == 0)
            break;
    return at;
}

static int create(struct cell **at, const struct mqm_key *key)
{
    *at = calloc(1, sizeof(**at));
    if (!*at || strlen(key->space) >= sizeof((*at)->space))
        return -ENOMEM;
    memcpy((*at)->space, key->space, strlen(key->space) + 1);
    memcpy((*at)->id, key->id, key->id_len);
    (*at)->id_len = key->id_len;
    return 0;
}

static void write_cell(struct cell *c, struct mqm_swap *s)
{
    uint64_t now = (uint64_t)clock_us(CLOCK_REALTIME);

    c->is.version = now > c->is.version ? now : c->is.version + 1;
    c->is.len = s->len;
    memcpy(c->is.value, s->value, s->len);
    c->flags = s->flags;
    c->changed_ms = clock_us(CLOCK_MONOTONIC) / 1000;
    s->now.version = c->is.version;
    s->now.age_ms = 0;
}

static int swap_one(struct mqm_swap *s)
{
    struct cell **at = find(&s->key), *c = *at;

    if (c && take_one(&fault.restless))
        c->is.version++;
    if ((c ? c->is.version : 0) != s->expect) {
        memset(&s->now, 0, sizeof(s->now));
        if (c) {
            s->now = c->is;
            s->now.age_ms = clock_us(CLOCK_MONOTONIC) / 1000 - c->changed_ms;
        }
        return MQM_LOST;
    }
    if (!c && create(at, &s->key) < 0)
        return -ENOMEM;
    write_cell(*at, s);
    return MQM_OK;
}

static int has_twice(struct mqm_swap *const *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (s[i]->key.id_len == s[k]->key.id_len &&
                memcmp(s[i]->key.id, s[k]->key.id, s[i]->key.id_len) == 0 &&
                strcmp(s[i]->key.space, s[k]->key.space) == 0)
                return 1;
    return 0;
}

static int all(struct mqm_swap *const *s, size_t n, int result)
{
    for (size_t i = 0; i < n; i++)
        s[i]->result = result;
    return result;
}

static int swap_all(const struct mqm_host *host, struct mqm_swap *const *s,
                    size_t n)
{
    int nth = atomic_exchange(&fault.lose_nth, 0);
    int error = atomic_load(&fault.error);

    if (take_one(&fault.mute))
        return 0;
    if (take_one(&fault.fail))
        return all(s, n, host->fail(host, error ? error : -EIO,
                                    "fault: nothing was done"));
    for (size_t i = 0; i < n; i++)
        s[i]->result = swap_one(s[i]);
    if (take_one(&fault.garble) && s[0]->now.version)
        s[0]->now.value[0] = 0xf3;
    if (take_one(&fault.lose))
        return all(s, n, host->fail(host, error ? error : -ETIMEDOUT,
                                    "fault: answer lost"));
    if (nth > 0 && (size_t)nth <= n)
        return s[nth - 1]->result =
                   host->fail(host, -ETIMEDOUT, "fault: one answer lost");
    return 0;
}

static void watch(struct mqm_swap *const *s, size_t n)
{
    if (atomic_fetch_add(&fault.inside, 1) > 0)
        atomic_fetch_add(&fault.together, 1);
    atomic_fetch_add(&fault.calls, 1);
    atomic_fetch_add(&fault.swaps, (int)n);
    if ((int)n > atomic_load(&fault.largest))
        atomic_store(&fault.largest, (int)n);
    if (has_twice(s, n))
        atomic_fetch_add(&fault.twice, 1);
}

static int fault_swap(void *self, struct mqm_swap *const *s, size_t n)
{
    long ms = atomic_load(&fault.delay_ms);
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    int r;

    watch(s, n);
    if (ms)
        nanosleep(&t, NULL);
    pthread_mutex_lock(&lock);
    r = swap_all(self, s, n);
    pthread_mutex_unlock(&lock);
    atomic_fetch_sub(&fault.inside, 1);
    return r;
}

static int fault_list(void *self, const char *space,
                      int (*visit)(void *user, const struct mqm_key *key,
                                   const struct mqm_cell *cell),
                      void *user)
{
    int r = 0;

    (void)self;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < BUCKETS && r == 0; i++)
        for (struct cell *c = table[i]; c && r == 0; c = c->next) {
            struct mqm_key key = {c->space, c->id, c->id_len, 0};
            struct mqm_cell is = c->is;

            is.age_ms = clock_us(CLOCK_MONOTONIC) / 1000 - c->changed_ms;
            if (!(c->flags & MQM_SWAP_LISTED) || strcmp(c->space, space) != 0)
                continue;
            if (take_one(&fault.garble))
                is.value[0] = 0xf3;
            r = visit(user, &key, &is);
        }
    pthread_mutex_unlock(&lock);
    return r;
}

static int fault_memory(void *self, const char *space, int64_t raise_ms,
                        int64_t *memory_from_ms, int64_t *created_ms)
{
    (void)self, (void)space;
    *memory_from_ms = raise_ms;
    *created_ms = clock_us(CLOCK_REALTIME) / 1000;
    return 0;
}

static int fault_open(void **self, const struct mqm_host *host,
                      const struct mqm_setting *settings, size_t n)
{
    (void)settings, (void)n;
    *self = (void *)(uintptr_t)host;
    pthread_mutex_lock(&lock);
    users++;
    pthread_mutex_unlock(&lock);
    return 0;
}

static void fault_close(void *self)
{
    (void)self;
    pthread_mutex_lock(&lock);
    users--;
    for (int i = 0; i < BUCKETS && users == 0; i++)
        while (table[i]) {
            struct cell *c = table[i];

            table[i] = c->next;
            free(c);
        }
    pthread_mutex_unlock(&lock);
}

static const struct mqm_store store = {
    /* As one that was built before there were check-ups. */
    .size = offsetof(struct mqm_store, checkup), .flags = MQM_STORE_SHARED,
    .open = fault_open, .close = fault_close, .swap = fault_swap,
    .list = fault_list, .memory = fault_memory};

MQM_PLUGIN = {sizeof(struct mqm_plugin), "fault", "1", &store, NULL};
