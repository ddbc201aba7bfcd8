/* SPDX-License-Identifier: MIT */
/* redis_checkup.c - see redis_checkup.h.
 *
 * One round trip: INFO tells most of it, CONFIG GET what INFO leaves out, TIME
 * the clock.  When the store is opened only INFO is asked.  A Redis that is
 * somebody else's may refuse to tell: that is a warning.  (Where INFO tells
 * nothing at all the store does not open: redis_session.c.)
 *
 * Fatal is what loses records while all goes well: room made by evicting them,
 * writes to a replica.  A restart with less is noticed (run id, memory_from)
 * and makes doubts, so what a restart loses is a warning.
 */
#include "redis_checkup.h"

#include "finding.h"
#include "swaps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 96 };

struct report {
    const struct mqm_inquiry *q;
    struct redis *d;
    char *info; /* NULL: it was not told */
    char sync[TEXT_MAX], save[TEXT_MAX], least[TEXT_MAX]; /* of CONFIG GET */
    int told_sync, told_save, told_least;
    int64_t time_ms; /* -1: it was not told */
    int64_t sent_us, came_us;
};

static void find_unknown(const struct report *rp, const char *subject,
                         const char *command)
{
    rp->q->find(rp->q, MQM_WARNING, subject,
                "allow it to the store's user, or ask whoever runs that Redis",
                "not looked at: it does not answer %s", command);
}

/* The value of a line "name:value" of INFO.  1: there is one. */
static int info_text(const struct report *rp, const char *name,
                     char out[TEXT_MAX])
{
    const size_t len = strlen(name);

    out[0] = '\0';
    for (const char *p = rp->info; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, name, len) != 0 || p[len] != ':')
            continue;
        p += len + 1;
        snprintf(out, TEXT_MAX, "%.*s", (int)strcspn(p, "\r\n"), p);
        return 1;
    }
    return 0;
}

/* -1: it is not told. */
static int64_t info_number(const struct report *rp, const char *name)
{
    char text[TEXT_MAX];

    return info_text(rp, name, text) ? mqm__redis_digits(text, strlen(text))
                                     : -1;
}

/* ------------------------- what is fatal ------------------------- */

static void look_at_eviction(struct report *rp)
{
    const struct mqm_inquiry *q = rp->q;
    const int64_t limit = info_number(rp, "maxmemory");
    char policy[TEXT_MAX];

    if (!info_text(rp, "maxmemory_policy", policy) || limit < 0)
        find_unknown(rp, "eviction", "INFO memory");
    else if (limit > 0 && strcmp(policy, "noeviction") != 0)
        q->find(q, MQM_FATAL, "eviction",
                "set maxmemory-policy to noeviction, or give the store a Redis "
                "of its own",
                "it makes room by forgetting records (maxmemory-policy %s): "
                "their messages look new",
                policy);
    else if (!q->opening)
        q->find(q, MQM_FINE, "eviction", NULL, "maxmemory-policy %s%s", policy,
                limit == 0 ? ", and no limit" : "");
}

static void look_at_role(struct report *rp)
{
    const struct mqm_inquiry *q = rp->q;
    char role[TEXT_MAX];

    if (!info_text(rp, "role", role))
        find_unknown(rp, "role", "INFO replication");
    else if (strcmp(role, "master") != 0)
        q->find(q, MQM_FATAL, "role", "name the master in store.url",
                "it is a replica: what is written there is overwritten by its "
                "master");
    else if (!q->opening)
        q->find(q, MQM_FINE, "role", NULL, "it is a master");
}

/* ------------------------------ what a restart loses ---------------------- */

static void find_append_only(struct report *rp)
{
    const struct mqm_inquiry *q = rp->q;
    const char *sync = rp->told_sync ? rp->sync : NULL;
    char status[TEXT_MAX];

    if (info_text(rp, "aof_last_write_status", status) &&
        strcmp(status, "ok") != 0)
        q->find(q, MQM_WARNING, "persistence", "look at its disk and its log",
                "the last write to the append-only file failed");
    else if (!sync)
        find_unknown(rp, "persistence", "CONFIG GET appendfsync");
    else if (strcmp(sync, "always") == 0)
        q->find(q, MQM_FINE, "persistence", NULL,
                "appendonly yes, appendfsync always: a restart loses nothing");
    else if (strcmp(sync, "everysec") == 0)
        q->find(q, MQM_WARNING, "persistence", "set appendfsync always",
                "appendfsync everysec: if the machine fails, the last changes "
                "are lost; they come back from the programs that are alive, "
                "and docs/redis.md tells what does not");
    else
        q->find(q, MQM_WARNING, "persistence", "set appendfsync always",
                "appendfsync %.20s: if the machine fails, the last changes are "
                "lost; after each restart what has no record is in doubt, and "
                "a record that is older than it was is believed",
                sync);
}

