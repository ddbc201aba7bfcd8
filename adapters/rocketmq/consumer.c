/* SPDX-License-Identifier: MIT */
/* consumer.c - the client's consumers, one a group: found, begun, forgotten.
 *
 * A callback of the client gets no pointer of ours, so consumers are found by
 * the client's handle, in a list of the whole process.
 */
#include "rocketmq.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
static struct rmq_consumer *known;

int64_t rmq_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void rmq_nap(int64_t ms)
{
    const struct timespec t = {(time_t)(ms / 1000),
                               (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL);
}

/* Its timers are the instance's. */
void rmq_begins(struct rmq *self)
{
    int64_t none = 0;

    atomic_compare_exchange_strong(&self->began_ms, &none, rmq_now_ms());
}

struct rmq_consumer *rmq_enter(struct CPushConsumer *handle)
{
    struct rmq_consumer *k;

    pthread_mutex_lock(&known_lock);
    for (k = known; k && k->handle != handle; k = k->next_known)
        ;
    if (k) {
        pthread_mutex_lock(&k->lock);
        k->running++;
        pthread_mutex_unlock(&k->lock);
    }
    pthread_mutex_unlock(&known_lock);
    return k;
}

static void make_known(struct rmq_consumer *k, struct CPushConsumer *handle)
{
    pthread_mutex_lock(&known_lock);
    k->handle = handle;
    k->next_known = known;
    known = k;
    pthread_mutex_unlock(&known_lock);
}

void rmq_forget(struct rmq_consumer *k)
{
    struct rmq_consumer **at = &known;

    pthread_mutex_lock(&known_lock);
    while (*at && *at != k)
        at = &(*at)->next_known;
    if (*at)
        *at = k->next_known;
    k->handle = NULL;
    pthread_mutex_unlock(&known_lock);
}

/* ---------------------------- subscriptions ----------------------------- */

void rmq_free_consumer(struct rmq_consumer *k)
{
    struct rmq_topic *t;

    while ((t = k->topics)) {
        k->topics = t->next;
        free(t->name);
        free(t);
    }
    pthread_cond_destroy(&k->changed);
    pthread_mutex_destroy(&k->lock);
    free(k->group);
    free(k);
}

static void init_locks(struct rmq_consumer *k)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&k->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&k->lock, NULL);
}

static struct rmq_consumer *consumer_of(struct rmq *self, const char *group)
{
    struct rmq_consumer *k;

    for (k = self->consumers; k; k = k->next)
        if (!strcmp(k->group, group))
            return k;
    k = calloc(1, sizeof(*k));
    if (!k)
        return NULL;
    init_locks(k);
    k->group = strdup(group);
    if (!k->group) {
        rmq_free_consumer(k);
        return NULL;
    }
    k->self = self;
    k->next = self->consumers;
    self->consumers = k;
    return k;
}

static int add_topic(struct rmq_consumer *k, const char *name)
{
    struct rmq_topic *t;

    for (t = k->topics; t; t = t->next)
        if (!strcmp(t->name, name))
            return MQM_OK;
    t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->name = strdup(name);
    if (!t->name) {
        free(t);
        return -ENOMEM;
    }
    t->next = k->topics;
    k->topics = t;
    return MQM_OK;
}

int rmq_subscribe(void *p, const char *group, const char *topic)
{
    struct rmq *self = p;
    const struct mqm_host *host = self->host;
    struct rmq_consumer *k;
    int r = rmq_check_name(host, "group", group);

    if (r == MQM_OK)
        r = rmq_check_name(host, "topic", topic);
    if (r < 0)
        return r;
    k = consumer_of(self, group);
    if (!k)
        return host->fail(host, -ENOMEM, "out of memory");
    if (k->handle)
        return host->fail(host, -EBUSY,
                          "group '%s' runs already: subscribe to '%s' before "
                          "the first poll",
                          group, topic);
    if (add_topic(k, topic) < 0)
        return host->fail(host, -ENOMEM, "out of memory");
    return MQM_OK;
}

/* ------------------------------- beginning ------------------------------ */

static int set_up(const struct rmq *self, struct CPushConsumer *c)
{
    const struct rmq_api *api = &self->api;
    const struct rmq_settings *set = &self->set;
    int r = api->SetPushConsumerNameServerAddress(c, set->name_server);

    if (!r)
        r = api->SetPushConsumerInstanceName(c, set->instance);
    if (!r && set->access_key)
        r = api->SetPushConsumerSessionCredentials(
            c, set->access_key, set->secret_key,
            set->channel ? set->channel : "");
    if (!r)
        r = api->SetPushConsumerThreadCount(c, (int)set->threads);
    /* A client that heeds it sends back one copy instead of 32. */
    if (!r)
        r = api->SetPushConsumerMessageBatchMaxSize(c, 1);
    if (!r && set->log_dir)
        r = api->SetPushConsumerLogPath(c, set->log_dir);
    return r;
}

static int prepare(struct rmq_consumer *k, struct CPushConsumer *c)
{
    const struct rmq *self = k->self;
    int r = set_up(self, c);

    for (struct rmq_topic *t = k->topics; !r && t; t = t->next)
        r = self->api.Subscribe(c, t->name, "*");
    if (r)
        return r;
    return self->set.orderly
               ? self->api.RegisterMessageCallbackOrderly(c, rmq_on_message)
               : self->api.RegisterMessageCallback(c, rmq_on_message);
}

void rmq_destroy(const struct rmq *self, struct CPushConsumer *c)
{
    if (self->set.orderly)
        self->api.UnregisterMessageCallbackOrderly(c);
    else
        self->api.UnregisterMessageCallback(c);
    self->api.DestroyPushConsumer(c);
}

/* The client itself waits in silence, for a topic and for a name server. */
static void say_what_is_missing(const struct rmq_consumer *k)
{
    const struct mqm_host *host = k->self->host;

    for (const struct rmq_topic *t = k->topics; t; t = t->next) {
        int r = rmq_route(k->self, t->name);

        if (r == -ENOENT)
            host->log(host, MQM_ERROR,
                      "RocketMQ has no topic '%s' (name server %s): create "
                      "it, or correct its name; nothing comes until then",
                      t->name, k->self->set.name_server);
        else if (r < 0)
            host->log(host, MQM_ERROR,
                      "the name server (%s) does not answer; nothing comes "
                      "until it does",
                      k->self->set.name_server);
    }
}

static int start(struct rmq_consumer *k)
{
    const struct rmq *self = k->self;
    struct CPushConsumer *c = self->api.CreatePushConsumer(k->group);
    int r;

    if (!c)
        return self->host->fail(self->host, -ENOMEM,
                                "the client library makes no consumer for "
                                "group '%s'",
                                k->group);
    make_known(k, c);
    r = prepare(k, c);
    rmq_begins(k->self);
    if (!r)
        r = self->api.StartPushConsumer(c);
    if (!r) {
        say_what_is_missing(k);
        return MQM_OK;
    }
    self->host->fail(self->host, -EIO,
                     "the consumer of group '%s' does not start (%d: %s): is "
                     "the group in use in this process already, and is "
                     "\"name_server\" (%s) right?",
                     k->group, r, rmq_last_words(self), self->set.name_server);
    rmq_forget(k);
    rmq_destroy(self, c);
    return -EIO;
}

int rmq_start_consumers(struct rmq *self)
{
    int r = MQM_OK;

    for (struct rmq_consumer *k = self->consumers; r == MQM_OK && k;
         k = k->next)
        if (!k->handle)
            r = start(k);
    return r;
}
