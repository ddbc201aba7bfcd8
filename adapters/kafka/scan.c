/* SPDX-License-Identifier: MIT */
/* scan.c - what lies in a topic, and whether there is one.
 *
 * Reads with the simple consumer: no group, no offsets, so the consumers of the
 * topic do not notice.  A partition is done when it is read to the end that it
 * had at the beginning, or when librdkafka reports an end (which lies lower
 * where a transaction is open, and higher where the last entries are no
 * messages).
 */
#include "kafka.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { SILENCE_MS = 15000 }; /* no message and no end for so long: give up */

struct scan {
    struct client c;
    rd_kafka_t *rk;
    rd_kafka_topic_t *rkt;
    rd_kafka_queue_t *q;
    int64_t *ends; /* of each partition; -1: done */
    int n, started, open;
};

static int start(struct scan *s, const char *topic, int32_t partition)
{
    const struct mqm_host *host = s->c.k->host;
    int64_t low, high;
    rd_kafka_resp_err_t err;

    err = rd_kafka_query_watermark_offsets(s->rk, topic, partition, &low, &high,
                                           KAFKA_ASK_MS);
    if (!err && rd_kafka_consume_start_queue(s->rkt, partition,
                                             RD_KAFKA_OFFSET_BEGINNING, s->q))
        err = rd_kafka_last_error();
    if (err)
        return host->fail(host, kafka_errno(err),
                          "cannot read '%s', partition %" PRId32 ": %s", topic,
                          partition, rd_kafka_err2str(err));
    s->started = partition + 1;
    s->ends[partition] = high > low ? high : -1;
    s->open += high > low;
    return 0;
}

static int scan_open(struct scan *s, struct kafka *k, const char *topic)
{
    int r;

    s->c.k = k;
    r = kafka_reader(&s->rk, &s->c, NULL);
    if (r < 0)
        return r;
    r = kafka_topic_there(&s->c, s->rk, topic, &s->n);
    if (r < 0)
        return r;
    s->rkt = rd_kafka_topic_new(s->rk, topic, NULL);
    s->q = rd_kafka_queue_new(s->rk);
    s->ends = calloc((size_t)s->n, sizeof(*s->ends));
    if (!s->rkt || !s->q || !s->ends)
        return k->host->fail(k->host, -ENOMEM, "out of memory");
    for (int32_t i = 0; i < s->n && r == 0; i++)
        r = start(s, topic, i);
    return r;
}

static void scan_close(struct scan *s)
{
    for (int32_t i = 0; i < s->started; i++)
        rd_kafka_consume_stop(s->rkt, i);
    if (s->q)
        rd_kafka_queue_destroy(s->q);
    if (s->rkt)
        rd_kafka_topic_destroy(s->rkt);
    if (s->rk)
        rd_kafka_destroy(s->rk);
    free(s->ends);
}

static void finish(struct scan *s, int32_t partition)
{
    if (s->ends[partition] >= 0)
        s->open--;
    s->ends[partition] = -1;
}

static int look(struct scan *s, rd_kafka_message_t *m,
                int (*visit)(void *user, struct mqm_delivery *d), void *user)
{
    const struct mqm_host *host = s->c.k->host;
    struct mqm_delivery d;
    char origin[32];
    int r;

    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        finish(s, m->partition);
        return 0;
    }
    if (m->err)
        return host->fail(host, kafka_errno(m->err), "cannot read: %s",
                          rd_kafka_message_errstr(m));
    if (m->offset >= s->ends[m->partition]) {
        finish(s, m->partition); /* came later than we did */
        return 0;
    }
    kafka_fill_in(&d, origin, m);
    r = visit(user, &d);
    if (m->offset + 1 == s->ends[m->partition])
        finish(s, m->partition);
    return r;
}

static int read_all(struct scan *s, const char *topic,
                    int (*visit)(void *user, struct mqm_delivery *d),
                    void *user)
{
    const struct mqm_host *host = s->c.k->host;
    int64_t end_ms = kafka_now_ms() + SILENCE_MS;
    char last[KAFKA_TEXT_MAX];
    int r = 0;

    while (s->open > 0 && r == 0) {
        rd_kafka_message_t *m = rd_kafka_consume_queue(s->q, 100);

        rd_kafka_poll(s->rk, 0);
        if (m) {
            r = look(s, m, visit, user);
            rd_kafka_message_destroy(m);
            end_ms = kafka_now_ms() + SILENCE_MS;
        } else if (kafka_now_ms() >= end_ms) {
            r = host->fail(host, -ETIMEDOUT,
                           "'%s': %d of %d partitions not read to their end, "
                           "the broker is silent%s",
                           topic, s->open, s->n, kafka_last_error(&s->c, last));
        }
    }
    return r;
}

int kafka_scan(void *self, const char *topic,
               int (*visit)(void *user, struct mqm_delivery *d), void *user)
{
    struct scan s = {.n = 0};
    int r = scan_open(&s, self, topic);

    if (r == 0)
        r = read_all(&s, topic, visit, user);
    scan_close(&s);
    return r;
}

int kafka_probe(void *self, const char *group, const char *topic)
{
    struct scan s = {.c = {.k = self}};
    int r = kafka_reader(&s.rk, &s.c, NULL);

    (void)group; /* it comes to be with its first consumer */
    if (r == 0)
        r = kafka_topic_there(&s.c, s.rk, topic, &s.n);
    scan_close(&s);
    return r;
}
