/* SPDX-License-Identifier: MIT */
/* report.h - what an instance tells of itself, as the bytes of a cell and back.
 *
 * The cells of a topic's instances lie in a space of their own, "app/group/
 * topic/instances": names have no '/', so no topic's space is that.  The key is
 *
 *     RUN/SIDE/INSTANCE      RUN: 16 hex digits, made by chance at mqm_open(),
 *                            so that a process id used again is another key
 *
 * and all that a reader needs to show a report of a format it does not know.
 * The value (numbers as in bytes.h):
 *
 *     format (1), flags (1), report_ms (4), pid (8), host, version,
 *     print of the policy (8), cut (4), since (8),
 *     ms: since the opening (8), the policy in force (8), confirmed before (8),
 *         the counts unchanged (8),
 *     how many counts (1), each (8),
 *     of five minutes: ms (4), done, first, second (4 each),
 *     of one: ms (4), done (4)
 *
 * Times are durations at the moment of writing, so that with the cell's age
 * they are true by the store's clock.  What comes behind is not looked at, so
 * that a later library may add to the format.
 */
#ifndef MQM_REPORT_H
#define MQM_REPORT_H

#include "tally.h"

#include <mqmigrate/plugin.h>

#include <sys/types.h>

enum { REPORT_RUN = 17, REPORT_HOST = 40, REPORT_VERSION = 16 };
enum { REPORT_SPACE = 128, REPORT_NAME = 64, REPORT_SIDE = 32 };

struct report {
    bool gone;
    int64_t report_ms, pid;
    char host[REPORT_HOST], version[REPORT_VERSION];
    uint64_t print;
    bool on;
    uint32_t cut_ppm;
    int64_t since_ms;
    int64_t open_ms, in_force_ms, confirmed_ms, unchanged_ms;
    uint64_t n[COUNTS];
    struct sample lately, minute; /* at_ms: over how long */
};

struct report_key {
    char run[REPORT_RUN], side[REPORT_SIDE], instance[REPORT_NAME];
};

/* Three reports are missing, and the store was slow. */
static inline int64_t mqm__silent_after_ms(int64_t report_ms)
{
    return 3 * report_ms + 1000;
}

void mqm__report_space(char out[REPORT_SPACE], const char *topic_space);

/* Both return the length. */
size_t mqm__report_key(unsigned char out[MQM_ID_MAX],
                       const struct report_key *key);
size_t mqm__report_encode(unsigned char out[MQM_VALUE_MAX],
                          const struct report *r);

/* 0, or -EPROTO: not a report of ours. */
int mqm__report_key_read(struct report_key *out, const void *id, size_t len);
int mqm__report_decode(struct report *out, const unsigned char *in,
                       size_t len);

#endif
