/* SPDX-License-Identifier: MIT */
/* rocketmq_shim.h - stands for `#include <CPushConsumer.h>` and `-lrocketmq`,
 * so that the example is built where there is no librocketmq: the functions it
 * uses, found at run time.  A program of your own does not need this.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef struct CPushConsumer CPushConsumer;
typedef struct CMessageExt CMessageExt;
enum { E_CONSUME_SUCCESS, E_RECONSUME_LATER };

static CPushConsumer *(*CreatePushConsumer)(const char *group);
static int (*SetPushConsumerNameServerAddress)(CPushConsumer *, const char *);
static int (*Subscribe)(CPushConsumer *, const char *topic, const char *tags);
static int (*RegisterMessageCallback)(CPushConsumer *,
                                      int (*)(CPushConsumer *, CMessageExt *));
static int (*StartPushConsumer)(CPushConsumer *);
static int (*ShutdownPushConsumer)(CPushConsumer *);
static int (*DestroyPushConsumer)(CPushConsumer *);
static const char *(*GetMessageBody)(CMessageExt *);
static const char *(*GetMessageKeys)(CMessageExt *);
static const char *(*GetMessageProperty)(CMessageExt *, const char *name);

static int find_function(void *lib, const char *name, void *pointer)
{
    void *f = dlsym(lib, name);

    memcpy(pointer, &f, sizeof(f));
    return f != NULL;
}

/* LIBROCKETMQ names the library where it is not in the usual place. */
static int find_librocketmq(void)
{
    const char *path = getenv("LIBROCKETMQ");
    void *lib = dlopen(path ? path : "librocketmq.so", RTLD_NOW | RTLD_GLOBAL);

#define FIND(f) find_function(lib, #f, &f)
    return lib && FIND(CreatePushConsumer) &&
           FIND(SetPushConsumerNameServerAddress) && FIND(Subscribe) &&
           FIND(RegisterMessageCallback) && FIND(StartPushConsumer) &&
           FIND(ShutdownPushConsumer) && FIND(DestroyPushConsumer) &&
           FIND(GetMessageBody) && FIND(GetMessageKeys) &&
           FIND(GetMessageProperty);
#undef FIND
}
