/* SPDX-License-Identifier: MIT */
/* e2e_brokers.h - what the brokers themselves say: offsets of the group, counts
 * of topics, and bodies in the parking topics. */
#ifndef TESTS_E2E_BROKERS_H
#define TESTS_E2E_BROKERS_H

#include "e2e_consumer.h"

enum { PARTS_MAX = 16, STALE_MS = 10000 };

struct view {
    int n;
    long committed[PARTS_MAX]; /* -1: none */
    long low[PARTS_MAX], high[PARTS_MAX];
};

static inline FILE *ask(const char *side, const char *command,
                        const char *args)
{
    char line[1024];
    FILE *f;

    snprintf(line, sizeof(line), "scripts/%s %s '%s/%s' %s", side, command,
             need_env("MQM_TEST_SERVERS"), side, args);
    f = popen(line, "r");
    ck_assert_ptr_nonnull(f);
    return f;
}

static inline struct view view_of(const char *side)
{
    struct view v = {0};
    char line[200], committed[32];
    FILE *f;

    snprintf(line, sizeof(line), "%s %s", group_at(side), st.topic);
    f = ask(side, "offsets", line);
    while (v.n < PARTS_MAX && fgets(line, sizeof(line), f)) {
        int part;

        ck_assert_msg(sscanf(line, "%d %31s %ld %ld", &part, committed,
                             &v.low[v.n], &v.high[v.n]) == 4, "%s", line);
        ck_assert_int_eq(part, v.n);
        v.committed[v.n] = committed[0] == '-' ? -1
                                               : strtol(committed, NULL, 10);
        v.n++;
    }
    ck_assert_int_eq(pclose(f), 0);
    ck_assert_int_gt(v.n, 0);
    return v;
}

static inline long lag(const struct view *v)
{
    long sum = 0;

    for (int i = 0; i < v->n; i++)
        sum += v->high[i] - (v->committed[i] < 0 ? v->low[i]
                                                 : v->committed[i]);
    return sum;
}

/* Clients tell their offsets now and then. */
static inline struct view view_without_lag(const char *side, int64_t within_ms)
{
    int64_t until = now_ms() + within_ms;
    struct view v = view_of(side);

    while (lag(&v) != 0 && now_ms() < until) {
        sleep_ms(200);
        v = view_of(side);
    }
    return v;
}

/* The last offset that a client tells may be an older one: RocketMQ's (1.2) if
 * two of its threads end at once, Kafka's if two members leave at once.  Then
 * copies come again, and must be found done. */
static inline void bring_again(const char *side)
{
    int begun = times('B', NULL, NULL);
    pid_t pid = consume(side, NULL);

    view_without_lag(side, PATIENCE_MS);
    stop(pid);
    ck_assert_int_eq(times('B', NULL, NULL), begun);
}

/* Everything of the side's topic is acknowledged. */
static inline void await_no_lag(const char *side)
{
    struct view v = view_without_lag(side, STALE_MS);

    if (lag(&v) != 0) {
        bring_again(side);
        v = view_without_lag(side, STALE_MS);
    }
    for (int i = 0; i < v.n; i++)
        ck_assert_msg(v.high[i] == v.low[i] || v.committed[i] == v.high[i],
                      "%s %d: committed %ld of %ld to %ld", side, i,
                      v.committed[i], v.low[i], v.high[i]);
}

static inline long count_of(const char *side, const char *topic)
{
    char line[300];
    long n = -1;
    FILE *f;

    snprintf(line, sizeof(line), "'%s'", topic);
    f = ask(side, "count", line);
    if (fgets(line, sizeof(line), f))
        n = strtol(line, NULL, 10);
    ck_assert_int_eq(pclose(f), 0);
    return n;
}

static inline long count_with(const char *side, const char *before,
                              const char *name, const char *after)
{
    char topic[200];

    snprintf(topic, sizeof(topic), "%s%s%s", before, name, after);
    return count_of(side, topic);
}

