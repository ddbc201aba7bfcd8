/* SPDX-License-Identifier: MIT */
/* consumer.c - simulated processes that have the library in them: opened once
 * for all histories, begun anew from that image, killed, stopped.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 2 /* threads of a callback pool */ };

void delivery_fill(struct mqm_delivery *d, int side, int message)
{
    static const struct mqm_delivery empty = MQM_DELIVERY_INIT;
    struct message *m = &w.message[message];

    *d = empty;
    d->msg.side = side_name(side);
    d->msg.group = "g";
    d->msg.topic = "t";
    d->msg.id = m->id;
    d->msg.id_len = MQM_ID_LEN;
    d->msg.key = m->key;
    d->msg.key_len = strlen(m->key);
    d->msg.origin = side == KAFKA ? "0/1" : "a,0,1";
}

/* -------------------------------- opening -------------------------------- */

static void open_one(int proc)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    char name[16];

    snprintf(name, sizeof(name), "c%d", proc);
    o.flags = MQM_NO_KEEPER;
    o.config = "/etc/mqm.json";
    o.instance = name;
    o.audit = table_audit;
    o.park = parking_keep;
    sim_cur = proc;
    arena_use(proc);
    if (mqm_open(&w.proc[proc].m, &o) != 0) {
        fprintf(stderr, "sim: mqm_open: %s\n", mqm_errmsg());
        abort();
    }
    sim_cur = NOBODY;
    arena_use(NOBODY);
}

/* options.instance and the like must not be pointed to by the image. */
void consumer_open_all(void)
{
    for (int v = 0; v < conf_variants(); v++) {
        sched_reset(0);
        store_reset();
        conf_reset(v);
        for (int p = 0; p < PROCS; p++) {
            open_one(p);
            arena_keep(v, p);
        }
    }
}

/* -------------------------------- running -------------------------------- */

static void keeper(void *arg)
{
    struct process *p = arg;

    while (p->m) { /* until the last thread has ended, see close_down() */
        co_sleep((60 + (int64_t)(p - w.proc) * 7) * MS);
        if (!p->m)
            break;
        p->threads++;
        mqm_tick(p->m);
        p->threads--;
    }
}

/* As a new process does: no configuration, no start. */
static void begin(void *arg)
{
    struct process *p = arg;
    int proc = (int)(p - w.proc);

    while (mqm_reload(p->m) != 0)
        co_sleep(100 * MS);
    sched_go(proc, keeper, p);
    if (proc < PER_SIDE) {
        kafka_forget(proc);
        kafka_rebalance();
        sched_go(proc, kafka_worker, p);
        return;
    }
    for (int i = 0; i < WORKERS; i++)
        sched_go(proc, rocket_worker, p);
}

static void start(int proc)
{
    struct process *p = &w.proc[proc];

    arena_restore(w.plan->variant, proc);
    store_forget(proc);
    p->up = true;
    p->life++;
    p->in_gap = 0;
    p->gap_stop = p->call_stop = 0;
    p->closing = false;
    p->threads = 0;
    p->long_gap = p->hangs = p->hung = false;
    p->stopped_until = 0;
    if (proc != OPERATOR)
        sched_go(proc, begin, p);
}

void consumer_reset(void)
{
    for (int p = 0; p < PROCS; p++) {
        w.proc[p] = (struct process){.lose = -1};
        if (w.plan->gentle) /* clocks that are off, too */
            w.proc[p].clock_off = (p - 3) * 700 * MS;
        start(p);
    }
}

/* ----------------------------- dying, standing --------------------------- */

void consumer_noticed(void *arg)
{
    struct process *p = arg;
    int proc = (int)(p - w.proc);

    if (p->up && !p->hung && !p->closing && p->stopped_until <= sim_now)
        return;
    if (proc < PER_SIDE)
        kafka_rebalance();
    else
        rocket_lost(proc);
}

static void restart(void *arg)
{
    struct process *p = arg;

    if (p->up)
        return;
    trace("process %d starts", (int)(p - w.proc));
    start((int)(p - w.proc));
}

void consumer_crash(int proc, int64_t down)
{
    struct process *p = &w.proc[proc];

    if (!p->up)
        return;
    p->up = false;
    p->stopped_until = 0;
    sched_kill(proc);
    sched_at(sim_now + (down < 200 * MS ? down : 200 * MS), consumer_noticed, p);
    sched_at(sim_now + down + 1, restart, p);
}

static void closed(void *arg)
{
    struct process *p = arg;

    consumer_crash((int)(p - w.proc), 50 * MS);
}

/* As a program ends that was asked to: its threads first, then the handle. */
static void close_down(void *arg)
{
    struct process *p = arg;
    mqm *m = p->m;

    mqm_stop(m);
    while (p->threads > 0)
        co_sleep(10 * MS);
    p->m = NULL;
    mqm_close(m);
    tally[T_CLOSED]++;
    trace("process %d has closed", (int)(p - w.proc));
    sched_at(sim_now + 1, closed, p);
}

void consumer_close(int proc)
{
    struct process *p = &w.proc[proc];

    if (!p->up || p->closing)
        return;
    p->closing = true;
    sched_at(sim_now + 250 * MS, consumer_noticed, p);
    sched_go(proc, close_down, p);
}

static void rejoin(void *arg)
{
    struct process *p = arg;

    if (p->up && p->stopped_until <= sim_now && p - w.proc < PER_SIDE)
        kafka_rebalance();
}

/* One that stands between the last question and the call may not do so for
 * long: nobody can promise anything then.  See F_LONG_GAP. */
void consumer_stop(int proc, int64_t length)
{
    struct process *p = &w.proc[proc];

    if (!p->up || p->stopped_until > sim_now)
        return;
    if (p->in_gap && length > (LEASE_MS + HANDLER_MS) * MS)
        length = (LEASE_MS + HANDLER_MS) * MS;
    p->stopped_until = sim_now + length;
    if (length > 250 * MS)
        sched_at(sim_now + 250 * MS, consumer_noticed, p);
    sched_at(p->stopped_until + 60 * MS, rejoin, p);
}
