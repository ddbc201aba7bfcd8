/* SPDX-License-Identifier: MIT */
/* settings.c - from the configuration's section to librdkafka's properties.
 *
 * Any property of librdkafka may be set and is passed on as it is, to consumers
 * and producers; with the prefix "consumer." or "producer." to one kind only.
 * librdkafka knows which names and values are right, so it is asked, and its
 * words are passed on.  Which of the right ones would break the promise (no
 * message lost, none worked on twice), the table of rules says; it looks at
 * what is in force in the end, so no alias or spelling gets around it.
 */
#include "kafka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct pair {
    const char *name, *value;
};

/* A close may have to wait for a request that a silent broker never answers, so
 * not the usual minute. */
static const struct pair consumer_defaults[] = {
    {"client.id", "mqmigrate"},
    {"auto.offset.reset", "earliest"},
    {"socket.timeout.ms", "10000"},
    {"enable.auto.commit", "true"},
    {"enable.auto.offset.store", "false"},
    {NULL, NULL},
};

/* Unknown to older releases, which do without. */
static const struct pair newer_defaults[] = {
    {"fetch.queue.backoff.ms", "10"},
    {NULL, NULL},
};

/* One in flight: where a new topic's leader does not know it yet, the first
 * batch is refused and the next one is taken, and then the broker takes the
 * first, sent again, for a duplicate.  It is lost, and said to be there. */
static const struct pair producer_defaults[] = {
    {"client.id", "mqmigrate"},
    {"enable.idempotence", "true"},
    {"max.in.flight.requests.per.connection", "1"},
    {"acks", "all"},
    {"linger.ms", "1"},
    {"message.timeout.ms", "10000"},
    {NULL, NULL},
};

enum sense { ONLY, NEVER };

/* values: separated by '|', as librdkafka prints them; "" is: not set. */
struct rule {
    const char *name;
    enum sense sense;
    const char *values;
    const char *why;
};

static const struct rule consumer_rules[] = {
    {"group.id", ONLY, "", "the topic's section names the group"},
    {"enable.auto.offset.store", ONLY, "false",
     "it would commit messages that nobody has worked on, and lose them"},
    {"enable.auto.commit", ONLY, "true",
     "what is done would never be committed, and come again for ever"},
    {"auto.commit.interval.ms", NEVER, "0",
     "what is done would never be committed, and come again for ever"},
    {"auto.offset.reset", NEVER, "largest|latest|end",
     "a new group, or one whose offset is gone, would lose all that was sent "
     "before; use earliest or error"},
    {"offset.store.method", NEVER, "file|none",
     "a partition's next owner must find its offset at the broker"},
    {"enabled_events", ONLY, "0|",
     "rebalances and errors must come as callbacks"},
    {"log.queue", ONLY, "false", "nobody would read that queue"},
    {NULL, ONLY, NULL, NULL},
};

static const struct rule producer_rules[] = {
    {"acks", ONLY, "-1|all",
     "a message must be safe on all replicas before its copy is acknowledged"},
    {"message.timeout.ms", NEVER, "0", "a publisher would wait for ever"},
    {"delivery.report.only.error", ONLY, "false",
     "a publisher waits for the report"},
    {"transactional.id", ONLY, "", "messages are published one by one"},
    {NULL, ONLY, NULL, NULL},
};

static int is_among(const char *values, const char *value)
{
    size_t len = strlen(value);

    for (;;) {
        size_t n = strcspn(values, "|");

        if (n == len && !strncasecmp(values, value, n))
            return 1;
        if (!values[n])
            return 0;
        values += n + 1;
    }
}

static int obeys(const struct kafka *k, rd_kafka_conf_t *conf,
                 const struct rule *rule)
{
    for (; rule->name; rule++) {
        char value[256] = "";
        size_t size = sizeof(value);

        if (rd_kafka_conf_get(conf, rule->name, value, &size))
            value[0] = '\0';
        if (is_among(rule->values, value) == (rule->sense == ONLY))
            continue;
        return k->host->fail(k->host, -EINVAL,
                             "setting '%s' (or another name of it) may not be "
                             "'%s': %s",
                             rule->name, value, rule->why);
    }
    return 0;
}

