/* SPDX-License-Identifier: MIT */
/* checkup.c - are the topic and its parking topic set up so that no message is
 * lost, and does the group stand where it should (position.c)?
 *
 * As a client that subscribes to nothing: the group's members do not notice.
 * What the broker does not let us ask is a warning.
 */
#include "checkup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400000 };

/* What is set for a topic; -1: no limit; UNTOLD: nobody said. */
#define UNTOLD INT64_MIN
struct facts {
    int64_t retention_ms, retention_bytes, least_in_sync;
    int compacts, makes_topics, forgets;
    int partitions, replicas; /* the fewest that one has */
    int broker;               /* that told, or -1 */
};

/* ---------------------------- describing ---------------------------- */

static void take(struct facts *f, const char *name, const char *value)
{
    if (!value)
        return;
    if (!strcmp(name, "retention.ms"))
        f->retention_ms = strtoll(value, NULL, 10);
    else if (!strcmp(name, "retention.bytes"))
        f->retention_bytes = strtoll(value, NULL, 10);
    else if (!strcmp(name, "min.insync.replicas"))
        f->least_in_sync = strtoll(value, NULL, 10);
    else if (!strcmp(name, "cleanup.policy"))
        f->compacts = strstr(value, "compact") != NULL;
    else if (!strcmp(name, "unclean.leader.election.enable"))
        f->forgets = !strcmp(value, "true");
    else if (!strcmp(name, "auto.create.topics.enable"))
        f->makes_topics = !strcmp(value, "true");
}

static void not_looked_at(const struct look *l, const char *subject,
                          const char *what, const char *why)
{
    char buf[KAFKA_TEXT_MAX];

    l->q->find(l->q, MQM_WARNING, subject,
               "let the user of this side describe it, or ask who runs the "
               "brokers",
               "'%s': not looked at: %s", what,
               kafka_hide(l->c->k, buf, sizeof(buf), why));
}

static int take_configs(const struct look *l, rd_kafka_event_t *e,
                        const char *name, struct facts *f)
{
    const rd_kafka_DescribeConfigs_result_t *result;
    const rd_kafka_ConfigResource_t **resources;
    const rd_kafka_ConfigEntry_t **entries;
    size_t n = 0;

    if (!e || rd_kafka_event_error(e)) {
        not_looked_at(l, "settings", name,
                      e ? rd_kafka_event_error_string(e) : "no answer");
        return -EIO;
    }
    result = rd_kafka_event_DescribeConfigs_result(e);
    resources = result ? rd_kafka_DescribeConfigs_result_resources(result, &n)
                       : NULL;
    if (n != 1 || rd_kafka_ConfigResource_error(resources[0])) {
        not_looked_at(l, "settings", name,
                      n == 1 ? rd_kafka_ConfigResource_error_string(
                                   resources[0])
                             : "no answer");
        return -EIO;
    }
    entries = rd_kafka_ConfigResource_configs(resources[0], &n);
    for (size_t i = 0; i < n; i++)
        take(f, rd_kafka_ConfigEntry_name(entries[i]),
             rd_kafka_ConfigEntry_value(entries[i]));
    return 0;
}

static int describe(const struct look *l, rd_kafka_ResourceType_t type,
                    const char *name, struct facts *f)
{
    rd_kafka_ConfigResource_t *what = rd_kafka_ConfigResource_new(type, name);
    rd_kafka_event_t *e;
    int r;

    if (!what) {
        not_looked_at(l, "settings", name, "out of memory");
        return -ENOMEM;
    }
    rd_kafka_DescribeConfigs(l->rk, &what, 1, NULL, l->answers);
    e = rd_kafka_queue_poll(l->answers, 2 * KAFKA_ASK_MS);
    r = take_configs(l, e, name, f);
    if (e)
        rd_kafka_event_destroy(e);
    rd_kafka_ConfigResource_destroy(what);
    return r;
}

static void count_replicas(const struct look *l, const char *name,
                           struct facts *f)
{
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(l->rk, name, NULL);
    const rd_kafka_metadata_t *md = NULL;

