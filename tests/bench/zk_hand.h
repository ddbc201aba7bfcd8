/* SPDX-License-Identifier: MIT */
/* zk_hand.h - the guard by hand on ZooKeeper: a node is created, and set when
 * its message is done, with values as long as the store's own.  Pipelined, as
 * requests of their own or as transactions, which the server logs as one. */
#ifndef BENCH_ZK_HAND_H
#define BENCH_ZK_HAND_H

#include <stddef.h>

struct lap;
struct zk_hand;

struct zk_hand *zk_hand_open(int port);
void zk_hand_close(struct zk_hand *h);

/* The lengths of values: of the one cell below root, as it is now. */
enum zk_hand_value { ZK_HAND_HELD, ZK_HAND_DONE };
void zk_hand_learn(struct zk_hand *h, const char *root, enum zk_hand_value v);

struct zk_hand_way {
    struct zk_hand *hand;
    size_t batch; /* messages in one exchange */
    size_t group; /* requests in one transaction; 1: there are none */
};

/* Racers; self is a struct zk_hand_way. */
void zk_hand_pipelined(void *self, struct lap *lap);
void zk_hand_naive(void *self, struct lap *lap);

#endif
