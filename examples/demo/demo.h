/* SPDX-License-Identifier: MIT */
/* demo.h - what all programs of the demo share: clock, chance, the way out.
 *
 * Chance is a pure function of a seed and a message's number, so that a run
 * with the same seed meets the same messages and the same faults, guarded or
 * not, whichever thread comes first.
 */
#ifndef DEMO_H
#define DEMO_H

#include <stddef.h>
#include <stdint.h>

int64_t demo_now_ms(void);
void demo_sleep_ms(int64_t ms);

/* Say what is wrong, and end the program with 1. */
__attribute__((noreturn, format(printf, 1, 2))) void demo_die(const char *fmt,
                                                              ...);

/* A number given as option -name; ends the program if it is none. */
long demo_number(int name, const char *text, long min, long max);

/* 64 bits that depend on all three, evenly. */
uint64_t demo_chance(uint64_t seed, uint64_t number, uint64_t what);

/* The number in a body "reward 17 for user-4", or 0. */
uint64_t demo_body_number(const void *body, size_t len);

/* SIGTERM and SIGINT make demo_stopping() true and call on_stop (which must
 * be fit for a signal handler), if there is one. */
void demo_stop_on_signals(void (*on_stop)(void));
int demo_stopping(void);

#endif
