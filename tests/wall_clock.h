/* SPDX-License-Identifier: MIT */
/* wall_clock.h - the wall clock of this process can be set, as an operator or
 * NTP would; the others go on as they do.  Included first. */
#ifndef MQM_TEST_WALL_CLOCK_H
#define MQM_TEST_WALL_CLOCK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall() */
#endif
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t wall_ahead_s;

int clock_gettime(clockid_t which, struct timespec *t)
{
    int r = (int)syscall(SYS_clock_gettime, which, t);

    if (which == CLOCK_REALTIME)
        t->tv_sec += wall_ahead_s;
    return r;
}

#endif
