/* SPDX-License-Identifier: MIT */
/* clock.c - see clock.h. */
#include "clock.h"

#include <errno.h>
#include <time.h>

static int64_t read_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t mqm__wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

int64_t mqm__now_ms(void)
{
    return mqm__wall_us() / 1000;
}

int64_t mqm__mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t mqm__mono_ms(void)
{
    return mqm__mono_us() / 1000;
}

int64_t mqm__boottime_us(void)
{
    return read_us(CLOCK_BOOTTIME);
}

void mqm__pause(int64_t ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    while (ms > 0 && nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}
