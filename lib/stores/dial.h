/* SPDX-License-Identifier: MIT */
/* dial.h - a connected socket, or why there is none.
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
#ifndef MQM_STORES_DIAL_H
#define MQM_STORES_DIAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { MQM__DIAL_PLACES = 8 };

struct dial_address {
    char host[256];
    char port[8];
    char path[108]; /* of a socket; "": host and port */
};

/* What the host's name stood for; all zero: not looked up yet. */
struct dial_places {
    size_t n;
    int doubtful; /* none of them took a connection */
    struct dial_place {
        int family;
        socklen_t len;
        struct sockaddr_storage at;
    } place[MQM__DIAL_PLACES];
};

/* If it has to be, see what the name stands for.  0, or < 0 and a text in why:
 * it stands for nothing that is known. */
int mqm__look_up(const struct dial_address *a, struct dial_places *places,
                 char *why, size_t size);

/* A descriptor, or < 0.  Not beyond end_us (CLOCK_MONOTONIC), of which each
 * address gets its share. */
int mqm__dial(const struct dial_address *a, struct dial_places *places,
              int64_t end_us);

#endif
