/* SPDX-License-Identifier: MIT */
/* kafka_faults.h - between the Kafka adapter and librdkafka: see faults.h. */
#ifndef FAKES_KAFKA_FAULTS_H
#define FAKES_KAFKA_FAULTS_H

#include "faults.h"
#include "kafka.h"

/* What the call that fails answers; 0 of those that wait: silence. */
static rd_kafka_resp_err_t fault_err;
static int replicas; /* 0, or how many each partition seems to have */

static inline void fail_call(const char *name, int nth, int times,
                             rd_kafka_resp_err_t err)
{
    fault_err = err;
    fail_next(name, nth, times);
}

static inline int time_goes_by(void)
{
    fault.ahead_ms += 1000;
    return 0;
}

static inline rd_kafka_event_t *no_event(void)
{
    (void)time_goes_by();
    return NULL;
}

static inline rd_kafka_t *no_client(char *why, size_t size)
{
    snprintf(why, size, "no memory for it");
    return NULL;
}

static inline rd_kafka_resp_err_t fatal(char *why, size_t size)
{
    if (why)
        snprintf(why, size, "as told");
    return fault_err;
}

#define LIST const rd_kafka_topic_partition_list_t *l
#define MUTABLE rd_kafka_topic_partition_list_t *l
#define ERR_OF(name, types, args)                                              \
    MAY_FAIL(rd_kafka_resp_err_t, name, types, args, fault_err)

ERR_OF(rd_kafka_subscribe, (rd_kafka_t * rk, LIST), (rk, l))
ERR_OF(rd_kafka_offsets_store, (rd_kafka_t * rk, MUTABLE), (rk, l))
ERR_OF(rd_kafka_assign, (rd_kafka_t * rk, LIST), (rk, l))
ERR_OF(rd_kafka_pause_partitions, (rd_kafka_t * rk, MUTABLE), (rk, l))
ERR_OF(rd_kafka_resume_partitions, (rd_kafka_t * rk, MUTABLE), (rk, l))
ERR_OF(rd_kafka_committed, (rd_kafka_t * rk, MUTABLE, int ms), (rk, l, ms))
ERR_OF(rd_kafka_offsets_for_times, (rd_kafka_t * rk, MUTABLE, int ms),
       (rk, l, ms))
ERR_OF(rd_kafka_seek,
       (rd_kafka_topic_t * t, int32_t p, int64_t offset, int ms),
       (t, p, offset, ms))
ERR_OF(rd_kafka_query_watermark_offsets,
       (rd_kafka_t * rk, const char *t, int32_t p, int64_t *low, int64_t *high,
        int ms),
       (rk, t, p, low, high, ms))
ERR_OF(rd_kafka_list_groups,
       (rd_kafka_t * rk, const char *group,
        const struct rd_kafka_group_list **out, int ms),
       (rk, group, out, ms))
ERR_OF(rd_kafka_header_add,
       (rd_kafka_headers_t * h, const char *name, ssize_t len,
        const void *value, ssize_t value_len),
       (h, name, len, value, value_len))
ERR_OF(rd_kafka_commit_queue,
       (rd_kafka_t * rk, LIST, rd_kafka_queue_t *q,
        void (*cb)(rd_kafka_t *, rd_kafka_resp_err_t,
                   rd_kafka_topic_partition_list_t *, void *),
        void *opaque),
       (rk, l, q, cb, opaque))
ERR_OF(rd_kafka_event_error, (rd_kafka_event_t * e), (e))
ERR_OF(rd_kafka_ConfigResource_error, (const rd_kafka_ConfigResource_t *c), (c))

/* A test's broker is alone; it may seem to have others beside it. */
SEEN rd_kafka_resp_err_t rd_kafka_metadata(rd_kafka_t *rk, int all,
                                           rd_kafka_topic_t *t,
                                           const struct rd_kafka_metadata **md,
                                           int ms)
{
    REAL_ONE(rd_kafka_resp_err_t, rd_kafka_metadata,
             (rd_kafka_t * rk, int all, rd_kafka_topic_t *t,
              const struct rd_kafka_metadata **md, int ms))
    rd_kafka_resp_err_t err = fails_now("rd_kafka_metadata", CALLER)
                                  ? fault_err
                                  : real(rk, all, t, md, ms);

    for (int i = 0; !err && replicas && i < (*md)->topic_cnt; i++)
        for (int j = 0; j < (*md)->topics[i].partition_cnt; j++)
            (*md)->topics[i].partitions[j].replica_cnt = replicas;
    return err;
}

static rd_kafka_resp_err_t last_one;

static inline int no_start(void)
{
    last_one = fault_err;
    return -1;
}

SEEN rd_kafka_resp_err_t rd_kafka_last_error(void)
{
    REAL_ONE(rd_kafka_resp_err_t, rd_kafka_last_error, (void))
    return last_one ? last_one : real();
}

