/* SPDX-License-Identifier: MIT */
/* sim.h - the simulator: one process, one seed, virtual time.
 *
 * The library is linked as it is shipped.  What it asks of the C library
 * (clocks, sleeping, random bits, files, memory, waiting for another thread)
 * is answered by edge.c and arena.c, so that seven processes run inside one and
 * a history is a function of its seed.  All around the library is simulated:
 * the store, the brokers, the third party, producers, the operator.
 *
 *     plan.c       what shall happen: messages, faults, moves of the operator
 *     sched.c      virtual time: events and coroutines
 *     store.c      the store; cells.c: its server; watch.c: its records
 *     json.c       texts are parsed once
 *     kafka.c, rocketmq.c  brokers; parking.c: bodies
 *     consumer.c   processes that call the library; third.c: what they work on
 *     history.c    one plan from its beginning to its end, and the verdict
 *     shrink.c     the shortest plan that still fails
 *     table.c      what happened how often
 *
 * What always holds: nothing here depends on real time, on addresses or on
 * what an earlier history left behind.  Times are microseconds.
 */
#ifndef MQM_SIM_H
#define MQM_SIM_H

#include <mqmigrate/plugin.h>

#include <stdbool.h>

enum { KAFKA, ROCKET, SIDES };
enum {
    PER_SIDE = 3,
    CONSUMERS = PER_SIDE * SIDES,
    OPERATOR = CONSUMERS, /* a process, too */
    PROCS,
    NOBODY = -1, /* the simulator itself */
    MESSAGES = 32,
    FAULTS = 20,
    MOVES = 8
};

#define MS       INT64_C(1000)
#define BEGIN_US (INT64_C(1800000000000) * MS)

/* What the configuration says, see conf.c. */
enum {
    LEASE_MS = 400,
    HANDLER_MS = 600,
    EFFECT_MS = 80, /* the third party takes at most so long */
    SETTLE_MS = 1800,
    KEEP_MS = 6000,
    TIMEOUT_MS = 60, /* of the store */
    PAUSE_MS = 30,
    MARGIN_MS = 1600, /* of producers' clocks */
    TRIES = 4
};

/* ------------------------------- the plan -------------------------------- */

struct rng {
    uint64_t s;
};
uint64_t rng_next(struct rng *r);
int64_t rng_below(struct rng *r, int64_t n);
int64_t rng_between(struct rng *r, int64_t low, int64_t high);
bool rng_chance(struct rng *r, int percent);

enum fault_kind {
    F_CRASH,        /* a consumer dies and comes again                      */
    F_PAUSE,        /* it stands still: a zombie, if for long               */
    F_LOST_REQUEST, /* the store's next call of a process: never applied    */
    F_LOST_ANSWER,  /* applied, and nobody hears of it                      */
    F_LATE_REQUEST, /* applied after its caller gave up                     */
    F_HALF_ANSWER,  /* a part of the batch is answered                      */
    F_SLOW_STORE,
    F_OUTAGE,
    F_FAILOVER,     /* the last writes are forgotten                        */
    F_FORGET,       /* all that is due is forgotten                         */
    F_REBALANCE,
    F_REDELIVER,    /* a broker delivers once more what was acknowledged    */
    F_CLOCK,        /* a process' clock jumps                               */
    F_PARK_FAILS,   /* the parking topic cannot be written to               */
    F_SLOW_HANDLER, /* calls of a process take long                         */
    F_HANG,         /* a call never ends                                    */
    F_STOP,         /* a consumer closes, and starts again                  */
    F_CONF_BROKEN,
    F_CONF_GONE,
    F_CONF_LAGS,    /* a process sees the old file for a while              */
    F_LOST_COMMIT,  /* acknowledgements of a process get lost               */
    F_PRODUCER,     /* a producer dies between its sends, and comes again   */
    F_RESEND,       /* a producer sends again what it has sent              */
    F_ONE_SIDE,     /* it never comes again: the operator has to see it     */
    /* Beyond what is promised: what these spoil is excused. */
    F_NO_SWEEPER,   /* as above, and the operator does not look             */
    F_LONG_GAP,     /* stopped between the last question and the call, for  */
                    /*   longer than settle_ms                              */
    F_ROLLBACK,     /* the store goes back to older values                  */
    FAULT_KINDS
};

struct fault {
    int kind, target;
    int64_t at, length;
    bool off; /* left out, to see whether it matters */
};

struct message_plan {
    int64_t at, gap; /* between the two sends */
    int first;       /* the side it is sent to first */
    int64_t clock;   /* of its producer */
    int resends;
    bool off;
};

enum move_kind { M_ON, M_OFF, M_CUT, M_ALLOW, M_DISALLOW };

struct move {
    int kind;
    int64_t at;
    int value;
    bool off;
};

struct plan {
    uint64_t seed;
    int variant;
    int n_messages, n_faults, n_moves;
    struct message_plan message[MESSAGES];
    struct fault fault[FAULTS];
    struct move move[MOVES];
    int64_t quiet_at; /* no faults from here on */
    bool gentle; /* only faults that are no reason for a doubt */
    bool quick;  /* much at once, and quickly worked on: claims are made ahead */
};

void plan_make(struct plan *p, uint64_t seed);
const char *fault_name(int kind);
const struct fault *plan_fault_of(int message, int kind); /* or NULL */

/* ------------------------------- the world ------------------------------- */

struct message {
    char id[MQM_ID_LEN + 1];
    char key[8];
    int64_t born_ms;
    int effects;
    unsigned told;      /* how often a handler was called                */
    uint64_t token;     /* of the newest call                            */
    bool forgotten;     /* by the store, once                            */
    bool replayed;      /* out of parking, once                          */
    bool assigned;      /* to the other side, by the operator            */
    const char *excuse; /* the assumption that was broken for it         */
};

