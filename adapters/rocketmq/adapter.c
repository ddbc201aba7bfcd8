/* SPDX-License-Identifier: MIT */
/* adapter.c - the RocketMQ adapter: its table and its life.
 *
 * The client's consumers run threads of their own, which deliver from inside
 * their callbacks; poll() starts them and then only passes the time.
 */
#include "rocketmq.h"

#include <errno.h>
#include <stdlib.h>

static void tell_limits(const struct rmq *self)
{
    const struct mqm_host *host = self->host;

    if (!self->api.GetMessageBodyLength)
        host->log(host, MQM_WARN,
                  "this RocketMQ client library has no GetMessageBodyLength: "
                  "it cuts off bodies at their first NUL byte; only those sent "
                  "by mqm_publish() are noticed");
    if (!self->sends_back && !self->set.orderly)
        host->log(host, MQM_INFO,
                  "this RocketMQ client library is older than 2.1: a copy that "
                  "has to wait keeps one of the %d threads until it is done",
                  (int)self->set.threads);
}

static int rmq_open(void **out, const struct mqm_host *host,
                    const struct mqm_setting *settings, size_t n)
{
    struct rmq *self = calloc(1, sizeof(*self));
    int r;

    if (!self)
        return host->fail(host, -ENOMEM, "out of memory");
    self->host = host;
    r = rmq_read_settings(&self->set, host, settings, n);
    if (r == MQM_OK)
        r = rmq_load(&self->api, host, self->set.library);
    if (r < 0) {
        free(self);
        return r;
    }
    self->sends_back = self->api.SetPushConsumerMessageTrace != NULL;
    pthread_mutex_init(&self->producer_lock, NULL);
    pthread_mutex_init(&self->fetch_lock, NULL);
    tell_limits(self);
    *out = self;
    return MQM_OK;
}

static void rmq_close(void *p)
{
    struct rmq *self = p;

    if (!self)
        return;
    rmq_end_clients(self);
    rmq_end_fetcher(self);
    pthread_mutex_destroy(&self->fetch_lock);
    pthread_mutex_destroy(&self->producer_lock);
    free(self);
}

static int rmq_poll(void *p, int timeout_ms)
{
    struct rmq *self = p;
    const struct mqm_host *host = self->host;
    int r;

    /* After a failure: wait first, so that a loop does not spin. */
    if (self->start_failed && host->wait(host, timeout_ms) < 0)
        return -ECANCELED;
    r = rmq_start_consumers(self);
    if (r == MQM_OK && !self->start_failed)
        r = host->wait(host, timeout_ms);
    self->start_failed = r < 0 && r != -ECANCELED;
    return r;
}

static const struct mqm_adapter adapter = {
    .size = sizeof(adapter),
    .open = rmq_open,
    .close = rmq_close,
    .subscribe = rmq_subscribe,
    .poll = rmq_poll,
    .header = rmq_header,
    .publish = rmq_publish,
    .scan = rmq_scan,
    .probe = rmq_probe,
    .fetch = rmq_fetch,
    .positions = rmq_positions,
    .headers = rmq_headers,
    .publish_with = rmq_publish_with,
    .dead = rmq_dead,
    .checkup = rmq_checkup,
    .may_publish = rmq_may_publish,
};

MQM_PLUGIN = {
    .size = sizeof(mqm_plugin_1),
    .name = "rocketmq",
    .version = "0.1.0",
    .adapter = &adapter,
};
