/* SPDX-License-Identifier: MIT */
/* history.c - one plan from its beginning to its end, and the verdict. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 60000 };

struct world w;
int sim_verbose; /* how many lines there may be */

void trace(const char *fmt, ...)
{
    va_list ap;

    if (!sim_verbose)
        return;
    if (--sim_verbose == 0) {
        printf("# ...\n");
        return;
    }
    printf("# %9.3f ", (double)(sim_now - BEGIN_US) / 1000);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

void excuse(int message, const char *why)
{
    if (w.message[message].excuse)
        return;
    w.message[message].excuse = why;
    tally[T_EXCUSED]++;
    trace("%d is excused: %s", message, why);
}

void violation(int message, const char *what)
{
    if (w.over || w.violation || w.message[message].excuse)
        return;
    trace("VIOLATION: message %d: %s", message, what);
    w.violation = what;
    w.violated = message;
    w.over = true;
}

/* UUID version 7 of its producer's clock; its number in the last two bytes. */
static void make_id(struct message *m, int number, uint64_t seed)
{
    struct rng r = {seed + (uint64_t)number};
    uint64_t bits = rng_next(&r);

    snprintf(m->id, sizeof(m->id), "%08llx-%04llx-7%03llx-8%03llx-%08llx%04x",
             (unsigned long long)m->born_ms >> 16 & 0xffffffff,
             (unsigned long long)m->born_ms & 0xffff,
             (unsigned long long)bits & 0xfff,
             (unsigned long long)(bits >> 12) & 0xfff,
             (unsigned long long)(bits >> 24) & 0xffffffff,
             (unsigned)number & 0xffff);
}

static void make_message(int i)
{
    const struct message_plan *mp = &w.plan->message[i];
    struct message *m = &w.message[i];

    memset(m, 0, sizeof(*m));
    m->born_ms = (BEGIN_US + mp->at + mp->clock) / MS;
    make_id(m, i, w.plan->seed);
    snprintf(m->key, sizeof(m->key), i % 5 ? "u%d" : "vip", i);
}

bool history_run(const struct plan *p)
{
    w.plan = p;
    w.rng.s = p->seed ^ 0x7a11;
    w.violation = NULL;
    w.over = false;
    w.sweeps = true;
    w.quiet_at = BEGIN_US + p->quiet_at;
    w.end_at = w.quiet_at + PATIENCE_MS * MS;
    sched_reset(p->seed);
    edge_reset();
    for (int i = 0; i < MESSAGES; i++)
        make_message(i);
    conf_reset(p->variant);
    store_reset();
    third_reset();
    rocket_reset();
    consumer_reset();
    kafka_reset();
    parking_reset();
    producer_start();
    faults_start();
    operator_start();
    sched_run();
    return w.violation != NULL;
}
