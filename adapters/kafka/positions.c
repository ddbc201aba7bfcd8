/* SPDX-License-Identifier: MIT */
/* positions.c - how far a group has read in each partition of a topic.
 *
 * The group's coordinator is asked by a handle that bears the group's name but
 * never joins it, so no rebalance comes of it and no offset is touched.
 */
#include "kafka.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

typedef int (*visitor)(void *user, const struct mqm_position *p);

rd_kafka_resp_err_t
kafka_list_error(const rd_kafka_topic_partition_list_t *list,
                 rd_kafka_resp_err_t err)
{
    for (int i = 0; i < list->cnt && !err; i++)
        err = list->elems[i].err;
    return err;
}

static int ask_committed(struct client *c, rd_kafka_t *rk, const char *group,
                         rd_kafka_topic_partition_list_t *list)
{
    const struct mqm_host *host = c->k->host;
    rd_kafka_resp_err_t err =
        kafka_list_error(list, rd_kafka_committed(rk, list, KAFKA_ASK_MS));
    char last[KAFKA_TEXT_MAX];

    if (!err)
        return 0;
    rd_kafka_poll(rk, 0);
    return host->fail(host, kafka_errno(err),
                      "the offsets of group '%s' are not told: %s%s", group,
                      rd_kafka_err2str(err), kafka_last_error(c, last));
}

static int tell(struct client *c, rd_kafka_t *rk,
                const rd_kafka_topic_partition_t *e, visitor visit, void *user)
{
    const struct mqm_host *host = c->k->host;
    struct mqm_position p = {.size = sizeof(p)};
    char queue[16], next[32];
    rd_kafka_resp_err_t err;
    int64_t at;

    err = rd_kafka_query_watermark_offsets(rk, e->topic, e->partition, &p.begin,
                                           &p.end, KAFKA_ASK_MS);
    if (err)
        return host->fail(host, kafka_errno(err),
                          "'%s', partition %" PRId32 ": %s", e->topic,
                          e->partition, rd_kafka_err2str(err));
    snprintf(queue, sizeof(queue), "%" PRId32, e->partition);
    p.queue = queue;
    p.committed = e->offset >= 0 ? e->offset : -1;
    at = p.committed > p.begin ? p.committed : p.begin;
    snprintf(next, sizeof(next), "%" PRId32 "/%" PRId64, e->partition, at);
    p.next = at < p.end ? next : NULL;
    return visit(user, &p);
}

static int tell_all(struct client *c, rd_kafka_t *rk, const char *group,
                    const char *topic, visitor visit, void *user)
{
    rd_kafka_topic_partition_list_t *list;
    int n = 0, r = kafka_topic_there(c, rk, topic, &n);

    if (r < 0)
        return r;
    list = rd_kafka_topic_partition_list_new(n);
    rd_kafka_topic_partition_list_add_range(list, topic, 0, n - 1);
    r = ask_committed(c, rk, group, list);
    for (int i = 0; i < list->cnt && r == 0; i++)
        r = tell(c, rk, &list->elems[i], visit, user);
    rd_kafka_topic_partition_list_destroy(list);
    return r;
}

int kafka_positions(void *self, const char *group, const char *topic,
                    visitor visit, void *user)
{
    struct client c = {.k = self};
    rd_kafka_t *rk = NULL;
    int r = kafka_reader(&rk, &c, group);

    if (r < 0)
        return r;
    r = tell_all(&c, rk, group, topic, visit, user);
    rd_kafka_destroy(rk);
    return r;
}
