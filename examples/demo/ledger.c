/* SPDX-License-Identifier: MIT */
/* ledger.c - what the third party has issued (see ledger.h).
 *
 * An open hash table of ids, doubled when it is half full; nothing is ever
 * taken out.  The empty id marks a free place.
 */
#include "ledger.h"

#include "demo.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char id[LEDGER_ID + 1];
    unsigned calls, issued;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *table;
static size_t size, used;
static struct ledger_totals totals;
static FILE *lines;

static size_t place_of(const char *id)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (; *id; id++)
        h = (h ^ (unsigned char)*id) * UINT64_C(1099511628211);
    return (size_t)(h ^ (h >> 32)) & (size - 1);
}

static struct entry *find(const char *id)
{
    size_t i = place_of(id);

    while (table[i].id[0] && strcmp(table[i].id, id) != 0)
        i = (i + 1) & (size - 1);
    return &table[i];
}

static void grow(void)
{
    struct entry *old = table;
    size_t n = size;

    size = n ? n * 2 : 1 << 12;
    table = calloc(size, sizeof(*table));
    if (!table)
        demo_die("no memory for %zu ledger entries", size);
    for (size_t i = 0; i < n; i++) {
        if (old[i].id[0])
            *find(old[i].id) = old[i];
    }
    free(old);
}

static struct entry *entry_of(const char *id)
{
    struct entry *e;

    if (used * 2 >= size)
        grow();
    e = find(id);
    if (!e->id[0]) {
        snprintf(e->id, sizeof(e->id), "%s", id);
        used++;
    }
    return e;
}

static void count_side(const char *side)
{
    size_t i = 0;

    while (i < totals.n && strcmp(totals.side[i].name, side) != 0)
        i++;
    if (i == LEDGER_SIDES)
        return;
    if (i == totals.n) {
        snprintf(totals.side[i].name, sizeof(totals.side[i].name), "%s", side);
        totals.n++;
    }
    totals.side[i].issued++;
}

void ledger_open(const char *path)
{
    lines = fopen(path, "a");
    if (!lines)
        demo_die("cannot write the ledger '%s'", path);
    grow();
}

unsigned ledger_call(const char *id)
{
    unsigned n;

    pthread_mutex_lock(&lock);
    n = ++entry_of(id)->calls;
    pthread_mutex_unlock(&lock);
    return n;
}

void ledger_issue(const char *id, const char *side)
{
    struct entry *e;

    pthread_mutex_lock(&lock);
    e = entry_of(id);
    e->issued++;
    if (e->issued == 1)
        totals.distinct++;
    else if (e->issued == 2)
        totals.twice++;
    count_side(side);
    fprintf(lines, "%" PRId64 " %s %s\n", demo_now_ms(), id, side);
    fflush(lines);
    pthread_mutex_unlock(&lock);
}

unsigned ledger_issued(const char *id)
{
    unsigned n;

    pthread_mutex_lock(&lock);
    n = find(id)->issued;
    pthread_mutex_unlock(&lock);
    return n;
}

void ledger_totals(struct ledger_totals *out)
{
    pthread_mutex_lock(&lock);
    *out = totals;
    pthread_mutex_unlock(&lock);
}
