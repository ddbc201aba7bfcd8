/* SPDX-License-Identifier: MIT */
/* loop.h - what a test tells the looping adapter (loop.c), through its exported
 * symbol. */
#ifndef TESTS_LOOP_H
#define TESTS_LOOP_H

#include <stdatomic.h>

struct loop {
    atomic_int refuse; /* so many subscriptions */
    atomic_int subscribed;
};

#define LOOP_SYMBOL "loop"

#endif
