/* SPDX-License-Identifier: MIT */
/* consumer.c - groups are polled: a batch is filled, delivered, and each
 * message done with as its verdict says.
 *
 * Of each partition in the batch the offset behind the last message before the
 * first that is not OK is stored (librdkafka commits stored offsets); from that
 * first one on, all of it comes again.  Those behind it that are OK already
 * come again too, and find that they are done.
 *
 * Batches are filled with rd_kafka_consumer_poll(), one by one, since
 * rd_kafka_consume_batch_queue() of 2.0.2 skips messages around a seek.
 */
#include "group.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS_MAX = 500 }; /* so that a stop is noticed, a clock set back */

/* ------------------------------ subscribing ------------------------------ */

static int group_new(struct group **out, struct kafka *k, const char *name)
{
    struct group *g = calloc(1, sizeof(*g));
    rd_kafka_conf_t *conf = NULL;
    int r = -ENOMEM;

    if (!g)
        return k->host->fail(k->host, -ENOMEM, "out of memory");
    g->c.k = k;
    g->c.group = g;
    g->name = strdup(name);
    g->topics = rd_kafka_topic_partition_list_new(1);
    if (!g->name || !g->topics) {
        r = k->host->fail(k->host, -ENOMEM, "out of memory");
        goto out;
    }
    conf = rd_kafka_conf_dup(k->consumer);
    if (rd_kafka_conf_set(conf, "group.id", name, NULL, 0)) {
        rd_kafka_conf_destroy(conf);
        r = k->host->fail(k->host, -EINVAL, "'%s' cannot be a group", name);
        goto out;
    }
    rd_kafka_conf_set_rebalance_cb(conf, group_rebalance);
    r = kafka_client(&g->rk, &g->c, RD_KAFKA_CONSUMER, conf);
    if (r < 0)
        goto out;
    rd_kafka_poll_set_consumer(g->rk);
    g->queue = rd_kafka_queue_get_consumer(g->rk);
    wake_for(&k->wake, g->queue);
    g->next = k->groups;
    k->groups = g;
    *out = g;
    g = NULL;
out:
    if (g)
        group_close(g, 0);
    return r;
}

static int group_of(struct group **out, struct kafka *k, const char *name)
{
    for (struct group *g = k->groups; g; g = g->next) {
        if (strcmp(g->name, name))
            continue;
        *out = g;
        return 0;
    }
    return group_new(out, k, name);
}

