/* SPDX-License-Identifier: MIT */
/* back.c - sends a copy back to its broker, and knows that the broker has it.
 *
 * A client older than 2.0 sends back in its own way once: if the broker is busy
 * or the connection is just being made, it writes a line into its log, and the
 * copy counts as consumed (seen in 1.2.3).  So its callbacks ask the broker
 * themselves, and answer "consumed" when the broker has said that the copy
 * comes again.
 *
 * The client does not tell which broker a copy came from, only its place in the
 * commit log, so each broker of the topic is asked what lies there.
 */
#include "rocketmq.h"

#include <inttypes.h>
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

static int is_it(const struct rmq_api *api, struct CMessageExt *ext,
                 const struct rmq_answer *a)
{
    const char *m = a->body;

    return a->code == 0 && a->body_len >= ALL &&
           number(m + AT_QUEUE, 4) == api->GetMessageQueueId(ext) &&
           number(m + AT_OFFSET, 8) == api->GetMessageQueueOffset(ext) &&
           number(m + AT_PLACE, 8) == api->GetMessageCommitLogOffset(ext) &&
           number(m + AT_BORN, 8) == api->GetMessageBornTimestamp(ext);
}

static int has_it(const struct rmq *self, struct CMessageExt *ext,
                  const struct rmq_queues *at)
{
    char fields[64];
    struct rmq_answer a;
    int yes;

    snprintf(fields, sizeof(fields), "\"offset\":\"%lld\"",
             self->api.GetMessageCommitLogOffset(ext));
    rmq_ask_broker(at, VIEW, fields, &a);
    yes = is_it(&self->api, ext, &a);
    rmq_answer_free(&a);
    return yes;
}

/* 0: *at has the copy. */
static int find(const struct rmq *self, struct CMessageExt *ext,
                struct rmq_queues *at)
{
    struct rmq_answer route;
    const char *b;

    if (rmq_ask_route(self, self->api.GetMessageTopic(ext), &route) < 0)
        return -1;
    b = rmq_json_first(rmq_json_member(route.body, "brokerDatas"));
    while (b && !(rmq_read_broker(route.body, b, at) && has_it(self, ext, at)))
        b = rmq_json_after(b);
    rmq_answer_free(&route);
    return b ? 0 : -1;
}

int rmq_finds_copy(const struct rmq *self, struct CMessageExt *ext)
{
    struct rmq_queues at;

    return find(self, ext, &at) == 0;
}

/* After the shortest delay that the broker has; it is not the copy's fault, so
 * no number of tries makes it a dead letter. */
int rmq_send_back(const struct rmq *self, const char *group,
                  struct CMessageExt *ext)
{
    struct rmq_queues at;
    struct rmq_answer a;
    char fields[800];
    int code;

    if (find(self, ext, &at) < 0)
        return -1;
    snprintf(fields, sizeof(fields),
             "\"offset\":\"%lld\",\"group\":\"%s\",\"delayLevel\":\"1\","
             "\"originTopic\":\"%s\",\"unitMode\":\"false\","
             "\"maxReconsumeTimes\":\"%d\"",
             self->api.GetMessageCommitLogOffset(ext), group,
             self->api.GetMessageTopic(ext), INT32_MAX);
    code = rmq_ask_broker(&at, SEND_BACK, fields, &a);
    rmq_answer_free(&a);
    return code == 0 ? 0 : -1;
}