static inline long parked_at(const char *side)
{
    return count_with(side, "", st.topic, "_park");
}

static inline long given_up(void)
{
    return count_with("rocketmq", "%DLQ%", group_at("rocketmq"), "");
}

static inline long sent_back(void)
{
    return count_with("rocketmq", "%RETRY%", group_at("rocketmq"), "");
}

/* RocketMQ gave up nothing; and both brokers have no more to bring. */
static inline void nothing_left(void)
{
    await_no_lag("kafka");
    await_no_lag("rocketmq");
    ck_assert_int_eq(given_up(), 0);
}

/* The place in the broker where the record's first copy lies. */
static inline bool place_of(const struct mqm_record *r, const char *side,
                            int *part, long *offset)
{
    const char *at = strrchr(r->origin, '/');

    if (strncmp(r->origin, side, strlen(side)) != 0 || !at)
        return false;
    *offset = strtol(at + 1, NULL, 10);
    while (at > r->origin && at[-1] != '/')
        at--;
    *part = (int)strtol(at, NULL, 10);
    return true;
}

/* ------------------------------ parked bodies ---------------------------- */

struct parked_body {
    const char *id;
    int found, sent;
    char body[200], key[64], colour[32], shape[32];
    size_t key_len;
};

static inline void copy_header(char *to, size_t size,
                               const struct mqm_delivery *d, const char *name)
{
    size_t len = 0;
    const char *v = mqm_header(d, name, &len);

    snprintf(to, size, "%.*s", (int)len, v ? v : "");
}

static inline int visit_parked(void *user, struct mqm_delivery *d)
{
    struct parked_body *p = user;

    ck_assert(d->flags & MQM_FROM_PARKING);
    if (p->id ? d->msg.id_len != strlen(p->id) ||
                    memcmp(d->msg.id, p->id, d->msg.id_len) != 0
              : d->msg.id_len != 0)
        return 0;
    p->found++;
    snprintf(p->body, sizeof(p->body), "%.*s", (int)d->body_len,
             (const char *)d->body);
    p->key_len = d->msg.key_len;
    snprintf(p->key, sizeof(p->key), "%.*s", (int)d->msg.key_len,
             d->msg.key_len ? (const char *)d->msg.key : "");
    copy_header(p->colour, sizeof(p->colour), d, "colour");
    copy_header(p->shape, sizeof(p->shape), d, "shape");
    if (p->sent) {
        ck_assert_msg(mqm_publish(st.m, d) == 0, "%s", mqm_errmsg());
        p->sent++;
    }
    return 0;
}

/* Reads until there is one: a broker files a message a moment after it has it,
 * and a busy one may leave a question unanswered; asked again it is only if
 * nothing was sent. */
static inline struct parked_body read_bodies(const char *side,
                                             struct parked_body wanted)
{
    int64_t until = now_ms() + PATIENCE_MS;
    struct parked_body p;
    int r;

    do {
        p = wanted;
        r = mqm_read_parking(st.m, side, "issuer", "rewards", visit_parked, &p);
    } while (((r == -EIO && !wanted.sent) || (r == 0 && p.found == 0)) &&
             now_ms() < until);
    ck_assert_msg(r == 0, "parking of %s: %d %s", side, r, mqm_errmsg());
    return p;
}

static inline struct parked_body parked_body(const char *side, const char *id)
{
    return read_bodies(side, (struct parked_body){.id = id});
}

/* Sends all bodies of the message out of the parking topic again. */
static inline int send_again(const char *side, const char *id)
{
    return read_bodies(side, (struct parked_body){.id = id, .sent = 1}).sent -
           1;
}

static inline struct mqm_record await_settled(const char *id)
{
    int64_t until = now_ms() + PATIENCE_MS;
    struct mqm_record r;

    while ((r = look_at(id)).left_ms > 0 && now_ms() < until)
        sleep_ms(100);
    return r;
}

#endif
