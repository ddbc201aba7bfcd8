/* SPDX-License-Identifier: MIT */
/* naive_rocketmq.c - the naive consumer's callback on librocketmq (see
 * naive.h).  The library is found at run time; of it, only what is used here.
 */
#include "naive.h"

#include "demo.h"

#include <dlfcn.h>
#include <string.h>

struct consumer; /* theirs, never looked into */
struct message;

typedef int (*callback)(struct consumer *, struct message *);

static struct {
    struct consumer *(*create)(const char *group);
    int (*name_server)(struct consumer *, const char *address);
    int (*instance)(struct consumer *, const char *name);
    int (*threads)(struct consumer *, int n);
    int (*subscribe)(struct consumer *, const char *topic, const char *tags);
    int (*on_message)(struct consumer *, callback);
    int (*start)(struct consumer *);
    int (*shutdown)(struct consumer *);
    const char *(*property)(struct message *, const char *name);
    const char *(*keys)(struct message *);
    const char *(*body)(struct message *);
} rmq;

/* dlsym() gives a pointer to an object; POSIX says it may be a function's. */
static void find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);

    if (!found)
        demo_die("librocketmq has no %s", name);
    memcpy(function, &found, sizeof(found));
}

static void load(const char *path)
{
    void *l = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!l)
        demo_die("%s", dlerror());
    find(l, "CreatePushConsumer", &rmq.create);
    find(l, "SetPushConsumerNameServerAddress", &rmq.name_server);
    find(l, "SetPushConsumerInstanceName", &rmq.instance);
    find(l, "SetPushConsumerThreadCount", &rmq.threads);
    find(l, "Subscribe", &rmq.subscribe);
    find(l, "RegisterMessageCallback", &rmq.on_message);
    find(l, "StartPushConsumer", &rmq.start);
    find(l, "ShutdownPushConsumer", &rmq.shutdown);
    find(l, "GetMessageProperty", &rmq.property);
    find(l, "GetMessageKeys", &rmq.keys);
    find(l, "GetMessageBody", &rmq.body);
}

static int on_message(struct consumer *c, struct message *m)
{
    struct naive_message msg;

    (void)c;
    msg.id = rmq.property(m, "mqm-id");
    msg.key = rmq.keys(m);
    msg.body = rmq.body(m);
    msg.id_len = strlen(msg.id);
    msg.key_len = strlen(msg.key);
    msg.body_len = strlen(msg.body);
    return naive_handle(&msg) == NAIVE_AGAIN;
}

void naive_rocketmq(const char *library, const char *name_server,
                    const char *group, const char *topic, const char *name)
{
    struct consumer *c;

    load(library);
    c = rmq.create(group);
    if (!c || rmq.name_server(c, name_server) || rmq.instance(c, name) ||
        rmq.threads(c, 4) || rmq.subscribe(c, topic, "*") ||
        rmq.on_message(c, on_message) || rmq.start(c))
        demo_die("RocketMQ's consumer does not start");
    while (!demo_stopping())
        demo_sleep_ms(50);
    rmq.shutdown(c);
}
