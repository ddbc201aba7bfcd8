/* SPDX-License-Identifier: MIT */
/* settle.h - one mqm_settle(): settle.c asks and puts on record, settle_send.c
 * sends what is owed again. */
#ifndef MQM_SETTLE_H
#define MQM_SETTLE_H

#include "core.h"

/* Owed again: its body has to be sent. */
struct due {
    unsigned char folded[MQM_ID_MAX]; /* as the store knows it */
    size_t folded_len;
    char id[MQM_ID_MAX]; /* as it was listed */
    size_t id_len;
    struct mqm_record record;
    bool over; /* sent, or told why not */
};

struct settling {
    mqm *m;
    struct mqm_settle_options o;
    const struct topic_config *topic;
    int (*visit)(void *user, const struct mqm_settled *s);
    void *user;
    struct due *due;
    size_t n_due, room;
    int at; /* whose parking topic is read */
};

int mqm__settle_tell(const struct settling *s, const struct mqm_settled *told);

/* 0, or what visit() said, or < 0. */
int mqm__settle_send(struct settling *s);

#endif