SEEN const char *
rd_kafka_ConfigResource_error_string(const rd_kafka_ConfigResource_t *c)
{
    REAL_ONE(const char *, rd_kafka_ConfigResource_error_string,
             (const rd_kafka_ConfigResource_t *c))
    return fault.failed ? "as told" : real(c);
}

MAY_FAIL(int, rd_kafka_consume_start,
         (rd_kafka_topic_t * t, int32_t p, int64_t at), (t, p, at), no_start())
MAY_FAIL(int, rd_kafka_consume_start_queue,
         (rd_kafka_topic_t * t, int32_t p, int64_t at, rd_kafka_queue_t *q),
         (t, p, at, q), no_start())
MAY_FAIL(rd_kafka_conf_res_t, rd_kafka_conf_set,
         (rd_kafka_conf_t * c, const char *name, const char *value, char *why,
          size_t size),
         (c, name, value, why, size), RD_KAFKA_CONF_INVALID)
MAY_FAIL(rd_kafka_topic_t *, rd_kafka_topic_new,
         (rd_kafka_t * rk, const char *name, rd_kafka_topic_conf_t *conf),
         (rk, name, conf), NULL)
MAY_FAIL(rd_kafka_t *, rd_kafka_new,
         (rd_kafka_type_t type, rd_kafka_conf_t *c, char *why, size_t size),
         (type, c, why, size), no_client(why, size))
MAY_FAIL(rd_kafka_queue_t *, rd_kafka_queue_new, (rd_kafka_t * rk), (rk), NULL)
MAY_FAIL(rd_kafka_event_t *, rd_kafka_queue_poll,
         (rd_kafka_queue_t * q, int ms), (q, ms), no_event())
MAY_FAIL(rd_kafka_ConfigResource_t *, rd_kafka_ConfigResource_new,
         (rd_kafka_ResourceType_t type, const char *name), (type, name), NULL)
MAY_FAIL(const char *, rd_kafka_ConfigEntry_value,
         (const rd_kafka_ConfigEntry_t *e), (e), NULL)
MAY_FAIL(int, rd_kafka_consumer_closed, (rd_kafka_t * rk), (rk),
         time_goes_by())
MAY_FAIL(rd_kafka_error_t *, rd_kafka_consumer_close_queue,
         (rd_kafka_t * rk, rd_kafka_queue_t *q), (rk, q),
         rd_kafka_error_new(fault_err, "as told"))
MAY_FAIL(const char *, rd_kafka_rebalance_protocol, (rd_kafka_t * rk), (rk),
         NULL)
MAY_FAIL(rd_kafka_error_t *, rd_kafka_incremental_assign,
         (rd_kafka_t * rk, LIST), (rk, l),
         rd_kafka_error_new(fault_err, "as told"))
MAY_FAIL(rd_kafka_error_t *, rd_kafka_incremental_unassign,
         (rd_kafka_t * rk, LIST), (rk, l),
         rd_kafka_error_new(fault_err, "as told"))
MAY_FAIL(rd_kafka_error_t *, rd_kafka_produceva,
         (rd_kafka_t * rk, const rd_kafka_vu_t *v, size_t n), (rk, v, n),
         rd_kafka_error_new(fault_err, "as told"))
MAY_FAIL(rd_kafka_resp_err_t, rd_kafka_fatal_error,
         (rd_kafka_t * rk, char *why, size_t size), (rk, why, size),
         fatal(why, size))

/* A message that bears the error; with none, silence, and time goes by. */
static rd_kafka_message_t broken;

static inline rd_kafka_message_t *broken_message(void)
{
    broken.err = fault_err;
    return broken.err || time_goes_by() ? &broken : NULL;
}

/* Called by each poll of the adapter, with how many messages came before. */
static void (*before_poll)(int polled);

SEEN rd_kafka_message_t *rd_kafka_consumer_poll(rd_kafka_t *rk, int ms)
{
    REAL_ONE(rd_kafka_message_t *, rd_kafka_consumer_poll,
             (rd_kafka_t * rk, int ms))
    static atomic_int polled;
    rd_kafka_message_t *m;

    if (before_poll)
        before_poll(polled);
    if (fails_now("rd_kafka_consumer_poll", CALLER))
        return broken_message();
    m = real(rk, ms);
    polled += m && !m->err;
    return m;
}

MAY_FAIL(rd_kafka_message_t *, rd_kafka_consume,
         (rd_kafka_topic_t * t, int32_t p, int ms), (t, p, ms),
         broken_message())
MAY_FAIL(rd_kafka_message_t *, rd_kafka_consume_queue,
         (rd_kafka_queue_t * q, int ms), (q, ms), broken_message())

SEEN void rd_kafka_message_destroy(rd_kafka_message_t *message)
{
    REAL_ONE(void, rd_kafka_message_destroy, (rd_kafka_message_t * message))
    if (message != &broken)
        real(message);
}

#endif
