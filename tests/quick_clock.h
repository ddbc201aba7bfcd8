/* SPDX-License-Identifier: MIT */
/* quick_clock.h - whoever sleeps wakes at once, and the clocks have gone ahead:
 * for tests that wait until a lease is over.
 *
 * So their leases can be long.  On a busy machine a thread may be put aside for
 * a second between any two lines, and what was to happen within a lease of half
 * a second is then too late; of a lease of half a minute nobody notices, and
 * its end still costs no time.
 *
 * These are the clock_gettime() and nanosleep() of the whole program, also of
 * the library in it and of plugins.  Waits with a limit (of condition variables,
 * of sockets) are as long as they were, so this is not for tests in which one
 * thread sleeps until another has done something.  Included first.
 */
#ifndef MQM_TEST_QUICK_CLOCK_H
#define MQM_TEST_QUICK_CLOCK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall() */
#endif
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default"))) /* by plugins */

static _Atomic int64_t ahead_ns;

SEEN int clock_gettime(clockid_t which, struct timespec *t)
{
    int r = (int)syscall(SYS_clock_gettime, which, t);
    int64_t ns = t->tv_nsec + atomic_load(&ahead_ns);

    t->tv_sec += ns / 1000000000;
    t->tv_nsec = ns % 1000000000;
    return r;
}

SEEN int nanosleep(const struct timespec *t, struct timespec *left)
{
    (void)left;
    atomic_fetch_add(&ahead_ns, t->tv_sec * 1000000000 + t->tv_nsec);
    return 0;
}

#endif
