/* SPDX-License-Identifier: MIT */
/* rocketmq_own_callback.c - a plain librocketmq consumer that keeps its own
 * callback and adds the guard to it.  LIBS: -ldl */
/*
 *     rocketmq_own_callback mqmigrate.json NAME_SERVER GID_issuer rewards
 *
 * What the guard adds is marked with "guard"; the rest was there before.
 */
#include "rocketmq_shim.h"

#include <mqmigrate/mqmigrate.h> /* guard */

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static mqm *guard; /* guard */
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
    mqm_stop(guard); /* guard */
}

/* The work as it always was: 0 if the reward was issued. */
static int issue_reward(const char *user, const char *body)
{
    return printf("reward for %s: %s\n", user, body) < 0;
}

/* guard: the work in a handler's words.  Only what certainly had no effect is
 * MQM_FAILED; of an error in the middle nobody knows. */
static int handle(void *user, const struct mqm_delivery *d)
{
    (void)user;
    if (mqm_check(d) != MQM_OK)
        return MQM_FAILED; /* too late to begin, so nothing happened */
    return issue_reward(d->msg.key ? d->msg.key : "nobody", d->body)
               ? MQM_UNSURE
               : MQM_HANDLED;
}

/* guard: retry_ms, but look now and then whether the program ends. */
static void pause_for(int64_t ms)
{
    for (; ms > 0 && !stopping; ms -= 50)
        nanosleep(&(struct timespec){0, 50000000}, NULL);
}

static int on_message(CPushConsumer *consumer, CMessageExt *ext)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT; /* guard, to the end */

    (void)consumer;
    d.msg.side = "rocketmq";
    d.msg.group =
        "issuer"; /* as the configuration calls them, not the broker */
    d.msg.topic = "rewards";
    d.msg.id = GetMessageProperty(ext, MQM_ID_HEADER);
    d.msg.id_len = strlen(d.msg.id);
    d.msg.key = GetMessageKeys(ext);
    d.msg.key_len = strlen(d.msg.key);
    d.body = GetMessageBody(ext);
    d.body_len = strlen(d.body);
    d.raw = ext;
    /* "Later" to the client sends the whole batch back and takes a try from
     * each message in it, so wait here, and say it only at the end. */
    while (mqm_run(guard, &d, 1, handle, NULL) != MQM_OK) {
        if (stopping)
            return E_RECONSUME_LATER;
        pause_for(d.retry_ms > 0 ? d.retry_ms : 50);
    }
    return E_CONSUME_SUCCESS;
}

static int open_guard(const char *config)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;

    opts.config = config;
    if (mqm_open(&guard, &opts) == MQM_OK)
        return 1;
    fprintf(stderr, "%s\n", mqm_errmsg());
    return 0;
}

int main(int argc, char **argv)
{
    CPushConsumer *consumer;
    int r;

    if (argc != 5 || !find_librocketmq()) {
        fprintf(stderr, "usage: rocketmq_own_callback CONFIG NAME_SERVER GROUP "
                        "TOPIC, with librocketmq installed\n");
        return 2;
    }
    if (!open_guard(argv[1])) /* guard */
        return 1;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    consumer = CreatePushConsumer(argv[3]);
    SetPushConsumerNameServerAddress(consumer, argv[2]);
    Subscribe(consumer, argv[4], "*");
    RegisterMessageCallback(consumer, on_message);
    r = StartPushConsumer(consumer);
    while (r == 0 && !stopping)
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    ShutdownPushConsumer(consumer); /* waits for the callbacks */
    DestroyPushConsumer(consumer);
    mqm_close(guard); /* guard */
    fflush(stdout);
    _exit(r); /* the client's own exit handlers hang if its broker is away */
}
