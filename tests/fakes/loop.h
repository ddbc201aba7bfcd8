/* SPDX-License-Identifier: MIT */
/* loop.h - what a test tells the looping adapter (loop.c), through its exported
 * symbol. */
#ifndef TESTS_LOOP_H
#define TESTS_LOOP_H

#include <stdatomic.h>

struct loop {
    atomic_int refuse; /* so many subscriptions */
    atomic_int subscribed;
    atomic_int deaf; /* so many messages are not taken      */
    atomic_int gone; /* so many, the first, are not fetched */
    atomic_int dead; /* so many, the first, are dead letters */
    /* So many calls of these answer -EIO. */
    atomic_int no_scan, no_fetch, no_positions;
    char trace[32];  /* a header of what is sent            */
    const char *picky; /* the side that takes no empty body, or NULL */
    const char *missing; /* the topic that is not there, or NULL */
};

#define LOOP_SYMBOL "loop"

#endif
