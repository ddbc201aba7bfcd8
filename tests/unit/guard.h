/* SPDX-License-Identifier: MIT */
/* guard.h - a library open on an inline configuration, and short ways to make
 * claims and deliveries; for the tests of the guard.
 */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include <mqmigrate/mqmigrate.h>

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static mqm *m;

static const char *const basic =
    "{\"app\": \"t\", \"store\": {\"url\": \"memory:\"},"
    " \"sides\": {\"kafka\": {\"adapter\": \"kafka\"},"
    "             \"rocketmq\": {\"adapter\": \"rocketmq\"}},"
    " \"topics\": [{\"topic\": \"rewards\", \"group\": \"issuer\","
    "   \"old\": \"kafka\", \"new\": \"rocketmq\" %s}]}";

static inline void open_with(const char *more)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    char text[2048];

    snprintf(text, sizeof(text), basic, more);
    o.config = text;
    ck_assert_msg(mqm_open(&m, &o) == 0, "%s", mqm_errmsg());
}

static inline void open_memory(void)
{
    open_with("");
}

static inline void close_it(void)
{
    mqm_close(m);
    m = NULL;
}

/* Ids live as long as the test. */
static inline const char *new_id(void)
{
    static char id[4096][MQM_ID_LEN + 1];
    static int n;

    ck_assert_int_eq(mqm_new_id(id[n % 4096]), 0);
    return id[n++ % 4096];
}

static inline struct mqm_msg message(const char *side, const char *id)
{
    struct mqm_msg msg = MQM_MSG_INIT;

    msg.side = side;
    msg.topic = "rewards";
    msg.group = "issuer";
    msg.id = id;
    msg.id_len = id ? strlen(id) : 0;
    return msg;
}

static inline struct mqm_claim claim(const char *side, const char *id)
{
    struct mqm_claim c = MQM_CLAIM_INIT;

    c.msg = message(side, id);
    return c;
}

static inline struct mqm_delivery delivery(const char *side, const char *id)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    d.msg = message(side, id);
    d.body = "{}";
    d.body_len = 2;
    return d;
}

static inline int handle_counting(void *user, const struct mqm_delivery *d)
{
    ++*(int *)user;
    return d->token ? MQM_HANDLED : MQM_UNSURE;
}

static inline void sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static inline int run_case(const char *name, TCase *tc)
{
    Suite *s = suite_create(name);
    SRunner *r;
    int failed;

    suite_add_tcase(s, tc);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}

#endif
