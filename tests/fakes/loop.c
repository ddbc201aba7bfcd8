/* SPDX-License-Identifier: MIT */
/* loop.c - a broker in this process: what is published to a topic is delivered
 * from there, once, if it is subscribed to, and can be read from its beginning,
 * or one by one, for ever, or until loop.gone.  Of headers it has the id, as
 * publish() got it, and "trace".
 */
#include "loop.h"

#include <mqmigrate/plugin.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 64, TEXT = 64 };

struct letter {
    char topic[TEXT], key[TEXT], id[TEXT], body[TEXT], origin[TEXT];
    char trace[TEXT];
    size_t key_len, id_len, body_len;
    int64_t born_ms;
    int done;
};

struct broker {
    const struct mqm_host *host;
    char group[TEXT], topic[MOST][TEXT];
    size_t n_topics, n;
    struct letter letter[MOST];
};

extern MQM_API struct loop loop;
struct loop loop;

/* 0, or a failure that a test has ordered. */
static int ordered(const struct broker *b, atomic_int *n, const char *what)
{
    if (atomic_load(n) > 0 && atomic_fetch_sub(n, 1) > 0)
        return b->host->fail(b->host, -EIO, "loop: %s", what);
    return 0;
}

static int loop_open(void **self, const struct mqm_host *host,
                     const struct mqm_setting *settings, size_t n)
{
    struct broker *b = calloc(1, sizeof(*b));

    (void)settings, (void)n;
    if (!b)
        return host->fail(host, -ENOMEM, "out of memory");
    b->host = host;
    *self = b;
    return 0;
}

static void loop_close(void *self)
{
    free(self);
}

static int loop_subscribe(void *self, const char *group, const char *topic)
{
    struct broker *b = self;

    int r = ordered(b, &loop.refuse, "not now");

    if (r < 0)
        return r;
    if (b->n_topics == MOST)
        return b->host->fail(b->host, -ENOSPC, "loop: too many");
    snprintf(b->group, TEXT, "%s", group);
    snprintf(b->topic[b->n_topics++], TEXT, "%s", topic);
    atomic_fetch_add(&loop.subscribed, 1);
    return 0;
}

static void fill_in(struct broker *b, struct letter *l, struct mqm_delivery *d)
{
    *d = (struct mqm_delivery)MQM_DELIVERY_INIT;
    d->msg.group = b->group;
    d->msg.topic = l->topic;
    d->msg.key = l->key_len ? l->key : NULL;
    d->msg.key_len = l->key_len;
    d->msg.origin = l->origin;
    d->msg.born_ms = l->born_ms;
    d->body = l->body;
    d->body_len = l->body_len;
    d->raw = l;
}

static int is_ours(const struct broker *b, const char *topic)
{
    for (size_t i = 0; i < b->n_topics; i++)
        if (strcmp(b->topic[i], topic) == 0)
            return 1;
    return 0;
}

static int loop_poll(void *self, int timeout_ms)
{
    struct broker *b = self;
    int some = 0;

    for (size_t i = 0; i < b->n; i++) {
        struct mqm_delivery d;

        if (b->letter[i].done || !is_ours(b, b->letter[i].topic))
            continue;
        fill_in(b, &b->letter[i], &d);
        b->host->deliver(b->host, &d, 1);
        b->letter[i].done = d.result == MQM_OK;
        some++;
    }
    return some ? 0 : b->host->wait(b->host, timeout_ms);
}

static const void *loop_header(void *self, const struct mqm_delivery *d,
                               const char *name, size_t *len)
{
    const struct letter *l = d->raw;

    (void)self;
    if (l && l->trace[0] && strcmp(name, "trace") == 0) {
        *len = strlen(l->trace);
        return l->trace;
    }
    if (!l || !l->id_len || strcmp(name, MQM_ID_HEADER) != 0)
        return NULL;
    *len = l->id_len;
    return l->id;
}

static size_t copy(char *to, const void *from, size_t len)
{
    len = len < TEXT ? len : TEXT;
    if (len)
        memcpy(to, from, len);
    return len;
}

static int64_t unix_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* As RocketMQ, whose client takes no empty body. */
static int loop_may_publish(void *self, const struct mqm_delivery *d)
{
    struct broker *b = self;

    if (!loop.picky || strcmp(d->msg.side, loop.picky) != 0 || d->body_len)
        return 0;
    return b->host->fail(b->host, -EINVAL, "loop: no body");
}

/* One that is sent again keeps the key it had, as with the real ones. */
static int add(struct broker *b, const struct mqm_delivery *d,
               const char *trace)
{
    const struct letter *raw = d->raw;
    struct letter *l;
    int r;

    if (b->n == MOST)
        return b->host->fail(b->host, -ENOSPC, "loop: full");
    if (loop_may_publish(b, d) != 0)
        return -EINVAL;
    r = ordered(b, &loop.deaf, "not sent");
    if (r < 0)
        return r;
    l = &b->letter[b->n++];
    snprintf(l->topic, TEXT, "%s", d->msg.topic);
    snprintf(l->origin, TEXT, "%zu", b->n);
    snprintf(l->trace, TEXT, "%s", raw ? raw->trace : trace);
    l->key_len = raw ? copy(l->key, raw->key, raw->key_len)
                     : copy(l->key, d->msg.key, d->msg.key_len);
    l->id_len = copy(l->id, d->msg.id, d->msg.id_len);
    l->body_len = copy(l->body, d->body, d->body_len);
    l->born_ms = unix_ms();
    return 0;
}

