/* SPDX-License-Identifier: MIT */
/* count_malloc.h - malloc() and its kin in the whole test, counted while
 * `counting`: how often, and how much was asked for.  For one thread that
 * counts: others are not counted. */
#ifndef MQM_COUNT_MALLOC_H
#define MQM_COUNT_MALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static _Thread_local bool counting;
static long allocations;
static size_t allocated;

static void count_one_malloc(size_t size)
{
    if (!counting)
        return;
    allocations++;
    allocated += size;
}

void *malloc(size_t size)
{
    count_one_malloc(size);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count_one_malloc(n * size);
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    count_one_malloc(size);
    return __libc_realloc(p, size);
}

#endif
