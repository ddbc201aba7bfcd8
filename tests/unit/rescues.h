/* SPDX-License-Identifier: MIT */
/* rescues.h - messages that one of two brokers in this process lacks, and what
 * mqm_rescue() says of them.
 */
#ifndef TESTS_RESCUES_H
#define TESTS_RESCUES_H

#include "../quick_clock.h"

#include "loops.h"

enum { OLDER_MS = 15000, LEASE_OVER_MS = 20050, SETTLED_MS = 60050 };

#define TIMES ", \"lease_ms\": 20000, \"handler_ms\": 5000, \"settle_ms\": " \
              "60000"

static int handled;

static inline int note_trace(void *user, const struct mqm_delivery *d)
{
    size_t len = 0;
    const char *trace = mqm_header(d, "trace", &len);

    snprintf(user, 32, "%.*s", (int)len, trace ? trace : "");
    handled++;
    return MQM_HANDLED;
}

static char trace[32];

/* All is RocketMQ's. */
static inline void open_lost(const char *both)
{
    handled = 0;
    open_loop(both, switched("100%", TIMES));
    ck_assert_int_eq(subscribe("rewards", note_trace, trace), 0);
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "rewards",
                                   note_trace, trace), 0);
}

static inline void poll_both(void)
{
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
}

/* To Kafka alone, and seen there. */
static inline const char *lose(void)
{
    const char *id = new_id();
    struct mqm_delivery d = delivery("kafka", id);

    d.msg.key = "user-17";
    d.msg.key_len = 7;
    ck_assert_msg(mqm_publish(m, &d) == 0, "%s", mqm_errmsg());
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_OWED);
    return id;
}

/* ------------------------------ the visits ------------------------------- */

static struct {
    int n, fate, answer;
    unsigned flags;
    char id[64], owes[32], from[32], why[512];
} last;

static inline int note(void *user, const struct mqm_rescued *r)
{
    (void)user;
    last.n++;
    last.fate = r->fate;
    last.flags = r->flags;
    ck_assert_str_eq(r->msg->side, r->record->side);
    snprintf(last.id, sizeof(last.id), "%.*s", (int)r->msg->id_len,
             (const char *)r->msg->id);
    snprintf(last.owes, sizeof(last.owes), "%s", r->msg->side);
    snprintf(last.from, sizeof(last.from), "%s", r->from ? r->from : "-");
    snprintf(last.why, sizeof(last.why), "%s", r->why);
    return last.answer;
}

static inline struct mqm_rescue_options options(unsigned flags)
{
    struct mqm_rescue_options o = MQM_RESCUE_OPTIONS_INIT;

    o.group = "issuer";
    o.topic = "rewards";
    o.older_ms = OLDER_MS;
    o.flags = flags;
    memset(&last, 0, sizeof(last));
    return o;
}

/* How many were visited. */
static inline int rescue(unsigned flags)
{
    struct mqm_rescue_options o = options(flags);
    int r = mqm_rescue(m, &o, note, NULL);

    ck_assert_msg(r == 0, "%d %s", r, mqm_errmsg());
    return last.n;
}

static inline void assert_fate(int fate, const char *from, const char *why)
{
    ck_assert_msg(last.fate == fate, "%d: %s", last.fate, last.why);
    ck_assert_str_eq(last.from, from);
    ck_assert_msg(strstr(last.why, why) != NULL, "%s", last.why);
}

#endif
