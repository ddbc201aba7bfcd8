/* SPDX-License-Identifier: MIT */
/* settings.c - the adapter's section of the configuration.
 *
 * One table: names, kinds, limits.  An unknown name is refused: a setting that
 * is silently not heard of is worse than none.
 */
#include "rocketmq.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT(f)                                                                \
    {                                                                          \
#f, offsetof(struct rmq_settings, f), 0, 0                             \
    }
#define NUMBER(f, min, max)                                                    \
    {                                                                          \
#f, offsetof(struct rmq_settings, f), min, max                         \
    }

static const struct known {
    const char *name;
    size_t at;
    int64_t min, max; /* both 0: a text */
} known[] = {
    TEXT(name_server),
    TEXT(library),
    TEXT(mode),
    TEXT(instance),
    TEXT(access_key),
    TEXT(secret_key),
    TEXT(channel),
    TEXT(log_dir),
    TEXT(properties),
    NUMBER(threads, 1, 256),
    NUMBER(send_timeout_ms, 100, 600000),
    NUMBER(wait_ms, 0, 86400000),
    NUMBER(max_message_size, 1, INT_MAX),
};

/* The broker's and the client's own, which they would obey: publish() sets
 * them, or nobody may. */
static const char *const reserved[] = {
    "KEYS", "TAGS", "UNIQ_KEY", "WAIT", "DELAY", "RETRY_TOPIC", "REAL_TOPIC",
    "REAL_QID", "TRAN_MSG", "PGROUP", "ORIGIN_MESSAGE_ID", "MAX_OFFSET",
    "MIN_OFFSET", "BUYER_ID", "TRANSFER_FLAG", "CORRECTION_FLAG", "MQ2_FLAG",
    "RECONSUME_TIME", "MAX_RECONSUME_TIMES", "CONSUME_START_TIME",
    "MSG_REGION", "TRACE_ON", "POP_CK", "1ST_POP_TIME", "INIT_MSG",
    "EXTEND_UNIQ_INFO", "INSTANCE_ID", "CLUSTER", "DUP_INFO", "INNER_NUM",
    "INNER_BASE", "INNER_MULTI_DISPATCH", "INNER_MULTI_QUEUE_OFFSET",
    "CHECK_IMMUNITY_TIME_IN_SECONDS", "CORRELATION_ID", "REPLY_TO_CLIENT",
    "TTL", "ARRIVE_TIME", "PUSH_REPLY_TIME", "TIMER_DELAY_SEC",
    "TIMER_DELAY_MS", "TIMER_DELIVER_MS", "TIMER_OUT_MS", "__SHARDINGKEY",
    MQM_ID_HEADER, RMQ_LENGTH_HEADER,
};

int rmq_is_reserved(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (strlen(reserved[i]) == len && !memcmp(reserved[i], name, len))
            return 1;
    return 0;
}

static int set_number(const struct mqm_host *host, int64_t *out,
                      const struct known *k, const char *value)
{
    char *end = NULL;
    long long v;

    errno = 0;
    v = strtoll(value, &end, 10);
    if (errno || end == value || *end || v < k->min || v > k->max)
        return host->fail(host, -EINVAL,
                          "setting \"%s\" is '%s': give a number from %lld to "
                          "%lld",
                          k->name, value, (long long)k->min, (long long)k->max);
    *out = v;
    return MQM_OK;
}

static int set_one(struct rmq_settings *set, const struct mqm_host *host,
                   const struct mqm_setting *s)
{
    const struct known *k = NULL;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (!strcmp(known[i].name, s->name))
            k = &known[i];
    if (!k)
        return host->fail(host, -EINVAL,
                          "the rocketmq adapter has no setting \"%s\": it "
                          "knows name_server, library, mode, threads, "
                          "instance, access_key, secret_key, channel, log_dir, "
                          "properties, send_timeout_ms, wait_ms and "
                          "max_message_size",
                          s->name);
    if (k->max)
        return set_number(host, (int64_t *)(void *)((char *)set + k->at), k,
                          s->value);
    memcpy((char *)set + k->at, &s->value, sizeof(s->value));
    return MQM_OK;
}

size_t rmq_next_property(const char **at, const char **name)
{
    size_t len;

    if (!*at)
        return 0;
    *at += strspn(*at, ", ");
    *name = *at;
    len = strcspn(*at, ", ");
    *at += len;
    return len;
}

static int check_properties(const struct rmq_settings *set,
                            const struct mqm_host *host)
{
    const char *at = set->properties, *name = NULL;
    size_t len;

    while ((len = rmq_next_property(&at, &name)))
        if (rmq_is_reserved(name, len))
            return host->fail(host, -EINVAL,
                              "\"properties\" names '%.*s', which is not a "
                              "user's property: leave it out",
                              (int)len, name);
    return MQM_OK;
}

static int set_mode(struct rmq_settings *set, const struct mqm_host *host)
{
    set->orderly = set->mode && !strcmp(set->mode, "orderly");
    if (set->mode && !set->orderly && strcmp(set->mode, "concurrent"))
        return host->fail(host, -EINVAL,
                          "setting \"mode\" is '%s': give \"concurrent\" or "
                          "\"orderly\"",
                          set->mode);
    return MQM_OK;
}

/* Two clients of one name count as one: the second would not start, or in
 * another process take the first one's place. */
static void set_instance(struct rmq_settings *set)
{
    static atomic_uint last;

    if (set->instance)
        return;
    snprintf(set->own_instance, sizeof(set->own_instance), "mqm_%ld_%u",
             (long)getpid(), atomic_fetch_add(&last, 1) + 1);
    set->instance = set->own_instance;
}

int rmq_read_settings(struct rmq_settings *set, const struct mqm_host *host,
                      const struct mqm_setting *settings, size_t n)
{
    int r = MQM_OK;

    memset(set, 0, sizeof(*set));
    set->threads = 8;
    set->send_timeout_ms = 3000;
    set->wait_ms = 60000;
    set->max_message_size = 4194304; /* the broker's own default */
    for (size_t i = 0; r == MQM_OK && i < n; i++)
        r = set_one(set, host, &settings[i]);
    if (r < 0)
        return r;
    if (!set->name_server || !*set->name_server)
        return host->fail(host, -EINVAL,
                          "the rocketmq adapter needs \"name_server\", for "
                          "example \"10.0.0.1:9876;10.0.0.2:9876\"");
    if (!set->access_key != !set->secret_key)
        return host->fail(host, -EINVAL,
                          "\"access_key\" and \"secret_key\" go together: give "
                          "both or none");
    r = set_mode(set, host);
    if (r == MQM_OK)
        r = check_properties(set, host);
    set_instance(set);
    return r;
}
