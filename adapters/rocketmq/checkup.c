/* SPDX-License-Identifier: MIT */
/* checkup.c - are the brokers and the client library fit to lose nothing?
 *
 * The client library tells next to nothing of a broker, so its brokers are
 * asked by requests of our own, which change nothing.  (Asking for a group's
 * settings does: it makes the group.  Where the group stands tells enough.)
 * What a broker does not answer is a warning with the command to look by hand.
 */
#include "rocketmq.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GET_BROKER_CONFIG = 26, GET_RUNTIME = 28 };
enum { BROKERS_MAX = 64, HOUR_MS = 3600000 };

/* --------------------------- the client library -------------------------- */

static void look_at_library(const struct rmq *self, const struct mqm_inquiry *q)
{
    if (!self->api.GetMessageBodyLength)
        q->find(q, MQM_WARNING, "librocketmq",
                "send text, or use a librocketmq built from its master branch",
                "it has no GetMessageBodyLength: it cuts off bodies at their "
                "first NUL byte, and only those sent by mqm_publish() are "
                "noticed");
    if (!self->sends_back && !self->set.orderly)
        q->find(q, MQM_WARNING, "librocketmq",
                "take 2.1 or later, or \"mode\": \"orderly\"",
                "it is older than 2.1: it loses a copy that it cannot send "
                "back, so one that has to wait keeps a thread");
    if (!self->sends_back && !self->set.orderly && self->set.access_key)
        q->find(q, MQM_WARNING, "librocketmq",
                "take 2.1 or later, or \"mode\": \"orderly\"",
                "it is older than 2.1, and a broker that demands signed "
                "requests takes no copy back: a program that stops with some "
                "at hand has to end with _exit() or a signal");
    if (self->api.GetMessageBodyLength && self->sends_back)
        q->find(q, MQM_FINE, "librocketmq", NULL,
                "2.1 or later, with whole bodies");
}

/* ------------------------------- a broker -------------------------------- */

/* The value of a line "name=value" of a broker's settings.  1: there is one. */
static int setting(const char *config, const char *name, char *out, size_t size)
{
    const size_t len = strlen(name);

    out[0] = '\0';
    for (const char *p = config; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, name, len) != 0 || p[len] != '=')
            continue;
        p += len + 1;
        snprintf(out, size, "%.*s", (int)strcspn(p, "\r\n"), p);
        return 1;
    }
    return 0;
}

/* How long it may take until a copy that is sent back came for the last time:
 * the levels from the third on are the pauses between 16 tries. */
static int64_t ladder_ms(const char *levels)
{
    int64_t sum = 0;
    int level = 0;

    while (*levels && level < 18) {
        char *end;
        int64_t n = strtoll(levels, &end, 10);

        if (end == levels)
            return 0;
        n *= *end == 'd' ? 86400 : *end == 'h' ? 3600 : *end == 'm' ? 60 : 1;
        sum += ++level > 2 ? n * 1000 : 0;
        levels = end + strcspn(end, " ");
        levels += strspn(levels, " ");
    }
    return sum;
}

static void find_retention(const struct mqm_inquiry *q, const char *broker,
                           const char *config)
{
    char levels[512], hours[32];
    int64_t ladder, ms;

    setting(config, "fileReservedTime", hours, sizeof(hours));
    ms = strtoll(hours, NULL, 10) * HOUR_MS;
    setting(config, "messageDelayLevel", levels, sizeof(levels));
    ladder = ladder_ms(levels);
    if (q->keep_ms < ladder)
        q->find(q, MQM_WARNING, "retries", "make keep_ms longer",
                "%s: a copy may be sent again for %" PRId64 " minutes, longer "
                "than keep_ms: it is in doubt then",
                broker, ladder / 60000);
    if (ms <= 0)
        q->find(q, MQM_WARNING, "retention", NULL,
                "%s: not looked at: it tells no fileReservedTime", broker);
    else if (ms > q->keep_ms)
        q->find(q, MQM_WARNING, "retention", "make keep_ms as long",
                "%s: fileReservedTime=%" PRId64 " h is longer than keep_ms (%"
                PRId64 "): a copy may still come when its record is forgotten, "
                "and is in doubt then",
                broker, ms / HOUR_MS, q->keep_ms);
    else
        q->find(q, MQM_FINE, "retention", NULL,
                "%s: fileReservedTime=%" PRId64 " h, keep_ms %" PRId64, broker,
                ms / HOUR_MS, q->keep_ms);
    if (!q->parking[0] || ms <= 0)
        return;
    q->find(q, ms <= q->settle_ms ? MQM_FATAL : MQM_WARNING, "parking",
            "resolve before that; or raise fileReservedTime",
            "%s: a body in '%s' is gone after %" PRId64 " h, as all messages "
            "of this broker",
            broker, q->parking, ms / HOUR_MS);
}

static void find_safety(const struct mqm_inquiry *q, const char *broker,
                        const char *config)
{
    char flush[32], role[32], makes[16];

    setting(config, "flushDiskType", flush, sizeof(flush));
    setting(config, "brokerRole", role, sizeof(role));
    setting(config, "autoCreateTopicEnable", makes, sizeof(makes));
    if (strcmp(flush, "SYNC_FLUSH") != 0 && strcmp(role, "SYNC_MASTER") != 0)
        q->find(q, MQM_WARNING, "replicas",
                "set flushDiskType=SYNC_FLUSH, or brokerRole=SYNC_MASTER with "
                "a slave",
                "%s: %s, %s: what it has just taken is lost with its machine",
                broker, flush, role);
    else
        q->find(q, MQM_FINE, "replicas", NULL, "%s: %s, %s", broker, flush,
                role);
    if (strcmp(makes, "true") == 0)
        q->find(q, MQM_WARNING, "autoCreateTopicEnable",
                "set it to false, and create the topics",
                "%s: a topic that is misspelt is made by whoever sends to it, "
                "and nobody reads it",
                broker);
}

