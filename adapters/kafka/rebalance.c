/* SPDX-License-Identifier: MIT */
/* rebalance.c - partitions come and go, and the group is left.
 *
 * The callback runs inside rd_kafka_consumer_poll() and while closing, so no
 * deliver() runs and all verdicts are on record: what is done is stored, what
 * is stored is committed before the partition goes.  Messages of it that wait
 * in the batch are dropped undelivered; the next owner gets them.
 */
#include "group.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COMMIT_MS = 3000, NAP_NS = 5000000 };

static int is_in(const rd_kafka_topic_partition_list_t *list,
                 const rd_kafka_message_t *m)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].partition == m->partition &&
            !strcmp(list->elems[i].topic, rd_kafka_topic_name(m->rkt)))
            return 1;
    return 0;
}

static void drop_from_batch(struct group *g,
                            const rd_kafka_topic_partition_list_t *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < g->n; i++) {
        if (is_in(list, g->batch[i]))
            rd_kafka_message_destroy(g->batch[i]);
        else
            g->batch[kept++] = g->batch[i];
    }
    g->n = kept;
}

/* Not one long wait of librdkafka's: see wake.c. */
static void nap(void)
{
    nanosleep(&(struct timespec){0, NAP_NS}, NULL);
}

static rd_kafka_event_t *answer_by(rd_kafka_queue_t *q, int64_t end_ms)
{
    rd_kafka_event_t *ev;

    while (!(ev = rd_kafka_queue_poll(q, 0)) && kafka_now_ms() < end_ms)
        nap();
    return ev;
}

/* Commit what is stored, and wait for it, but not for ever. */
static void commit(struct group *g)
{
    const struct mqm_host *host = g->c.k->host;
    rd_kafka_queue_t *q = rd_kafka_queue_new(g->rk);
    rd_kafka_resp_err_t err =
        rd_kafka_commit_queue(g->rk, NULL, q, NULL, NULL);
    rd_kafka_event_t *ev = NULL;

    if (!err) {
        ev = answer_by(q, kafka_now_ms() + COMMIT_MS);
        err = ev ? rd_kafka_event_error(ev) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    if (err && err != RD_KAFKA_RESP_ERR__NO_OFFSET)
        host->log(host, MQM_WARN,
                  "group '%s': cannot commit: %s; what is done since the last "
                  "commit comes again",
                  g->name, rd_kafka_err2str(err));
    if (ev)
        rd_kafka_event_destroy(ev);
    rd_kafka_queue_destroy(q);
}

static void complain(struct group *g, const char *what, const char *why)
{
    const struct mqm_host *host = g->c.k->host;

    host->log(host, MQM_ERROR, "group '%s': cannot %s partitions: %s", g->name,
              what, why);
}

/* rd_kafka_(incremental_)assign and unassign, as the group's protocol asks. */
static void tell(struct group *g, const rd_kafka_topic_partition_list_t *list,
                 int assign)
{
    const char *protocol = rd_kafka_rebalance_protocol(g->rk);
    const char *what = assign ? "take" : "give up";
    rd_kafka_error_t *error;
    rd_kafka_resp_err_t err;

    if (!protocol) { /* this was still in the queue when the client left */
        complain(g, what, "the group is left already");
        return;
    }
    if (strcmp(protocol, "COOPERATIVE") != 0) {
        err = rd_kafka_assign(g->rk, assign ? list : NULL);
        if (err)
            complain(g, what, rd_kafka_err2str(err));
        return;
    }
    error = assign ? rd_kafka_incremental_assign(g->rk, list)
                   : rd_kafka_incremental_unassign(g->rk, list);
    if (!error)
        return;
    complain(g, what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

static void take(struct group *g, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *none;

    if (parts_add(g, list) == 0) {
        tell(g, list, 1);
        return;
    }
    complain(g, "take", "out of memory");
    none = rd_kafka_topic_partition_list_new(0);
    tell(g, none, 1);
    rd_kafka_topic_partition_list_destroy(none);
}

static void give_up(struct group *g, rd_kafka_topic_partition_list_t *list)
{
    drop_from_batch(g, list);
    parts_remove(g, list);
    if (!rd_kafka_assignment_lost(g->rk))
        commit(g);
    tell(g, list, 0);
}

void group_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                     rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct client *c = opaque;
    struct group *g = c->group;
    const struct mqm_host *host = c->k->host;
    int taken = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;

    host->log(host, MQM_INFO, "group '%s': %d partitions %s%s", g->name,
              list->cnt, taken ? "taken" : "given up",
              rd_kafka_assignment_lost(rk) ? " (lost)" : "");
    if (taken)
        take(g, list);
    else
        give_up(g, list);
}

/* Leave the group, with a last commit, by end_ms.  Callbacks are served here.
 * What still comes is not delivered.  If the brokers do not answer, go without:
 * the group will notice. */
static void leave(struct group *g, int64_t end_ms)
{
    const struct mqm_host *host = g->c.k->host;
    rd_kafka_queue_t *q = rd_kafka_queue_new(g->rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(g->rk, q);
    rd_kafka_message_t *m;

    while (!error && !rd_kafka_consumer_closed(g->rk)) {
        if (kafka_now_ms() >= end_ms) {
            host->log(host, MQM_WARN, "group '%s': left without a goodbye, "
                                      "the brokers do not answer",
                      g->name);
            break;
        }
        /* Not rd_kafka_queue_poll_callback(), which aborts on a message. */
        m = rd_kafka_consume_queue(q, 0);
        if (m)
            rd_kafka_message_destroy(m);
        else
            nap();
    }
    if (error) {
        complain(g, "give up", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
    rd_kafka_queue_destroy(q);
}

/* Also for a half-made group. */
void group_close(struct group *g, int64_t end_ms)
{
    if (g->rk)
        leave(g, end_ms);
    for (int i = 0; g->topics && i < g->topics->cnt; i++)
        if (g->rkts[i])
            rd_kafka_topic_destroy(g->rkts[i]);
    if (g->queue)
        rd_kafka_queue_destroy(g->queue);
    if (g->rk)
        rd_kafka_destroy_flags(g->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (g->topics)
        rd_kafka_topic_partition_list_destroy(g->topics);
    free(g->rkts);
    free(g->parts);
    free(g->name);
    free(g);
}
