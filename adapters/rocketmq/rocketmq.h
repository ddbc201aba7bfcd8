/* SPDX-License-Identifier: MIT */
/* rocketmq.h - what the files of the RocketMQ adapter share.
 *
 * The client library (librocketmq, its C interface) is found at run time, so
 * its functions are declared here as members of a table, in our own words.
 * client.c fills the table; message.c reads a message; callback.c decides what
 * a callback of the client answers; consumer.c begins consumers; producer.c
 * sends; ending.c ends both; reader.c, scan.c and fetch.c read without being a
 * member of a group; remoting.c asks what the client cannot: back.c, route.c,
 * positions.c; checkup.c, position.c are for a person who asks whether all is
 * well.
 */
#ifndef RMQ_ROCKETMQ_H
#define RMQ_ROCKETMQ_H

#include <mqmigrate/plugin.h>

#include <pthread.h>

/* ----------------------- librocketmq's C interface ---------------------- */

struct CPushConsumer;
struct CPullConsumer;
struct CProducer;
struct CMessage;
struct CMessageExt;

enum { E_CONSUME_SUCCESS = 0, E_RECONSUME_LATER = 1 };
enum {
    E_FOUND,
    E_NO_NEW_MSG,
    E_NO_MATCHED_MSG,
    E_OFFSET_ILLEGAL,
    E_BROKER_TIMEOUT
};
enum { E_SEND_OK };

struct rmq_queue { /* their CMessageQueue */
    char topic[512], broker[256];
    int id;
};

struct rmq_pulled { /* their CPullResult */
    int status;
    long long next, min, max;
    struct CMessageExt **messages;
    int n;
    void *theirs;
};

struct rmq_sent { /* their CSendResult */
    int status;
    char id[256];
    long long offset;
    char slack[256]; /* should theirs have grown */
};

typedef int (*rmq_callback)(struct CPushConsumer *c, struct CMessageExt *ext);

/* Members bear the functions' own names.  All return 0 when they succeed.  The
 * strings of a message live as long as the callback, or the pulled result. */
struct rmq_api {
    struct CPushConsumer *(*CreatePushConsumer)(const char *group);
    int (*DestroyPushConsumer)(struct CPushConsumer *c);
    int (*StartPushConsumer)(struct CPushConsumer *c);
    int (*ShutdownPushConsumer)(struct CPushConsumer *c);
    int (*SetPushConsumerNameServerAddress)(struct CPushConsumer *c,
                                            const char *addr);
    int (*SetPushConsumerInstanceName)(struct CPushConsumer *c,
                                       const char *name);
    int (*SetPushConsumerSessionCredentials)(struct CPushConsumer *c,
                                             const char *access,
                                             const char *secret,
                                             const char *channel);
    int (*SetPushConsumerThreadCount)(struct CPushConsumer *c, int n);
    int (*SetPushConsumerMessageBatchMaxSize)(struct CPushConsumer *c, int n);
    int (*SetPushConsumerLogPath)(struct CPushConsumer *c, const char *path);
    int (*Subscribe)(struct CPushConsumer *c, const char *topic,
                     const char *expression);
    int (*RegisterMessageCallback)(struct CPushConsumer *c, rmq_callback f);
    int (*RegisterMessageCallbackOrderly)(struct CPushConsumer *c,
                                          rmq_callback f);
    int (*UnregisterMessageCallback)(struct CPushConsumer *c);
    int (*UnregisterMessageCallbackOrderly)(struct CPushConsumer *c);

    const char *(*GetMessageTopic)(struct CMessageExt *ext);
    const char *(*GetMessageTags)(struct CMessageExt *ext);
    const char *(*GetMessageKeys)(struct CMessageExt *ext);
    const char *(*GetMessageBody)(struct CMessageExt *ext);
    const char *(*GetMessageProperty)(struct CMessageExt *ext,
                                      const char *name);
    const char *(*GetMessageId)(struct CMessageExt *ext);
    int (*GetMessageQueueId)(struct CMessageExt *ext);
    int (*GetMessageReconsumeTimes)(struct CMessageExt *ext);
    long long (*GetMessageQueueOffset)(struct CMessageExt *ext);
    long long (*GetMessageCommitLogOffset)(struct CMessageExt *ext);
    long long (*GetMessageBornTimestamp)(struct CMessageExt *ext);

