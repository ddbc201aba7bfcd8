/* SPDX-License-Identifier: MIT */
/* settles.h - messages that are parked with one of two brokers in this process,
 * and somebody who is asked about them by mqm_settle().
 */
#ifndef TESTS_SETTLES_H
#define TESTS_SETTLES_H

#include "../quick_clock.h"

#include "loops.h"

#define TIMES ", \"lease_ms\": 20000, \"handler_ms\": 5000, \"settle_ms\": " \
              "60000, \"pause_ms\": 10, \"pause_max_ms\": 20"

enum { RESEND_MS = 30000 };

static int outcome; /* of the handler */
static int handled;
static int headers;
static int64_t pause_ms = 4000;
static char trace[32];

/* All headers are that one. */
static inline int see_header(void *user, const char *name, const void *value,
                             size_t len)
{
    ++*(int *)user;
    ck_assert_str_eq(name, "trace");
    ck_assert_uint_eq(len, strlen(trace));
    ck_assert_int_eq(memcmp(value, trace, len), 0);
    return 7;
}

static inline int work(void *user, const struct mqm_delivery *d)
{
    size_t len = 0;
    const char *header = mqm_header(d, "trace", &len);

    (void)user;
    handled++;
    snprintf(trace, sizeof(trace), "%.*s", (int)len, header ? header : "");
    ck_assert_int_eq(mqm_headers(d, see_header, &headers), header ? 7 : 0);
    return outcome;
}

/* ------------------------------ who knows -------------------------------- */

static struct {
    int answer, n;
    int64_t left_ms; /* as it was told last */
    char side[32];
} asked;

static inline int answer(void *user, const struct mqm_msg *msg,
                         const struct mqm_record *record)
{
    ck_assert_ptr_eq(user, &asked);
    ck_assert_str_eq(msg->side, record->side);
    asked.n++;
    asked.left_ms = record->left_ms;
    snprintf(asked.side, sizeof(asked.side), "%s", msg->side);
    return asked.answer;
}

static struct {
    int n[MQM_SETTLED_FAILED + 1];
    int stop_at; /* fate + 1 */
    int64_t retry_ms;
    unsigned asked;
    char why[512];
} saw;

static inline int note(void *user, const struct mqm_settled *s)
{
    (void)user;
    ck_assert_uint_eq(s->size, sizeof(*s));
    saw.n[s->fate]++;
    saw.retry_ms = s->retry_ms;
    saw.asked = s->asked ? s->asked : saw.asked;
    snprintf(saw.why, sizeof(saw.why), "%s", s->why);
    return saw.stop_at == s->fate + 1;
}

static inline struct mqm_settle_options options(void)
{
    struct mqm_settle_options o = MQM_SETTLE_OPTIONS_INIT;

    o.group = "issuer";
    o.topic = "rewards";
    o.pause_ms = pause_ms;
    o.pause_max_ms = 4 * pause_ms;
    o.resend_ms = RESEND_MS;
    return o;
}

static inline int settle(void)
{
    const struct mqm_settle_options o = options();
    int r;

    memset(saw.n, 0, sizeof(saw.n));
    r = mqm_settle(m, &o, note, NULL);
    ck_assert_msg(r >= 0, "%d %s", r, mqm_errmsg());
    return r;
}

/* In the end. */
static inline void settle_until_sent(void)
{
    do {
        sleep_ms(500);
        settle();
    } while (!saw.n[MQM_SETTLED_SENT]);
}

static inline void open_asking(const char *more)
{
    how.resolve = answer;
    how.user = &asked;
    open_loop("", switched("100%", more));
    ck_assert_int_eq(subscribe("rewards", work, NULL), 0);
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "rewards", work,
                                   NULL), 0);
}

static inline void poll_both(void)
{
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
}

/* RocketMQ's, and parked there. */
static inline const char *park(void)
{
    const char *id = new_id();

    outcome = MQM_UNSURE;
    send_it(id, NULL);
    poll_both();
    outcome = MQM_HANDLED;
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    return id;
}

static inline void wait_until_settled(const char *id)
{
    while (look_at(m, id).left_ms > 0)
        sleep_ms(500);
}

static inline const char *park_and_deny(void)
{
    const char *id = park();

    wait_until_settled(id);
    asked.answer = MQM_FAILED;
    return id;
}

#endif
