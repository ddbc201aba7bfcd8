/* SPDX-License-Identifier: MIT */
/* redis_link.h - one connection to Redis, and the time it may take.
 *
 *     begin -> ready -> (put commands) -> flush -> reply, reply, ...
 *
 * begin sets the end of the whole call, and nothing waits beyond it; a signal
 * does not end a wait early.  What goes wrong on the wire drops the connection,
 * and so does a call that begins while replies to an earlier one are due: they
 * could be taken for its own.  The next call connects anew, at once; after a
 * failure to connect not before a pause that doubles, with some chance in it,
 * and calls fail at once meanwhile.
 *
 * The bytes are sent and received here; hiredis only parses them, in
 * redis_reader.  (Its own transport raises SIGPIPE and has no deadline for a
 * whole call.)
 */
#ifndef MQM_STORES_REDIS_LINK_H
#define MQM_STORES_REDIS_LINK_H

#include "dial.h"
#include "redis_reader.h"
#include "redis_url.h"

struct redis_link {
    const struct mqm_host *host;
    struct redis_address address;
    struct dial_places places;
    int64_t timeout_ms, connect_timeout_ms;
    int fd; /* -1: none */
    struct redis_reader *reader;
    unsigned drops; /* of connections, so far */
    size_t due; /* replies that were asked for and not taken yet */
    char *out; /* what is to be sent; reused */
    size_t out_len, out_room;
    int out_failed;      /* no memory for it */
    int64_t deadline_us; /* of this call, by CLOCK_MONOTONIC */
    int64_t retry_us;    /* 0, or do not connect before */
    int64_t pause_ms;    /* the last one */
    uint32_t dice;
    char why[320]; /* what the last failure was */
};

void mqm__link_init(struct redis_link *l, const struct mqm_host *host);
void mqm__link_free(struct redis_link *l);

void mqm__link_begin(struct redis_link *l);

/* 0: connected as before; 1: connected anew (introduce yourself); < 0. */
int mqm__link_ready(struct redis_link *l);

/* A command is put(n) and n times bulk or number. */
void mqm__link_put(struct redis_link *l, size_t n);
void mqm__link_bulk(struct redis_link *l, const void *p, size_t len);
void mqm__link_bulk2(struct redis_link *l, const char *head, const void *p,
                     size_t len); /* the two as one */
/* One of len bytes, in parts. */
void mqm__link_bulk_begin(struct redis_link *l, size_t len);
void mqm__link_part(struct redis_link *l, const void *p, size_t len);
void mqm__link_bulk_end(struct redis_link *l);
void mqm__link_text(struct redis_link *l, const char *text);
void mqm__link_number(struct redis_link *l, int64_t x);

int mqm__link_flush(struct redis_link *l);

/* The next reply; it lives until the one after it.  -EPROTO: it cannot be read,
 * or more came than was asked for, so none before it need be what it seemed. */
int mqm__link_reply(struct redis_link *l, const struct redis_reply **reply);

/* Not to be used again; if it came to be just now, wait before the next. */
void mqm__link_drop(struct redis_link *l);
void mqm__link_refused(struct redis_link *l);
void mqm__link_accepted(struct redis_link *l);

/* The words for what was in flight on a connection that is gone; < 0. */
int mqm__link_lost(struct redis_link *l);

/* What came cannot be: -EPROTO, and the connection is dropped. */
int mqm__link_nonsense(struct redis_link *l);

/* An error reply, by the table in redis_error.h: < 0 with its words, or 1: it
 * is to be tried again on the spot, by *answer. */
int mqm__link_error(struct redis_link *l, const struct redis_reply *error,
                    int *answer);

/* The words for what was tried again on the spot and said no once more. */
int mqm__link_in_vain(struct redis_link *l);

#endif
