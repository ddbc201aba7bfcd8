/* SPDX-License-Identifier: MIT */
/*
 * kadmin: topics and offsets of the test Kafka, for scripts/kafka.
 *
 * Kafka's own tools take most of a second a call, this takes milliseconds.
 *   kadmin BROKER topic NAME PARTITIONS [SETTING=VALUE...]
 *                                           a topic that is there is fine
 *   kadmin BROKER send TOPIC [AHEAD]        one message a line of the input,
 *                                           born so many ms ahead of now
 *   kadmin BROKER commit GROUP TOPIC OFFSET of each partition
 *   kadmin BROKER offsets GROUP TOPIC       partition committed low high
 *   kadmin BROKER count TOPIC               sum of high - low, 0 without topic
 * What always holds: every wait has an end, and asking makes no topic.
 */
#include <librdkafka/rdkafka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 20000
#define MAX_PARTITIONS 1024

static void nap(void)
{
    const struct timespec t = {.tv_sec = 0, .tv_nsec = 20000000};

    (void)nanosleep(&t, NULL);
}

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "kafka: %s: %s\n", what, why);
    return 1;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) !=
        RD_KAFKA_CONF_OK) {
        (void)complain(name, why);
        exit(1);
    }
}

static rd_kafka_t *client(const char *broker, const char *group)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *rk;
    char why[256];

    set(conf, "bootstrap.servers", broker);
    set(conf, "allow.auto.create.topics", "false");
    set(conf, "log_level", "2");
    if (group != NULL)
        set(conf, "group.id", group);
    rk = rd_kafka_new(group != NULL ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER,
                      conf, why, sizeof(why));
    if (rk == NULL) {
        (void)complain("no client", why);
        exit(1);
    }
    return rk;
}

/* The number of partitions, 0 when there is no such topic, -1 on failure. */
static int partitions(rd_kafka_t *rk, const char *name)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    const struct rd_kafka_metadata *meta = NULL;
    rd_kafka_resp_err_t err;
    int n = -1;

    if (topic == NULL)
        return complain(name, "not a name of a topic"), -1;
    err = rd_kafka_metadata(rk, 0, topic, &meta, WAIT_MS);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR && meta->topic_cnt == 1) {
        err = meta->topics[0].err;
        n = meta->topics[0].partition_cnt;
    }
    if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        n = 0;
    else if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
        n = (complain(name, rd_kafka_err2str(err)), -1);
    if (meta != NULL)
        rd_kafka_metadata_destroy(meta);
    rd_kafka_topic_destroy(topic);
    return n;
}

/* Until the leaders of all partitions answer, as a client would need it. */
static int wait_leaders(rd_kafka_t *rk, const char *name, int count)
{
    int64_t low, high;
    int i, tries = WAIT_MS / 20;

    for (i = 0; i < count && tries > 0; tries--) {
        if (rd_kafka_query_watermark_offsets(rk, name, i, &low, &high, 1000) ==
            RD_KAFKA_RESP_ERR_NO_ERROR)
            i++;
        else
            nap();
    }
    return i == count ? 0 : complain(name, "its partitions do not answer");
}

static int created(rd_kafka_event_t *event, const char *name)
{
    const rd_kafka_CreateTopics_result_t *result;
    const rd_kafka_topic_result_t **topics;
    rd_kafka_resp_err_t err;
    size_t n;

    if (event == NULL)
        return complain(name, "no answer from the broker");
    result = rd_kafka_event_CreateTopics_result(event);
    if (result == NULL || rd_kafka_event_error(event))
        return complain(name, rd_kafka_event_error_string(event));
    topics = rd_kafka_CreateTopics_result_topics(result, &n);
    err = rd_kafka_topic_result_error(topics[0]);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR &&
        err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return complain(name, rd_kafka_topic_result_error_string(topics[0]));
    return 0;
}

/* "retention.ms=-1" */
static int set_up(rd_kafka_NewTopic_t *spec, char *const *settings)
{
    for (; *settings != NULL; settings++) {
        char *value = strchr(*settings, '=');

        if (value == NULL)
            return complain(*settings, "not a setting: NAME=VALUE");
        *value++ = '\0';
        if (rd_kafka_NewTopic_set_config(spec, *settings, value) !=
            RD_KAFKA_RESP_ERR_NO_ERROR)
            return complain(*settings, "librdkafka does not take it");
    }
    return 0;
}

static int topic(rd_kafka_t *rk, const char *name, const char *number,
                 char *const *settings)
{
    char *end, why[256];
    long count = strtol(number, &end, 10);
    rd_kafka_NewTopic_t *spec;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event;
    int r;

    if (*end != '\0' || count < 1 || count > MAX_PARTITIONS)
        return complain(number, "not a number of partitions (1 to 1024)");
    spec = rd_kafka_NewTopic_new(name, (int)count, 1, why, sizeof(why));
    if (spec == NULL)
        return complain(name, why);
    if (set_up(spec, settings) != 0) {
        rd_kafka_NewTopic_destroy(spec);
        return 1;
    }
    queue = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &spec, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    r = created(event, name);
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(spec);
    return r != 0 ? r : wait_leaders(rk, name, (int)count);
}

