/* SPDX-License-Identifier: MIT */
/* route.c - asks the name server itself whether there is a topic.
 *
 * The client library says "no queues" for a topic that is not there and for a
 * name server that is not there, and these must not be confused: "nothing is
 * parked" would be said of a parking topic that nobody could read.  So when it
 * says that, one request of the remoting protocol is made here:
 *
 *     u32 length | u32 length of header | header, JSON | body
 *
 * of which only the answer's code counts.
 */
#include "rocketmq.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 3000, ROUTE_OF_TOPIC = 105, NO_TOPIC = 17 };

static int ready(int fd, short what, int64_t end)
{
    struct pollfd p = {fd, what, 0};
    int64_t left = end - rmq_now_ms();

    return left > 0 && poll(&p, 1, (int)left) == 1;
}

static int try_address(const struct addrinfo *a, int64_t end)
{
    int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol), e = 0;
    socklen_t len = sizeof(e);

    if (fd < 0)
        return -1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (!connect(fd, a->ai_addr, a->ai_addrlen))
        return fd;
    if (errno == EINPROGRESS && ready(fd, POLLOUT, end) &&
        !getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) && !e)
        return fd;
    close(fd);
    return -1;
}

/* "host:port", not terminated. */
static int connect_to(const char *address, size_t len, int64_t end)
{
    struct addrinfo hints, *list = NULL;
    char text[300], *colon;
    int fd = -1;

    snprintf(text, sizeof(text), "%.*s", (int)len, address);
    colon = strrchr(text, ':');
    if (!colon)
        return -1;
    *colon = '\0';
    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(text, colon + 1, &hints, &list))
        return -1;
    for (struct addrinfo *a = list; fd < 0 && a; a = a->ai_next)
        fd = try_address(a, end);
    freeaddrinfo(list);
    return fd;
}

static int send_all(int fd, const char *bytes, size_t len, int64_t end)
{
    while (len > 0) {
        ssize_t n;

        if (!ready(fd, POLLOUT, end))
            return -1;
        n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static int read_all(int fd, char *bytes, size_t len, int64_t end)
{
    while (len > 0) {
        ssize_t n;

        if (!ready(fd, POLLIN, end))
            return -1;
        n = recv(fd, bytes, len, 0);
        if (n <= 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The header's code, or -1. */
static int ask(int fd, const char *topic, int64_t end)
{
    char frame[1024];
    uint32_t lengths[2];
    const char *code;
    long number;
    size_t n;

    n = (size_t)snprintf(
        frame + 8, sizeof(frame) - 8,
        "{\"code\":%d,\"extFields\":{\"topic\":\"%s\"},\"flag\":0,"
        "\"language\":\"OTHER\",\"opaque\":1,"
        "\"serializeTypeCurrentRPC\":\"JSON\",\"version\":453}",
        (int)ROUTE_OF_TOPIC, topic);
    lengths[0] = htonl((uint32_t)n + 4);
    lengths[1] = htonl((uint32_t)n);
    memcpy(frame, lengths, 8);
    if (send_all(fd, frame, n + 8, end) < 0 ||
        read_all(fd, (char *)lengths, 8, end) < 0)
        return -1;
    n = ntohl(lengths[1]) & 0xffffff;
    if (n >= sizeof(frame) || read_all(fd, frame, n, end) < 0)
        return -1;
    frame[n] = '\0';
    code = strstr(frame, "\"code\":");
    number = code ? strtol(code + 7, NULL, 10) : -1;
    return number >= 0 && number <= UINT16_MAX ? (int)number : -1;
}

/* The answer's code, or -1: nobody answered. */
static int code_of(const struct rmq *self, const char *topic)
{
    const char *at = self->set.name_server;
    int code = -1;

    while (*at && code < 0) {
        size_t len = strcspn(at, ";");
        int64_t end = rmq_now_ms() + PATIENCE_MS;
        int fd = connect_to(at, len, end);

        if (fd >= 0) {
            code = ask(fd, topic, end);
            close(fd);
        }
        at += len + (at[len] == ';');
    }
    return code;
}

int rmq_route(const struct rmq *self, const char *topic)
{
    int code = code_of(self, topic);

    return code == NO_TOPIC ? -ENOENT : code < 0 ? -EIO : MQM_OK;
}

int rmq_no_route(const struct rmq *self, const char *topic)
{
    const struct mqm_host *host = self->host;
    int code = code_of(self, topic);

    if (code == NO_TOPIC)
        return host->fail(host, -ENOENT,
                          "RocketMQ has no topic '%s' (name server %s): "
                          "create it, or correct its name",
                          topic, self->set.name_server);
    return host->fail(host, -EIO,
                      "the route of '%s' is not known: the name server (%s) "
                      "%s (code %d)",
                      topic, self->set.name_server,
                      code < 0 ? "does not answer" : "gives no queues", code);
}
