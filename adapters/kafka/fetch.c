/* SPDX-License-Identifier: MIT */
/* fetch.c - reads one message again, by its partition and offset.
 *
 * With the simple consumer, as scan.c: no group, no offsets.  The handle stays
 * for the next call, since many are read one after the other when they are; one
 * thread reads at a time.  What always holds: a message of another offset is
 * never visited, whatever the broker has done to the partition.
 */
#include "kafka.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SILENCE_MS = 15000 }; /* no message and no end for so long: give up */

struct fetcher {
    struct client c;
    rd_kafka_t *rk;
    rd_kafka_topic_t *rkt; /* of the last one; NULL: none yet */
};

struct place {
    const char *topic;
    int32_t partition;
    int64_t offset;
};

void kafka_fetcher_free(struct fetcher *f)
{
    if (!f)
        return;
    if (f->rkt)
        rd_kafka_topic_destroy(f->rkt);
    if (f->rk)
        rd_kafka_destroy(f->rk);
    free(f);
}

static int make_fetcher(struct kafka *k)
{
    struct fetcher *f = calloc(1, sizeof(*f));
    int r;

    if (!f)
        return k->host->fail(k->host, -ENOMEM, "out of memory");
    f->c.k = k;
    r = kafka_reader(&f->rk, &f->c, NULL);
    if (r < 0) {
        kafka_fetcher_free(f);
        return r;
    }
    k->fetcher = f;
    return 0;
}

static int use_topic(struct kafka *k, const char *topic)
{
    struct fetcher *f = k->fetcher;
    int r = 0, n;

    if (!f)
        r = make_fetcher(k);
    if (r < 0)
        return r;
    f = k->fetcher;
    if (f->rkt && !strcmp(rd_kafka_topic_name(f->rkt), topic))
        return 0;
    r = kafka_topic_there(&f->c, f->rk, topic, &n);
    if (r < 0)
        return r;
    if (f->rkt)
        rd_kafka_topic_destroy(f->rkt);
    f->rkt = rd_kafka_topic_new(f->rk, topic, NULL);
    return f->rkt ? 0 : k->host->fail(k->host, -ENOMEM, "out of memory");
}

static int gone(const struct kafka *k, const struct place *p, int64_t low,
                int64_t high)
{
    return k->host->fail(k->host, -ENOENT,
                         "'%s' has no message at partition %" PRId32
                         ", offset %" PRId64 ": it holds %" PRId64
                         " to %" PRId64 " (%s)",
                         p->topic, p->partition, p->offset, low, high - 1,
                         p->offset < low    ? "retention has removed it"
                         : p->offset < high ? "compacted, or no message"
                                            : "the partition was made anew");
}

static int cannot(const struct kafka *k, const struct place *p,
                  rd_kafka_resp_err_t err)
{
    return k->host->fail(k->host, kafka_errno(err),
                         "cannot read '%s', partition %" PRId32 ": %s",
                         p->topic, p->partition, rd_kafka_err2str(err));
}

/* The first that comes: it, another one, or the end. */
static int wait_for(struct fetcher *f, const struct place *p,
                    rd_kafka_message_t **out)
{
    const int64_t end_ms = kafka_now_ms() + SILENCE_MS;
    char last[KAFKA_TEXT_MAX];
    rd_kafka_message_t *m = NULL;

    while (!m && kafka_now_ms() < end_ms) {
        m = rd_kafka_consume(f->rkt, p->partition, 100);
        rd_kafka_poll(f->rk, 0);
    }
    *out = m;
    if (m)
        return 0;
    return f->c.k->host->fail(f->c.k->host, -ETIMEDOUT,
                              "'%s', partition %" PRId32
                              ": the broker is silent%s",
                              p->topic, p->partition,
                              kafka_last_error(&f->c, last));
}

static int judge(const struct kafka *k, const struct place *p,
                 const rd_kafka_message_t *m, int64_t low, int64_t high)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
        m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        return gone(k, p, low, high);
    if (m->err)
        return cannot(k, p, m->err);
    return m->offset == p->offset ? 0 : gone(k, p, low, high);
}

static int read_one(struct kafka *k, const struct place *p,
                    rd_kafka_message_t **out)
{
    struct fetcher *f = k->fetcher;
    rd_kafka_message_t *m = NULL;
    int64_t low = 0, high = 0;
    rd_kafka_resp_err_t err;
    int r;

    err = rd_kafka_query_watermark_offsets(f->rk, p->topic, p->partition, &low,
                                           &high, KAFKA_ASK_MS);
    if (!err && (p->offset < low || p->offset >= high))
        return gone(k, p, low, high);
    if (!err && rd_kafka_consume_start(f->rkt, p->partition, p->offset))
        err = rd_kafka_last_error();
    if (err)
        return cannot(k, p, err);
    r = wait_for(f, p, &m);
    rd_kafka_consume_stop(f->rkt, p->partition);
    if (r == 0)
        r = judge(k, p, m, low, high);
    if (r == 0)
        *out = m;
    else if (m)
        rd_kafka_message_destroy(m);
    return r;
}

static int parse(const struct kafka *k, struct place *p, const char *origin)
{
    int end = 0;

    /* No more digits than fit: what is too large would be another place. */
    if (sscanf(origin, "%9" SCNd32 "/%18" SCNd64 "%n", &p->partition,
               &p->offset, &end) == 2 &&
        !origin[end] && p->partition >= 0 && p->offset >= 0)
        return 0;
    return k->host->fail(k->host, -EINVAL,
                         "'%s' is no place in '%s': PARTITION/OFFSET is one",
                         origin, p->topic);
}

int kafka_fetch(void *self, const char *group, const char *topic,
                const char *origin,
                int (*visit)(void *user, struct mqm_delivery *d), void *user)
{
    struct kafka *k = self;
    struct place p = {.topic = topic};
    rd_kafka_message_t *m = NULL;
    struct mqm_delivery d;
    char text[32];
    int r = parse(k, &p, origin);

    if (r < 0)
        return r;
    pthread_mutex_lock(&k->fetching);
    r = use_topic(k, topic);
    if (r == 0)
        r = read_one(k, &p, &m);
    pthread_mutex_unlock(&k->fetching);
    if (r < 0)
        return r;
    kafka_fill_in(&d, text, m);
    d.msg.group = group;
    r = visit(user, &d);
    rd_kafka_message_destroy(m);
    return r;
}
