/* SPDX-License-Identifier: MIT */
/* redis_link.c - see redis_link.h. */
#include "redis_link.h"

#include "redis_error.h"
#include "swaps.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAUSE_MIN_MS = 50, PAUSE_MAX_MS = 2000, READ_SIZE = 16384 };

void mqm__link_init(struct redis_link *l, const struct mqm_host *host)
{
    l->host = host;
    l->fd = -1;
    l->timeout_ms = 2000;
    l->connect_timeout_ms = 1000;
    l->dice = ((uint32_t)mqm__mono_us() ^ ((uint32_t)getpid() << 16)) | 1;
}

void mqm__link_free(struct redis_link *l)
{
    mqm__link_drop(l);
    free(l->out);
    l->out = NULL;
}

void mqm__link_begin(struct redis_link *l)
{
    l->deadline_us = mqm__mono_us() + l->timeout_ms * 1000;
}

void mqm__link_drop(struct redis_link *l)
{
    if (l->fd >= 0) {
        close(l->fd);
        l->drops++;
    }
    l->fd = -1;
    mqm__reader_free(l->reader);
    l->reader = NULL;
    l->due = 0;
    l->out_len = 0;
    l->out_failed = 0;
}

void mqm__link_refused(struct redis_link *l)
{
    int64_t pause = l->pause_ms > 0 ? l->pause_ms * 2 : PAUSE_MIN_MS;

    if (pause > PAUSE_MAX_MS)
        pause = PAUSE_MAX_MS;
    l->pause_ms = pause;
    l->dice ^= l->dice << 13;
    l->dice ^= l->dice >> 17;
    l->dice ^= l->dice << 5;
    pause = pause / 2 + (int64_t)(l->dice % (uint32_t)pause);
    l->retry_us = mqm__mono_us() + pause * 1000;
    mqm__link_drop(l);
}

void mqm__link_accepted(struct redis_link *l)
{
    l->pause_ms = 0;
    l->retry_us = 0;
}