    if (!rkt)
        return;
    if (!rd_kafka_metadata(l->rk, 0, rkt, &md, KAFKA_ASK_MS)) {
        f->broker = md->orig_broker_id;
        for (int i = 0; md->topic_cnt == 1 && i < md->topics[0].partition_cnt;
             i++) {
            const int n = md->topics[0].partitions[i].replica_cnt;

            f->replicas = i == 0 || n < f->replicas ? n : f->replicas;
            f->partitions++;
        }
        rd_kafka_metadata_destroy(md);
    }
    rd_kafka_topic_destroy(rkt);
}

/* ------------------------------ judging ------------------------------ */

static void find_replicas(const struct look *l, const char *name,
                          const struct facts *f)
{
    const struct mqm_inquiry *q = l->q;

    if (f->replicas < 1)
        not_looked_at(l, "replicas", name, "nobody tells how many it has");
    else if (f->replicas == 1)
        q->find(q, MQM_WARNING, "replicas", "give it three replicas",
                "'%s': one: messages are lost with its disk", name);
    else if (f->least_in_sync == 1)
        q->find(q, MQM_WARNING, "replicas", "set min.insync.replicas=2",
                "'%s': %d, and min.insync.replicas=1: what one broker alone "
                "has taken is lost with it",
                name, f->replicas);
    else if (f->least_in_sync > f->replicas)
        q->find(q, MQM_WARNING, "replicas", "give it more replicas",
                "'%s': %d, and min.insync.replicas=%" PRId64 ": nothing can be "
                "sent to it",
                name, f->replicas, f->least_in_sync);
    else
        q->find(q, MQM_FINE, "replicas", NULL,
                "'%s': %d, min.insync.replicas=%" PRId64, name, f->replicas,
                f->least_in_sync);
    if (f->forgets && f->replicas > 1)
        q->find(q, MQM_WARNING, "replicas",
                "set unclean.leader.election.enable=false",
                "'%s': one that lags may lead: what it does not have is lost",
                name);
}

static void find_compaction(const struct mqm_inquiry *q, const char *name,
                            const struct facts *f)
{
    if (f->compacts)
        q->find(q, MQM_FATAL, "compaction", "set cleanup.policy=delete",
                "'%s': cleanup.policy=compact: of messages with one key all "
                "but the last are removed, worked on or not",
                name);
}

/* Of the topic.  What is kept longer than its record comes again, after a reset
 * of the group, as a doubt. */
static void find_retention(const struct mqm_inquiry *q, const struct facts *f)
{
    const int64_t ms = f->retention_ms;

    if (ms >= 0 && ms < DAY_MS)
        q->find(q, MQM_WARNING, "retention", "set retention.ms to some days",
                "'%s': retention.ms=%" PRId64 ": what has not been read after "
                "%" PRId64 " minutes is lost",
                q->topic, ms, ms / 60000);
    else if (ms < 0 || ms > q->keep_ms)
        q->find(q, MQM_WARNING, "retention",
                "make keep_ms as long, or retention.ms shorter",
                "'%s': retention.ms=%" PRId64 " is longer than keep_ms (%"
                PRId64 "): a copy may still come when its record is forgotten, "
                "and is in doubt then",
                q->topic, ms, q->keep_ms);
    else
        q->find(q, MQM_FINE, "retention", NULL,
                "'%s': retention.ms=%" PRId64 ", keep_ms %" PRId64, q->topic,
                ms, q->keep_ms);
    if (f->retention_bytes >= 0)
        q->find(q, MQM_WARNING, "retention", "set retention.bytes=-1",
                "'%s': retention.bytes=%" PRId64 ": a burst of messages "
                "removes older ones, read or not",
                q->topic, f->retention_bytes);
}

/* Of the parking topic: bodies wait there for a person. */
static void find_parking(const struct mqm_inquiry *q, const struct facts *f)
{
    const int64_t ms = f->retention_ms;

    if (ms >= 0 && ms <= q->settle_ms)
        q->find(q, MQM_FATAL, "parking", "set its retention.ms=-1",
                "'%s': retention.ms=%" PRId64 ": a body is gone before its "
                "message may be resolved (settle_ms %" PRId64 ")",
                q->parking, ms, q->settle_ms);
    else if (ms >= 0 || f->retention_bytes >= 0)
        q->find(q, MQM_WARNING, "parking",
                "set its retention.ms=-1 and retention.bytes=-1",
                "'%s': retention.ms=%" PRId64 ", retention.bytes=%" PRId64
                ": a body that is resolved later than that is lost",
                q->parking, ms, f->retention_bytes);
    else
        q->find(q, MQM_FINE, "parking", NULL, "'%s': kept without limit",
                q->parking);
}

