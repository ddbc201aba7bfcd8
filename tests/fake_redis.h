/* SPDX-License-Identifier: MIT */
/* fake_redis.h - a Redis that plays a part: it answers each step of the store's
 * talk as a healthy one would, and one step with the bytes that a test wants.
 *
 * A thread, on a free port of 127.0.0.1.  It knows the steps by the commands,
 * the scripts by what only they have in them, and counts what it was asked.
 */
#ifndef MQM_FAKE_REDIS_H
#define MQM_FAKE_REDIS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum step {
    ON_AUTH, ON_SELECT, ON_LOAD, ON_CONFIG, ON_HELLO, ON_SPAN, ON_MEMORY,
    ON_SWAP, ON_IDENTITY, ON_TIME, ON_SCAN, STEPS
};

enum then { GO_ON, HANG_UP, GO_SILENT };

struct fake_redis {
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock; /* of all that follows */
    enum step on;
    const char *answer; /* NULL: as a healthy one */
    size_t len;
    int times;          /* so often, then it is healthy; -1: always */
    enum then then;
    size_t piece;       /* so many bytes at a time... */
    int pause_ms;       /* ...and then wait so long; 0: all at once */
    int flood;          /* after it: without end */
    int connects, asked[STEPS];
};

static const char fake_redis_now[] = "1900000000000000"; /* us */

/* ------------------------------ what is asked ---------------------------- */

struct fake_talk {
    int fd;
    size_t len;
    char buf[1 << 20];
};

/* More, or 0 at the end. */
static inline int fake_more(struct fake_talk *t)
{
    ssize_t n = recv(t->fd, t->buf + t->len, sizeof(t->buf) - 1 - t->len, 0);

    if (n <= 0)
        return 0;
    t->len += (size_t)n;
    t->buf[t->len] = '\0';
    return 1;
}

/* The end of the command at the beginning, or 0 if it is not all there; the
 * first arguments. */
static inline size_t fake_command(const struct fake_talk *t,
                                  const char *arg[4])
{
    const char *end = t->buf + t->len, *p = strstr(t->buf, "\r\n");
    long n = strtol(t->buf + 1, NULL, 10);

    for (long i = 0; p && i < n; i++) {
        const char *head = p + 2, *body = strstr(head, "\r\n");
        long len = body ? strtol(head + 1, NULL, 10) : 0;

        if (!body || end - body < len + 4)
            return 0;
        if (i < 4)
            arg[i] = body + 2;
        p = body + 2 + len;
    }
    return p ? (size_t)(p + 2 - t->buf) : 0;
}

static inline int fake_is(const char *arg, const char *word)
{
    return strncmp(arg, word, strlen(word)) == 0;
}

static inline enum step fake_step(const char *arg[4])
{
    static const struct {
        const char *word;
        enum step step;
    } plain[] = {{"AUTH", ON_AUTH},     {"SELECT", ON_SELECT},
                 {"SCRIPT", ON_LOAD},   {"CONFIG", ON_CONFIG},
                 {"HGET", ON_IDENTITY}, {"TIME", ON_TIME},
                 {"HSCAN", ON_SCAN},    {"EVALSHA", ON_SWAP}};

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (fake_is(arg[0], plain[i].word))
            return plain[i].step;
    if (fake_is(arg[2], "2\r"))
        return ON_MEMORY;
    if (fake_is(arg[2], "3\r"))
        return ON_HELLO;
    return fake_is(arg[2], "1\r") ? ON_SPAN : ON_SWAP; /* the whole script */
}

/* ---------------------------- what is answered --------------------------- */

static inline const char *fake_healthy(enum step step)
{
    static const char *const healthy[STEPS] = {
        "+OK\r\n",
        "+OK\r\n",
        "$40\r\n0123456789012345678901234567890123456789\r\n",
        "*2\r\n$11\r\nappendfsync\r\n$2\r\nno\r\n",
        /* id, created, now, floor, policy, run, state, base, gone, bound */
        ("*10\r\n$4\r\nfake\r\n$13\r\n1500000000000\r\n"
         "$13\r\n1900000000000\r\n$1\r\n0\r\n$10\r\nnoeviction\r\n"
         "$1\r\na\r\n$1\r\n0\r\n$1\r\n0\r\n$1\r\n0\r\n$1\r\n0\r\n"),
        "$3\r\n100\r\n",
        "$1\r\n0\r\n",
        "*1\r\n$16\r\n1900000000000000\r\n",
        "$4\r\nfake\r\n",
        "*2\r\n$10\r\n1900000000\r\n$1\r\n0\r\n",
        "*2\r\n$1\r\n0\r\n*0\r\n"};

    return healthy[step];
}