static void look_at_persistence(struct report *rp)
{
    const struct mqm_inquiry *q = rp->q;
    const int64_t aof = info_number(rp, "aof_enabled");
    const char *save = rp->told_save ? rp->save : NULL;
    static const char remedy[] = "set appendonly yes, appendfsync always";

    if (aof < 0)
        find_unknown(rp, "persistence", "INFO persistence");
    else if (aof > 0)
        find_append_only(rp);
    else if (!save)
        q->find(q, MQM_WARNING, "persistence", remedy,
                "appendonly no: a restart loses records or sets them back");
    else if (save[0])
        q->find(q, MQM_WARNING, "persistence", remedy,
                "snapshots only (save %.40s): a restart sets records back; "
                "what has none is in doubt, but one that is older than it was "
                "is believed, and its message may be worked on twice",
                save);
    else
        q->find(q, MQM_WARNING, "persistence", remedy,
                "none: a restart loses all records, and every message born "
                "before it is in doubt");
}

static void look_at_replicas(struct report *rp)
{
    const struct mqm_inquiry *q = rp->q;
    const int64_t n = info_number(rp, "connected_slaves");
    const char *least = rp->told_least ? rp->least : NULL;

    if (n < 0)
        find_unknown(rp, "replicas", "INFO replication");
    else if (n == 0)
        q->find(q, MQM_FINE, "replicas", NULL,
                "none: while this server is gone, all messages wait");
    else if (!least)
        find_unknown(rp, "replicas", "CONFIG GET min-replicas-to-write");
    else if (strcmp(least, "0") == 0)
        q->find(q, MQM_WARNING, "replicas", "set min-replicas-to-write to 1",
                "%" PRId64 ", and min-replicas-to-write 0: a master that is "
                "cut off goes on beside the one that took over, and messages "
                "are worked on twice",
                n);
    else
        q->find(q, MQM_FINE, "replicas", NULL,
                "%" PRId64 ", min-replicas-to-write %.10s", n, least);
}

/* --------------------------------- the rest ------------------------------- */

/* As measured, docs/redis.md: by how many lie in a bucket. */
static int64_t bytes_a_record(int64_t in_bucket)
{
    if (in_bucket < 4)
        return 196;
    if (in_bucket < 40)
        return 53;
    return in_bucket <= 500 ? 42 : 103;
}

static void look_at_buckets(struct report *rp, int64_t in_bucket)
{
    const struct mqm_inquiry *q = rp->q;

    if (in_bucket < 4 || in_bucket > 500)
        q->find(q, MQM_WARNING, "buckets",
                "choose bucket_ms so that about 100 messages fall into it, "
                "when the store is begun",
                "about %" PRId64 " messages in a bucket (bucket_ms %" PRId64
                "): %" PRId64 " bytes a record instead of 42",
                in_bucket, rp->d->bucket_ms, bytes_a_record(in_bucket));
}

static void look_at_memory(struct report *rp)
{
    const struct mqm_inquiry *q = rp->q;
    const int64_t used = info_number(rp, "used_memory");
    const int64_t in_bucket = q->rate * rp->d->bucket_ms / 1000;
    const int64_t a_record = bytes_a_record(in_bucket);
    int64_t most = info_number(rp, "maxmemory");
    int64_t needed;

    if (most == 0)
        most = info_number(rp, "total_system_memory");
    if (used < 0 || most <= 0) {
        find_unknown(rp, "memory", "INFO memory");
        return;
    }
    if (q->records == 0) {
        q->find(q, MQM_FINE, "memory", NULL,
                "%" PRId64 " MB used of %" PRId64 " MB", used >> 20,
                most >> 20);
        return;
    }
    look_at_buckets(rp, in_bucket);
    needed = q->records > INT64_MAX / a_record ? INT64_MAX
                                               : q->records * a_record;
    /* What lies there already may be of these records, or somebody else's. */
    q->find(q, needed > most - used ? MQM_WARNING : MQM_FINE, "memory",
            needed > most - used ? "give it more, or make keep_ms shorter; "
                                   "when it is full all messages wait"
                                 : NULL,
            "%" PRId64 " MB needed for %" PRId64 " records of %" PRId64
            " bytes (rate and keep_ms), %" PRId64 " MB free",
            needed >> 20, q->records, a_record, (most - used) >> 20);
}

