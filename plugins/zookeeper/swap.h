/* SPDX-License-Identifier: MIT */
/* swap.h - what swap.c, read.c and write.c share of a call.  See swap.c. */
#ifndef MQM_ZK_SWAP_H
#define MQM_ZK_SWAP_H

#include "zk.h"

enum zk_state { DONE, READ, WRITE };

struct zk_item {
    enum zk_state state, was; /* was: when this round was sent */
    int slot; /* of its read, or of the transaction it is in; -1: none */
    int soon; /* it may be removed soon: check `open` */
    int listed;
    int32_t node;
    uint64_t version; /* the one it is given */
    int64_t forget_ms; /* as it is there (0: none); as it is written */
    struct zk_space *space;
};

struct zk_round {
    struct zk *z;
    struct mqm_swap *const *s;
    struct zk_item *items;
    size_t n;
    int number;
    struct zk_batch *batch;
    int clock;
};

void zk_done(struct zk_round *r, size_t i, int result);

/* Send what READ and WRITE need, and take what was answered. */
void zk_send_reads(struct zk_round *r);
void zk_take_reads(struct zk_round *r);
void zk_send_writes(struct zk_round *r);
void zk_take_writes(struct zk_round *r);

#endif
