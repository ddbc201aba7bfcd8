/* SPDX-License-Identifier: MIT */
/* adapter.c - the Kafka adapter as the library sees it: opening, closing, and
 * the one exported constant. */
#include "kafka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void kafka_close(void *self)
{
    struct kafka *k = self;

    if (!k)
        return;
    kafka_leave(k);
    kafka_producer_free(k->out);
    kafka_fetcher_free(k->fetcher);
    if (k->consumer)
        rd_kafka_conf_destroy(k->consumer);
    if (k->producer)
        rd_kafka_conf_destroy(k->producer);
    wake_close(&k->wake);
    pthread_mutex_destroy(&k->fetching);
    pthread_mutex_destroy(&k->errors);
    pthread_mutex_destroy(&k->polling);
    free(k);
}

static int kafka_open(void **self, const struct mqm_host *host,
                      const struct mqm_setting *settings, size_t n)
{
    struct kafka *k = calloc(1, sizeof(*k));
    int r;

    if (!k)
        return host->fail(host, -ENOMEM, "out of memory");
    k->host = host;
    k->settings = settings;
    k->n_settings = n;
    pthread_mutex_init(&k->polling, NULL);
    pthread_mutex_init(&k->errors, NULL);
    pthread_mutex_init(&k->fetching, NULL);
    r = wake_open(&k->wake, host);
    if (r == 0)
        r = kafka_settings(k);
    if (r == 0)
        r = kafka_producer_new(&k->out, k);
    if (r < 0) {
        kafka_close(k);
        return r;
    }
    host->log(host, MQM_INFO, "librdkafka %s", rd_kafka_version_str());
    *self = k;
    return 0;
}

static const void *kafka_header(void *self, const struct mqm_delivery *d,
                                const char *name, size_t *len)
{
    rd_kafka_headers_t *headers;
    const void *value;

    (void)self;
    if (!d->raw || rd_kafka_message_headers(d->raw, &headers))
        return NULL;
    if (rd_kafka_header_get_last(headers, name, &value, len))
        return NULL;
    return value;
}

static int kafka_headers(void *self, const struct mqm_delivery *d,
                         int (*visit)(void *user, const struct mqm_field *f),
                         void *user)
{
    rd_kafka_headers_t *headers;
    struct mqm_field f;
    int r = 0;

    (void)self;
    if (!d->raw || rd_kafka_message_headers(d->raw, &headers))
        return 0;
    for (size_t i = 0;
         r == 0 &&
         !rd_kafka_header_get_all(headers, i, &f.name, &f.value, &f.len);
         i++)
        if (strcmp(f.name, MQM_ID_HEADER))
            r = visit(user, &f);
    return r;
}

static const struct mqm_adapter adapter = {
    .size = sizeof(struct mqm_adapter),
    .open = kafka_open,
    .close = kafka_close,
    .subscribe = kafka_subscribe,
    .poll = kafka_poll,
    .header = kafka_header,
    .publish = kafka_publish,
    .scan = kafka_scan,
    .probe = kafka_probe,
    .fetch = kafka_fetch,
    .positions = kafka_positions,
    .headers = kafka_headers,
    .publish_with = kafka_publish_with,
    .checkup = kafka_checkup,
    .may_publish = kafka_may_publish,
};

MQM_PLUGIN = {
    .size = sizeof(struct mqm_plugin),
    .name = "kafka",
    .version = "0.1.0",
    .adapter = &adapter,
};
