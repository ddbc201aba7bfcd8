/* SPDX-License-Identifier: MIT */
/* arena.c - the memory of simulated processes.
 *
 * Each process has a region.  What it allocates lies there, so a process that
 * dies needs no cleaning up, and one that begins is a copy of an image: the
 * region as it was right after mqm_open().  Blocks are of four sizes to each
 * power of two, so that a history never runs out by fragments.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { REGION = 32 << 20, CLASSES = 4 * 22, VARIANTS = 8, HEAD = 16 };

struct region {
    size_t used;
    unsigned char *free[CLASSES];
};

struct image {
    size_t used;
    void *copy;
    mqm *m;
};

static unsigned char *base;
static int current = NOBODY;
static struct image image[VARIANTS][PROCS];

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static struct region *region_of(int proc)
{
    if (!base) {
        base = mmap(NULL, (size_t)REGION * PROCS, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | 0x20 /* anonymous */, -1, 0);
        if (base == MAP_FAILED) {
            perror("sim: memory");
            abort();
        }
    }
    return (struct region *)(void *)(base + (size_t)REGION * (size_t)proc);
}

static bool is_ours(const void *p)
{
    const unsigned char *c = p;

    return base && c >= base && c < base + (size_t)REGION * PROCS;
}

void arena_use(int proc)
{
    current = proc;
}

static size_t size_of(int class)
{
    return (size_t)(4 + class % 4) << class / 4;
}

/* The least that has room, and keeps blocks apart by a multiple of 16. */
static int class_of(size_t size)
{
    size_t need = (size + HEAD + 15) & ~(size_t)15;
    int k = 4 * 3;

    while (size_of(k | 3) < need)
        k += 4;
    while (size_of(k) < need)
        k++;
    return k;
}

static void *take(struct region *r, size_t size)
{
    int k = class_of(size);
    unsigned char *p = k < CLASSES ? r->free[k] : NULL;

    if (p) {
        memcpy(&r->free[k], (void *)p, sizeof(void *));
    } else {
        if (r->used == 0)
            r->used = (sizeof(*r) + 63) & ~(size_t)63;
        if (k >= CLASSES || r->used + size_of(k) > REGION) {
            fprintf(stderr, "sim: a process needs too much memory\n");
            abort();
        }
        p = (unsigned char *)r + r->used + HEAD;
        r->used += size_of(k);
    }
    p[-HEAD] = (unsigned char)k;
    return p;
}

void *__wrap_malloc(size_t size)
{
    return current == NOBODY ? __real_malloc(size)
                             : take(region_of(current), size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    if (current == NOBODY)
        return __real_calloc(n, size);
    return memset(__wrap_malloc(n * size), 0, n * size);
}

void __wrap_free(void *p)
{
    unsigned char *c = p;
    struct region *r;

    if (!is_ours(p)) {
        __real_free(p);
        return;
    }
    r = region_of((int)((size_t)(c - base) / REGION));
    memcpy(c, (void *)&r->free[c[-HEAD]], sizeof(void *));
    r->free[c[-HEAD]] = c;
}

void *__wrap_realloc(void *p, size_t size)
{
    size_t room;
    void *to;

    if (current == NOBODY && !is_ours(p))
        return __real_realloc(p, size);
    to = __wrap_malloc(size);
    if (p) {
        room = size_of(((unsigned char *)p)[-HEAD]) - HEAD;
        memcpy(to, p, room < size ? room : size);
        __wrap_free(p);
    }
    return to;
}

char *__wrap_strndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *to = __wrap_malloc(len + 1);

    memcpy(to, s, len);
    to[len] = '\0';
    return to;
}

char *__wrap_strdup(const char *s)
{
    return __wrap_strndup(s, strlen(s));
}

void arena_keep(int variant, int proc)
{
    struct image *i = &image[variant][proc];
    struct region *r = region_of(proc);

    i->used = r->used;
    i->m = w.proc[proc].m;
    i->copy = __real_malloc(r->used);
    if (!i->copy)
        abort();
    memcpy(i->copy, r, r->used);
    memset(r, 0, sizeof(*r));
}

void arena_restore(int variant, int proc)
{
    const struct image *i = &image[variant][proc];

    memcpy(region_of(proc), i->copy, i->used);
    w.proc[proc].m = i->m;
}