    struct CPullConsumer *(*CreatePullConsumer)(const char *group);
    int (*DestroyPullConsumer)(struct CPullConsumer *c);
    int (*StartPullConsumer)(struct CPullConsumer *c);
    int (*ShutdownPullConsumer)(struct CPullConsumer *c);
    int (*SetPullConsumerNameServerAddress)(struct CPullConsumer *c,
                                            const char *addr);
    int (*SetPullConsumerSessionCredentials)(struct CPullConsumer *c,
                                             const char *access,
                                             const char *secret,
                                             const char *channel);
    int (*SetPullConsumerLogPath)(struct CPullConsumer *c, const char *path);
    int (*FetchSubscriptionMessageQueues)(struct CPullConsumer *c,
                                          const char *topic,
                                          struct rmq_queue **queues, int *n);
    int (*ReleaseSubscriptionMessageQueue)(struct rmq_queue *queues);
    struct rmq_pulled (*Pull)(struct CPullConsumer *c,
                              const struct rmq_queue *queue,
                              const char *expression, long long offset,
                              int most);
    int (*ReleasePullResult)(struct rmq_pulled pulled);

    struct CProducer *(*CreateProducer)(const char *group);
    int (*DestroyProducer)(struct CProducer *p);
    int (*StartProducer)(struct CProducer *p);
    int (*ShutdownProducer)(struct CProducer *p);
    int (*SetProducerNameServerAddress)(struct CProducer *p, const char *addr);
    int (*SetProducerInstanceName)(struct CProducer *p, const char *name);
    int (*SetProducerSessionCredentials)(struct CProducer *p,
                                         const char *access, const char *secret,
                                         const char *channel);
    int (*SetProducerSendMsgTimeout)(struct CProducer *p, int ms);
    int (*SetProducerMaxMessageSize)(struct CProducer *p, int bytes);
    int (*SetProducerLogPath)(struct CProducer *p, const char *path);
    int (*SendMessageSync)(struct CProducer *p, struct CMessage *message,
                           struct rmq_sent *sent);
    struct CMessage *(*CreateMessage)(const char *topic);
    int (*DestroyMessage)(struct CMessage *message);
    int (*SetMessageTags)(struct CMessage *message, const char *tags);
    int (*SetMessageKeys)(struct CMessage *message, const char *keys);
    int (*SetByteMessageBody)(struct CMessage *message, const char *body,
                              int len);
    int (*SetMessageProperty)(struct CMessage *message, const char *name,
                              const char *value);

    const char *(*GetLatestErrorMessage)(void); /* from 1.2.3 on */

    /* NULL where the client is older. */
    int (*GetMessageBodyLength)(struct CMessageExt *ext);
    int (*SetPushConsumerMessageTrace)(struct CPushConsumer *c, int model);
};

/* client.c: find the library (in the process, at path, by its name) and fill
 * in the table. */
int rmq_load(struct rmq_api *api, const struct mqm_host *host,
             const char *path);

/* ----------------------------- the adapter ------------------------------ */

struct rmq_settings {
    const char *name_server, *library, *log_dir;
    const char *access_key, *secret_key, *channel;
    const char *instance;
    const char *properties; /* names, separated by commas, or NULL */
    const char *mode;
    int orderly;
    int64_t threads, send_timeout_ms, wait_ms, max_message_size;
    char own_instance[64];
};

/* settings.c */
int rmq_read_settings(struct rmq_settings *set, const struct mqm_host *host,
                      const struct mqm_setting *settings, size_t n);

/* A name of a property that is not the user's to set. */
int rmq_is_reserved(const char *name, size_t len);

/* The next of the names in set->properties, from *at on.  Its length, 0 at the
 * end; not terminated. */
size_t rmq_next_property(const char **at, const char **name);

struct rmq_consumer;
struct rmq_fetcher;

