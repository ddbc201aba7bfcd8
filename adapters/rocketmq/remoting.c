/* SPDX-License-Identifier: MIT */
/* remoting.c - one request to a name server or a broker, and its answer.
 *
 * For what the client library does not tell.  The protocol:
 *
 *     u32 length | u32 length of header | header, JSON | body
 *
 * The answer's header and body are text; what is wanted of them is found by
 * name (rmq_number(), rmq_text()), as they come from a program, without blanks.
 * Requests are not signed: a broker with access control refuses them.
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

enum { PATIENCE_MS = 3000, VERSION = 453, BODY_MAX = 1 << 22 };

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

/* A connection of its own, and the end of the time it may take. */
struct wire {
    int fd;
    int64_t end;
};

static int send_request(const struct wire *w, int code, const char *fields)
{
    char frame[1024];
    uint32_t lengths[2];
    const int n = snprintf(
        frame + 8, sizeof(frame) - 8,
        "{\"code\":%d,\"extFields\":{%s},\"flag\":0,\"language\":\"OTHER\","
        "\"opaque\":1,\"serializeTypeCurrentRPC\":\"JSON\",\"version\":%d}",
        code, fields, (int)VERSION);

    if (n < 0 || (size_t)n >= sizeof(frame) - 8)
        return -1;
    lengths[0] = htonl((uint32_t)n + 4);
    lengths[1] = htonl((uint32_t)n);
    memcpy(frame, lengths, 8);
    return send_all(w->fd, frame, (size_t)n + 8, w->end);
}

static int read_answer(const struct wire *w, struct rmq_answer *out)
{
    uint32_t lengths[2];
    size_t head, all;

    if (read_all(w->fd, (char *)lengths, 8, w->end) < 0)
        return -1;
    all = ntohl(lengths[0]);
    head = ntohl(lengths[1]) & 0xffffff;
    if (head >= sizeof(out->header) || all < head + 4 || all > BODY_MAX)
        return -1;
    if (read_all(w->fd, out->header, head, w->end) < 0)
        return -1;
    out->header[head] = '\0';
    out->body = calloc(1, all - 4 - head + 1);
    if (!out->body)
        return -1;
    return read_all(w->fd, out->body, all - 4 - head, w->end);
}

static void code_of_answer(struct rmq_answer *out)
{
    const int64_t code = rmq_number(out->header, "\"code\":", -1);

    out->code = code >= 0 && code <= UINT16_MAX ? (int)code : -1;
}

int rmq_ask(const char *address, size_t len, int code, const char *fields,
            struct rmq_answer *out)
{
    struct wire w;
    int r = -1;

    memset(out, 0, sizeof(*out));
    out->code = -1;
    w.end = rmq_now_ms() + PATIENCE_MS;
    w.fd = connect_to(address, len, w.end);
    if (w.fd < 0)
        return -1;
    if (send_request(&w, code, fields) == 0)
        r = read_answer(&w, out);
    close(w.fd);
    if (r == 0)
        code_of_answer(out);
    return out->code < 0 ? -1 : 0;
}

void rmq_forget(struct rmq_answer *a)
{
    free(a->body);
    a->body = NULL;
}

int64_t rmq_number(const char *text, const char *name, int64_t none)
{
    const char *p = text ? strstr(text, name) : NULL;
    char *end;
    long long x;

    if (!p)
        return none;
    p += strlen(name);
    p += *p == '"';
    x = strtoll(p, &end, 10);
    return end == p ? none : x;
}

int rmq_text(const char *text, const char *name, char *out, size_t size)
{
    const char *p = text ? strstr(text, name) : NULL;

    out[0] = '\0';
    if (!p)
        return 0;
    p += strlen(name);
    snprintf(out, size, "%.*s", (int)strcspn(p, "\"\r\n"), p);
    return 1;
}
