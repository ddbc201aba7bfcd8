/* SPDX-License-Identifier: MIT */
/* sched.c - virtual time: events in their order, and coroutines.
 *
 * A coroutine is a thread of a simulated process.  It runs until it sleeps or
 * blocks; time passes only then.  One whose process is killed is never gone on
 * with; one whose process is stopped goes on when that does.
 */
#define _XOPEN_SOURCE 700
#include "sim.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { COS = 64, EVENTS = 8192, STACK = 256 * 1024, GUARD = 4096 };
enum co_state { CO_NEW, CO_IDLE, CO_RUNS, CO_BLOCKED };

struct co {
    jmp_buf env;
    ucontext_t first;
    char *stack;
    int state, proc;
    uint64_t ticket; /* who wakes it shows this */
    void (*fn)(void *arg);
    void *arg;
};

struct event {
    int64_t t;
    uint64_t seq;
    uint64_t ticket; /* 0: call fn */
    void (*fn)(void *arg);
    void *arg;
};

int64_t sim_now;
int sim_cur = NOBODY;

static struct co co[COS];
static struct co *running;
static jmp_buf home;
static ucontext_t home_first;
static struct event heap[EVENTS];
static int n_heap;
static uint64_t seq;

/* --------------------------------- events -------------------------------- */

static bool before(const struct event *a, const struct event *b)
{
    return a->t != b->t ? a->t < b->t : a->seq < b->seq;
}

static void push(struct event e)
{
    int i = n_heap++;

    if (n_heap > EVENTS) {
        fprintf(stderr, "sim: too many events\n");
        abort();
    }
    e.seq = seq++;
    for (; i > 0 && before(&e, &heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = e;
}

static struct event pop(void)
{
    struct event top = heap[0], last = heap[--n_heap];
    int i = 0, c;

    while ((c = 2 * i + 1) < n_heap) {
        if (c + 1 < n_heap && before(&heap[c + 1], &heap[c]))
            c++;
        if (!before(&heap[c], &last))
            break;
        heap[i] = heap[c];
        i = c;
    }
    heap[i] = last;
    return top;
}

void sched_at(int64_t t, void (*fn)(void *arg), void *arg)
{
    push((struct event){.t = t, .fn = fn, .arg = arg});
}

/* ------------------------------- coroutines ------------------------------ */

static void go_home(struct co *c)
{
    if (_setjmp(c->env) == 0)
        _longjmp(home, 1);
}

/* Its whole life: one function after the other. */
static void live(void)
{
    for (;;) {
        running->fn(running->arg);
        running->state = CO_IDLE;
        running->ticket = 0;
        go_home(running);
    }
}

static void first_time(struct co *c)
{
    getcontext(&c->first);
    c->first.uc_stack.ss_sp = c->stack + GUARD;
    c->first.uc_stack.ss_size = STACK - GUARD;
    c->first.uc_link = NULL;
    makecontext(&c->first, live, 0);
    swapcontext(&home_first, &c->first);
}

static void resume(struct co *c)
{
    int was = c->state;

    running = c;
    sim_cur = c->proc;
    arena_use(c->proc);
    c->state = CO_RUNS;
    if (_setjmp(home) == 0) {
        if (was == CO_NEW)
            first_time(c);
        else
            _longjmp(c->env, 1);
    }
    running = NULL;
    sim_cur = NOBODY;
    arena_use(NOBODY);
}

static struct co *find(uint64_t ticket)
{
    struct co *c = &co[ticket % COS];

    return c->ticket == ticket ? c : NULL;
}

static void give_stack(struct co *c)
{
    if (c->stack)
        return;
    c->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | 0x20 /* anonymous */, -1, 0);
    if (c->stack == MAP_FAILED || mprotect(c->stack, GUARD, PROT_NONE) != 0) {
        perror("sim: a stack");
        abort();
    }
}

void sched_go(int proc, void (*fn)(void *arg), void *arg)
{
    struct co *c = co;

    while (c < co + COS && c->ticket)
        c++;
    if (c == co + COS) {
        fprintf(stderr, "sim: too many coroutines\n");
        abort();
    }
    give_stack(c);
    c->proc = proc;
    c->fn = fn;
    c->arg = arg;
    c->ticket = seq * COS + (uint64_t)(c - co) + COS;
    push((struct event){.t = sim_now, .ticket = c->ticket});
}

/* Whoever is killed is not the one who runs. */
void sched_kill(int proc)
{
    for (struct co *c = co; c < co + COS; c++)
        if (c->ticket && c->proc == proc) {
            c->ticket = 0;
            c->state = c->state == CO_IDLE ? CO_IDLE : CO_NEW;
        }
}

uint64_t co_ticket(void)
{
    running->ticket = seq++ * COS + (uint64_t)(running - co) + COS;
    return running->ticket;
}

void co_block(void)
{
    running->state = CO_BLOCKED;
    go_home(running);
}

void co_wake(uint64_t ticket, int64_t at)
{
    push((struct event){.t = at, .ticket = ticket});
}

void co_sleep(int64_t us)
{
    co_wake(co_ticket(), sim_now + (us > 0 ? us : 1));
    co_block();
}

/* ------------------------------- the whole ------------------------------- */

static void wake(const struct event *e)
{
    struct co *c = find(e->ticket);

    if (!c || c->state == CO_RUNS)
        return;
    if (c->proc != NOBODY && w.proc[c->proc].stopped_until > sim_now) {
        co_wake(e->ticket, w.proc[c->proc].stopped_until);
        return;
    }
    resume(c);
}

void sched_run(void)
{
    while (n_heap > 0 && !w.over) {
        struct event e = pop();

        if (e.t > sim_now)
            sim_now = e.t;
        if (e.ticket)
            wake(&e);
        else
            e.fn(e.arg);
    }
}

void sched_reset(uint64_t seed)
{
    (void)seed;
    for (int p = NOBODY; p < PROCS; p++)
        sched_kill(p);
    n_heap = 0;
    seq = 1;
    sim_now = BEGIN_US;
    sim_cur = NOBODY;
    arena_use(NOBODY);
}

/* --------------------------------- chance -------------------------------- */

uint64_t rng_next(struct rng *r)
{
    uint64_t x = r->s += 0x9e3779b97f4a7c15u;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

int64_t rng_below(struct rng *r, int64_t n)
{
    return n > 0 ? (int64_t)(rng_next(r) >> 1) % n : 0;
}

int64_t rng_between(struct rng *r, int64_t low, int64_t high)
{
    return low + rng_below(r, high - low + 1);
}

bool rng_chance(struct rng *r, int percent)
{
    return rng_below(r, 100) < percent;
}
