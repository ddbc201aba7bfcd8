/* SPDX-License-Identifier: MIT */
/* redis_dial.h - a connected socket, or why there is none.
 *
 * What a name stands for is looked up when it is dialled first, and again after
 * none of the addresses took a connection: whoever connects anew to a server
 * that is there asks nobody for its name.  A lookup that fails takes nothing
 * away: the addresses of the last one are tried.
 *
 * Looking up is the one thing that has no limit of ours, as getaddrinfo() has
 * none, and what has needs threads.  It asks each name server for one second,
 * once; docs/redis.md says what that comes to.
 */
#ifndef MQM_STORES_REDIS_DIAL_H
#define MQM_STORES_REDIS_DIAL_H

#include "redis_url.h"

#include <sys/socket.h>

enum { MQM__REDIS_PLACES = 8 };

/* What the host's name stood for; all zero: not looked up yet. */
struct redis_places {
    size_t n;
    int doubtful; /* none of them took a connection */
    struct redis_place {
        int family;
        socklen_t len;
        struct sockaddr_storage at;
    } place[MQM__REDIS_PLACES];
};

/* If it has to be, see what the name stands for.  0, or < 0 and a text in why:
 * it stands for nothing that is known. */
int mqm__redis_look_up(const struct redis_address *a,
                       struct redis_places *places, char *why, size_t size);

/* A descriptor, or < 0.  Not beyond end_us (CLOCK_MONOTONIC), of which each
 * address gets its share. */
int mqm__redis_dial(const struct redis_address *a, struct redis_places *places,
                    int64_t end_us);

#endif
