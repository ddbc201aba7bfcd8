/* SPDX-License-Identifier: MIT */
/* adapter_host.h - a host for an adapter under test, without the library.
 *
 * deliver() writes down what came and answers as a test's function says.  One
 * a process: Check runs each test in a process of its own.
 */
#ifndef FAKE_ADAPTER_HOST_H
#define FAKE_ADAPTER_HOST_H

#include "../clock.h"

#include <mqmigrate/plugin.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct seen {
    char id[64], origin[128], body[64], key[64], tag[32], topic[128];
    int64_t born_ms, at_ms;
    unsigned lane;
    int tries;  /* the broker's count */
    int result; /* what was answered  */
};

static struct {
    struct mqm_host host;
    const struct mqm_adapter *adapter;
    void *self;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int stopped, inside; /* deliver() calls running */
    /* The answer: a result; retry_ms may be set. */
    int (*answer)(struct mqm_delivery *d, const struct seen *s);
    int (*tries_of)(const struct mqm_delivery *d);
    struct seen seen[8192];
    size_t n;
    char error[1024], log[8192];
} fake;

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

MQM_PRINTF static void fake_log(const struct mqm_host *host, int level,
                                const char *fmt, ...)
{
    va_list ap;
    size_t len;

    (void)host;
    (void)level;
    pthread_mutex_lock(&fake.lock);
    len = strlen(fake.log);
    va_start(ap, fmt);
    vsnprintf(fake.log + len, sizeof(fake.log) - len, fmt, ap);
    va_end(ap);
    len = strlen(fake.log);
    snprintf(fake.log + len, sizeof(fake.log) - len, "\n");
    pthread_mutex_unlock(&fake.lock);
}

MQM_PRINTF static int fake_fail(const struct mqm_host *host, int err,
                                const char *fmt, ...)
{
    va_list ap;

    (void)host;
    pthread_mutex_lock(&fake.lock);
    va_start(ap, fmt);
    vsnprintf(fake.error, sizeof(fake.error), fmt, ap);
    va_end(ap);
    pthread_mutex_unlock(&fake.lock);
    return err;
}

static void copy_text(char *out, size_t size, const void *from, size_t len)
{
    if (len >= size)
        len = size - 1;
    if (from)
        memcpy(out, from, len);
    out[from ? len : 0] = '\0';
}

static void write_down(struct seen *s, const struct mqm_delivery *d)
{
    size_t len = 0;
    const void *id = fake.adapter->header(fake.self, d, MQM_ID_HEADER, &len);

    memset(s, 0, sizeof(*s));
    copy_text(s->id, sizeof(s->id), id, len);
    copy_text(s->body, sizeof(s->body), d->body, d->body_len);
    copy_text(s->key, sizeof(s->key), d->msg.key, d->msg.key_len);
    snprintf(s->origin, sizeof(s->origin), "%s", d->msg.origin);
    snprintf(s->tag, sizeof(s->tag), "%s", d->tag ? d->tag : "");
    snprintf(s->topic, sizeof(s->topic), "%s", d->msg.topic);
    s->born_ms = d->msg.born_ms;
    s->lane = d->lane;
    s->at_ms = clock_ms();
    s->tries = fake.tries_of ? fake.tries_of(d) : 0;
}

static int fake_deliver(const struct mqm_host *host, struct mqm_delivery *d,
                        size_t n)
{
    struct seen s;
    int stopped;

    (void)host;
    (void)n; /* this adapter delivers one at a time */
    pthread_mutex_lock(&fake.lock);
    fake.inside++;
    stopped = fake.stopped;
    pthread_mutex_unlock(&fake.lock);
    write_down(&s, d);
    d->retry_ms = 0;
    d->result = stopped ? MQM_LATER : fake.answer(d, &s);
    s.result = d->result;
    /* As the library does: names and id of the configuration. */
    d->msg.group = "replaced";
    d->msg.topic = "replaced";
    pthread_mutex_lock(&fake.lock);
    if (fake.n < sizeof(fake.seen) / sizeof(fake.seen[0]))
        fake.seen[fake.n++] = s;
    fake.inside--;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
    return d->result;
}

static size_t fake_batch(const struct mqm_host *host)
{
    (void)host;
    return 1;
}

static int fake_wait(const struct mqm_host *host, int64_t ms)
{
    int64_t end = clock_ms() + ms;
    int stopped;

    (void)host;
    do {
        pthread_mutex_lock(&fake.lock);
        stopped = fake.stopped;
        pthread_mutex_unlock(&fake.lock);
        if (!stopped && clock_ms() < end)
            sleep_ms(5);
    } while (!stopped && clock_ms() < end);
    return stopped ? -ECANCELED : 0;
}

static inline void fake_stop(void)
{
    pthread_mutex_lock(&fake.lock);
    fake.stopped = 1;
    pthread_mutex_unlock(&fake.lock);
}

static inline int answer_ok(struct mqm_delivery *d, const struct seen *s)
{
    (void)d;
    (void)s;
    return MQM_OK;
}

/* How many different ids were answered with MQM_OK (all: or anything). */
static inline size_t fake_ids(int all)
{
    size_t found = 0, i, j;

    pthread_mutex_lock(&fake.lock);
    for (i = 0; i < fake.n; i++) {
        if (!all && fake.seen[i].result != MQM_OK)
            continue;
        for (j = 0; j < i; j++)
            if (!strcmp(fake.seen[i].id, fake.seen[j].id) &&
                (all || fake.seen[j].result == MQM_OK))
                break;
        found += i == j;
    }
    pthread_mutex_unlock(&fake.lock);
    return found;
}

/* Load build/lib/mqmigrate/NAME, seen from build/tests. */
static void fake_load(const char *name)
{
    static const struct mqm_host host = {
        .size = sizeof(host),
        .log = fake_log,
        .fail = fake_fail,
        .deliver = fake_deliver,
        .batch = fake_batch,
        .wait = fake_wait,
    };
    const struct mqm_plugin *plugin;
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 256);
    char *slash;
    void *lib;

    path[len > 0 ? len : 0] = '\0';
    slash = strrchr(path, '/');
    snprintf(slash ? slash : path, 256, "/../lib/mqmigrate/%s", name);
    lib = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    plugin = lib ? dlsym(lib, "mqm_plugin_1") : NULL;
    if (!plugin || !plugin->adapter) {
        fprintf(stderr, "no adapter in %s: %s\n", path, dlerror());
        exit(1);
    }
    pthread_mutex_init(&fake.lock, NULL);
    pthread_cond_init(&fake.changed, NULL);
    fake.host = host;
    fake.adapter = plugin->adapter;
    fake.answer = answer_ok;
}

#endif
