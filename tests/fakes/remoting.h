/* SPDX-License-Identifier: MIT */
/* remoting.h - a name server and a broker of RocketMQ in one, which play a
 * part: they answer each request as healthy ones would, and one kind of them
 * as a test says.
 *
 * A thread, on a free port of 127.0.0.1.  There is one topic, "T", with one
 * queue on one broker, and what a test adds.
 */
#ifndef FAKES_REMOTING_H
#define FAKES_REMOTING_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum request {
    COMMITTED = 14, CONFIG = 26, RUNTIME = 28, BY_TIME = 29, LAST = 30,
    FIRST = 31, VIEW = 33, SEND_BACK = 36, MEMBERS = 38, ROUTE = 105
};

enum trouble {
    NO_TROUBLE, HANG_UP, HALF, TOO_LONG, HEADER_TOO_LONG, NO_CODE, ODD_CODE,
    ASKS_FIRST, SILENCE
};

struct remoting {
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock; /* of all that follows */
    enum request on;      /* these requests, and of this topic, */
    const char *of;       /*   or NULL: of all                  */
    enum trouble trouble; /* are answered so...        */
    int code;             /* ...or with this code, and */
    int times;            /*   so many of them; 0: all */
    const char *body;     /*   this body, if not NULL  */
    const char *config;   /* lines of the broker's settings */
    int64_t committed, first, last, by_time; /* -2: "not found" */
    int64_t ahead_ms;                        /* its clock       */
    const char *topics; /* further ones, between commas: ",P,%RETRY%G," */
    const char *before; /* other brokers in the route: "{...}," */
    int64_t place, queue, offset, born_ms; /* of the message that it has */
    const char *key;
    bool differs; /* each time in another one of these */
    int asked, viewed, sent_back;
    char back[4096]; /* the last request to send back */
};

/* ------------------------------ the protocol ----------------------------- */

static inline bool remoting_read(int fd, char *to, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(fd, to, len, 0);

        if (n <= 0)
            return false;
        to += n;
        len -= (size_t)n;
    }
    return true;
}

static inline void remoting_bytes(int fd, const char *header, const char *body,
                                  size_t body_len, enum trouble trouble)
{
    const size_t h = strlen(header), all = 4 + h + body_len;
    uint32_t lengths[2] = {htonl((uint32_t)all), htonl((uint32_t)h)};
    char frame[8192];

    if (trouble == TOO_LONG)
        lengths[0] = htonl(64 << 20);
    if (trouble == HEADER_TOO_LONG)
        lengths[1] = htonl((uint32_t)all);
    memcpy(frame, lengths, 8);
    memcpy(frame + 8, header, h);
    memcpy(frame + 8 + h, body, body_len);
    send(fd, frame, trouble == HALF ? (4 + all) / 2 : 4 + all, MSG_NOSIGNAL);
}

static inline void remoting_frame(int fd, const char *header, const char *body,
                                  enum trouble trouble)
{
    remoting_bytes(fd, header, body, strlen(body), trouble);
}

/* ------------------------------- the answers ----------------------------- */

/* Is it about a topic that there is? */
static inline bool remoting_has(const struct remoting *r, const char *header)
{
    const char *at = strstr(header, "\"topic\":\"");
    char name[200] = ",";

    if (!at)
        return true;
    snprintf(name + 1, sizeof(name) - 2, "%.*s", (int)strcspn(at + 9, "\""),
             at + 9);
    strncat(name, ",", 2);
    return !strcmp(name, ",T,") || (r->topics && strstr(r->topics, name));
}

static inline void remoting_put(char *to, int64_t n, size_t bytes)
{
    while (bytes-- > 0) {
        to[bytes] = (char)n;
        n >>= 8;
    }
}

/* A message as a broker stores it: up to its birth, and its key. */
static inline size_t remoting_message(const struct remoting *r, char *out,
                                      size_t size)
{
    const int other = r->differs ? r->viewed % 6 : -1;

    memset(out, 0, 48);
    remoting_put(out + 12, r->queue + (other == 0), 4);
    remoting_put(out + 20, r->offset + (other == 1), 8);
    remoting_put(out + 28, r->place + (other == 2), 8);
    remoting_put(out + 40, r->born_ms + (other == 3), 8);
    if (r->key)
        snprintf(out + 48, size - 48, "UNIQ_KEY\1%s%s\2",
                 other == 4 ? "another" : "", r->key);
    return other == 5 ? 47 : 48 + strlen(out + 48);
}

