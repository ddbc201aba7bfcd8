/* SPDX-License-Identifier: MIT */
/* word.c - asks one server itself, by a word of four letters on a connection of
 * its own: what the client library does not tell.  Most words are forbidden
 * unless the server's whitelist names them.
 */
#include "../../lib/stores/dial.h"
#include "zk.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int await(int fd, short what, int64_t end_us)
{
    struct pollfd p = {fd, what, 0};
    const int64_t left_us = end_us - mqm__mono_us();

    return left_us > 0 && poll(&p, 1, (int)(left_us / 1000 + 1)) == 1;
}

/* To its end: the server closes when it is done. */
static int hear(int fd, char *out, size_t size, int64_t end_us)
{
    size_t len = 0;
    ssize_t n = 1;

    while (n > 0 && len + 1 < size) {
        if (!await(fd, POLLIN, end_us))
            return -ETIMEDOUT;
        n = recv(fd, out + len, size - 1 - len, 0);
        len += n > 0 ? (size_t)n : 0;
    }
    out[len] = '\0';
    return n < 0 ? -EIO : MQM_OK;
}

/* "host:port", "[::1]:port" */
static int read_server(struct dial_address *a, const char *server, size_t len)
{
    const char *colon = server + len;

    memset(a, 0, sizeof(*a));
    while (colon > server && *colon != ':')
        colon--;
    if (colon == server)
        return -EINVAL;
    if (*server == '[' && colon[-1] == ']')
        snprintf(a->host, sizeof(a->host), "%.*s",
                 (int)(colon - server) - 2, server + 1);
    else
        snprintf(a->host, sizeof(a->host), "%.*s", (int)(colon - server),
                 server);
    snprintf(a->port, sizeof(a->port), "%.*s",
             (int)(server + len - colon) - 1, colon + 1);
    return MQM_OK;
}

int zk_word(const struct zk *z, const char *server, size_t len,
            const char *word, char *out, size_t size)
{
    const int64_t end_us = mqm__mono_us() + z->timeout_ms * 1000;
    struct dial_places places = {0};
    struct dial_address a;
    char why[128];
    int fd, r = read_server(&a, server, len);

    if (r == 0)
        r = mqm__look_up(&a, &places, why, sizeof(why));
    if (r < 0)
        return r;
    fd = mqm__dial(&a, &places, end_us);
    if (fd < 0)
        return fd;
    if (send(fd, word, 4, MSG_NOSIGNAL) != 4)
        r = -EIO;
    else
        r = hear(fd, out, size, end_us);
    close(fd);
    return r;
}