struct rmq {
    const struct mqm_host *host;
    struct rmq_api api;
    struct rmq_settings set;
    /* A copy that the client sends back is safe on the broker or comes again:
     * true from 2.0 on, seen by what 2.1 brought.  Before that a failed sending
     * back loses the copy: see back.c. */
    int sends_back;
    int start_failed;
    _Atomic int64_t began_ms; /* the first client of the instance, or 0 */
    struct rmq_consumer *consumers; /* one a group */
    pthread_mutex_t producer_lock;
    struct CProducer *producer;
    pthread_mutex_t fetch_lock;
    struct rmq_fetcher *fetcher; /* begun with the first fetch */
};

/* message.c */

#define RMQ_ORIGIN_MAX 200
/* Put on by publish(), so that a body that a client cuts off is noticed. */
#define RMQ_LENGTH_HEADER "mqm-body-length"

/* Fill in a delivery.  -EBADMSG: the client does not give the whole body. */
int rmq_fill(struct rmq *self, struct mqm_delivery *d, const char *group,
             struct CMessageExt *ext, char origin[RMQ_ORIGIN_MAX]);
/* NULL where there is none. */
const char *rmq_property(const struct rmq *self, struct CMessageExt *ext,
                         const char *name);
/* In the group's retry topic; the client shows the original one. */
int rmq_lies_in_retry(const struct rmq *self, struct CMessageExt *ext);
const void *rmq_header(void *self, const struct mqm_delivery *d,
                       const char *name, size_t *len);
/* Those of the setting "properties"; the values are strings. */
int rmq_headers(void *self, const struct mqm_delivery *d,
                int (*visit)(void *user, const struct mqm_field *f),
                void *user);
/* A name that the client and the broker can bear: 0, or -EINVAL. */
int rmq_check_name(const struct mqm_host *host, const char *what,
                   const char *name);
const char *rmq_last_words(const struct rmq *self);

/* consumer.c */

struct rmq_topic {
    struct rmq_topic *next;
    char *name;
};

enum rmq_phase {
    RMQ_OPEN,    /* callbacks deliver                                     */
    RMQ_CLOSING, /* nothing is delivered any more, callbacks are held     */
    RMQ_ENDING,  /* those held go back to the broker from release_ms on   */
    RMQ_LEFT,    /* those held stay for ever: any answer could lose them  */
};

struct rmq_consumer {
    struct rmq_consumer *next;       /* of the adapter                    */
    struct rmq_consumer *next_known; /* of all, guarded by their own lock */
    struct rmq *self;
    struct CPushConsumer *handle; /* NULL until it runs */
    int (*shut_down)(struct CPushConsumer *c);
    char *group;
    struct rmq_topic *topics;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    int phase;
    unsigned running; /* callbacks inside                              */
    unsigned held;    /* of these: at rest, which touch no more than this */
    int stays;        /* one cannot go back, so all stay               */
    int was_shut_down;
    int64_t release_ms;
};

int rmq_subscribe(void *self, const char *group, const char *topic);
int rmq_start_consumers(struct rmq *self);
/* The consumer of a handle, counted as running; NULL: none. */
struct rmq_consumer *rmq_enter(struct CPushConsumer *handle);
int64_t rmq_now_ms(void); /* a clock that only goes forward */
void rmq_nap(int64_t ms);
void rmq_begins(struct rmq *self); /* before a client of the instance starts */
void rmq_forget(struct rmq_consumer *k); /* callbacks no longer find it */
void rmq_destroy(const struct rmq *self, struct CPushConsumer *c);
void rmq_free_consumer(struct rmq_consumer *k);

/* ending.c */
void rmq_end_clients(struct rmq *self);
/* Waits for a moment in which the client may be shut down. */
void rmq_let_it_update(const struct rmq *self);

/* back.c: see whether the broker that has a copy answers; and have it bring the
 * copy again.  0, or -1: nobody knows. */
int rmq_find_copy(const struct rmq_consumer *k, struct CMessageExt *ext);
int rmq_send_back(const struct rmq_consumer *k, struct CMessageExt *ext);

/* callback.c */
int rmq_on_message(struct CPushConsumer *handle, struct CMessageExt *ext);
/* The client loses a copy that it fails to send back: back.c does it. */
int rmq_is_lossy(const struct rmq *self);
int rmq_stays(struct rmq_consumer *k);

/* Of 16 tries: from here on a copy is not sent back at all. */
enum { RMQ_TRIES_MAX = 14 };

