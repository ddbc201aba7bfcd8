/* SPDX-License-Identifier: MIT */
/* redis_dial.c - see redis_dial.h. */
#include "redis_dial.h"

#include "swaps.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
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

static int dial_unix(const struct redis_address *a, int64_t end_us)
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

int mqm__redis_dial(const struct redis_address *a, int64_t end_us, char *why,
                    size_t size)
{
    struct addrinfo hints;
    struct addrinfo *list = NULL;
    int fd = -EHOSTUNREACH;
    int r;

    if (a->path[0]) {
        fd = dial_unix(a, end_us);
        if (fd < 0)
            snprintf(why, size, "%s", strerror(-fd));
        return fd;
    }
    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    r = getaddrinfo(a->host, a->port, &hints, &list);
    if (r != 0) {
        snprintf(why, size, "%s", gai_strerror(r));
        return -EHOSTUNREACH;
    }
    for (struct addrinfo *i = list; i && fd < 0; i = i->ai_next)
        fd = dial_one(i->ai_family, i->ai_addr, i->ai_addrlen, end_us);
    freeaddrinfo(list);
    if (fd < 0)
        snprintf(why, size, "%s", strerror(-fd));
    return fd;
}
