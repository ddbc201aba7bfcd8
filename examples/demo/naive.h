/* SPDX-License-Identifier: MIT */
/* naive.h - what one writes in an afternoon instead of using the library.
 *
 * Each side compares a percentage with a hash when it sees the message, and a
 * lock with an expiry keeps a message from being worked on twice.  Each part
 * looks right; `make demo GUARD=off` counts what is lost and doubled.
 */
#ifndef DEMO_NAIVE_H
#define DEMO_NAIVE_H

#include <stddef.h>

struct naive_message {
    const char *id, *key;
    const void *body;
    size_t id_len, key_len, body_len;
};

enum naive_answer { NAIVE_ACKNOWLEDGE, NAIVE_AGAIN };

/* Decide, lock, work, unlock if it failed (naive.c).  Any thread. */
int naive_handle(const struct naive_message *msg);

/* A lock by id: SET-if-absent with an expiry (naive_lock.c). */
void naive_lock_open(const char *path);
int naive_lock_take(const char *id, size_t len); /* 1: it was free */
void naive_lock_drop(const char *id, size_t len);

/* Consume until demo_stopping(). */
void naive_kafka(const char *brokers, const char *group, const char *topic);
void naive_rocketmq(const char *library, const char *name_server,
                    const char *group, const char *topic, const char *name);

#endif
