/* SPDX-License-Identifier: MIT */
/* ledger.h - what the third party has issued: the truth of the demo.
 *
 * Every issue is one line in a file, "ms id side", flushed as it happens; and
 * a count for each message's id, so that it can be asked.  Safe from any
 * thread.
 */
#ifndef DEMO_LEDGER_H
#define DEMO_LEDGER_H

#include <stdio.h>

enum { LEDGER_ID = 63, LEDGER_SIDE = 15, LEDGER_SIDES = 4 };

struct ledger_totals {
    unsigned long distinct, twice; /* messages issued; issued more than once */
    size_t n;                      /* sides seen                             */
    struct {
        char name[LEDGER_SIDE + 1];
        unsigned long issued;
    } side[LEDGER_SIDES];
};

/* Where the lines go.  Ends the program if it cannot be written. */
void ledger_open(const char *path);

/* A call came in for the message: the first, the second, ... */
unsigned ledger_call(const char *id);

/* The effect itself.  Nothing here asks whether it happened before: that is
 * what makes the third party hard to use. */
void ledger_issue(const char *id, const char *side);

/* How often it was issued. */
unsigned ledger_issued(const char *id);

void ledger_totals(struct ledger_totals *out);

#endif
