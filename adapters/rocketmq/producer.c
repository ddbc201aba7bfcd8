/* SPDX-License-Identifier: MIT */
/* producer.c - sends one message at a time, and waits for the broker.
 *
 * The client's producer is started with the first message and shared by all
 * threads.  Its own id of a message (UNIQ_KEY) changes with each try, so the id
 * goes along as a property.
 */
#include "rocketmq.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------ the producer ---------------------------- */

static int set_up(const struct rmq *self, struct CProducer *p)
{
    const struct rmq_api *api = &self->api;
    const struct rmq_settings *set = &self->set;
    int r = api->SetProducerNameServerAddress(p, set->name_server);

    if (!r)
        r = api->SetProducerInstanceName(p, set->instance);
    if (!r && set->access_key)
        r = api->SetProducerSessionCredentials(
            p, set->access_key, set->secret_key,
            set->channel ? set->channel : "");
    if (!r)
        r = api->SetProducerSendMsgTimeout(p, (int)set->send_timeout_ms);
    if (!r) /* 128 KiB, if nobody says more */
        r = api->SetProducerMaxMessageSize(p, (int)set->max_message_size);
    if (!r && set->log_dir)
        r = api->SetProducerLogPath(p, set->log_dir);
    return r;
}

static int start(struct rmq *self)
{
    const struct mqm_host *host = self->host;
    struct CProducer *p;
    char group[128];
    int r;

    snprintf(group, sizeof(group), "mqm_producer_%.100s", self->set.instance);
    p = self->api.CreateProducer(group);
    if (!p)
        return host->fail(host, -ENOMEM,
                          "the client library makes no producer");
    r = set_up(self, p);
    rmq_begins(self);
    if (!r)
        r = self->api.StartProducer(p);
    if (!r) {
        self->producer = p;
        return MQM_OK;
    }
    host->fail(host, -EIO,
               "the producer does not start (%d: %s): is "
               "\"name_server\" (%s) right?",
               r, rmq_last_words(self), self->set.name_server);
    self->api.DestroyProducer(p);
    return -EIO;
}

static int ensure_producer(struct rmq *self)
{
    int r;

    pthread_mutex_lock(&self->producer_lock);
    r = self->producer ? MQM_OK : start(self);
    pthread_mutex_unlock(&self->producer_lock);
    return r;
}

/* ------------------------------ the message ----------------------------- */

struct carrier {
    struct rmq *self;
    struct CMessage *message;
};

static size_t without_nuls(const void *text, size_t len)
{
    const char *c = text;

    while (len > 0 && !c[len - 1])
        len--;
    return len;
}

static int is_text(const void *bytes, size_t len)
{
    const unsigned char *c = bytes;

    while (len > 0 && *c > 2)
        c++, len--;
    return len == 0;
}

/* Properties travel as text, between bytes 1 and 2. */
static int check_text(const struct mqm_host *host, const char *what,
                      const void *bytes, size_t len)
{
    if (is_text(bytes, without_nuls(bytes, len)))
        return MQM_OK;
    return host->fail(host, -EINVAL,
                      "the %s of the message is binary, RocketMQ bears text "
                      "only: encode it",
                      what);
}

/* A copy of it as a C string. */
static int text_of(const struct mqm_host *host, const void *bytes, size_t len,
                   char **out)
{
    char *s;

    len = without_nuls(bytes, len);
    s = malloc(len + 1);
    if (!s)
        return host->fail(host, -ENOMEM, "out of memory");
    memcpy(s, bytes, len);
    s[len] = '\0';
    *out = s;
    return MQM_OK;
}

static int set_id(struct rmq *self, struct CMessage *m,
                  const struct mqm_delivery *d)
{
    char *text = NULL;
    int r;

    if (!d->msg.id || !without_nuls(d->msg.id, d->msg.id_len))
        return MQM_OK;
    r = text_of(self->host, d->msg.id, d->msg.id_len, &text);
    if (r == MQM_OK && self->api.SetMessageProperty(m, MQM_ID_HEADER, text))
        r = self->host->fail(self->host, -EIO, "the client takes no id");
    free(text);
    return r;
}

/* A copy that is sent again keeps the keys it had: what the configuration
 * takes for the key may be another property. */
static const char *keys_of(const struct rmq *self, const struct mqm_delivery *d,
                           size_t *len)
{
    const char *keys = d->raw ? self->api.GetMessageKeys(d->raw) : NULL;

    if (!keys || !*keys) {
        *len = d->msg.key_len;
        return d->msg.key;
    }
    *len = strlen(keys);
    return keys;
}

static int set_keys(struct rmq *self, struct CMessage *m,
                    const struct mqm_delivery *d)
{
    char *text = NULL;
    size_t len;
    const char *keys = keys_of(self, d, &len);
    int r;

    if (!keys || !len)
        return MQM_OK;
    r = text_of(self->host, keys, len, &text);
    if (r == MQM_OK && self->api.SetMessageKeys(m, text))
        r = self->host->fail(self->host, -EIO, "the client takes no key");
    free(text);
    return r;
}

static int set_property(struct rmq *self, struct CMessage *m, const char *name,
                        const char *value)
{
    if (!self->api.SetMessageProperty(m, name, value))
        return MQM_OK;
    return self->host->fail(self->host, -EIO,
                            "the client takes no property '%s'", name);
}