static inline int fake_send(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n <= 0)
            return 0;
        p += n;
        len -= (size_t)n;
    }
    return 1;
}

static inline int fake_send_slowly(const struct fake_redis *f, int fd)
{
    struct timespec t = {f->pause_ms / 1000, f->pause_ms % 1000 * 1000000};

    for (size_t at = 0; at < f->len; at += f->piece) {
        size_t n = f->len - at < f->piece ? f->len - at : f->piece;

        if (!fake_send(fd, f->answer + at, n))
            return 0;
        nanosleep(&t, NULL);
    }
    return 1;
}

static inline int fake_play(const struct fake_redis *f, int fd)
{
    static const char flood[65536] = "";
    char c;

    if (f->pause_ms ? !fake_send_slowly(f, fd)
                    : !fake_send(fd, f->answer, f->len))
        return 0;
    while (f->flood)
        if (!fake_send(fd, flood, sizeof(flood)))
            return 0;
    while (f->then == GO_SILENT && recv(fd, &c, 1, 0) > 0)
        ;
    return f->then == GO_ON;
}

/* 0: it is the end of this connection. */
static inline int fake_answer(struct fake_redis *f, int fd, enum step step)
{
    struct fake_redis part;

    pthread_mutex_lock(&f->lock);
    f->asked[step]++;
    part = *f;
    if (f->on == step && f->answer && f->times > 0)
        f->times--;
    pthread_mutex_unlock(&f->lock);
    if (part.on == step && part.answer && part.times != 0)
        return fake_play(&part, fd);
    return fake_send(fd, fake_healthy(step), strlen(fake_healthy(step)));
}

static inline void fake_serve(struct fake_redis *f, struct fake_talk *t)
{
    const char *arg[4] = {"", "", "", ""};
    size_t end;

    for (t->len = 0; fake_more(t);)
        while (t->len > 0 && (end = fake_command(t, arg)) > 0) {
            if (!fake_answer(f, t->fd, fake_step(arg)))
                return;
            t->len -= end;
            memmove(t->buf, t->buf + end, t->len + 1);
        }
}

static inline void *fake_main(void *user)
{
    struct fake_redis *f = user;
    struct fake_talk *t = malloc(sizeof(*t));
    int on = 1;

    while (t && (t->fd = accept(f->fd, NULL, NULL)) >= 0) {
        setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        pthread_mutex_lock(&f->lock);
        f->connects++;
        pthread_mutex_unlock(&f->lock);
        fake_serve(f, t);
        close(t->fd);
    }
    free(t);
    return NULL;
}

/* -------------------------------- its life ------------------------------- */

static inline int fake_redis_start_at(struct fake_redis *f, uint32_t host,
                                      int port)
{
    struct sockaddr_in a;
    socklen_t len = sizeof(a);
    int on = 1;

    memset(f, 0, sizeof(*f));
    memset(&a, 0, sizeof(a));
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(host);
    a.sin_port = htons((uint16_t)port);
    f->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(f->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    pthread_mutex_init(&f->lock, NULL);
    if (f->fd < 0 || bind(f->fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
        getsockname(f->fd, (struct sockaddr *)&a, &len) != 0 ||
        listen(f->fd, 64) != 0)
        return 0;
    f->port = ntohs(a.sin_port);
    return pthread_create(&f->thread, NULL, fake_main, f) == 0;
}

static inline int fake_redis_start(struct fake_redis *f)
{
    return fake_redis_start_at(f, INADDR_LOOPBACK, 0);
}

/* After the store was closed. */
static inline void fake_redis_end(struct fake_redis *f)
{
    shutdown(f->fd, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    close(f->fd);
    pthread_mutex_destroy(&f->lock);
}

/* From now on that often (-1: always) this step is answered so. */
static inline void fake_redis_plays(struct fake_redis *f, enum step on,
                                    const char *answer, size_t len, int times,
                                    enum then then)
{
    pthread_mutex_lock(&f->lock);
    f->on = on;
    f->answer = answer;
    f->len = len;
    f->times = times;
    f->then = then;
    pthread_mutex_unlock(&f->lock);
}

static inline int fake_redis_asked(struct fake_redis *f, enum step step)
{
    int n;

    pthread_mutex_lock(&f->lock);
    n = f->asked[step];
    pthread_mutex_unlock(&f->lock);
    return n;
}

static inline int fake_redis_connects(struct fake_redis *f)
{
    int n;

    pthread_mutex_lock(&f->lock);
    n = f->connects;
    pthread_mutex_unlock(&f->lock);
    return n;
}

#endif
