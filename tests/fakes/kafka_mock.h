/* SPDX-License-Identifier: MIT */
/* kafka_mock.h - librdkafka's own cluster of one broker, which can be told to
 * go away or to answer with an error.  It is in place of the real one from then
 * on. */
#ifndef TESTS_KAFKA_MOCK_H
#define TESTS_KAFKA_MOCK_H

#include "kafka.h"

#include <librdkafka/rdkafka_mock.h>

struct mock {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
};

static inline struct mock mock_new(const char *topic, int partitions)
{
    struct mock m = {.rk = direct(RD_KAFKA_PRODUCER, NULL)};

    m.cluster = rd_kafka_mock_cluster_new(m.rk, 1);
    ck_assert_ptr_nonnull(m.cluster);
    ck_assert(!rd_kafka_mock_topic_create(m.cluster, topic, partitions, 1));
    setenv("MQM_TEST_KAFKA", rd_kafka_mock_cluster_bootstraps(m.cluster), 1);
    return m;
}

static inline void mock_free(struct mock *m)
{
    rd_kafka_mock_cluster_destroy(m->cluster);
    rd_kafka_destroy(m->rk);
}

#endif
