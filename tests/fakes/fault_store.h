/* SPDX-License-Identifier: MIT */
/* fault_store.h - what a test tells the fault store (fault_store.c), through
 * its exported symbol.
 */
#ifndef TESTS_FAULT_STORE_H
#define TESTS_FAULT_STORE_H

#include <stdatomic.h>

struct fault {
    atomic_int lose;     /* so many calls are done, and answered -ETIMEDOUT  */
    atomic_int fail;     /* so many calls are not done, and answered -EIO    */
    atomic_int error;    /* 0, or what these two are answered instead        */
    atomic_int lose_nth; /* the nth swap of the next call loses its answer   */
    atomic_int mute;     /* so many calls set no result at all, and say 0    */
    atomic_int delay_ms; /* before each call                                 */
    atomic_int garble;   /* the next call reads a value that nobody knows    */
    atomic_int restless; /* so many swaps find that the cell has just changed */
    atomic_int calls;    /* of swap(), so far                                */
    atomic_int swaps;    /* in them                                          */
    atomic_int largest;  /* swaps in one call                                */
    atomic_int twice;    /* calls that had a key twice: must be 0            */
    atomic_int inside;   /* calls at this moment                             */
    atomic_int together; /* calls at the same time: must be 0                */
};

#define FAULT_SYMBOL "fault"

#endif
