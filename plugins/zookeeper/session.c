/* SPDX-License-Identifier: MIT */
/* session.c - connecting, and connecting anew.
 *
 * Nothing of ours hangs on a session (there is no ephemeral node), so one that
 * expired, or did not get back to a server within timeout_ms, is thrown away
 * and made anew. The latter is also the way out when the servers know less than
 * the session has seen: they do not let it in again.
 *
 * What always holds: one wait for a connection is timeout_ms at most; after one
 * that was in vain calls fail at once, until the client is connected.
 */
#include "zk.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ------------------------- the client's own log ------------------------- */

/* Its callback gets no context, so the store that was opened first in this
 * process passes it on, to debug. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static const struct mqm_host *log_host;

static void on_log(const char *message)
{
    pthread_mutex_lock(&log_lock);
    if (log_host)
        log_host->log(log_host, MQM_DEBUG, "%.400s", message);
    pthread_mutex_unlock(&log_lock);
}

/* Of a process that was forked while another thread passed something on. */
static void after_fork(void)
{
    pthread_mutex_init(&log_lock, NULL);
    log_host = NULL;
}

static void mind_forks(void)
{
    pthread_atfork(NULL, NULL, after_fork);
}

static void log_to(const struct mqm_host *host, const struct mqm_host *instead)
{
    pthread_mutex_lock(&log_lock);
    if (log_host == instead)
        log_host = host;
    pthread_mutex_unlock(&log_lock);
}

/* ------------------------------- watching ------------------------------- */

static void on_event(zhandle_t *zh, int type, int state, const char *path,
                     void *context)
{
    struct zk_session *s = context;

    (void)zh;
    (void)path;
    if (type != ZOO_SESSION_EVENT)
        return;
    pthread_mutex_lock(&s->lock);
    s->state = state;
    if (state == ZOO_CONNECTED_STATE) {
        s->lost_us = 0;
        s->down = 0;
    } else if (s->lost_us == 0) {
        s->lost_us = mqm__mono_us();
    }
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void on_auth(int rc, const void *data)
{
    (void)rc; /* told by what is refused later */
    (void)data;
}

int zk_session_init(struct zk *z)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_condattr_t attr;

    pthread_once(&once, mind_forks);
    pthread_mutex_init(&z->s.lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&z->s.changed, &attr);
    pthread_condattr_destroy(&attr);
    log_to(z->host, NULL);
    return MQM_OK;
}

void zk_session_drop(struct zk *z)
{
    zhandle_t *zh = z->s.zh;

    z->s.zh = NULL;
    if (zh)
        zookeeper_close(zh); /* calls back for all that is still due */
    z->s.state = 0;
}

void zk_session_end(struct zk *z)
{
    zk_session_drop(z);
    log_to(NULL, z->host);
    pthread_cond_destroy(&z->s.changed);
    pthread_mutex_destroy(&z->s.lock);
}

/* ------------------------------ connecting ------------------------------ */

/* The client's threads take no signals that are meant for the program. */
static zhandle_t *dial_quietly(struct zk *z)
{
    sigset_t all, before;
    zhandle_t *zh;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    zh = zookeeper_init2(z->hosts, on_event, (int)z->session_ms, NULL, &z->s,
                         ZOO_NO_LOG_CLIENTENV, on_log);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    /* Its thread would look the servers' names up again and again, also while
     * another one forks. A session that finds no server is made anew, and then
     * they are looked up. */
    if (zh)
        zoo_set_servers_resolution_delay(zh, -1);
    return zh;
}

static int dial(struct zk *z)
{
    struct zk_session *s = &z->s;
    const char *cert = z->auth ? z->auth + strlen("digest:") : NULL;

    s->fresh = 1;
    s->dialled_us = mqm__mono_us();
    s->lost_us = s->dialled_us;
    s->zh = dial_quietly(z);
    if (!s->zh)
        return z->host->fail(z->host, -EHOSTUNREACH,
                             "zk://%s: the client cannot begin: %s; check the "
                             "servers' names in store.url",
                             z->hosts, strerror(errno));
    if (cert && zoo_add_auth(s->zh, "digest", cert, (int)strlen(cert), on_auth,
                             NULL) != ZOK)
        return z->host->fail(z->host, -EIO, "zk://%s: store.auth was not taken",
                             z->hosts);
    return MQM_OK;
}

static int is_useless(struct zk *z)
{
    struct zk_session *s = &z->s;
    int64_t now = mqm__mono_us(), patience = z->timeout_ms * 1000;
    int dead;

    if (patience < 1000000)
        patience = 1000000;
    pthread_mutex_lock(&s->lock);
    dead = s->state == ZOO_EXPIRED_SESSION_STATE ||
           s->state == ZOO_AUTH_FAILED_STATE ||
           (s->lost_us > 0 && now - s->lost_us > patience &&
            now - s->dialled_us > patience);
    pthread_mutex_unlock(&s->lock);
    return dead;
}

static int is_over(int state)
{
    return state == ZOO_EXPIRED_SESSION_STATE || state == ZOO_AUTH_FAILED_STATE;
}

/* 1: connected. */
static int await(struct zk *z)
{
    struct zk_session *s = &z->s;
    int64_t end = z->deadline_us;
    struct timespec until = {(time_t)(end / 1000000),
                             (long)(end % 1000000) * 1000};
    int r = 0, connected;

    pthread_mutex_lock(&s->lock);
    while (!s->down && s->state != ZOO_CONNECTED_STATE && !is_over(s->state) &&
           r == 0)
        r = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    connected = s->state == ZOO_CONNECTED_STATE;
    s->down = !connected;
    pthread_mutex_unlock(&s->lock);
    return connected;
}

int zk_session_ready(struct zk *z)
{
    int r = MQM_OK;

    z->calls++;
    z->deadline_us = mqm__mono_us() + z->timeout_ms * 1000;
    if (z->s.zh && is_useless(z))
        zk_session_drop(z);
    if (!z->s.zh)
        r = dial(z);
    if (r < 0)
        return r;
    if (await(z))
        return z->s.fresh;
    return zk_fail(z, ZCONNECTIONLOSS, "connecting");
}

/* -------------------------------- words --------------------------------- */

static int errno_of(int rc)
{
    switch (rc) {
    case ZNOAUTH:
    case ZAUTHFAILED:
    case ZINVALIDACL: return -EACCES;
    case ZOPERATIONTIMEOUT: return -ETIMEDOUT;
    case ZCONNECTIONLOSS:
    case ZSESSIONEXPIRED:
    case ZINVALIDSTATE:
    case ZCLOSING:
    case ZSESSIONMOVED: return -ENOTCONN;
    case ZTHROTTLEDOP: return -EAGAIN;
    case ZNOTREADONLY: return -EROFS;
    case ZSYSTEMERROR: return -ENOMEM;
    default: return -EIO;
    }
}

static const char *remedy_of(int rc)
{
    switch (rc) {
    case ZNOAUTH:
    case ZAUTHFAILED:
    case ZINVALIDACL:
        return ": store.auth has to be that of who made these nodes";
    case ZOPERATIONTIMEOUT:
        return ": no answer within store.timeout_ms; it may have been done";
    case ZCONNECTIONLOSS:
        return ": are the servers up, do most of them see one another?";
    case ZSESSIONEXPIRED:
    case ZINVALIDSTATE: return ": a new session is made";
    default: return "";
    }
}

int zk_fail(struct zk *z, int rc, const char *what)
{
    return z->host->fail(z->host, errno_of(rc), "zk://%s%s: %s: %s%s", z->hosts,
                         z->root, what, zerror(rc), remedy_of(rc));
}