static int copy_property(void *user, const struct mqm_field *f)
{
    struct carrier *to = user;

    return set_property(to->self, to->message, f->name, f->value);
}

/* A property is a text that is not empty. */
static int set_field(struct rmq *self, struct CMessage *m,
                     const struct mqm_field *f)
{
    char *text = NULL;
    int r;

    if (!f->len)
        return MQM_OK;
    if (!f->name[0] || rmq_is_reserved(f->name, strlen(f->name)) ||
        !is_text(f->name, strlen(f->name)) || !is_text(f->value, f->len)) {
        self->host->log(self->host, MQM_WARN,
                        "header '%s' (%zu bytes) is left out: RocketMQ cannot "
                        "bear it as a property",
                        f->name, f->len);
        return MQM_OK;
    }
    r = text_of(self->host, f->value, f->len, &text);
    if (r == MQM_OK)
        r = set_property(self, m, f->name, text);
    free(text);
    return r;
}

static int set_body(struct rmq *self, struct CMessage *m,
                    const struct mqm_delivery *d)
{
    char len[32];

    snprintf(len, sizeof(len), "%zu", d->body_len);
    if (self->api.SetByteMessageBody(m, d->body, (int)d->body_len) ||
        self->api.SetMessageProperty(m, RMQ_LENGTH_HEADER, len) ||
        (d->tag && *d->tag && self->api.SetMessageTags(m, d->tag)))
        return self->host->fail(self->host, -EIO,
                                "the client takes no body for '%s'",
                                d->msg.topic);
    return MQM_OK;
}

static int send(struct rmq *self, struct CMessage *m, const char *topic)
{
    static const char *const why[] = {"stored", "the broker's disk is too slow",
                                      "its replica is too slow",
                                      "it has no replica"};
    const struct mqm_host *host = self->host;
    struct rmq_sent sent;
    int r;

    memset(&sent, 0, sizeof(sent));
    sent.status = -1;
    r = self->api.SendMessageSync(self->producer, m, &sent);
    if (r)
        return host->fail(host, -EIO, "sending to '%s' failed (%d: %s)", topic,
                          r, rmq_last_words(self));
    if (sent.status == E_SEND_OK)
        return MQM_OK;
    return host->fail(host, -EIO,
                      "the broker does not have the message for '%s' safely "
                      "(status %d: %s): send it again with the same id",
                      topic, sent.status,
                      sent.status > 0 && sent.status < 4 ? why[sent.status]
                                                         : "unknown");
}

static int check_body(const struct rmq *self, const struct mqm_delivery *d)
{
    const struct mqm_host *host = self->host;
    int64_t max = self->set.max_message_size;

    if (!d->body || !d->body_len)
        return host->fail(host, -EINVAL,
                          "the message for '%s' has no body: RocketMQ takes "
                          "none without",
                          d->msg.topic);
    if (d->body_len > (size_t)max)
        return host->fail(host, -EMSGSIZE,
                          "the body for '%s' has %zu bytes, and "
                          "\"max_message_size\" is %lld: raise it, here and "
                          "at the broker",
                          d->msg.topic, d->body_len, (long long)max);
    return MQM_OK;
}

int rmq_may_publish(void *p, const struct mqm_delivery *d)
{
    const struct rmq *self = p;
    size_t len;
    const char *keys = keys_of(self, d, &len);
    int r = rmq_check_name(self->host, "topic", d->msg.topic);

    if (r == MQM_OK)
        r = check_body(self, d);
    if (r == MQM_OK && d->msg.id)
        r = check_text(self->host, "id", d->msg.id, d->msg.id_len);
    if (r == MQM_OK && keys)
        r = check_text(self->host, "key", keys, len);
    return r;
}

static int compose(struct rmq *self, struct CMessage *m,
                   const struct mqm_delivery *d, const struct mqm_field *fields,
                   size_t n)
{
    struct carrier to = {self, m};
    int r = d->raw ? rmq_headers(self, d, copy_property, &to) : MQM_OK;

    for (size_t i = 0; i < n && r == MQM_OK; i++)
        r = set_field(self, m, &fields[i]);
    if (r == MQM_OK)
        r = set_id(self, m, d);
    if (r == MQM_OK)
        r = set_keys(self, m, d);
    if (r == MQM_OK)
        r = set_body(self, m, d);
    return r;
}

int rmq_publish_with(void *p, const struct mqm_delivery *d,
                     const struct mqm_field *fields, size_t n)
{
    struct rmq *self = p;
    struct CMessage *m;
    int r = rmq_may_publish(self, d);

    if (r == MQM_OK)
        r = ensure_producer(self);
    if (r < 0)
        return r;
    m = self->api.CreateMessage(d->msg.topic);
    if (!m)
        return self->host->fail(self->host, -ENOMEM, "out of memory");
    r = compose(self, m, d, fields, n);
    if (r == MQM_OK)
        r = send(self, m, d->msg.topic);
    self->api.DestroyMessage(m);
    return r;
}

int rmq_publish(void *p, const struct mqm_delivery *d)
{
    return rmq_publish_with(p, d, NULL, 0);
}
