/* SPDX-License-Identifier: MIT */
/* back.c - sends a copy back to its broker, and knows that the broker has it.
 *
 * A client older than 2.0 sends back in its own way once: if the broker is busy
 * or the connection is just being made, it writes a line into its log, and the
 * copy counts as consumed (seen in 1.2.3).  So its callbacks ask the broker
 * themselves, and answer "consumed" when the broker has said that the copy
 * comes again.
 *
 * The client does not tell which broker a copy came from, only its place in
 * the commit log, so the brokers are asked what lies there.  On two that were
 * set up alike two messages may be alike in all their numbers; then UNIQ_KEY,
 * which every producer of today sets, tells them apart.  Asked are those that
 * have the group's retry topic: another one says "done" and keeps nothing.
 */
#define _GNU_SOURCE /* memmem */

#include "rocketmq.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SEND_BACK = 36, VIEW = 33 };

/* Where the fields of a stored message lie. */
enum { AT_QUEUE = 12, AT_OFFSET = 20, AT_PLACE = 28, AT_BORN = 40, ALL = 48 };

static int64_t number(const char *at, size_t bytes)
{
    uint64_t n = 0;

    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | (unsigned char)at[i];
    return (int64_t)n;
}

static int has_key(const struct rmq_answer *a, const char *key)
{
    char text[300];
    int len = snprintf(text, sizeof(text), "UNIQ_KEY\1%s", key);

    return (size_t)len < sizeof(text) &&
           memmem(a->body, a->body_len, text, (size_t)len) != NULL;
}

/* alone: there is no other broker. */
static int is_it(const struct rmq *self, struct CMessageExt *ext,
                 const struct rmq_answer *a, int alone)
{
    const struct rmq_api *api = &self->api;
    const char *m = a->body, *key = rmq_property(self, ext, "UNIQ_KEY");

    return a->code == 0 && a->body_len >= ALL &&
           number(m + AT_QUEUE, 4) == api->GetMessageQueueId(ext) &&
           number(m + AT_OFFSET, 8) == api->GetMessageQueueOffset(ext) &&
           number(m + AT_PLACE, 8) == api->GetMessageCommitLogOffset(ext) &&
           number(m + AT_BORN, 8) == api->GetMessageBornTimestamp(ext) &&
           (key ? has_key(a, key) : alone);
}

static int has_it(const struct rmq *self, struct CMessageExt *ext,
                  const struct rmq_queues *at, int alone)
{
    char fields[64];
    struct rmq_answer a;
    int yes;

    snprintf(fields, sizeof(fields), "\"offset\":\"%lld\"",
             self->api.GetMessageCommitLogOffset(ext));
    rmq_ask_broker(at, VIEW, fields, &a);
    yes = is_it(self, ext, &a, alone);
    rmq_answer_free(&a);
    return yes;
}

static int find_in(const struct rmq *self, const char *route,
                   struct CMessageExt *ext, struct rmq_queues *at)
{
    const char *first = rmq_json_first(rmq_json_member(route, "brokerDatas"));
    const int alone = first && !rmq_json_after(first);

    for (const char *b = first; b; b = rmq_json_after(b))
        if (rmq_read_broker(route, b, at) && has_it(self, ext, at, alone))
            return 0;
    return -1;
}

static void retry_topic(const struct rmq_consumer *k, char out[256])
{
    snprintf(out, 256, "%%RETRY%%%s", k->group);
}

static int find(const struct rmq_consumer *k, struct CMessageExt *ext,
                struct rmq_queues *at)
{
    struct rmq_answer route;
    char topic[256];
    int r;

    retry_topic(k, topic);
    if (rmq_ask_route(k->self, topic, &route) < 0)
        return -1;
    r = find_in(k->self, route.body, ext, at);
    rmq_answer_free(&route);
    return r;
}

int rmq_find_copy(const struct rmq_consumer *k, struct CMessageExt *ext)
{
    struct rmq_queues at;

    return find(k, ext, &at);
}

static void stored_topic(const struct rmq_consumer *k, struct CMessageExt *ext,
                         char out[256])
{
    if (rmq_lies_in_retry(k->self, ext))
        retry_topic(k, out);
    else
        snprintf(out, 256, "%s", k->self->api.GetMessageTopic(ext));
}

/* After the shortest delay that the broker has; it is not the copy's fault, so
 * no number of tries makes it a dead letter. */
int rmq_send_back(const struct rmq_consumer *k, struct CMessageExt *ext)
{
    struct rmq_queues at;
    struct rmq_answer a;
    char fields[800], topic[256];
    int code;

    if (find(k, ext, &at) < 0)
        return -1;
    stored_topic(k, ext, topic);
    snprintf(fields, sizeof(fields),
             "\"offset\":\"%lld\",\"group\":\"%s\",\"delayLevel\":\"1\","
             "\"originTopic\":\"%s\",\"unitMode\":\"false\","
             "\"maxReconsumeTimes\":\"%d\"",
             k->self->api.GetMessageCommitLogOffset(ext), k->group, topic,
             INT32_MAX);
    code = rmq_ask_broker(&at, SEND_BACK, fields, &a);
    rmq_answer_free(&a);
    return code == 0 ? 0 : -1;
}