struct process {
    mqm *m;
    int64_t stopped_until, clock_off, slow_until, park_fails_until;
    int64_t commits_lost_until;
    unsigned life; /* counts restarts */
    bool up;
    uint32_t in_gap; /* messages between the last question and the call */
    bool long_gap;   /* the next such moment lasts too long */
    bool hangs;      /* the next call of a handler never ends */
    bool hung;       /* that is where it is */
    int64_t gap_stop; /* stand still so long at the next such moment */
    int64_t call_stop; /* or in the next call of the store */
    bool closing;    /* no thread begins anything new */
    int threads;     /* in the library */
    int lose;   /* a fault_kind for the next call of the store, or -1 */
};

struct world {
    const struct plan *plan;
    struct message message[MESSAGES];
    struct process proc[PROCS];
    struct rng rng; /* for what has no stream of its own */
    int64_t quiet_at, end_at;
    bool sweeps, over;
    const char *violation;
    char story[160];
    int violated; /* the message, or -1 */
};
extern struct world w;
extern int sim_verbose;

int old_side(void);
const char *side_name(int side);
int message_of(const void *id); /* of its text */
bool conf_is_stale(void); /* nobody has seen it for too long */
void violation(int message, const char *what);
void excuse(int message, const char *why); /* message -1: all of them */
__attribute__((format(printf, 1, 2))) void trace(const char *fmt, ...);

/* True if the history failed, by *p alone. */
bool history_run(const struct plan *p);

/* -------------------------------- sched.c -------------------------------- */

extern int64_t sim_now;  /* us */
extern int sim_cur;      /* the process that runs, or NOBODY */

void sched_reset(uint64_t seed);
void sched_at(int64_t t, void (*fn)(void *arg), void *arg);
void sched_go(int proc, void (*fn)(void *arg), void *arg);
void sched_kill(int proc);
void sched_run(void); /* until w.over, or nothing is left to do */
void co_sleep(int64_t us);
/* To wait for another: take a ticket, block, be woken by it. */
uint64_t co_ticket(void);
void co_block(void);
void co_wake(uint64_t ticket, int64_t at);

/* ------------------------------ the others ------------------------------- */

void arena_use(int proc);              /* allocate there from now on */
void arena_keep(int variant, int proc); /* as it is now: the image */
void arena_restore(int variant, int proc);

void edge_init(void);
void edge_reset(void);

void store_reset(void);
void store_fault(int kind, int64_t length);
void store_dropped(int message, int side); /* a copy was: may it? */
void store_forget(int proc); /* what it had in flight: it is dead */
const struct mqm_plugin *store_plugin(void);

const char *conf_text(int version, size_t *len);
void conf_reset(int variant);
void conf_move(const struct move *mv);
void conf_fault(const struct fault *f);
int conf_version(int proc); /* < 0: -errno */
int64_t conf_written(int version); /* us */
int conf_variants(void);
int64_t conf_since(void);   /* ms, 0: not set */
bool conf_again(void);      /* in_doubt is "again" */
bool conf_flies(void);      /* the store can begin and end calls */

void kafka_reset(void);
void kafka_send(int message);
void kafka_worker(void *consumer);
void kafka_forget(int consumer); /* a new process knows no positions */
void kafka_rebalance(void);
void kafka_redeliver(struct rng *r);
bool kafka_idle(void);
bool kafka_has(int message); /* a copy that is not acknowledged */
void rocket_reset(void);
void rocket_send(int message);
void rocket_worker(void *consumer);
void rocket_redeliver(struct rng *r);
void rocket_lost(int consumer); /* what it had out comes again */
bool rocket_idle(void);
bool rocket_has(int message);
void broker_send(int side, int message);

void parking_reset(void);
int parking_keep(void *user, const struct mqm_delivery *d);
bool parking_has(int side, int message);
void parking_replay(int side, int message); /* its body goes out again */
bool parking_idle(void);
bool parking_sends(int message); /* it is on its way out */
int steps_deliver(mqm *m, int side, int message, unsigned flags,
                  int64_t *again_ms);

void consumer_open_all(void);
void consumer_reset(void);
void consumer_close(int proc);
void consumer_crash(int proc, int64_t down);
void consumer_noticed(void *process); /* that it is gone */
void consumer_stop(int proc, int64_t length);
void delivery_fill(struct mqm_delivery *d, int side, int message);
int third_handler(void *user, const struct mqm_delivery *d);
int third_call(int message); /* an mqm_outcome, or a negative errno */
bool third_knows(int message);
int third_asked(int message); /* what to answer in doubt */
void third_gap(int message);  /* the moment before the call */
void third_reset(void);

void producer_start(void);
void operator_start(void);
void faults_start(void);

bool shrink(struct plan *p);
void plan_print(const struct plan *p);

void table_fault(int kind);
void table_audit(void *user, const struct mqm_event *e);
enum tally {
    T_EFFECT, T_CALLED, T_CHECK_LOST, T_REFUSED, T_TIMEOUT_DONE,
    T_TIMEOUT_NOT, T_STORE_CALL, T_SWAP, T_PARKED_BODY, T_REPLAY, T_RESENT,
    T_SWEPT, T_RESOLVE_DONE, T_RESOLVE_AGAIN, T_ASSIGN, T_SENT_BACK, T_ZOMBIE,
    T_RELOADED, T_COMBINED, T_CLOSED, T_GAP_STOP, T_NO_BODY_YET, T_EXCUSED,
    T_OVERLAPPED, T_REORDERED, T_EARLIER_LOST, TALLIES
};
extern unsigned long tally[TALLIES];
void table_print(void);
int table_gaps(void); /* rows that never happened */

#endif