static int add_topic(struct group *g, const char *topic)
{
    const struct mqm_host *host = g->c.k->host;
    size_t n = (size_t)g->topics->cnt;
    rd_kafka_topic_t **rkts = realloc(g->rkts, (n + 1) * sizeof(*rkts));

    if (!rkts)
        return host->fail(host, -ENOMEM, "out of memory");
    g->rkts = rkts;
    rkts[n] = rd_kafka_topic_new(g->rk, topic, NULL);
    if (!rkts[n])
        return host->fail(host, -EINVAL, "topic '%s': %s", topic,
                          rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_topic_partition_list_add(g->topics, topic,
                                      RD_KAFKA_PARTITION_UA);
    return 0;
}

static int subscribe(struct kafka *k, const char *group, const char *topic)
{
    rd_kafka_resp_err_t err;
    struct group *g = NULL;
    int r = group_of(&g, k, group);

    if (r < 0)
        return r;
    /* There already: perhaps librdkafka refused it, so it is told again. */
    if (!rd_kafka_topic_partition_list_find(g->topics, topic,
                                            RD_KAFKA_PARTITION_UA))
        r = add_topic(g, topic);
    if (r < 0)
        return r;
    err = rd_kafka_subscribe(g->rk, g->topics);
    if (err)
        return k->host->fail(k->host, kafka_errno(err),
                             "group '%s' cannot subscribe to '%s': %s", group,
                             topic, rd_kafka_err2str(err));
    return 0;
}

int kafka_subscribe(void *self, const char *group, const char *topic)
{
    struct kafka *k = self;
    int r;

    if (topic[0] == '^')
        return k->host->fail(k->host, -EINVAL,
                             "topic '%s' is a pattern: name each topic", topic);
    pthread_mutex_lock(&k->polling);
    r = subscribe(k, group, topic);
    pthread_mutex_unlock(&k->polling);
    return r;
}

/* Leaves all groups; waits for a poll() that runs. */
void kafka_leave(struct kafka *k)
{
    int64_t end_ms = kafka_now_ms() + KAFKA_CLOSE_MS;

    pthread_mutex_lock(&k->polling);
    while (k->groups) {
        struct group *g = k->groups;

        k->groups = g->next;
        group_close(g, end_ms);
    }
    pthread_mutex_unlock(&k->polling);
}

/* -------------------------------- a batch -------------------------------- */

/* An error that came as a message.  After it librdkafka goes on by itself,
 * unless it is a fatal one. */
static int explain(struct group *g, const rd_kafka_message_t *m)
{
    const struct mqm_host *host = g->c.k->host;
    char line[KAFKA_TEXT_MAX], buf[KAFKA_TEXT_MAX];

    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return 0;
    snprintf(line, sizeof(line), "group '%s'%s%s: %s", g->name,
             m->rkt ? ", topic " : "",
             m->rkt ? rd_kafka_topic_name(m->rkt) : "",
             rd_kafka_message_errstr(m));
    kafka_log(g->c.k, MQM_WARN, line);
    return host->fail(host, kafka_errno(m->err), "%s",
                      kafka_hide(g->c.k, buf, sizeof(buf), line));
}

/* After a fatal error (fenced by a twin, for example) nothing comes any more,
 * so each poll says so. */
static int is_dead(struct group *g)
{
    const struct mqm_host *host = g->c.k->host;
    char why[KAFKA_TEXT_MAX], buf[KAFKA_TEXT_MAX];
    rd_kafka_resp_err_t err = rd_kafka_fatal_error(g->rk, why, sizeof(why));

    if (!err)
        return 0;
    return host->fail(host, -EIO, "group '%s' is dead, open anew: %s", g->name,
                      kafka_hide(g->c.k, buf, sizeof(buf), why));
}

static int wanted(struct group *g, const rd_kafka_message_t *m)
{
    struct part *p = part_of(g, m);

    return p && part_accepts(g, p, m->offset);
}

static size_t batch_max(const struct mqm_host *host)
{
    size_t n = host->batch(host);

    return n < 1 ? 1 : n > KAFKA_BATCH_MAX ? KAFKA_BATCH_MAX : n;
}

static int fill(struct group *g)
{
    size_t max = batch_max(g->c.k->host);
    int r = 0;

    while (g->n < max && r == 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(g->rk, 0);

        if (!m)
            break;
        if (!m->err && wanted(g, m)) {
            g->batch[g->n++] = m;
            continue;
        }
        if (m->err)
            r = explain(g, m);
        rd_kafka_message_destroy(m);
    }
    return r;
}

static void fill_in(struct group *g, size_t i)
{
    struct mqm_delivery *d = &g->d[i];
    const struct part *p = part_of(g, g->batch[i]);

    kafka_fill_in(d, g->origin[i], g->batch[i]);
    d->msg.group = g->name;
    /* Two of the same would only be kept in order needlessly. */
    d->lane = ((p ? p->topic : 0) << 20) + (unsigned)g->batch[i]->partition + 1;
}

static void note(struct group *g, size_t i)
{
    struct part *p = part_of(g, g->batch[i]);

    if (!p || p->again >= 0)
        return;
    if (g->d[i].result == MQM_OK) {
        p->next = g->batch[i]->offset + 1;
        return;
    }
    p->again = g->batch[i]->offset;
    p->retry_ms = g->d[i].retry_ms;
}

static void store(struct group *g)
{
    const struct mqm_host *host = g->c.k->host;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)g->n_parts);
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;

    for (size_t i = 0; i < g->n_parts; i++) {
        const struct part *p = &g->parts[i];

        if (p->next < 0)
            continue;
        rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(p->rkt),
                                          p->partition)
            ->offset = p->next;
    }
    if (list->cnt > 0)
        err = rd_kafka_offsets_store(g->rk, list);
    if (err)
        host->log(host, MQM_WARN, "group '%s': cannot store offsets: %s",
                  g->name, rd_kafka_err2str(err));
    rd_kafka_topic_partition_list_destroy(list);
}

