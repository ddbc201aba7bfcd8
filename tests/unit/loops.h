/* SPDX-License-Identifier: MIT */
/* loops.h - a library whose two sides are brokers in this process
 * (tests/fakes/loop.c).
 */
#ifndef TESTS_LOOPS_H
#define TESTS_LOOPS_H

#include "../fakes/loop.h"
#include "guard.h"

static struct loop *l; /* what the adapters are told */

/* What a test may choose: the store, and the plugin of both sides. */
static const char *loop_store = "memory:", *loop_plugin = "loop.so";

/* both: more settings of the topic on both sides. */
static inline void open_loop(const char *both, const char *more)
{
    struct mqm_options o = how;
    char text[8192];

    snprintf(text, sizeof(text),
             "{\"app\": \"t\", \"store\": {\"url\": \"%s\"}, \"plugin_dir\": "
             "\"%s\", \"sides\": {\"kafka\": {\"adapter\": \"%s/%s\"},"
             " \"rocketmq\": {\"adapter\": \"%s/%s\"}}, \"topics\": ["
             "{\"topic\": \"rewards\", \"group\": \"issuer\", \"old\": "
             "\"kafka\", \"new\": \"rocketmq\" %s, \"sides\": {\"kafka\": "
             "{\"parking\": \"parked\" %s}, \"rocketmq\": {\"parking\": "
             "\"parked\" %s}}}, {\"topic\": \"other\", \"group\": \"issuer\", "
             "\"old\": \"kafka\", \"new\": \"rocketmq\"}]}", loop_store,
             here(), here(), loop_plugin, here(), loop_plugin, more, both,
             both);
    o.config = text;
    o.log = hear;
    o.audit = note_call;
    ck_assert_msg(mqm_open(&m, &o) == 0, "%s", mqm_errmsg());
}

static inline int subscribe(const char *topic, mqm_handler handler, void *user)
{
    return mqm_subscribe(m, "kafka", "issuer", topic, handler, user);
}

static inline struct loop *the_loop(void)
{
    char path[1100];
    void *so;

    snprintf(path, sizeof(path), "%s/%s", here(), loop_plugin);
    so = dlopen(path, RTLD_NOW);
    ck_assert_msg(so != NULL, "%s", dlerror());
    return dlsym(so, LOOP_SYMBOL);
}

static inline void setup(void)
{
    l = the_loop();
    ck_assert_ptr_nonnull(l);
}

static inline void send_it(const char *id, const char *key)
{
    struct mqm_delivery d = delivery(NULL, id);

    d.msg.key = key;
    d.msg.key_len = key ? strlen(key) : 0;
    ck_assert_msg(mqm_publish(m, &d) == 0, "%s", mqm_errmsg());
}

#endif
