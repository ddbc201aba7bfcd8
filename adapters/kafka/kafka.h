/* SPDX-License-Identifier: MIT */
/* kafka.h - what the files of the Kafka adapter share.
 *
 * The adapter translates between librdkafka and the host, and holds no policy.
 * What always holds:
 *
 * - An offset is stored after the verdict on its message, never before, and
 *   never past a message that is to come again.
 * - Nothing is in flight when a rebalance callback runs: callbacks run inside
 *   rd_kafka_consumer_poll(), and deliver() is over before that is called
 *   again.  What was polled but not delivered yet is dropped with its
 *   partition.
 * - No value of a secret setting appears in a text: all of librdkafka's texts
 *   pass through kafka_hide().
 */
#ifndef MQM_KAFKA_H
#define MQM_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <mqmigrate/plugin.h>
#include <pthread.h>

enum {
    KAFKA_BATCH_MAX = 4096,
    KAFKA_TEXT_MAX = 512,
    KAFKA_CLOSE_MS = 5000,
    KAFKA_ASK_MS = 5000, /* for one question to the broker */
};

struct kafka;
struct group;
struct producer;
struct fetcher;

/* The opaque of each rd_kafka_t. */
struct client {
    struct kafka *k;
    struct group *group; /* of a consumer in a group */
    char error[KAFKA_TEXT_MAX - 16]; /* the last one, under k->errors */
};

/* One thread at a time waits with it. */
struct wake {
    int fd[2];        /* a pipe */
    int64_t ahead_ms; /* the wall clock, of the monotonic one */
};

struct kafka {
    const struct mqm_host *host;
    const struct mqm_setting *settings;
    size_t n_settings;
    rd_kafka_conf_t *consumer, *producer; /* models of each handle's own */
    pthread_mutex_t polling;              /* poll, subscribe, close      */
    pthread_mutex_t errors;
    struct group *groups;
    struct producer *out;
    pthread_mutex_t fetching;
    struct fetcher *fetcher; /* begun with the first fetch */
    struct wake wake;        /* whoever polls the groups     */
};

/* settings.c */
int kafka_settings(struct kafka *k);
const char *kafka_hide(const struct kafka *k, char *buf, size_t size,
                       const char *text);
int64_t kafka_setting_number(const rd_kafka_conf_t *conf, const char *name);

/* client.c */
int kafka_client(rd_kafka_t **out, struct client *c, rd_kafka_type_t type,
                 rd_kafka_conf_t *conf);
int kafka_reader(rd_kafka_t **out, struct client *c, const char *group);
const char *kafka_last_error(struct client *c, char buf[KAFKA_TEXT_MAX]);
int kafka_errno(rd_kafka_resp_err_t err);
void kafka_log(const struct kafka *k, int level, const char *text);
int64_t kafka_now_ms(void); /* monotonic */
int64_t kafka_wall_ms(void);
int kafka_topic_there(struct client *c, rd_kafka_t *rk, const char *topic,
                      int *partitions);
void kafka_fill_in(struct mqm_delivery *d, char origin[32],
                   rd_kafka_message_t *m);

/* consumer.c */
int kafka_subscribe(void *self, const char *group, const char *topic);
int kafka_poll(void *self, int timeout_ms);
void kafka_leave(struct kafka *k);

/* wake.c */
int wake_open(struct wake *w, const struct mqm_host *host);
void wake_close(struct wake *w);
/* From now on what comes into this queue ends a wait. */
void wake_for(struct wake *w, rd_kafka_queue_t *queue);
/* To be called before queues are looked at: what comes later ends the wait.
 * By how many ms the clock was set back since the last call, or 0. */
int64_t wake_clear(struct wake *w);
void wake_wait(const struct wake *w, int64_t until_ms);
/* The clock was set back: its threads begin their waits anew. */
void wake_brokers(const struct kafka *k, rd_kafka_t *rk);
void wake_consumer(const struct kafka *k, rd_kafka_t *rk);

/* producer.c */
int kafka_producer_new(struct producer **out, struct kafka *k);
void kafka_producer_free(struct producer *p);
int kafka_may_publish(void *self, const struct mqm_delivery *d);
int kafka_publish(void *self, const struct mqm_delivery *d);
int kafka_publish_with(void *self, const struct mqm_delivery *d,
                       const struct mqm_field *fields, size_t n);

/* scan.c */
int kafka_scan(void *self, const char *topic,
               int (*visit)(void *user, struct mqm_delivery *d), void *user);
int kafka_probe(void *self, const char *group, const char *topic);

/* fetch.c */
int kafka_fetch(void *self, const char *group, const char *topic,
                const char *origin,
                int (*visit)(void *user, struct mqm_delivery *d), void *user);
void kafka_fetcher_free(struct fetcher *f);

/* positions.c */
int kafka_positions(void *self, const char *group, const char *topic,
                    int (*visit)(void *user, const struct mqm_position *p),
                    void *user);

/* Of an answer; one partition's is enough: nothing is known of the whole. */
rd_kafka_resp_err_t
kafka_list_error(const rd_kafka_topic_partition_list_t *list,
                 rd_kafka_resp_err_t err);

/* checkup.c */
int kafka_checkup(void *self, const struct mqm_inquiry *q);

#endif
