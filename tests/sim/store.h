/* SPDX-License-Identifier: MIT */
/* store.h - a call of the simulated store on its way to the server. */
#ifndef MQM_SIM_STORE_H
#define MQM_SIM_STORE_H

#include "sim.h"

enum { BATCH = 64, NO_MESSAGE = -1 };

struct asked {
    int message, result; /* NO_MESSAGE: a report, which nobody here reads */
    uint64_t expect, version;
    int64_t age_ms, born_ms, keep_ms;
    unsigned flags;
    size_t len;
    unsigned char id[16];
    unsigned char value[MQM_VALUE_MAX];
};

struct request {
    struct request *next;
    int proc;
    int64_t arrives; /* 0: never */
    bool applied, half;
    bool stale; /* its caller should know that its policy is too old */
    int users; /* its caller, and the way to the server */
    size_t n;
    struct asked a[BATCH];
};

void cells_reset(void);
void cells_apply(struct request *q);
int64_t cells_memory(int64_t raise_ms);
void cells_margin(int64_t ms); /* of clocks, as the library tells a store */
bool store_is_away(void);
bool store_is_slow(void);
int cells_show(int i, const char *space,
               int (*visit)(void *user, const struct mqm_key *key,
                            const struct mqm_cell *cell),
               void *user);

#endif