/* What its clock shows: when it began, and how long ago that was, in whole
 * seconds.  0: it does not tell. */
static int64_t clock_of(const char *runtime)
{
    const char *table = rmq_json_member(runtime, "table");
    const int64_t boot_ms =
        rmq_json_number(rmq_json_member(table, "bootTimestamp"), 0);
    char text[96];
    long long d, h, m, s;

    /* No more than can be added up, whatever it says. */
    if (boot_ms <= 0 || boot_ms > INT64_MAX / 4 ||
        rmq_json_text(rmq_json_member(table, "runtime"), text, sizeof(text)) <
            0 ||
        sscanf(text, "[ %9lld days, %9lld hours, %9lld minutes, %9lld", &d, &h,
               &m, &s) != 4)
        return 0;
    return boot_ms + (((d * 24 + h) * 60 + m) * 60 + s) * 1000;
}

static int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void look_at_clock(const struct mqm_inquiry *q,
                          const struct rmq_queues *at)
{
    const int64_t sent_ms = wall_ms();
    struct rmq_answer a;
    int64_t theirs_ms, early, late;

    theirs_ms =
        rmq_ask_broker(at, GET_RUNTIME, "", &a) == 0 ? clock_of(a.body) : 0;
    rmq_answer_free(&a);
    early = sent_ms - theirs_ms - 1000;
    late = theirs_ms - wall_ms();
    if (theirs_ms == 0)
        q->find(q, MQM_WARNING, "clock", "compare the machines' clocks",
                "%s: not looked at: it does not tell its time", at->broker);
    else if (early > q->margin_ms || late > q->margin_ms)
        q->find(q, MQM_WARNING, "clock",
                "keep all machines' clocks by NTP, and see which one is wrong",
                "%s: its clock is %" PRId64 " ms %s this machine's, more than "
                "clock_margin_ms (%" PRId64 ")",
                at->broker, early > late ? early : late,
                early > late ? "behind" : "ahead of", q->margin_ms);
    else
        q->find(q, MQM_FINE, "clock", NULL,
                "%s: within %" PRId64 " ms of this machine's", at->broker,
                1000 + wall_ms() - sent_ms);
}

static void look_at_broker(const struct mqm_inquiry *q,
                           const struct rmq_queues *at)
{
    struct rmq_answer a;
    const int code = rmq_ask_broker(at, GET_BROKER_CONFIG, "", &a);

    if (code != 0) {
        q->find(q, MQM_WARNING, "broker",
                "look with 'mqadmin getBrokerConfig' at fileReservedTime and "
                "flushDiskType",
                "%s (%s): not looked at: %s (code %d)", at->broker,
                at->address, code < 0 ? "it does not answer" : "it refuses",
                code);
    } else {
        find_retention(q, at->broker, a.body);
        find_safety(q, at->broker, a.body);
        look_at_clock(q, at);
    }
    rmq_answer_free(&a);
}

/* ------------------------------- the route ------------------------------- */

static size_t read_route(const struct mqm_inquiry *q, const char *route,
                         struct rmq_queues *out, size_t room)
{
    const char *b = rmq_json_first(rmq_json_member(route, "brokerDatas"));
    size_t n = 0;

    for (; b && n < room; b = rmq_json_after(b)) {
        if (rmq_read_broker(route, b, &out[n]))
            n++;
        else
            q->find(q, MQM_WARNING, "broker", "look with 'mqadmin topicRoute'",
                    "one in the route of '%s' has no master or no queues",
                    q->topic);
    }
    return n;
}

static void look_at_brokers(const struct mqm_inquiry *q, const char *route)
{
    struct rmq_queues *queues = calloc(BROKERS_MAX, sizeof(*queues));
    size_t n = queues ? read_route(q, route, queues, BROKERS_MAX) : 0;

    if (n == 0)
        q->find(q, MQM_WARNING, "broker", "look with 'mqadmin topicRoute'",
                "not looked at: the route of '%s' names no master", q->topic);
    for (size_t i = 0; i < n; i++)
        look_at_broker(q, &queues[i]);
    if (n > 0)
        rmq_look_at_group(q, queues, n);
    free(queues);
}

static void look_at_parking(const struct rmq *self, const struct mqm_inquiry *q)
{
    const int r = q->parking[0] ? rmq_route(self, q->parking) : MQM_OK;

    if (r == -ENOENT)
        q->find(q, MQM_WARNING, "parking", "create it",
                "'%s' is not there: bodies cannot be kept, so copies of what "
                "is parked come again and again",
                q->parking);
    else if (r < 0)
        q->find(q, MQM_WARNING, "parking", "look with 'mqadmin topicRoute'",
                "'%s': not looked at: the name server does not answer",
                q->parking);
}

int rmq_checkup(void *p, const struct mqm_inquiry *q)
{
    struct rmq *self = p;
    struct rmq_answer route;
    int r;

    look_at_library(self, q);
    r = rmq_check_name(self->host, "group", q->group);
    if (r == MQM_OK)
        r = rmq_ask_route(self, q->topic, &route);
    if (r != MQM_OK)
        return r;
    look_at_brokers(q, route.body);
    rmq_answer_free(&route);
    look_at_parking(self, q);
    return MQM_OK;
}