static int gather(const struct look *l, const char *name, struct facts *f)
{
    const struct facts none = {UNTOLD, UNTOLD, UNTOLD, 0, 0, 0, 0, 0, -1};

    *f = none;
    count_replicas(l, name, f);
    return describe(l, RD_KAFKA_RESOURCE_TOPIC, name, f);
}

/* One stands for all of them. */
static void look_at_broker(const struct look *l, struct facts *f)
{
    char id[16];

    snprintf(id, sizeof(id), "%d", f->broker);
    if (f->broker < 0 || describe(l, RD_KAFKA_RESOURCE_BROKER, id, f) < 0 ||
        !f->makes_topics)
        return;
    l->q->find(l->q, MQM_WARNING, "auto.create.topics.enable",
               "set it to false, and create the topics",
               "broker %s: a topic that is misspelt is made by whoever sends "
               "to it, and nobody reads it",
               id);
}

static void look_at_parking(const struct look *l)
{
    const struct mqm_inquiry *q = l->q;
    struct facts f;
    int n, r;

    r = kafka_topic_there(l->c, l->rk, q->parking, &n);
    if (r == -ENOENT)
        q->find(q, MQM_WARNING, "parking",
                "create it, with retention.ms=-1",
                "'%s' is not there: bodies cannot be kept, so copies of what "
                "is parked come again and again",
                q->parking);
    else if (r < 0)
        not_looked_at(l, "parking", q->parking, "the broker does not tell");
    else if (gather(l, q->parking, &f) == 0) {
        find_parking(q, &f);
        find_compaction(q, q->parking, &f);
        find_replicas(l, q->parking, &f);
    }
}

static void look_at_topics(const struct look *l)
{
    const struct mqm_inquiry *q = l->q;
    struct facts f;

    if (gather(l, q->topic, &f) == 0) {
        find_retention(q, &f);
        find_compaction(q, q->topic, &f);
        find_replicas(l, q->topic, &f);
    }
    look_at_broker(l, &f);
    if (q->parking[0])
        look_at_parking(l);
}

/* ------------------------------ the client ------------------------------- */

static void look_at_client(const struct look *l)
{
    const struct mqm_inquiry *q = l->q;
    const int64_t ms =
        kafka_setting_number(l->c->k->consumer, "max.poll.interval.ms");

    if (ms <= q->work_ms)
        q->find(q, MQM_WARNING, "max.poll.interval.ms",
                "make it longer, or settle_ms shorter",
                "%" PRId64 ": a handler may take %" PRId64 " ms (settle_ms - "
                "lease_ms), and its consumer loses its partitions before",
                ms, q->work_ms);
    else
        q->find(q, MQM_FINE, "max.poll.interval.ms", NULL,
                "%" PRId64 ", a handler may take %" PRId64, ms, q->work_ms);
}

static int open_look(struct look *l, struct kafka *k)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(k->consumer);
    int r;

    if (rd_kafka_conf_set(conf, "group.id", l->q->group, NULL, 0) ||
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0)) {
        rd_kafka_conf_destroy(conf);
        return k->host->fail(k->host, -EIO, "librdkafka refuses to look");
    }
    r = kafka_client(&l->rk, l->c, RD_KAFKA_CONSUMER, conf);
    if (r < 0)
        return r;
    l->answers = rd_kafka_queue_new(l->rk);
    return kafka_topic_there(l->c, l->rk, l->q->topic, &l->partitions);
}

int kafka_checkup(void *self, const struct mqm_inquiry *q)
{
    struct client c = {.k = self};
    struct look l = {.q = q, .c = &c};
    int r = open_look(&l, self);

    if (r == 0) {
        look_at_client(&l);
        look_at_topics(&l);
        r = kafka_look_at_group(&l);
    }
    if (l.answers)
        rd_kafka_queue_destroy(l.answers);
    if (l.rk)
        rd_kafka_destroy(l.rk);
    return r;
}