/* Copy text, with stars for each value of a secret setting. */
const char *kafka_hide(const struct kafka *k, char *buf, size_t size,
                       const char *text)
{
    size_t n = 0;

    while (*text && n + 4 < size) {
        size_t len = 0;

        for (size_t i = 0; i < k->n_settings; i++) {
            const struct mqm_setting *s = &k->settings[i];
            size_t l = s->secret ? strlen(s->value) : 0;

            if (l > len && !strncmp(text, s->value, l))
                len = l;
        }
        if (len > 0) {
            memcpy(&buf[n], "***", 3);
            n += 3;
        } else {
            buf[n++] = *text;
            len = 1;
        }
        text += len;
    }
    buf[n] = '\0';
    return buf;
}

static int set(const struct kafka *k, rd_kafka_conf_t *conf, const char *name,
               const struct mqm_setting *s)
{
    char why[KAFKA_TEXT_MAX], buf[KAFKA_TEXT_MAX];
    rd_kafka_conf_res_t r;

    r = rd_kafka_conf_set(conf, name, s->value, why, sizeof(why));
    if (r == RD_KAFKA_CONF_OK)
        return 0;
    if (r != RD_KAFKA_CONF_UNKNOWN && s->secret)
        return k->host->fail(k->host, -EINVAL,
                             "setting '%s': librdkafka refuses its value, "
                             "which is a secret",
                             s->name);
    return k->host->fail(k->host, -EINVAL, "setting '%s': %s", s->name,
                         kafka_hide(k, buf, sizeof(buf), why));
}

static int defaults(const struct kafka *k, rd_kafka_conf_t *conf,
                    const struct pair *p)
{
    for (; p->name; p++) {
        struct mqm_setting s = {p->name, p->value, 0};
        int r = set(k, conf, p->name, &s);

        if (r < 0)
            return r;
    }
    return 0;
}

static void newer(rd_kafka_conf_t *conf, const struct pair *p)
{
    for (; p->name; p++)
        (void)rd_kafka_conf_set(conf, p->name, p->value, NULL, 0);
}

/* The property that the setting names for this kind, or NULL. */
static const char *property(const char *name, const char *mine,
                            const char *other)
{
    if (!strncmp(name, mine, strlen(mine)))
        return name + strlen(mine);
    return strncmp(name, other, strlen(other)) ? name : NULL;
}

static int apply(const struct kafka *k, rd_kafka_conf_t *conf,
                 const char *mine, const char *other)
{
    for (size_t i = 0; i < k->n_settings; i++) {
        const struct mqm_setting *s = &k->settings[i];
        const char *name = property(s->name, mine, other);
        int r = name ? set(k, conf, name, s) : 0;

        if (r < 0)
            return r;
    }
    return 0;
}

static int has_brokers(const struct kafka *k, rd_kafka_conf_t *conf)
{
    size_t size = 0;

    if (!rd_kafka_conf_get(conf, "bootstrap.servers", NULL, &size) && size > 1)
        return 0;
    return k->host->fail(k->host, -EINVAL,
                         "setting 'bootstrap.servers' is missing: name one or "
                         "more brokers, \"host:port,host:port\"");
}

int64_t kafka_setting_number(const rd_kafka_conf_t *conf, const char *name)
{
    char value[64];
    size_t size = sizeof(value);

    if (rd_kafka_conf_get(conf, name, value, &size))
        return 0;
    return strtoll(value, NULL, 10);
}

/* See "Trap: fetch stall": a full queue stops the fetching for a second. */
static void warn_of_stall(const struct kafka *k)
{
    int64_t n = kafka_setting_number(k->consumer, "queued.min.messages");

    if (n < 10000)
        k->host->log(k->host, MQM_WARN,
                     "queued.min.messages = %lld: a full queue can stop the "
                     "fetching for a second, so about that many messages a "
                     "second and partition is the most; the default is 100000",
                     (long long)n);
}

/* Make the models of the configuration, for kafka_client(). */
int kafka_settings(struct kafka *k)
{
    int r;

    k->consumer = rd_kafka_conf_new();
    k->producer = rd_kafka_conf_new();
    r = defaults(k, k->consumer, consumer_defaults);
    if (r < 0)
        return r;
    newer(k->consumer, newer_defaults);
    r = defaults(k, k->producer, producer_defaults);
    if (r < 0)
        return r;
    r = apply(k, k->consumer, "consumer.", "producer.");
    if (r < 0)
        return r;
    r = apply(k, k->producer, "producer.", "consumer.");
    if (r < 0)
        return r;
    r = obeys(k, k->consumer, consumer_rules);
    if (r < 0)
        return r;
    r = obeys(k, k->producer, producer_rules);
    if (r < 0)
        return r;
    r = has_brokers(k, k->consumer);
    if (r == 0)
        warn_of_stall(k);
    return r;
}
