/* SPDX-License-Identifier: MIT */
/* librocketmq_stub.h - how a test commands the stub: its symbol `stub`. */
#ifndef LIBROCKETMQ_STUB_H
#define LIBROCKETMQ_STUB_H

#include <time.h>

struct stub_message { /* what CMessageExt points to */
    const char *topic, *id, *keys, *tags, *body, *key, *from; /* RETRY_TOPIC */
    int body_len, tries, queue;
    long long offset, place, born_ms;
};

struct stub {
    /* What the functions answer. */
    int start, producer_start, send, send_status, pull_status;
    long long pull_next;
    const char *error;
    const char *fails;     /* the function of this name answers 77, or NULL */
    const char *fails_for; /* SetMessageProperty: of this property only     */
    const char *silent;    /* Pull: this broker does not answer             */
    int queues;            /* of a topic, each on a broker of its own; 0: 1 */
    _Atomic int waits;     /* ShutdownPushConsumer: until it is 0           */
    int nothing_there;     /* Pull: no message even at pull_next            */
    long long pull_off_by; /* Pull: the message says another offset         */
    long long pull_max;    /* Pull: the end; < 0: says 0; 0: behind it      */
    /* What they were asked. */
    int starts, shutdowns, destroyed, sends, orderly;
    char ends[16]; /* P: a producer was shut down, p: destroyed; C, c: a consumer */
    struct timespec shut_down; /* the last consumer, by CLOCK_MONOTONIC */
    char instance[64], last_id[64], last_body[64], last_property[64];
    /* The adapter's callback, and what to give it as the first argument. */
    int (*callback)(void *consumer, void *message);
    void *consumer;
};

#endif
