/* SPDX-License-Identifier: MIT */
/* librocketmq_stub.c - a client library without a broker, for the faults that
 * the real one does not produce at will.  It looks like a client of 2.1 with
 * GetMessageBodyLength.
 *
 * STUB_OLD: without GetLatestErrorMessage, as before 1.2.3.
 * STUB_PARTIAL: without Pull.
 * STUB_BEFORE_2: without SetPushConsumerMessageTrace, as before 2.0.
 */
#include "librocketmq_stub.h"

#include <stdio.h>
#include <string.h>

struct stub stub = {.error = "the stub's reason"};

struct queue {
    char topic[512], broker[256];
    int id;
};

struct pulled {
    int status;
    long long next, min, max;
    void **messages;
    int n;
    void *theirs;
};

struct sent {
    int status;
    char id[256];
    long long offset;
};

static char thing; /* all handles point here */
static struct queue the_queues[] = {{"topic", "broker", 0},
                                    {"topic", "other", 0}};

static int fails(const char *function)
{
    return stub.fails && !strcmp(stub.fails, function) ? 77 : 0;
}

#define HANDLE(f)                                                              \
    void *f(const char *name);                                                 \
    void *f(const char *name)                                                  \
    {                                                                          \
        return name && !fails(#f) ? &thing : NULL;                                           \
    }
#define ONE(f)                                                                 \
    int f(void *x);                                                            \
    int f(void *x)                                                             \
    {                                                                          \
        return !x ? 1 : fails(#f);                                                             \
    }
#define TEXT(f)                                                                \
    int f(void *x, const char *text);                                          \
    int f(void *x, const char *text)                                           \
    {                                                                          \
        return (!x || !text) ? 1 : fails(#f);                                                    \
    }
#define NUMBER(f)                                                              \
    int f(void *x, int n);                                                     \
    int f(void *x, int n)                                                      \
    {                                                                          \
        return (!x || n <= 0) ? 1 : fails(#f);                                                   \
    }
#define THREE(f)                                                               \
    int f(void *x, const char *a, const char *b, const char *c);               \
    int f(void *x, const char *a, const char *b, const char *c)                \
    {                                                                          \
        return (!x || !a || !b || !c) ? 1 : fails(#f);                                           \
    }
#define OF_MESSAGE(type, f, value)                                             \
    type f(const struct stub_message *m);                                      \
    type f(const struct stub_message *m)                                       \
    {                                                                          \
        return value;                                                          \
    }

HANDLE(CreatePushConsumer)
HANDLE(CreatePullConsumer)
HANDLE(CreateProducer)
HANDLE(CreateMessage)
ONE(UnregisterMessageCallback)
ONE(UnregisterMessageCallbackOrderly)
ONE(DestroyPullConsumer)
ONE(StartPullConsumer)
ONE(ShutdownPullConsumer)
ONE(DestroyMessage)
ONE(ReleaseSubscriptionMessageQueue)
TEXT(SetPushConsumerNameServerAddress)
TEXT(SetPushConsumerLogPath)
TEXT(SetPullConsumerNameServerAddress)
TEXT(SetPullConsumerLogPath)
TEXT(SetProducerNameServerAddress)
TEXT(SetProducerInstanceName)
TEXT(SetProducerLogPath)
TEXT(SetMessageTags)
TEXT(SetMessageKeys)
NUMBER(SetPushConsumerThreadCount)
NUMBER(SetPushConsumerMessageBatchMaxSize)
#ifndef STUB_BEFORE_2
NUMBER(SetPushConsumerMessageTrace)
#endif
NUMBER(SetProducerSendMsgTimeout)
NUMBER(SetProducerMaxMessageSize)
THREE(SetPushConsumerSessionCredentials)
THREE(SetPullConsumerSessionCredentials)
THREE(SetProducerSessionCredentials)
OF_MESSAGE(const char *, GetMessageTopic, m->topic)
OF_MESSAGE(const char *, GetMessageTags, m->tags ? m->tags : "")
OF_MESSAGE(const char *, GetMessageKeys, m->keys ? m->keys : "")
OF_MESSAGE(const char *, GetMessageBody, m->body)
OF_MESSAGE(int, GetMessageBodyLength, m->body_len)
OF_MESSAGE(const char *, GetMessageId, m ? "unique" : NULL)
OF_MESSAGE(int, GetMessageQueueId, m->queue)
OF_MESSAGE(int, GetMessageReconsumeTimes, m->tries)
OF_MESSAGE(long long, GetMessageQueueOffset, m->offset)
OF_MESSAGE(long long, GetMessageCommitLogOffset, m->place)
OF_MESSAGE(long long, GetMessageBornTimestamp, m->born_ms)

const char *GetMessageProperty(const struct stub_message *m, const char *name);
const char *GetMessageProperty(const struct stub_message *m, const char *name)
{
    const char *value = !strcmp(name, "mqm-id")        ? m->id
                        : !strcmp(name, "UNIQ_KEY")    ? m->key
                        : !strcmp(name, "RETRY_TOPIC") ? m->from
                                                       : NULL;

    return value ? value : "";
}

#ifndef STUB_OLD
const char *GetLatestErrorMessage(void);
const char *GetLatestErrorMessage(void)
{
    return stub.error;
}
#endif

int SetPushConsumerInstanceName(void *c, const char *name);
int SetPushConsumerInstanceName(void *c, const char *name)
{
    snprintf(stub.instance, sizeof(stub.instance), "%s", name);
    return !c ? 1 : fails(__func__);
}

int Subscribe(void *c, const char *topic, const char *expression);
int Subscribe(void *c, const char *topic, const char *expression)
{
    return !c || !topic || strcmp(expression, "*") ? 1 : fails(__func__);
}

static int keep(void *c, int (*f)(void *, void *), int orderly)
{
    stub.callback = f;
    stub.consumer = c;
    stub.orderly = orderly;
    return fails("RegisterMessageCallback");
}

int RegisterMessageCallback(void *c, int (*f)(void *, void *));
int RegisterMessageCallback(void *c, int (*f)(void *, void *))
{
    return keep(c, f, 0);
}

int RegisterMessageCallbackOrderly(void *c, int (*f)(void *, void *));
int RegisterMessageCallbackOrderly(void *c, int (*f)(void *, void *))
{
    return keep(c, f, 1);
}

int StartPushConsumer(void *c);
int StartPushConsumer(void *c)
{
    stub.starts++;
    return c ? stub.start : 1;
}

static void ended(const char *what)
{
    strncat(stub.ends, what, sizeof(stub.ends) - strlen(stub.ends) - 1);
}

int ShutdownProducer(void *p);
int ShutdownProducer(void *p)
{
    ended("P");
    return !p;
}

int DestroyProducer(void *p);
int DestroyProducer(void *p)
{
    ended("p");
    return !p;
}

int ShutdownPushConsumer(void *c);
int ShutdownPushConsumer(void *c)
{
    clock_gettime(CLOCK_MONOTONIC, &stub.shut_down);
    stub.shutdowns++;
    ended("C");
    while (stub.waits)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return !c;
}

int DestroyPushConsumer(void *c);
int DestroyPushConsumer(void *c)
{
    stub.destroyed++;
    ended("c");
    return !c;
}

int StartProducer(void *p);
int StartProducer(void *p)
{
    return p ? stub.producer_start : 1;
}

int SendMessageSync(void *p, void *m, struct sent *sent);
int SendMessageSync(void *p, void *m, struct sent *sent)
{
    stub.sends++;
    sent->status = stub.send_status;
    return p && m ? stub.send : 1;
}

int SetByteMessageBody(void *m, const char *body, int len);
int SetByteMessageBody(void *m, const char *body, int len)
{
    snprintf(stub.last_body, sizeof(stub.last_body), "%.*s", len, body);
    return !m ? 1 : fails(__func__);
}

int SetMessageProperty(void *m, const char *name, const char *value);
int SetMessageProperty(void *m, const char *name, const char *value)
{
    if (!strcmp(name, "mqm-id"))
        snprintf(stub.last_id, sizeof(stub.last_id), "%s", value);
    snprintf(stub.last_property, sizeof(stub.last_property), "%s", name);
    return !m ? 1 : fails(stub.fails_for && strcmp(stub.fails_for, name)
                              ? ""
                              : __func__);
}

int FetchSubscriptionMessageQueues(void *c, const char *topic,
                                   struct queue **queues, int *n);
int FetchSubscriptionMessageQueues(void *c, const char *topic,
                                   struct queue **queues, int *n)
{
    *queues = the_queues;
    *n = stub.queues ? stub.queues : 1;
    return !c || !topic ? 1 : fails(__func__);
}

#ifndef STUB_PARTIAL
/* One message, at pull_next.  Another status is that of its queue, or of all. */
struct pulled Pull(void *c, const struct queue *q, const char *expression,
                   long long offset, int most);
struct pulled Pull(void *c, const struct queue *q, const char *expression,
                   long long offset, int most)
{
    static struct stub_message m = {.topic = "topic",
                                    .body = "at its place",
                                    .body_len = 12,
                                    .id = "id-0001"};
    static void *list[1] = {&m};
    struct pulled got = {stub.pull_status,
                         stub.pull_next,
                         stub.pull_next,
                         stub.pull_next ? stub.pull_next + 1 : 0,
                         NULL,
                         0,
                         NULL};

    m.offset = stub.pull_next + stub.pull_off_by;
    if (!c || !q || strcmp(expression, "*") || most < 1)
        got.status = 4;
    if (stub.silent && !strcmp(q->broker, stub.silent)) {
        got.status = 4;
    } else if (stub.pull_next && offset == stub.pull_next &&
             !stub.nothing_there) {
        got.status = 0;
        got.next = offset + 1;
        got.messages = list;
        got.n = 1;
    }
    if (stub.pull_max)
        got.max = stub.pull_max < 0 ? 0 : stub.pull_max;
    return got;
}
#endif

int ReleasePullResult(struct pulled got);
int ReleasePullResult(struct pulled got)
{
    return !got.messages;
}