/* Closed by the other end while nothing was going on: nothing is lost. */
static int is_closed(const struct redis_link *l)
{
    char c;
    ssize_t n = recv(l->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

    return n >= 0 ||
           (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* Looking up a name takes nothing from the call's time: a name server that is
 * slow is no reason never to get there. */
static int dial(struct redis_link *l)
{
    int64_t t0_us = mqm__mono_us(), now_us, end_us;
    int r = mqm__look_up(&l->address.at, &l->places, l->why, sizeof(l->why));

    if (r < 0)
        return r;
    now_us = mqm__mono_us();
    l->deadline_us += now_us - t0_us;
    end_us = now_us + l->connect_timeout_ms * 1000;
    r = mqm__dial(&l->address.at, &l->places,
                  end_us < l->deadline_us ? end_us : l->deadline_us);
    if (r < 0)
        snprintf(l->why, sizeof(l->why), "%s", strerror(-r));
    return r;
}

static int connect_anew(struct redis_link *l)
{
    l->fd = dial(l);
    if (l->fd < 0) {
        int err = l->fd;

        mqm__link_refused(l);
        return l->host->fail(l->host, err, "%s: cannot connect: %s",
                             l->address.label, l->why);
    }
    l->reader = mqm__reader_new();
    if (!l->reader) {
        mqm__link_drop(l);
        return l->host->fail(l->host, -ENOMEM, "%s: out of memory",
                             l->address.label);
    }
    return 1;
}

int mqm__link_ready(struct redis_link *l)
{
    int64_t wait_us = l->retry_us - mqm__mono_us();

    if (l->fd >= 0 && (l->due > 0 || is_closed(l)))
        mqm__link_drop(l);
    l->out_len = 0;
    l->out_failed = 0;
    if (l->fd >= 0)
        return 0;
    if (l->retry_us > 0 && wait_us > 0)
        return l->host->fail(l->host, -EAGAIN,
                             "%s: out of reach (%s); the next try to connect "
                             "is in %lld ms",
                             l->address.label, l->why,
                             (long long)wait_us / 1000 + 1);
    return connect_anew(l);
}

/* ----------------------------- on the wire ------------------------------ */

static int unknown(struct redis_link *l, int err, const char *what)
{
    return l->host->fail(l->host, err,
                         "%s: %s; it is unknown whether what was asked for "
                         "took place",
                         l->address.label, what);
}

static int broken(struct redis_link *l, int err, const char *what)
{
    mqm__link_drop(l);
    snprintf(l->why, sizeof(l->why), "%s", what);
    return unknown(l, err, what);
}

int mqm__link_lost(struct redis_link *l)
{
    return unknown(l, -ECONNRESET, "the connection was lost with an earlier "
                                   "call");
}

/* 0, or -ETIMEDOUT.  Errors show when reading or writing. */
static int wait_for(struct redis_link *l, short events)
{
    struct pollfd p = {l->fd, events, 0};

    for (;;) {
        int64_t left_us = l->deadline_us - mqm__mono_us();
        int n;

        if (left_us <= 0)
            return -ETIMEDOUT;
        n = poll(&p, 1, (int)((left_us + 999) / 1000));
        if (n > 0 || (n < 0 && errno != EINTR))
            return 0;
    }
}

/* errno was 0 before: the parser keeps to itself that it has no memory. */
static int unreadable(struct redis_link *l)
{
    if (errno == ENOMEM)
        return broken(l, -ENOMEM, "out of memory");
    return broken(l, -EPROTO, "its answer cannot be read");
}

/* What came, to the parser.  0: nothing came. */
static int take(struct redis_link *l)
{
    char buf[READ_SIZE];
    ssize_t n = recv(l->fd, buf, sizeof(buf), MSG_DONTWAIT);

    if (n == 0)
        return broken(l, -ECONNRESET, "it closed the connection");
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    if (n < 0)
        return broken(l, -errno, strerror(errno));
    errno = 0;
    if (mqm__reader_feed(l->reader, buf, (size_t)n, l->due) < 0)
        return unreadable(l);
    return 1;
}

static int late(struct redis_link *l)
{
    char what[48];

    snprintf(what, sizeof(what), "no answer within %lld ms",
             (long long)l->timeout_ms);
    return broken(l, -ETIMEDOUT, what);
}

/* While it does not read, it may be waiting for us to do so. */
int mqm__link_flush(struct redis_link *l)
{
    size_t at = 0;

    if (l->out_failed) {
        mqm__link_drop(l);
        return l->host->fail(l->host, -ENOMEM, "%s: out of memory",
                             l->address.label);
    }
    while (at < l->out_len) {
        ssize_t n = send(l->fd, l->out + at, l->out_len - at,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        int r;

        if (n > 0) {
            at += (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return broken(l, -errno, strerror(errno));
        if (wait_for(l, POLLIN | POLLOUT) < 0)
            return late(l);
        r = take(l);
        if (r < 0)
            return r;
    }
    l->out_len = 0;
    return MQM_OK;
}

int mqm__link_nonsense(struct redis_link *l)
{
    return broken(l, -EPROTO, "its answer makes no sense");
}

int mqm__link_reply(struct redis_link *l, const struct redis_reply **reply)
{
    for (;;) {
        int r;

        errno = 0;
        r = mqm__reader_next(l->reader, reply);
        if (r < 0)
            return unreadable(l);
        if (r == 1)
            break;
        r = take(l);
        if (r < 0)
            return r;
        if (r == 0 && wait_for(l, POLLIN) < 0)
            return late(l);
    }
    if (--l->due == 0 && mqm__reader_rest(l->reader) > 0)
        return broken(l, -EPROTO, "it answers more than it was asked");
    return MQM_OK;
}

/* ------------------------------- errors --------------------------------- */

/* For people: without what a terminal would obey, and without the password,
 * which Redis repeats where it does not know the command. */
static void words(const struct redis_link *l, const char *error, char *to,
                  size_t size)
{
    const char *password = l->address.password;
    size_t n = 0;

    if (password[0] && strstr(error, password))
        error = "something with the password in it";
    for (; error[n] && n + 1 < size; n++)
        to[n] = (char)(error[n] >= ' ' && error[n] <= '~' ? error[n] : '?');
    to[n] = '\0';
}

int mqm__link_error(struct redis_link *l, const struct redis_reply *error,
                    int *answer)
{
    const struct redis_error *row = mqm__redis_error(error->text);
    char said[160];

    *answer = row->answer;
    words(l, error->text, said, sizeof(said));
    snprintf(l->why, sizeof(l->why), "it says: %s%s", said, row->remedy);
    if (row->answer == MQM__REDIS_RESEND || row->answer == MQM__REDIS_RELEARN)
        return 1;
    if (row->answer == MQM__REDIS_ANEW)
        mqm__link_drop(l);
    return l->host->fail(l->host, row->err, "%s: %s", l->address.label, l->why);
}

int mqm__link_in_vain(struct redis_link *l)
{
    return l->host->fail(l->host, -EAGAIN, "%s: %s", l->address.label, l->why);
}
