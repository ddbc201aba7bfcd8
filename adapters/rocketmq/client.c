/* SPDX-License-Identifier: MIT */
/* client.c - finds the client library and its functions.
 *
 * The library is a user's choice and not linked here: what the process has
 * already comes first (two copies of it in one process would not know each
 * other's consumers), then the path that the settings name, then the usual
 * name.  Its functions have names as common as "Pull", so each must come from
 * the same file as the rest: another library's is not taken for it.  What was
 * loaded stays: the client leaves threads behind.
 */
#define _GNU_SOURCE /* dladdr */

#include "rocketmq.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#define NEED(f)                                                                \
    {                                                                          \
#f, offsetof(struct rmq_api, f), 1                                     \
    }
#define MAY(f)                                                                 \
    {                                                                          \
#f, offsetof(struct rmq_api, f), 0                                     \
    }

static const struct {
    const char *name;
    size_t at;
    int needed;
} functions[] = {
    NEED(CreatePushConsumer),
    NEED(DestroyPushConsumer),
    NEED(StartPushConsumer),
    NEED(ShutdownPushConsumer),
    NEED(SetPushConsumerNameServerAddress),
    NEED(SetPushConsumerInstanceName),
    NEED(SetPushConsumerSessionCredentials),
    NEED(SetPushConsumerThreadCount),
    NEED(SetPushConsumerMessageBatchMaxSize),
    NEED(SetPushConsumerLogPath),
    NEED(Subscribe),
    NEED(RegisterMessageCallback),
    NEED(RegisterMessageCallbackOrderly),
    NEED(UnregisterMessageCallback),
    NEED(UnregisterMessageCallbackOrderly),
    NEED(GetMessageTopic),
    NEED(GetMessageTags),
    NEED(GetMessageKeys),
    NEED(GetMessageBody),
    NEED(GetMessageProperty),
    NEED(GetMessageId),
    NEED(GetMessageQueueId),
    NEED(GetMessageReconsumeTimes),
    NEED(GetMessageQueueOffset),
    NEED(GetMessageCommitLogOffset),
    NEED(GetMessageBornTimestamp),
    NEED(CreatePullConsumer),
    NEED(DestroyPullConsumer),
    NEED(StartPullConsumer),
    NEED(ShutdownPullConsumer),
    NEED(SetPullConsumerNameServerAddress),
    NEED(SetPullConsumerSessionCredentials),
    NEED(SetPullConsumerLogPath),
    NEED(FetchSubscriptionMessageQueues),
    NEED(ReleaseSubscriptionMessageQueue),
    NEED(Pull),
    NEED(ReleasePullResult),
    NEED(CreateProducer),
    NEED(DestroyProducer),
    NEED(StartProducer),
    NEED(ShutdownProducer),
    NEED(SetProducerNameServerAddress),
    NEED(SetProducerInstanceName),
    NEED(SetProducerSessionCredentials),
    NEED(SetProducerSendMsgTimeout),
    NEED(SetProducerMaxMessageSize),
    NEED(SetProducerLogPath),
    NEED(SendMessageSync),
    NEED(CreateMessage),
    NEED(DestroyMessage),
    NEED(SetMessageTags),
    NEED(SetMessageKeys),
    NEED(SetByteMessageBody),
    NEED(SetMessageProperty),
    NEED(GetLatestErrorMessage),
    MAY(GetMessageBodyLength),
    MAY(SetPushConsumerMessageTrace),
};

/* Where the file that holds a function begins in memory, and its name. */
static const void *home_of(void *function, const char **file)
{
    Dl_info info;

    if (!function || !dladdr(function, &info))
        return NULL;
    *file = info.dli_fname ? info.dli_fname : "the program";
    return info.dli_fbase;
}

static void *open_library(const struct mqm_host *host, const char *path)
{
    void *lib = dlopen(NULL, RTLD_NOW);

    if (lib && dlsym(lib, "StartPushConsumer"))
        return lib;
    lib = dlopen(path ? path : "librocketmq.so",
                 RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!lib)
        host->fail(host, -ENOENT,
                   "the RocketMQ client library cannot be loaded (%s): install "
                   "librocketmq or set \"library\" to its path",
                   dlerror());
    return lib;
}

static int missing(const struct mqm_host *host, const char *name,
                   const char *file)
{
    if (!strcmp(name, "GetLatestErrorMessage"))
        return host->fail(host, -ENOTSUP,
                          "'%s' is a librocketmq older than 1.2.3, whose "
                          "messages cannot be read safely: set \"library\" to "
                          "a newer one",
                          file);
    return host->fail(host, -ENOTSUP,
                      "'%s' has no function %s: not a complete librocketmq; "
                      "set \"library\" to one from 1.2.3 on",
                      file, name);
}

int rmq_load(struct rmq_api *api, const struct mqm_host *host, const char *path)
{
    void *lib = open_library(host, path), *f;
    const char *file = path ? path : "librocketmq.so", *other = NULL;
    const void *home;

    if (!lib)
        return -ENOENT;
    home = home_of(dlsym(lib, "StartPushConsumer"), &file);
    if (!home)
        return missing(host, "StartPushConsumer", file);
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        f = dlsym(lib, functions[i].name);
        if (home_of(f, &other) != home)
            f = NULL;
        if (!f && functions[i].needed)
            return missing(host, functions[i].name, file);
        memcpy((char *)api + functions[i].at, &f, sizeof(f));
    }
    host->log(host, MQM_INFO, "RocketMQ client library: %s", file);
    return MQM_OK;
}
