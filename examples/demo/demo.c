/* SPDX-License-Identifier: MIT */
/* demo.c - what all programs of the demo share (see demo.h). */
#include "demo.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t stopping;
static void (*call_on_stop)(void);

int64_t demo_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void demo_sleep_ms(int64_t ms)
{
    struct timespec t = {ms / 1000, (ms % 1000) * 1000000};

    if (ms > 0)
        nanosleep(&t, NULL);
}

void demo_die(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

long demo_number(int name, const char *text, long min, long max)
{
    char *end = NULL;
    long n;

    errno = 0;
    n = strtol(text, &end, 10);
    if (errno || end == text || *end || n < min || n > max)
        demo_die("-%c '%s': give a number from %ld to %ld", name, text, min,
                 max);
    return n;
}

/* The finishing steps of a 64-bit mixer: every bit moves every other one. */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 31;
    x *= UINT64_C(0x9e3779b97f4a7c15);
    x ^= x >> 29;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    return x;
}

uint64_t demo_chance(uint64_t seed, uint64_t number, uint64_t what)
{
    return mix(mix(mix(seed + 1) + number) + what * 7919);
}

uint64_t demo_body_number(const void *body, size_t len)
{
    static const char word[] = "reward ";
    const char *text = body;
    uint64_t n = 0;

    if (len < sizeof(word) || memcmp(text, word, sizeof(word) - 1) != 0)
        return 0;
    for (size_t i = sizeof(word) - 1; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            break;
        n = n * 10 + (uint64_t)(text[i] - '0');
    }
    return n;
}

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
    if (call_on_stop)
        call_on_stop();
}

void demo_stop_on_signals(void (*on_stop)(void))
{
    struct sigaction a;

    memset(&a, 0, sizeof(a));
    a.sa_handler = on_signal;
    call_on_stop = on_stop;
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGINT, &a, NULL);
}

int demo_stopping(void)
{
    return stopping;
}