/* producer.c */
int rmq_may_publish(void *self, const struct mqm_delivery *d);
int rmq_publish(void *self, const struct mqm_delivery *d);
int rmq_publish_with(void *self, const struct mqm_delivery *d,
                     const struct mqm_field *fields, size_t n);

/* json.c: looks into a JSON text, which it does not check; NULL: not there. */
const char *rmq_json_member(const char *object, const char *name);
const char *rmq_json_first(const char *container); /* element, or member's  */
const char *rmq_json_after(const char *value);     /*   name; then the next */
/* Of a string or a number: -1 if it is neither, or does not fit. */
int rmq_json_text(const char *value, char *out, size_t size);
long long rmq_json_number(const char *value, long long otherwise);

/* remoting.c: requests of our own, to a name server or a broker. */

struct rmq_answer {
    int code;
    char *header, *body; /* one memory, the header's; NUL behind each */
    size_t body_len;
};

/* An address "host:port", not terminated: a socket, or -1. */
int rmq_dial(const char *address, size_t len);
/* fields: members of "extFields".  0, or -1: no answer. */
int rmq_ask(int fd, int code, const char *fields, struct rmq_answer *a);
void rmq_answer_free(struct rmq_answer *a);

struct rmq_queues { /* of a topic on one broker */
    char address[128]; /* of its master */
    char broker[128];
    int n;
};
/* One request on a connection of its own.  The answer's code, or -1; *a is to
 * be freed in any case. */
int rmq_ask_broker(const struct rmq_queues *at, int code, const char *fields,
                   struct rmq_answer *a);

/* route.c: why the client sees no queues.  -ENOENT: there is no such topic;
 * -EIO: nobody can tell. */
int rmq_no_route(const struct rmq *self, const char *topic);
/* The same question without a failure: MQM_OK when there is one. */
int rmq_route(const struct rmq *self, const char *topic);
/* The name server's answer, which holds the route.  0, or < 0 with words. */
int rmq_ask_route(const struct rmq *self, const char *topic,
                  struct rmq_answer *a);
/* An element b of a route's "brokerDatas".  1: it has a master, and queues of
 * the topic. */
int rmq_read_broker(const char *route, const char *b, struct rmq_queues *out);

/* reader.c */

struct rmq_reader {
    struct rmq *self;
    const char *topic;
    struct CPullConsumer *handle;
    int slot, started;
    struct rmq_queue *queues;
    int n;
};

/* Ended by rmq_end_reader(), also after a failure. */
int rmq_begin_reader(struct rmq_reader *rd, struct rmq *self,
                     const char *topic);
void rmq_end_reader(struct rmq_reader *rd);
int rmq_no_answer(const struct rmq_reader *rd, const struct rmq_queue *q);

/* scan.c */
int rmq_scan(void *self, const char *topic,
             int (*visit)(void *user, struct mqm_delivery *d), void *user);
int rmq_dead(void *self, const char *group, const char *topic,
             int (*visit)(void *user, struct mqm_delivery *d), void *user);
int rmq_probe(void *self, const char *group, const char *topic);

/* fetch.c */
int rmq_fetch(void *self, const char *group, const char *topic,
              const char *origin,
              int (*visit)(void *user, struct mqm_delivery *d), void *user);
void rmq_end_fetcher(struct rmq *self);

/* positions.c */
int rmq_positions(void *self, const char *group, const char *topic,
                  int (*visit)(void *user, const struct mqm_position *p),
                  void *user);

/* Which offset a broker is asked for, with these fields. */
enum { RMQ_COMMITTED = 14, RMQ_LAST = 30, RMQ_FIRST = 31 };
enum { RMQ_NO_OFFSET = -1, RMQ_NOT_TOLD = -2 };

void rmq_offset_fields(char *out, size_t size, const char *group,
                       const char *topic, int queue);
/* An offset, or one of the two. */
int64_t rmq_offset_of(const struct rmq_answer *a);

/* checkup.c, position.c */
int rmq_checkup(void *self, const struct mqm_inquiry *q);

/* Where the group stands in them. */
void rmq_look_at_group(const struct mqm_inquiry *q,
                       const struct rmq_queues *queues, size_t n);

#endif
