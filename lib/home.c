/* SPDX-License-Identifier: MIT */
/* home.c - see home.h. */
#define _DEFAULT_SOURCE /* madvise() */

#include "home.h"

#include <stdint.h>
#include <sys/mman.h>

static const unsigned char nowhere;

enum { SIZE = 1 }; /* the kernel makes a page of it */

void mqm__home_init(struct home *h)
{
    unsigned char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    h->pid = getpid();
    h->here = &nowhere;
    if (p == MAP_FAILED)
        return;
    if (madvise(p, SIZE, MADV_WIPEONFORK) != 0) {
        munmap(p, SIZE);
        return;
    }
    *p = 1;
    h->here = p;
}

void mqm__home_free(struct home *h)
{
    if (h->here != &nowhere)
        munmap((void *)(uintptr_t)h->here, SIZE);
}
