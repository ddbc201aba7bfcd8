/* SPDX-License-Identifier: MIT */
/* route.c - asks the name server itself about a topic.
 *
 * The client library says "no queues" for a topic that is not there and for a
 * name server that is not there, and these must not be confused: "nothing is
 * parked" would be said of a parking topic that nobody could read.
 */
#include "rocketmq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROUTE_OF_TOPIC = 105, NO_TOPIC = 17 };

/* The answer's code, or -1: nobody answered.  Only with 0 there is a route. */
static int ask(const struct rmq *self, const char *topic, struct rmq_answer *a)
{
    const char *at = self->set.name_server;
    char fields[200];
    int code = -1;

    snprintf(fields, sizeof(fields), "\"topic\":\"%s\"", topic);
    while (*at && code < 0) {
        size_t len = strcspn(at, ";");
        int fd = rmq_dial(at, len);

        if (fd >= 0 && rmq_ask(fd, ROUTE_OF_TOPIC, fields, a) == 0)
            code = a->code;
        if (fd >= 0)
            close(fd);
        at += len + (at[len] == ';');
    }
    return code;
}

static int code_of(const struct rmq *self, const char *topic)
{
    struct rmq_answer a = {0};
    const int code = ask(self, topic, &a);

    rmq_answer_free(&a);
    return code;
}

static int tell(const struct rmq *self, const char *topic, int code)
{
    const struct mqm_host *host = self->host;

    if (code == NO_TOPIC)
        return host->fail(host, -ENOENT,
                          "RocketMQ has no topic '%s' (name server %s): "
                          "create it, or correct its name",
                          topic, self->set.name_server);
    return host->fail(host, -EIO,
                      "the route of '%s' is not known: the name server (%s) "
                      "%s (code %d)",
                      topic, self->set.name_server,
                      code < 0 ? "does not answer" : "gives no queues", code);
}

int rmq_route(const struct rmq *self, const char *topic)
{
    const int code = code_of(self, topic);

    return code == NO_TOPIC ? -ENOENT : code < 0 ? -EIO : MQM_OK;
}

int rmq_no_route(const struct rmq *self, const char *topic)
{
    return tell(self, topic, code_of(self, topic));
}

int rmq_ask_route(const struct rmq *self, const char *topic,
                  struct rmq_answer *a)
{
    int r = rmq_check_name(self->host, "topic", topic), code;

    *a = (struct rmq_answer){0};
    if (r < 0)
        return r;
    code = ask(self, topic, a);
    if (code == 0)
        return 0;
    rmq_answer_free(a);
    return tell(self, topic, code);
}

/* The queues of a broker stand in a list of their own, by its name. */
static int queues_of(const char *route, const char *broker)
{
    const char *d = rmq_json_first(rmq_json_member(route, "queueDatas"));
    char name[128];

    for (; d; d = rmq_json_after(d))
        if (rmq_json_text(rmq_json_member(d, "brokerName"), name,
                          sizeof(name)) == 0 &&
            strcmp(name, broker) == 0)
            return (int)rmq_json_number(rmq_json_member(d, "readQueueNums"), 0);
    return 0;
}

/* Number 0 is the master. */
int rmq_read_broker(const char *route, const char *b, struct rmq_queues *out)
{
    const char *addresses = rmq_json_member(b, "brokerAddrs");

    if (rmq_json_text(rmq_json_member(addresses, "0"), out->address,
                      sizeof(out->address)) < 0 ||
        rmq_json_text(rmq_json_member(b, "brokerName"), out->broker,
                      sizeof(out->broker)) < 0)
        return 0;
    out->n = queues_of(route, out->broker);
    return out->n > 0;
}
