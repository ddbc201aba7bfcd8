/* SPDX-License-Identifier: MIT */
/* message.c - reads a message of the client.
 *
 * The origin: "QUEUE/OFFSET" of this copy, "retry/QUEUE/OFFSET" if it lies in
 * the group's retry topic.  A copy without an id is told apart by its origin,
 * which must then not change when the broker brings it again: there the
 * broker's UNIQ_KEY is taken, which stays, or the first copy's message id.
 *
 * The body: clients without GetMessageBodyLength hand out a C string, so that a
 * body ends at its first NUL byte, and compressions they do not know come out
 * empty.  A body that is seen to be cut is not delivered.
 */
#include "rocketmq.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

const char *rmq_property(const struct rmq *self, struct CMessageExt *ext,
                         const char *name)
{
    return or_null(self->api.GetMessageProperty(ext, name));
}

int rmq_lies_in_retry(const struct rmq *self, struct CMessageExt *ext)
{
    return self->api.GetMessageReconsumeTimes(ext) > 0 &&
           rmq_property(self, ext, "RETRY_TOPIC") != NULL;
}

static void set_origin(const struct rmq *self, struct CMessageExt *ext,
                       char origin[RMQ_ORIGIN_MAX])
{
    const char *key = NULL;

    if (!rmq_property(self, ext, MQM_ID_HEADER)) {
        key = rmq_property(self, ext, "UNIQ_KEY");
        if (!key)
            key = rmq_property(self, ext, "ORIGIN_MESSAGE_ID");
        if (!key)
            key = or_null(self->api.GetMessageId(ext));
    }
    if (key)
        snprintf(origin, RMQ_ORIGIN_MAX, "key/%s", key);
    else
        snprintf(origin, RMQ_ORIGIN_MAX, "%s%d/%lld",
                 rmq_lies_in_retry(self, ext) ? "retry/" : "",
                 self->api.GetMessageQueueId(ext),
                 self->api.GetMessageQueueOffset(ext));
}

static int set_body(struct rmq *self, struct mqm_delivery *d,
                    struct CMessageExt *ext)
{
    const char *told = rmq_property(self, ext, RMQ_LENGTH_HEADER);
    const char *body = self->api.GetMessageBody(ext);
    long long len = 0;

    if (body)
        len = self->api.GetMessageBodyLength
                  ? self->api.GetMessageBodyLength(ext)
                  : (long long)strlen(body);
    d->body = body;
    d->body_len = len > 0 ? (size_t)len : 0;
    if (len > 0 && (!told || strtoll(told, NULL, 10) == len))
        return MQM_OK;
    return self->host->fail(
        self->host, -EBADMSG,
        "the client library does not give the whole body of %s %s (%lld bytes"
        "%s%s): it knows no NUL bytes in bodies and only zlib; set \"library\" "
        "to one with GetMessageBodyLength, or have it sent uncompressed",
        d->msg.topic, d->msg.origin, len, told ? " of " : "", told ? told : "");
}

int rmq_fill(struct rmq *self, struct mqm_delivery *d, const char *group,
             struct CMessageExt *ext, char origin[RMQ_ORIGIN_MAX])
{
    const struct rmq_api *api = &self->api;

    *d = (struct mqm_delivery)MQM_DELIVERY_INIT;
    d->result = MQM_LATER;
    d->raw = ext;
    d->msg.group = group;
    d->msg.topic = api->GetMessageTopic(ext);
    d->msg.key = or_null(api->GetMessageKeys(ext));
    d->msg.key_len = d->msg.key ? strlen(d->msg.key) : 0;
    d->msg.born_ms = api->GetMessageBornTimestamp(ext);
    if (d->msg.born_ms < 0)
        d->msg.born_ms = 0;
    set_origin(self, ext, origin);
    d->msg.origin = origin;
    d->tag = or_null(api->GetMessageTags(ext));
    if (self->set.orderly)
        d->lane = (unsigned)api->GetMessageQueueId(ext) + 1;
    return set_body(self, d, ext);
}

const void *rmq_header(void *self, const struct mqm_delivery *d,
                       const char *name, size_t *len)
{
    const char *value;

    if (!d->raw || !name)
        return NULL;
    value = rmq_property(self, d->raw, name);
    if (value && len)
        *len = strlen(value);
    return value;
}

/* The C interface cannot list what a message has, hence the setting.  The
 * values are strings. */
int rmq_headers(void *p, const struct mqm_delivery *d,
                int (*visit)(void *user, const struct mqm_field *f),
                void *user)
{
    const struct rmq *self = p;
    const char *at = self->set.properties, *name = NULL;
    struct mqm_field f;
    char text[128];
    size_t len;
    int r = MQM_OK;

    while (d->raw && r == MQM_OK && (len = rmq_next_property(&at, &name))) {
        snprintf(text, sizeof(text), "%.*s", (int)len, name);
        f.name = text;
        f.value = rmq_property(self, d->raw, text);
        f.len = f.value ? strlen(f.value) : 0;
        if (f.value)
            r = visit(user, &f);
    }
    return r;
}

int rmq_check_name(const struct mqm_host *host, const char *what,
                   const char *name)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789%|_-";
    size_t len = name ? strlen(name) : 0;

    if (len > 0 && len <= 127 && strspn(name, good) == len)
        return MQM_OK;
    return host->fail(host, -EINVAL,
                      "RocketMQ allows no %s '%s': use 1 to 127 letters, "
                      "digits, '_' and '-', and name it in the topic's section "
                      "of this side",
                      what, name ? name : "");
}

/* Why the last call of this thread failed, or what can be said. */
const char *rmq_last_words(const struct rmq *self)
{
    const char *words = or_null(self->api.GetLatestErrorMessage());

    return words ? words : "the client library gives no reason";
}
