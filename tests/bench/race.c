/* SPDX-License-Identifier: MIT */
/* race.c - see race.h. */
#include "race.h"

#include <mqmigrate/mqmigrate.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static clockid_t server_clock[BENCH_SERVERS];
static pid_t server_pid[BENCH_SERVERS];

void must(int ok, const char *fmt, ...)
{
    va_list ap;

    if (ok)
        return;
    fprintf(stderr, "bench: ");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, " (the library says: %s)\n", mqm_errmsg());
    exit(1);
}

static double read_clock(clockid_t id)
{
    struct timespec t = {0, 0};

    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void bench_server(int which, pid_t pid)
{
    server_pid[which] = pid;
    must(clock_getcpuclockid(pid, &server_clock[which]) == 0,
         "process %d has no clock", (int)pid);
}

/* ---------------------------------- laps --------------------------------- */

static void add_clocks(struct lap *lap, double sign)
{
    lap->own_us += sign * 1e6 * read_clock(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < BENCH_SERVERS; i++)
        if (server_pid[i])
            lap->server_us[i] += sign * 1e6 * read_clock(server_clock[i]);
    lap->wall_s += sign * read_clock(CLOCK_MONOTONIC);
}

void lap_begin(struct lap *lap)
{
    lap->wall_s = lap->own_us = 0;
    memset(lap->server_us, 0, sizeof(lap->server_us));
    add_clocks(lap, -1);
}

void lap_end(struct lap *lap)
{
    add_clocks(lap, 1);
}

static double speed(const struct lap *lap)
{
    return (double)lap->n / lap->wall_s;
}

/* -------------------------------- figures -------------------------------- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Below which a part of TURNS figures lies; 0.5: the median. */
static double quantile(double *x, double part)
{
    double at = part * (TURNS - 1);
    size_t i = (size_t)at;

    qsort(x, TURNS, sizeof(*x), compare);
    return i + 1 < TURNS ? x[i] + (at - (double)i) * (x[i + 1] - x[i]) : x[i];
}

static void ratios(const struct race *race, size_t a, size_t b, double *out)
{
    for (size_t t = 0; t < TURNS; t++)
        out[t] = speed(&race->racer[a].lap[t]) / speed(&race->racer[b].lap[t]);
}

double race_ratio(const struct race *race, size_t a, size_t b)
{
    double r[TURNS];

    ratios(race, a, b, r);
    return quantile(r, 0.5);
}

double racer_own_us(const struct racer *r)
{
    double x[TURNS];

    for (size_t t = 0; t < TURNS; t++)
        x[t] = r->lap[t].own_us / (double)r->lap[t].n;
    return quantile(x, 0.5);
}

double racer_calls(const struct racer *r)
{
    double calls = 0, n = 0;

    for (size_t t = 0; t < TURNS; t++) {
        calls += r->lap[t].calls;
        n += (double)r->lap[t].n;
    }
    return calls / n;
}

/* --------------------------------- table --------------------------------- */

static void print_head(const struct race *race)
{
    printf("\n%s\n  %-31s %9s  %-17s  %5s  %-11s  %6s", race->title, "",
           "msg/s", "    quartiles", "ratio", " quartiles", "own us");
    for (int i = 0; i < BENCH_SERVERS; i++)
        if (race->servers[i])
            printf("  %8s", race->servers[i]);
    printf("  %6s\n", "trips");
}

/* CPU and round trips a message, over all turns. */
static void print_quiet(const struct race *race, const struct racer *r)
{
    struct lap sum = {0};

    for (size_t t = 0; t < TURNS; t++) {
        sum.n += r->lap[t].n;
        sum.own_us += r->lap[t].own_us;
        sum.calls += r->lap[t].calls;
        for (int i = 0; i < BENCH_SERVERS; i++)
            sum.server_us[i] += r->lap[t].server_us[i];
    }
    printf("  %6.2f", sum.own_us / (double)sum.n);
    for (int i = 0; i < BENCH_SERVERS; i++)
        if (race->servers[i])
            printf("  %8.2f", sum.server_us[i] / (double)sum.n);
    printf("  %6.4f\n", sum.calls / (double)sum.n);
}

static void print_racer(const struct race *race, size_t i)
{
    const struct racer *r = &race->racer[i];
    double s[TURNS], q[TURNS];

    for (size_t t = 0; t < TURNS; t++)
        s[t] = speed(&r->lap[t]);
    ratios(race, i, 0, q);
    printf("  %-31s %9.0f %8.0f-%-8.0f  %6.3f %5.3f-%-5.3f", r->name,
           quantile(s, 0.5), quantile(s, 0.25), quantile(s, 0.75),
           quantile(q, 0.5), quantile(q, 0.25), quantile(q, 0.75));
    print_quiet(race, r);
}

static void warm_up(struct racer *r)
{
    struct lap lap = {.n = r->n};

    r->turn(r->self, &lap);
}

static void take_turns(struct race *race)
{
    for (size_t t = 0; t < TURNS; t++)
        for (size_t i = 0; i < race->n; i++) {
            struct racer *r = &race->racer[i];

            r->lap[t] = (struct lap){.n = r->n};
            r->turn(r->self, &r->lap[t]);
        }
}

void race_run(struct race *race)
{
    for (size_t i = 0; i < race->n; i++)
        warm_up(&race->racer[i]);
    take_turns(race);
    print_head(race);
    for (size_t i = 0; i < race->n; i++) {
        print_racer(race, i);
        if (race->racer[i].bar > 0)
            bar_note(race->racer[i].name, race_ratio(race, i, 0),
                     race->racer[i].bar, 1);
    }
}

/* --------------------------------- bars ---------------------------------- */

static struct {
    char what[80];
    double measured, bar;
    int better;
} bars[32];
static size_t n_bars;

void bar_note(const char *what, double measured, double bar, int better)
{
    must(n_bars < sizeof(bars) / sizeof(*bars), "too many bars");
    snprintf(bars[n_bars].what, sizeof(bars[n_bars].what), "%s", what);
    bars[n_bars].measured = measured;
    bars[n_bars].bar = bar;
    bars[n_bars++].better = better;
}

void bars_print(void)
{
    printf("\n%-52s %9s  %9s\n", "Bars", "measured", "should be");
    for (size_t i = 0; i < n_bars; i++) {
        int high = bars[i].better > 0;
        int kept = high ? bars[i].measured >= bars[i].bar
                        : bars[i].measured <= bars[i].bar;

        printf("  %-50s %9.2f  %s %6.2f  %s\n", bars[i].what, bars[i].measured,
               high ? ">=" : "<=", bars[i].bar, kept ? "kept" : "MISSED");
    }
}
