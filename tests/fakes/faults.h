/* SPDX-License-Identifier: MIT */
/* faults.h - between an adapter, loaded as a plugin, and what it calls: the
 * n-th call of a function fails as a test says, and the clock goes ahead.
 *
 * The program's functions come before those of a library that is loaded later.
 * Only calls out of the plugin count: others call the same functions, too.
 */
#ifndef FAKES_FAULTS_H
#define FAKES_FAULTS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr, RTLD_NEXT */
#endif

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct {
    const char *name;           /* of the function; NULL: none fails */
    int nth, times;             /* from the nth call on, so often  */
    bool done;                  /* it is done all the same       */
    atomic_int calls, failed;
    atomic_llong ahead_ms;      /* the adapter's clock */
} fault;

enum { DONE_ALL_THE_SAME = -1 }; /* for times */

static inline void fail_next(const char *name, int nth, int times)
{
    fault.name = NULL;
    fault.nth = nth;
    fault.times = times < 0 ? 1 : times;
    fault.done = times < 0;
    fault.calls = fault.failed = 0;
    fault.name = name;
}

static inline bool from_adapter(const void *caller)
{
    Dl_info info;

    return dladdr(caller, &info) && info.dli_fname &&
           strstr(info.dli_fname, "/mqmigrate/mqm_");
}

static inline bool fails_now(const char *name, const void *caller)
{
    int n;

    if (!fault.name || strcmp(fault.name, name) || !from_adapter(caller))
        return false;
    n = ++fault.calls;
    if (n < fault.nth || n >= fault.nth + fault.times)
        return false;
    fault.failed++;
    return true;
}

/* Seen by what is loaded later, though the build hides what is not said. */
#define SEEN __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

#define REAL_ONE(type, name, types)                                            \
    static type(*real) types;                                                  \
    if (!real) {                                                               \
        void *found = dlsym(RTLD_NEXT, #name);                                 \
        memcpy(&real, &found, sizeof(real));                                   \
    }

#define MAY_FAIL(type, name, types, args, bad)                                 \
    SEEN type name types                                                       \
    {                                                                          \
        REAL_ONE(type, name, types)                                            \
        if (!fails_now(#name, CALLER))                                         \
            return real args;                                                  \
        if (fault.done)                                                        \
            (void)real args;                                                   \
        return bad;                                                            \
    }

/* Not found by dlsym(), which may allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

SEEN void *malloc(size_t size)
{
    return fails_now("malloc", CALLER) ? NULL : __libc_malloc(size);
}

SEEN void *calloc(size_t n, size_t size)
{
    return fails_now("calloc", CALLER) ? NULL : __libc_calloc(n, size);
}

SEEN void *realloc(void *p, size_t size)
{
    return fails_now("realloc", CALLER) ? NULL : __libc_realloc(p, size);
}

MAY_FAIL(char *, strdup, (const char *text), (text), NULL)

static inline int no_file(void)
{
    errno = EMFILE;
    return -1;
}

MAY_FAIL(int, socket, (int domain, int type, int protocol),
         (domain, type, protocol), no_file())
MAY_FAIL(int, pipe, (int fd[2]), (fd), no_file())

SEEN int clock_gettime(clockid_t clock, struct timespec *t)
{
    REAL_ONE(int, clock_gettime, (clockid_t clock, struct timespec *t))
    int r = real(clock, t);

    if (r == 0 && fault.ahead_ms && from_adapter(CALLER))
        t->tv_sec += (time_t)(fault.ahead_ms / 1000);
    return r;
}

#endif
