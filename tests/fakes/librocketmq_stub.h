/* SPDX-License-Identifier: MIT */
/* librocketmq_stub.h - how a test commands the stub: its symbol `stub`. */
#ifndef LIBROCKETMQ_STUB_H
#define LIBROCKETMQ_STUB_H

struct stub_message { /* what CMessageExt points to */
    const char *topic, *id, *keys, *tags, *body;
    int body_len, tries, queue;
    long long offset, born_ms;
};

struct stub {
    /* What the functions answer. */
    int start, producer_start, send, send_status, pull_status;
    long long pull_next;
    const char *error;
    /* What they were asked. */
    int starts, shutdowns, destroyed, sends, orderly;
    char instance[64], last_id[64], last_body[64];
    /* The adapter's callback, and what to give it as the first argument. */
    int (*callback)(void *consumer, void *message);
    void *consumer;
};

#endif