/* Offsets first: one stored after a seek would undo it. */
static void settle(struct group *g)
{
    for (size_t i = 0; i < g->n_parts; i++)
        g->parts[i].next = g->parts[i].again = -1;
    for (size_t i = 0; i < g->n; i++)
        note(g, i);
    store(g);
    for (size_t i = 0; i < g->n_parts; i++)
        if (g->parts[i].again >= 0)
            part_hold(g, &g->parts[i]);
}

/* Fails if deliver() did and not one message was well: the store is down.  One
 * message's failure is that message's, and it waits for its next try. */
static int deliver(struct group *g)
{
    const struct mqm_host *host = g->c.k->host;
    size_t well = 0;
    int r;

    for (size_t i = 0; i < g->n; i++)
        fill_in(g, i);
    r = host->deliver(host, g->d, g->n);
    settle(g);
    for (size_t i = 0; i < g->n; i++) {
        well += g->d[i].result == MQM_OK;
        rd_kafka_message_destroy(g->batch[i]);
    }
    g->n = 0;
    return r == -ECANCELED || (r < 0 && well == 0) ? r : 0;
}

/* -------------------------------- polling -------------------------------- */

/* Returns how many were delivered.  An error beside messages is in the log. */
static int group_poll(struct group *g)
{
    int n, r, d = 0;

    parts_resume(g, kafka_now_ms());
    r = fill(g);
    n = (int)g->n;
    if (n > 0)
        d = deliver(g);
    else if (r == 0)
        r = is_dead(g);
    return d < 0 ? d : n > 0 ? n : r;
}

static void follow_clock(struct kafka *k)
{
    int64_t back_ms = wake_clear(&k->wake);

    if (!back_ms)
        return;
    k->host->log(k->host, MQM_INFO,
                 "the clock was set back by %" PRId64 " ms: librdkafka, which "
                 "would sleep for as long, is woken",
                 back_ms);
    for (struct group *g = k->groups; g; g = g->next)
        wake_consumer(k, g->rk);
}

/* Each group in turn, until one had something. */
static int poll_groups(struct kafka *k, int64_t end_ms)
{
    int n = 0, bad = 0;

    for (;;) {
        int64_t until_ms = end_ms;

        follow_clock(k);
        for (struct group *g = k->groups; g; g = g->next) {
            int r = group_poll(g);
            int64_t next_ms = parts_next_ms(g);

            if (r < 0)
                bad = r;
            else
                n += r;
            if (next_ms < until_ms)
                until_ms = next_ms;
        }
        if (n > 0 || bad < 0 || kafka_now_ms() >= end_ms)
            return bad;
        wake_wait(&k->wake, until_ms);
    }
}

static int64_t at_most(int64_t a_ms, int64_t b_ms)
{
    return a_ms < 0 ? 0 : a_ms < b_ms ? a_ms : b_ms;
}

int kafka_poll(void *self, int timeout_ms)
{
    struct kafka *k = self;
    int64_t end_ms = kafka_now_ms() + at_most(timeout_ms, POLL_MS_MAX);
    int r = 0, idle;

    pthread_mutex_lock(&k->polling);
    idle = !k->groups;
    if (!idle)
        r = poll_groups(k, end_ms);
    pthread_mutex_unlock(&k->polling);
    if ((r < 0 && r != -ECANCELED) || idle) {
        int64_t left_ms = at_most(end_ms - kafka_now_ms(), POLL_MS_MAX);

        if (left_ms > 0 && k->host->wait(k->host, left_ms) == -ECANCELED)
            return -ECANCELED;
    }
    return r;
}
