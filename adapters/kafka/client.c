/* SPDX-License-Identifier: MIT */
/* client.c - what every rd_kafka_t of the adapter has: its callbacks, and the
 * translation of errors and messages.
 *
 * librdkafka logs from threads of its own; the host may be called from any.
 */
#include "kafka.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t kafka_now_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t kafka_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

void kafka_log(const struct kafka *k, int level, const char *text)
{
    char buf[KAFKA_TEXT_MAX];

    k->host->log(k->host, level, "%s", kafka_hide(k, buf, sizeof(buf), text));
}

/* librdkafka's levels are syslog's.  No news is that a property of the consumer
 * means nothing to the producer (both get all of them), nor a lost connection:
 * on_error() tells it too. */
static void on_log(const rd_kafka_t *rk, int level, const char *fac,
                   const char *text)
{
    const struct client *c = rk ? rd_kafka_opaque(rk) : NULL;
    char line[KAFKA_TEXT_MAX];
    int mine = level <= 3   ? MQM_ERROR
               : level == 4 ? MQM_WARN
               : level <= 6 ? MQM_INFO
                            : MQM_DEBUG;

    if (!c)
        return;
    if (!strcmp(fac, "FAIL") || strstr(text, "will be ignored by this"))
        mine = MQM_DEBUG;
    snprintf(line, sizeof(line), "librdkafka %s: %s", fac, text);
    kafka_log(c->k, mine, line);
}

/* Runs in the thread that polls the handle.  librdkafka goes on by itself after
 * these, so they are for people; what stops a consumer comes as a message. */
static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct client *c = opaque;
    char line[KAFKA_TEXT_MAX];

    (void)rk;
    snprintf(line, sizeof(line), "%s (%s)", reason,
             rd_kafka_err2name((rd_kafka_resp_err_t)err));
    pthread_mutex_lock(&c->k->errors);
    kafka_hide(c->k, c->error, sizeof(c->error), line);
    pthread_mutex_unlock(&c->k->errors);
    kafka_log(c->k, MQM_WARN, line);
}

/* "; last seen: ..." or nothing. */
const char *kafka_last_error(struct client *c, char buf[KAFKA_TEXT_MAX])
{
    pthread_mutex_lock(&c->k->errors);
    snprintf(buf, KAFKA_TEXT_MAX, "%s%s", c->error[0] ? "; last seen: " : "",
             c->error);
    pthread_mutex_unlock(&c->k->errors);
    return buf;
}

/* Makes a handle and takes conf, also on failure. */
int kafka_client(rd_kafka_t **out, struct client *c, rd_kafka_type_t type,
                 rd_kafka_conf_t *conf)
{
    char why[KAFKA_TEXT_MAX], buf[KAFKA_TEXT_MAX];
    rd_kafka_t *rk;

    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        return c->k->host->fail(c->k->host, -EINVAL, "%s",
                                kafka_hide(c->k, buf, sizeof(buf), why));
    }
    *out = rk;
    return 0;
}

/* For reading beside the consumers: nothing is committed; group: whose offsets
 * to ask for, or NULL.  A broker answers the requests of a connection in turn,
 * so a fetch that waits for more messages would hold up each question after
 * it. */
int kafka_reader(rd_kafka_t **out, struct client *c, const char *group)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(c->k->consumer);

    if (rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0) ||
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0) ||
        rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", NULL, 0) ||
        (group && rd_kafka_conf_set(conf, "group.id", group, NULL, 0))) {
        rd_kafka_conf_destroy(conf);
        return c->k->host->fail(c->k->host, -EIO, "librdkafka makes no reader");
    }
    return kafka_client(out, c, RD_KAFKA_CONSUMER, conf);
}

int kafka_errno(rd_kafka_resp_err_t err)
{
    switch (err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: return 0;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: return -ENOENT;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT: return -ETIMEDOUT;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL: return -EAGAIN;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: return -EMSGSIZE;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG: return -EINVAL;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED: return -EACCES;
    default: return -EIO;
    }
}

static int judge(const struct kafka *k, const rd_kafka_metadata_t *md,
                 const char *topic, int *partitions)
{
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;

    for (int i = 0; i < md->topic_cnt; i++) {
        const rd_kafka_metadata_topic_t *t = &md->topics[i];

        if (strcmp(t->topic, topic))
            continue;
        err = t->err;
        *partitions = t->partition_cnt;
    }
    if (err)
        return k->host->fail(k->host, kafka_errno(err), "topic '%s': %s%s",
                             topic, rd_kafka_err2str(err),
                             err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
                                 ? ": create it, or correct its name"
                                 : "");
    if (*partitions < 1)
        return k->host->fail(k->host, -EAGAIN,
                             "topic '%s' has no partition yet", topic);
    return 0;
}

/* Asks the broker for a topic, which is not created by this. */
int kafka_topic_there(struct client *c, rd_kafka_t *rk, const char *topic,
                      int *partitions)
{
    const struct mqm_host *host = c->k->host;
    const rd_kafka_metadata_t *md = NULL;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
    char last[KAFKA_TEXT_MAX];
    rd_kafka_resp_err_t err;
    int r;

    if (!rkt)
        return host->fail(host, -EINVAL, "topic '%s': %s", topic,
                          rd_kafka_err2str(rd_kafka_last_error()));
    err = rd_kafka_metadata(rk, 0, rkt, &md, KAFKA_ASK_MS);
    if (err) {
        while (rd_kafka_poll(rk, 0) > 0)
            ; /* for on_error(), which knows more */
        r = host->fail(host, kafka_errno(err), "no broker answers: %s%s",
                       rd_kafka_err2str(err), kafka_last_error(c, last));
    } else {
        r = judge(c->k, md, topic, partitions);
        rd_kafka_metadata_destroy(md);
    }
    rd_kafka_topic_destroy(rkt);
    return r;
}

/* All but the group and the lane. */
void kafka_fill_in(struct mqm_delivery *d, char origin[32],
                   rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    int64_t born_ms = rd_kafka_message_timestamp(m, &type);

    snprintf(origin, 32, "%" PRId32 "/%" PRId64, m->partition, m->offset);
    *d = (struct mqm_delivery)MQM_DELIVERY_INIT;
    d->msg.topic = rd_kafka_topic_name(m->rkt);
    d->msg.key = m->key;
    d->msg.key_len = m->key ? m->key_len : 0;
    d->msg.born_ms = born_ms > 0 ? born_ms : 0;
    d->msg.origin = origin;
    d->body = m->payload;
    d->body_len = m->payload ? m->len : 0;
    d->raw = m;
    d->result = MQM_LATER;
}