static inline size_t remoting_body(const struct remoting *r, int what,
                                   char *out, size_t size)
{
    struct timespec t;
    long long now_ms;

    clock_gettime(CLOCK_REALTIME, &t);
    now_ms = (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000 + r->ahead_ms;
    if (what == VIEW)
        return remoting_message(r, out, size);
    if (what == ROUTE)
        snprintf(out, size,
                 "{\"brokerDatas\":[%s{\"brokerAddrs\":{0:\"127.0.0.1:%d\"},"
                 "\"brokerName\":\"a\"}],\"queueDatas\":[{\"brokerName\":"
                 "\"a\",\"perm\":6,\"readQueueNums\":1}]}",
                 r->before, r->port);
    else if (what == CONFIG)
        snprintf(out, size, "%s", r->config);
    else if (what == RUNTIME) /* it runs for a day, an hour, a minute */
        snprintf(out, size,
                 "{\"table\":{\"bootTimestamp\":\"%lld\",\"runtime\":\"[ 1 "
                 "days, 1 hours, 1 minutes, 7 seconds ]\"}}",
                 now_ms - (86400 + 3600 + 60 + 7) * 1000LL);
    return strlen(out);
}

static inline int64_t remoting_offset(const struct remoting *r, int what)
{
    return what == COMMITTED ? r->committed
           : what == FIRST   ? r->first
           : what == BY_TIME ? r->by_time
                             : r->last;
}

static inline void remoting_healthy(const struct remoting *r, int fd, int what,
                                    const char *asked, int code)
{
    char header[300], body[4096] = "";
    const int64_t offset = remoting_offset(r, what);
    size_t len = 0;

    if (!code && what == ROUTE && !remoting_has(r, asked))
        code = 17;
    if (!code && what != ROUTE && offset == -2)
        code = 22;
    if (!code)
        len = remoting_body(r, what, body, sizeof(body));
    snprintf(header, sizeof(header),
             "{\"code\":%d,\"extFields\":{\"offset\":\"%lld\"},\"flag\":1,"
             "\"opaque\":1,\"remark\":\"as told\"}",
             code, (long long)offset);
    remoting_bytes(fd, header, body, len, NO_TROUBLE);
}

/* false: it is the end of this connection. */
static inline bool remoting_trouble(const struct remoting *r, int fd, int what,
                                    const char *asked)
{
    static const char fine[] = "{\"code\":0,\"flag\":1}";

    switch (r->trouble) {
    case NO_TROUBLE:
        if (r->body)
            remoting_frame(fd, fine, r->body, NO_TROUBLE);
        else
            remoting_healthy(r, fd, what, asked, r->code);
        return true;
    case NO_CODE: remoting_frame(fd, "{\"flag\":1}", "", NO_TROUBLE); break;
    case ODD_CODE:
        remoting_frame(fd, "{\"code\":70000,\"flag\":1}", "", NO_TROUBLE);
        break;
    case HALF: case TOO_LONG: case HEADER_TOO_LONG:
        remoting_frame(fd, fine, "{\"a\":1}", r->trouble);
        break;
    case ASKS_FIRST:
        remoting_frame(fd, "{\"code\":40,\"flag\":0}", "x", NO_TROUBLE);
        remoting_healthy(r, fd, what, asked, 0);
        return true;
    case SILENCE: (void)remoting_read(fd, (char[1]){0}, 1); break;
    case HANG_UP: break;
    }
    return false;
}

static inline void remoting_serve(struct remoting *r, int fd)
{
    uint32_t lengths[2];
    char asked[4096];

    while (remoting_read(fd, (char *)lengths, 8)) {
        const size_t len = ntohl(lengths[0]) - 4;
        struct remoting now;
        const char *code;
        int what;

        if (len >= sizeof(asked) || !remoting_read(fd, asked, len))
            return;
        asked[len] = '\0';
        code = strstr(asked, "\"code\":");
        what = code ? (int)strtol(code + 7, NULL, 10) : 0;
        pthread_mutex_lock(&r->lock);
        r->asked++;
        r->viewed += what == VIEW;
        if (what == SEND_BACK) {
            r->sent_back++;
            snprintf(r->back, sizeof(r->back), "%s", asked);
        }
        now = *r;
        if ((int)r->on == what && r->times > 0 && --r->times == 0)
            r->on = 0;
        pthread_mutex_unlock(&r->lock);
        if ((int)now.on != what || (now.of && !strstr(asked, now.of)))
            remoting_healthy(&now, fd, what, asked, 0);
        else if (!remoting_trouble(&now, fd, what, asked))
            return;
    }
}

static inline void *remoting_main(void *user)
{
    struct remoting *r = user;
    int fd;

    while ((fd = accept(r->fd, NULL, NULL)) >= 0) {
        remoting_serve(r, fd);
        close(fd);
    }
    return NULL;
}

/* -------------------------------- its life ------------------------------- */

static inline bool remoting_start(struct remoting *r)
{
    struct sockaddr_in a;
    socklen_t len = sizeof(a);

    memset(r, 0, sizeof(*r));
    memset(&a, 0, sizeof(a));
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    r->config = r->before = "";
    pthread_mutex_init(&r->lock, NULL);
    r->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (r->fd < 0 || bind(r->fd, (struct sockaddr *)&a, sizeof(a)) ||
        getsockname(r->fd, (struct sockaddr *)&a, &len) || listen(r->fd, 16))
        return false;
    r->port = ntohs(a.sin_port);
    return pthread_create(&r->thread, NULL, remoting_main, r) == 0;
}

static inline void remoting_end(struct remoting *r)
{
    shutdown(r->fd, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    close(r->fd);
    pthread_mutex_destroy(&r->lock);
}

#endif
