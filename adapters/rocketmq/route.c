/* SPDX-License-Identifier: MIT */
/* route.c - asks the name server itself whether there is a topic, and where.
 *
 * The client library says "no queues" for a topic that is not there and for a
 * name server that is not there, and these must not be confused: "nothing is
 * parked" would be said of a parking topic that nobody could read.  So when it
 * says that, the name server is asked here, and only the answer's code counts.
 */
#include "rocketmq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ROUTE_OF_TOPIC = 105, NO_TOPIC = 17 };

/* The name servers know the same; the first one that answers. */
int rmq_ask_route(const struct rmq *self, const char *topic,
                  struct rmq_answer *out)
{
    const char *at = self->set.name_server;
    char fields[320];
    int r = -1;

    snprintf(fields, sizeof(fields), "\"topic\":\"%s\"", topic);
    while (*at && r < 0) {
        const size_t len = strcspn(at, ";");

        r = rmq_ask(at, len, ROUTE_OF_TOPIC, fields, out);
        if (r < 0)
            rmq_forget(out);
        at += len + (at[len] == ';');
    }
    return r;
}

/* The answer's code, or -1: nobody answered. */
static int code_of(const struct rmq *self, const char *topic)
{
    struct rmq_answer a = {.code = -1};
    const int r = rmq_ask_route(self, topic, &a);

    rmq_forget(&a);
    return r < 0 ? -1 : a.code;
}

int rmq_route(const struct rmq *self, const char *topic)
{
    int code = code_of(self, topic);

    return code == NO_TOPIC ? -ENOENT : code < 0 ? -EIO : MQM_OK;
}

int rmq_no_route(const struct rmq *self, const char *topic)
{
    const struct mqm_host *host = self->host;
    int code = code_of(self, topic);

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
