/* SPDX-License-Identifier: MIT */
/* remoting.c - one request to a name server or a broker, and its answer.
 *
 *     u32 length | u32 length of header | header, JSON | body
 *
 * For what the client library cannot tell.  A connection serves one thread; a
 * server that is silent for PATIENCE_MS is not there.  Requests that the server
 * itself makes in between are passed over.
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

enum { PATIENCE_MS = 3000, ANSWER_MAX = 16 << 20, IS_ANSWER = 1 };

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

int rmq_dial(const char *address, size_t len)
{
    const int64_t end = rmq_now_ms() + PATIENCE_MS;
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

static int request(int fd, int code, const char *fields, int64_t end)
{
    char frame[2048];
    uint32_t lengths[2];
    int n;

    n = snprintf(frame + 8, sizeof(frame) - 8,
                 "{\"code\":%d,\"extFields\":{%s},\"flag\":0,"
                 "\"language\":\"OTHER\",\"opaque\":1,"
                 "\"serializeTypeCurrentRPC\":\"JSON\",\"version\":453}",
                 code, fields);
    if (n < 0 || (size_t)n >= sizeof(frame) - 8)
        return -1;
    lengths[0] = htonl((uint32_t)n + 4);
    lengths[1] = htonl((uint32_t)n);
    memcpy(frame, lengths, 8);
    return send_all(fd, frame, (size_t)n + 8, end);
}

/* header and body, each with a NUL behind it. */
static int read_frame(int fd, struct rmq_answer *a, int64_t end)
{
    uint32_t lengths[2];
    size_t all, header;

    if (read_all(fd, (char *)lengths, 8, end) < 0)
        return -1;
    all = ntohl(lengths[0]) - 4;
    header = ntohl(lengths[1]) & 0xffffff;
    if (all > ANSWER_MAX || header > all)
        return -1;
    a->header = malloc(all + 2);
    if (!a->header)
        return -1;
    a->body = a->header + header + 1;
    a->body_len = all - header;
    a->header[header] = a->body[a->body_len] = '\0';
    if (read_all(fd, a->header, header, end) == 0 &&
        read_all(fd, a->body, a->body_len, end) == 0)
        return 0;
    rmq_answer_free(a);
    return -1;
}

void rmq_answer_free(struct rmq_answer *a)
{
    free(a->header);
    a->header = a->body = NULL;
}

/* A code beyond what there can be is no answer. */
static int take_code(struct rmq_answer *a)
{
    long long code = rmq_json_number(rmq_json_member(a->header, "code"), -1);

    if (code < 0 || code > UINT16_MAX) {
        rmq_answer_free(a);
        return -1;
    }
    a->code = (int)code;
    return 0;
}

int rmq_ask(int fd, int code, const char *fields, struct rmq_answer *a)
{
    const int64_t end = rmq_now_ms() + PATIENCE_MS;

    a->header = a->body = NULL;
    if (request(fd, code, fields, end) < 0)
        return -1;
    while (read_frame(fd, a, end) == 0) {
        if (rmq_json_number(rmq_json_member(a->header, "flag"), 0) &
            IS_ANSWER)
            return take_code(a);
        rmq_answer_free(a);
    }
    return -1;
}

int rmq_ask_broker(const struct rmq_queues *at, int code, const char *fields,
                   struct rmq_answer *a)
{
    const int fd = rmq_dial(at->address, strlen(at->address));
    int r = -1;

    *a = (struct rmq_answer){.code = -1};
    if (fd >= 0 && rmq_ask(fd, code, fields, a) == 0)
        r = a->code;
    if (fd >= 0)
        close(fd);
    return r;
}