static int loop_publish(void *self, const struct mqm_delivery *d)
{
    return add(self, d, loop.trace);
}

static int loop_publish_with(void *self, const struct mqm_delivery *d,
                             const struct mqm_field *fields, size_t n)
{
    char trace[TEXT] = "";

    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, "trace") == 0)
            snprintf(trace, TEXT, "%.*s", (int)fields[i].len,
                     (const char *)fields[i].value);
    return add(self, d, trace);
}

static int loop_headers(void *self, const struct mqm_delivery *d,
                        int (*visit)(void *user, const struct mqm_field *f),
                        void *user)
{
    const struct letter *l = d->raw;
    const struct mqm_field f = {"trace", l->trace, strlen(l->trace)};

    (void)self;
    return f.len ? visit(user, &f) : 0;
}

static int loop_fetch(void *self, const char *group, const char *topic,
                      const char *origin,
                      int (*visit)(void *user, struct mqm_delivery *d),
                      void *user)
{
    struct broker *b = self;
    const size_t i = (size_t)strtoul(origin, NULL, 10) - 1;
    struct mqm_delivery d;
    int r = ordered(b, &loop.no_fetch, "not read");

    (void)group;
    if (r < 0)
        return r;
    if (i >= b->n || strcmp(b->letter[i].topic, topic) != 0 ||
        i < (size_t)atomic_load(&loop.gone))
        return b->host->fail(b->host, -ENOENT, "loop: nothing at '%s'", origin);
    fill_in(b, &b->letter[i], &d);
    return visit(user, &d);
}

/* One queue for all topics. */
static int loop_positions(void *self, const char *group, const char *topic,
                          int (*visit)(void *user,
                                       const struct mqm_position *p),
                          void *user)
{
    struct mqm_position p = {.size = sizeof(p), .queue = "0"};
    struct broker *b = self;
    size_t i = 0;
    int r = ordered(b, &loop.no_positions, "not told");

    (void)group, (void)topic;
    if (r < 0)
        return r;
    while (i < b->n && b->letter[i].done)
        i++;
    p.committed = (int64_t)i;
    p.end = (int64_t)b->n;
    p.next = i < b->n ? b->letter[i].origin : NULL;
    return visit(user, &p);
}

static int loop_scan(void *self, const char *topic,
                     int (*visit)(void *user, struct mqm_delivery *d),
                     void *user)
{
    struct broker *b = self;
    int r = ordered(b, &loop.no_scan, "not scanned");

    for (size_t i = 0, n = b->n; i < n && r == 0; i++) {
        struct mqm_delivery d;

        if (strcmp(b->letter[i].topic, topic) != 0)
            continue;
        fill_in(b, &b->letter[i], &d);
        r = visit(user, &d);
    }
    return r;
}

static int loop_probe(void *self, const char *group, const char *topic)
{
    struct broker *b = self;

    (void)group;
    if (loop.missing && strcmp(topic, loop.missing) == 0)
        return b->host->fail(b->host, -ENOENT, "loop: no topic '%s'", topic);
    return 0;
}

static int loop_dead(void *self, const char *group, const char *topic,
                     int (*visit)(void *user, struct mqm_delivery *d),
                     void *user)
{
    struct broker *b = self;
    int r = 0;

    (void)group;
    for (size_t i = 0; i < (size_t)atomic_load(&loop.dead) && r == 0; i++) {
        struct mqm_delivery d;

        if (i >= b->n || strcmp(b->letter[i].topic, topic) != 0)
            continue;
        fill_in(b, &b->letter[i], &d);
        r = visit(user, &d);
    }
    return r;
}

/* Finds what it was asked about. */
static int loop_checkup(void *self, const struct mqm_inquiry *q)
{
    (void)self;
    q->find(q, MQM_FINE, "asked", NULL,
            "%s of %s, parking '%s', %s, since %lld, settle %lld, work %lld",
            q->topic, q->group, q->parking, q->is_new ? "new" : "old",
            (long long)q->since_ms, (long long)q->settle_ms,
            (long long)q->work_ms);
    return ordered(self, &loop.no_positions, "not looked at");
}

/* LOOP_BARE: one that was built when adapters could only consume. */
static const struct mqm_adapter adapter = {
#ifdef LOOP_BARE
    .size = offsetof(struct mqm_adapter, header),
#else
    .size = sizeof(adapter),
#endif
    .open = loop_open,
    .close = loop_close,
    .subscribe = loop_subscribe,
    .poll = loop_poll,
    .header = loop_header,
    .publish = loop_publish,
    .scan = loop_scan,
    .probe = loop_probe,
    .fetch = loop_fetch,
    .positions = loop_positions,
    .headers = loop_headers,
    .publish_with = loop_publish_with,
    .dead = loop_dead,
    .checkup = loop_checkup,
    .may_publish = loop_may_publish,
};

MQM_PLUGIN = {sizeof(struct mqm_plugin), "loop", "1", NULL, &adapter};
