/* SPDX-License-Identifier: MIT */
/* dial.c - see dial.h. */
#define _DEFAULT_SOURCE /* _res */
#include "dial.h"

#include "../clock.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int wait_connected(int fd, int64_t end_us)
{
    struct pollfd p = {fd, POLLOUT, 0};
    int err = 0;
    socklen_t len = sizeof(err);

    for (;;) {
        int64_t left_us = end_us - mqm__mono_us();
        int n;

        if (left_us <= 0)
            return -ETIMEDOUT;
        n = poll(&p, 1, (int)((left_us + 999) / 1000));
        if (n > 0 || (n < 0 && errno != EINTR))
            break;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
        return -errno;
    return -err;
}

static int dial_one(int family, const struct sockaddr *to, socklen_t len,
                    int64_t end_us)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    int r = 0;

    if (fd < 0)
        return -errno;
    if (connect(fd, to, len) != 0) {
        r = -errno;
        if (r == -EINPROGRESS || r == -EINTR)
            r = wait_connected(fd, end_us);
    }
    if (r < 0) {
        close(fd);
        return r;
    }
    if (family != AF_UNIX) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    return fd;
}

static int dial_unix(const struct dial_address *a, int64_t end_us)
{
    struct sockaddr_un to;
    size_t len = strlen(a->path);

    memset(&to, 0, sizeof(to));
    to.sun_family = AF_UNIX;
    if (len >= sizeof(to.sun_path))
        return -ENAMETOOLONG;
    memcpy(to.sun_path, a->path, len);
    return dial_one(AF_UNIX, (const struct sockaddr *)&to, sizeof(to), end_us);
}

/* For this thread alone, and as it was afterwards: whoever does not answer is
 * asked once.  (Two dead name servers, a name to be tried in two ways: measured
 * 4 s, where libc's two tries of 5 s each made 40.) */
static int ask_resolver(const char *host, const char *port,
                        const struct addrinfo *hints, struct addrinfo **list)
{
    int retrans, retry, r;

    if (!(_res.options & RES_INIT) && res_init() != 0)
        return EAI_SYSTEM;
    retrans = _res.retrans;
    retry = _res.retry;
    _res.retrans = 1;
    _res.retry = 1;
    r = getaddrinfo(host, port, hints, list);
    _res.retrans = retrans;
    _res.retry = retry;
    return r;
}

static void keep(struct dial_places *places, const struct addrinfo *list)
{
    memset(places, 0, sizeof(*places));
    for (; list && places->n < MQM__DIAL_PLACES; list = list->ai_next) {
        struct dial_place *p = &places->place[places->n];

        if (list->ai_addrlen > sizeof(p->at))
            continue;
        p->family = list->ai_family;
        p->len = list->ai_addrlen;
        memcpy(&p->at, list->ai_addr, list->ai_addrlen);
        places->n++;
    }
}

int mqm__look_up(const struct dial_address *a, struct dial_places *places,
                 char *why, size_t size)
{
    struct addrinfo *list = NULL;
    struct addrinfo hints;
    int r;

    if (a->path[0] || (places->n > 0 && !places->doubtful))
        return 0;
    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST;
    r = getaddrinfo(a->host, a->port, &hints, &list);
    hints.ai_flags = 0;
    if (r == EAI_NONAME)
        r = ask_resolver(a->host, a->port, &hints, &list);
    if (r == 0) {
        keep(places, list);
        freeaddrinfo(list);
    }
    if (places->n > 0)
        return 0; /* the old ones, if need be */
    snprintf(why, size, "%s", gai_strerror(r ? r : EAI_NONAME));
    return -EHOSTUNREACH;
}

/* Each of those left gets its share of the time left. */
static int dial_all(const struct dial_places *places, int64_t end_us)
{
    int fd = -ETIMEDOUT;

    for (size_t i = 0; i < places->n && fd < 0; i++) {
        const struct dial_place *p = &places->place[i];
        int64_t now_us = mqm__mono_us();
        int64_t share = (end_us - now_us) / (int64_t)(places->n - i);

        fd = dial_one(p->family, (const struct sockaddr *)&p->at, p->len,
                      now_us + share);
    }
    return fd;
}

int mqm__dial(const struct dial_address *a, struct dial_places *places,
              int64_t end_us)
{
    int fd;

    if (a->path[0])
        return dial_unix(a, end_us);
    fd = dial_all(places, end_us);
    places->doubtful = fd < 0;
    return fd;
}
