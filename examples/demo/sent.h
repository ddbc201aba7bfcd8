/* SPDX-License-Identifier: MIT */
/* sent.h - the list of what was sent: what the ledger is compared with.
 *
 * A line a message, once a broker (in dual sending: both) has it:
 * "ms id user number", ms being the time of its first sending.
 */
#ifndef DEMO_SENT_H
#define DEMO_SENT_H

#include <mqmigrate/mqmigrate.h>
#include <stddef.h>
#include <stdint.h>

struct sent {
    int64_t ms;
    uint64_t number;
    char id[MQM_ID_LEN + 1];
    char user[16];
    char body[64];
};

void sent_open(const char *path);

/* Message `number` of the run: its user, body, a new id.  The same seed gives
 * the same users. */
void sent_make(struct sent *s, uint64_t seed, uint64_t number);

void sent_write(const struct sent *s);
void sent_close(void);

#endif