static void look_at_version(struct report *rp)
{
    const struct mqm_inquiry *q = rp->q;
    char version[TEXT_MAX], cluster[TEXT_MAX];

    if (info_text(rp, "cluster_enabled", cluster) && strcmp(cluster, "0") != 0)
        q->find(q, MQM_FATAL, "cluster", "name a server that is no cluster",
                "it is a cluster: the store's keys lie in several slots");
    if (!info_text(rp, "redis_version", version))
        find_unknown(rp, "version", "INFO server");
    else if (strtol(version, NULL, 10) < 7)
        q->find(q, MQM_WARNING, "version", "take 7.0 or later",
                "Redis %s: the store is tried with 7.0", version);
    else
        q->find(q, MQM_FINE, "version", NULL, "Redis %s", version);
}

static void look_at_clock(struct report *rp)
{
    if (rp->time_ms < 0)
        find_unknown(rp, "clock", "TIME");
    else
        mqm__find_clock(rp->q,
                        rp->time_ms - (rp->sent_us + rp->came_us) / 2000,
                        (rp->came_us - rp->sent_us) / 1000);
}

/* --------------------------------- asking --------------------------------- */

static void ask_config(struct redis_link *l, const char *name)
{
    mqm__link_put(l, 3);
    mqm__link_text(l, "CONFIG");
    mqm__link_text(l, "GET");
    mqm__link_text(l, name);
}

/* A reply lives until the next one: what is wanted of it is kept. */
static int take_info(struct report *rp)
{
    const struct redis_reply *reply;
    int r = mqm__link_reply(&rp->d->link, &reply);

    if (r < 0 || reply->type != MQM__REDIS_TEXT)
        return r;
    rp->info = strdup(reply->text);
    return rp->info ? MQM_OK
                    : rp->d->host->fail(rp->d->host, -ENOMEM,
                                        "redis store: out of memory");
}

static int take_config(struct report *rp, char out[TEXT_MAX], int *told)
{
    const struct redis_reply *reply;
    int r = mqm__link_reply(&rp->d->link, &reply);

    *told = r == MQM_OK && mqm__redis_is_texts(reply, 2);
    if (*told)
        snprintf(out, TEXT_MAX, "%s", reply[2].text);
    return r;
}

static int take_time(struct report *rp)
{
    const struct redis_reply *reply;
    int r = mqm__link_reply(&rp->d->link, &reply);

    if (r == MQM_OK && mqm__redis_is_texts(reply, 2))
        rp->time_ms = mqm__redis_digits(reply[1].text, reply[1].len) * 1000 +
                      mqm__redis_digits(reply[2].text, reply[2].len) / 1000;
    return r;
}

/* All but INFO, which comes last and is all that opening asks. */
static void send_more(struct redis_link *l)
{
    ask_config(l, "appendfsync");
    ask_config(l, "save");
    ask_config(l, "min-replicas-to-write");
    mqm__link_put(l, 1);
    mqm__link_text(l, "TIME");
}

static int take_more(struct report *rp)
{
    int r = take_config(rp, rp->sync, &rp->told_sync);

    if (r == MQM_OK)
        r = take_config(rp, rp->save, &rp->told_save);
    if (r == MQM_OK)
        r = take_config(rp, rp->least, &rp->told_least);
    if (r == MQM_OK)
        r = take_time(rp);
    rp->came_us = mqm__wall_us();
    return r;
}

static int ask(struct report *rp)
{
    struct redis_link *l = &rp->d->link;
    int r;

    if (!rp->q->opening)
        send_more(l);
    mqm__link_put(l, 1);
    mqm__link_text(l, "INFO");
    rp->sent_us = mqm__wall_us();
    r = mqm__link_flush(l);
    if (r == MQM_OK && !rp->q->opening)
        r = take_more(rp);
    return r == MQM_OK ? take_info(rp) : r;
}

/* What mqm_open() lets pass at the first time may stay: see known_policy(). */
static void look(struct report *rp)
{
    look_at_eviction(rp);
    rp->d->judged = 1;
    look_at_role(rp);
    if (rp->q->opening)
        return;
    look_at_persistence(rp);
    look_at_replicas(rp);
    look_at_memory(rp);
    look_at_version(rp);
    look_at_clock(rp);
}

int mqm__redis_checkup(void *self, const struct mqm_inquiry *q)
{
    struct report rp = {.q = q, .d = self, .time_ms = -1};
    int r = mqm__redis_ready(rp.d);

    if (r >= 0)
        r = ask(&rp);
    if (r == MQM_OK)
        look(&rp);
    free(rp.info);
    return r < 0 ? r : MQM_OK;
}