static int marks(rd_kafka_t *rk, const char *name, int i, int64_t *low,
                 int64_t *high)
{
    rd_kafka_resp_err_t err =
        rd_kafka_query_watermark_offsets(rk, name, i, low, high, WAIT_MS);

    return err != RD_KAFKA_RESP_ERR_NO_ERROR
               ? complain(name, rd_kafka_err2str(err))
               : 0;
}

static int print_offsets(rd_kafka_t *rk, const char *name,
                         const rd_kafka_topic_partition_list_t *list)
{
    int64_t low, high;
    int i;

    for (i = 0; i < list->cnt; i++) {
        if (marks(rk, name, i, &low, &high) != 0)
            return 1;
        if (list->elems[i].offset < 0)
            printf("%d - %" PRId64 " %" PRId64 "\n", i, low, high);
        else
            printf("%d %" PRId64 " %" PRId64 " %" PRId64 "\n", i,
                   list->elems[i].offset, low, high);
    }
    return 0;
}

static int offsets(rd_kafka_t *rk, const char *name)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t err;
    int i, r, n = partitions(rk, name);

    if (n <= 0)
        return n < 0 ? 1 : complain(name, "there is no such topic");
    list = rd_kafka_topic_partition_list_new(n);
    for (i = 0; i < n; i++)
        (void)rd_kafka_topic_partition_list_add(list, name, i);
    err = rd_kafka_committed(rk, list, WAIT_MS);
    r = err != RD_KAFKA_RESP_ERR_NO_ERROR
            ? complain(name, rd_kafka_err2str(err))
            : print_offsets(rk, name, list);
    rd_kafka_topic_partition_list_destroy(list);
    return r;
}

static int commit(rd_kafka_t *rk, const char *name, const char *number)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t err;
    const int64_t offset = strtoll(number, NULL, 10);
    int n = partitions(rk, name);

    if (n <= 0)
        return n < 0 ? 1 : complain(name, "there is no such topic");
    list = rd_kafka_topic_partition_list_new(n);
    for (int i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(list, name, i)->offset = offset;
    err = rd_kafka_commit(rk, list, 0);
    rd_kafka_topic_partition_list_destroy(list);
    return err != RD_KAFKA_RESP_ERR_NO_ERROR
               ? complain(name, rd_kafka_err2str(err))
               : 0;
}

static int send_lines(rd_kafka_t *rk, const char *name, const char *ahead)
{
    const int64_t born_ms =
        (int64_t)time(NULL) * 1000 + strtoll(ahead, NULL, 10);
    char line[4096];
    rd_kafka_resp_err_t err;

    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        err = rd_kafka_producev(
            rk, RD_KAFKA_V_TOPIC(name),
            RD_KAFKA_V_VALUE(line, strlen(line)),
            RD_KAFKA_V_TIMESTAMP(born_ms),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return complain(name, rd_kafka_err2str(err));
    }
    err = rd_kafka_flush(rk, WAIT_MS);
    return err != RD_KAFKA_RESP_ERR_NO_ERROR
               ? complain(name, rd_kafka_err2str(err))
               : 0;
}

static int count(rd_kafka_t *rk, const char *name)
{
    int64_t low, high, sum = 0;
    int i, n = partitions(rk, name);

    if (n < 0)
        return 1;
    for (i = 0; i < n; i++) {
        if (marks(rk, name, i, &low, &high) != 0)
            return 1;
        sum += high - low;
    }
    printf("%" PRId64 "\n", sum);
    return 0;
}

static int run(const char *broker, int argc, char **argv)
{
    const char *verb = argv[0];
    const int in_group =
        strcmp(verb, "offsets") == 0 || strcmp(verb, "commit") == 0;
    rd_kafka_t *rk = client(broker, in_group ? argv[1] : NULL);
    int r = 2;

    if (strcmp(verb, "topic") == 0 && argc >= 3)
        r = topic(rk, argv[1], argv[2], argv + 3);
    else if (strcmp(verb, "offsets") == 0 && argc == 3)
        r = offsets(rk, argv[2]);
    else if (strcmp(verb, "commit") == 0 && argc == 4)
        r = commit(rk, argv[2], argv[3]);
    else if (strcmp(verb, "send") == 0 && (argc == 2 || argc == 3))
        r = send_lines(rk, argv[1], argc == 3 ? argv[2] : "0");
    else if (strcmp(verb, "count") == 0 && argc == 2)
        r = count(rk, argv[1]);
    rd_kafka_destroy(rk);
    return r;
}

int main(int argc, char **argv)
{
    int r = argc > 3 ? run(argv[1], argc - 2, argv + 2) : 2;

    if (r == 2)
        fputs("usage: kadmin BROKER topic NAME PARTITIONS [SETTING=VALUE...]\n"
              "       kadmin BROKER offsets GROUP TOPIC\n"
              "       kadmin BROKER commit GROUP TOPIC OFFSET\n"
              "       kadmin BROKER send TOPIC [AHEAD]\n"
              "       kadmin BROKER count TOPIC\n",
              stderr);
    if (fflush(stdout) != 0)
        r = complain("output", strerror(errno));
    return r;
}
