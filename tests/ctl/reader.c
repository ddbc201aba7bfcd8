/* SPDX-License-Identifier: MIT */
/* reader.c - a consumer of Kafka that asks nobody, as those of before the
 * migration do.
 *
 *     reader BROKERS TOPIC GROUP N    sends N messages, then reads as a member
 *                                     of the group, slowly, until it is ended
 */
#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static rd_kafka_t *client(rd_kafka_type_t type, char **argv)
{
    const char *const set[][2] = {
        {"bootstrap.servers", argv[1]}, {"group.id", argv[3]},
        {"auto.offset.reset", "earliest"}, {"auto.commit.interval.ms", "200"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];

    for (size_t i = 0; i < (type == RD_KAFKA_CONSUMER ? 4u : 1u); i++)
        rd_kafka_conf_set(conf, set[i][0], set[i][1], NULL, 0);
    return rd_kafka_new(type, conf, why, sizeof(why));
}

static int send_all(char **argv)
{
    rd_kafka_t *k = client(RD_KAFKA_PRODUCER, argv);
    int n = (int)strtol(argv[4], NULL, 10), r = 0;

    for (int i = 0; k != NULL && i < n; i++)
        r |= rd_kafka_producev(k, RD_KAFKA_V_TOPIC(argv[2]),
                               RD_KAFKA_V_VALUE((char *)(void *)"x", 1),
                               RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                               RD_KAFKA_V_END) != 0;
    if (k == NULL || r != 0 || rd_kafka_flush(k, 60000) != 0)
        return 1;
    rd_kafka_destroy(k);
    return 0;
}

int main(int argc, char **argv)
{
    const struct timespec pause = {0, 200000000};
    rd_kafka_topic_partition_list_t *topics;
    rd_kafka_message_t *m;
    rd_kafka_t *k;

    if (argc != 5 || send_all(argv) != 0)
        return 2;
    k = client(RD_KAFKA_CONSUMER, argv);
    topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, argv[2], RD_KAFKA_PARTITION_UA);
    if (k == NULL || rd_kafka_subscribe(k, topics) != 0)
        return 2;
    for (int n = 0;;) {
        m = rd_kafka_consumer_poll(k, 1000);
        if (m == NULL)
            continue;
        if (m->err == 0 && n++ == 0) {
            puts("reading");
            fflush(stdout);
        }
        rd_kafka_message_destroy(m);
        nanosleep(&pause, NULL);
    }
}
