/* SPDX-License-Identifier: MIT */
/* cases.h - the parked messages that the resolver has met, by id.
 *
 * Kept after they are settled, so that each parking is counted once: one is
 * known by the message's id and the token it was parked with.
 */
#ifndef DEMO_CASES_H
#define DEMO_CASES_H

#include <mqmigrate/mqmigrate.h>

struct a_case {
    struct a_case *next;
    char id[MQM_ID_MAX + 1];
    char side[32];
    uint64_t token, counted; /* as seen last; whose parking was counted */
    int state, in_doubt;
    int here; /* seen in the look that is going on       */
    int send; /* its body is to be sent again            */
    int64_t age_ms, left_ms, sent_ms;
};

struct cases {
    struct a_case *first;
    unsigned long parkings;
};

void cases_begin(struct cases *cs); /* of a look: none is here */
void cases_see(struct cases *cs, const struct mqm_msg *msg,
               const struct mqm_record *record);
struct a_case *cases_find(struct cases *cs, const void *id, size_t id_len);
void cases_free(struct cases *cs);

#endif
