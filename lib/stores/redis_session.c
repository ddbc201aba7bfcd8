/* SPDX-License-Identifier: MIT */
/* redis_session.c - see redis_session.h. */
#include "redis_session.h"

#include "redis_script.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------ answers --------------------------------- */

int mqm__redis_nonsense(struct redis *d)
{
    mqm__link_drop(&d->link);
    return d->host->fail(d->host, -EPROTO,
                         "%s: its answer makes no sense; it is unknown whether "
                         "what was asked for took place",
                         d->link.address.label);
}

/* The next reply, of this type, or < 0.  An error reply has its words. */
int mqm__redis_reply(struct redis *d, int type, redisReply **reply)
{
    int r = mqm__link_reply(&d->link, reply);

    if (r < 0)
        return r;
    if ((*reply)->type == REDIS_REPLY_ERROR)
        r = mqm__link_error(&d->link, (*reply)->str);
    else if ((*reply)->type != type)
        r = mqm__redis_nonsense(d);
    if (r < 0) {
        freeReplyObject(*reply);
        *reply = NULL;
    }
    return r;
}

static int skip_status(struct redis *d)
{
    redisReply *reply = NULL;
    int r = mqm__redis_reply(d, REDIS_REPLY_STATUS, &reply);

    if (r == MQM_OK)
        freeReplyObject(reply);
    return r;
}

/* Digits, as many as len; < 0: they are none. */
int64_t mqm__redis_digits(const char *p, size_t len)
{
    int64_t x = 0;

    if (len == 0 || len > 18)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        x = x * 10 + (p[i] - '0');
    }
    return x;
}

int mqm__redis_is_text(const redisReply *r)
{
    return r->type == REDIS_REPLY_STRING;
}

/* ----------------------------- introduction ----------------------------- */

static void make_id(char *id)
{
    static const char hex[] = "0123456789abcdef";
    FILE *f = fopen("/dev/urandom", "rb");
    uint64_t x = (uint64_t)mqm__wall_us() * 6364136223846793005U;

    for (int i = 0; i < MQM__REDIS_IDENTITY; i++) {
        int c = f ? fgetc(f) : EOF;

        x = x * 6364136223846793005U + 1442695040888963407U;
        id[i] = hex[((unsigned)(c == EOF ? 0 : c) ^ (unsigned)(x >> 60)) & 15];
    }
    id[MQM__REDIS_IDENTITY] = '\0';
    if (f)
        fclose(f);
}

static void send_hello(struct redis *d)
{
    char id[MQM__REDIS_IDENTITY + 1];

    make_id(id);
    mqm__link_put(&d->link, 6);
    mqm__link_text(&d->link, "EVAL");
    mqm__link_text(&d->link, mqm__redis_script_hello);
    mqm__link_text(&d->link, "1");
    mqm__link_text(&d->link, MQM__REDIS_STORE);
    mqm__link_text(&d->link, id);
    mqm__link_text(&d->link, d->synced ? "1" : "0");
}

static int is_hello(const redisReply *r)
{
    for (size_t i = 0; i < r->elements; i++)
        if (!mqm__redis_is_text(r->element[i]))
            return 0;
    return r->elements == 5 && r->element[0]->len > 0 &&
           r->element[0]->len <= MQM__REDIS_IDENTITY;
}

/* What was born before this moment and has no record is in doubt. */
static void raise_floor(struct redis *d, int64_t floor_ms, const char *why)
{
    if (floor_ms <= d->floor_ms)
        return;
    d->floor_ms = floor_ms;
    if (!d->id[0])
        return; /* long ago */
    d->host->log(d->host, MQM_WARN,
                 "%s: %s; messages born before that, of which it has no "
                 "record, are in doubt",
                 d->link.address.label, why);
}

static int know_store(struct redis *d, const redisReply *r)
{
    int64_t created_ms, now_ms, floor_ms;

    if (!is_hello(r))
        return mqm__redis_nonsense(d);
    created_ms = mqm__redis_digits(r->element[1]->str, r->element[1]->len);
    now_ms = mqm__redis_digits(r->element[2]->str, r->element[2]->len);
    floor_ms = mqm__redis_digits(r->element[3]->str, r->element[3]->len);
    if (created_ms < 0 || now_ms < 0 || floor_ms < 0)
        return mqm__redis_nonsense(d);
    if (strcmp(r->element[4]->str, "noeviction") != 0)
        return d->host->fail(d->host, -EINVAL,
                             "%s: makes room by forgetting records "
                             "(maxmemory-policy %.40s): set it to noeviction",
                             d->link.address.label, r->element[4]->str);
    if (d->id[0] && strcmp(d->id, r->element[0]->str) != 0)
        raise_floor(d, mqm__floor_of(d->host, now_ms),
                    "it has been emptied or replaced");
    if (floor_ms > 0)
        floor_ms = mqm__floor_of(d->host, floor_ms);
    raise_floor(d, floor_ms, "it was restarted without \"appendfsync always\""
                             ", or another one took over");
    memcpy(d->id, r->element[0]->str, r->element[0]->len + 1);
    d->created_ms = created_ms;
    return MQM_OK;
}

static int take_hello(struct redis *d)
{
    redisReply *reply = NULL;
    int r = mqm__redis_reply(d, REDIS_REPLY_ARRAY, &reply);

    if (r < 0)
        return r;
    r = know_store(d, reply);
    freeReplyObject(reply);
    return r;
}

int mqm__redis_hello(struct redis *d)
{
    int r;

    send_hello(d);
    r = mqm__link_flush(&d->link);
    return r < 0 ? r : take_hello(d);
}

static int take_sum(struct redis *d)
{
    redisReply *reply = NULL;
    int r = mqm__redis_reply(d, REDIS_REPLY_STRING, &reply);

    if (r < 0)
        return r;
    if (reply->len < sizeof(d->swap_sum))
        memcpy(d->swap_sum, reply->str, reply->len + 1);
    else
        r = mqm__redis_nonsense(d);
    freeReplyObject(reply);
    return r;
}

/* {"appendfsync", "always"}.  Who may not ask does not know. */
static int take_sync(struct redis *d)
{
    redisReply *reply = NULL;
    int r = mqm__link_reply(&d->link, &reply);

    if (r < 0)
        return r;
    d->synced = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
                mqm__redis_is_text(reply->element[1]) &&
                strcmp(reply->element[1]->str, "always") == 0;
    freeReplyObject(reply);
    return MQM_OK;
}

static void send_introduction(struct redis *d)
{
    const struct redis_address *a = &d->link.address;

    if (a->password[0]) {
        mqm__link_put(&d->link, a->user[0] ? 3 : 2);
        mqm__link_text(&d->link, "AUTH");
        if (a->user[0])
            mqm__link_text(&d->link, a->user);
        mqm__link_text(&d->link, a->password);
    }
    if (a->db) {
        mqm__link_put(&d->link, 2);
        mqm__link_text(&d->link, "SELECT");
        mqm__link_number(&d->link, a->db);
    }
    mqm__link_put(&d->link, 3);
    mqm__link_text(&d->link, "SCRIPT");
    mqm__link_text(&d->link, "LOAD");
    mqm__link_text(&d->link, mqm__redis_script_swap);
    mqm__link_put(&d->link, 3);
    mqm__link_text(&d->link, "CONFIG");
    mqm__link_text(&d->link, "GET");
    mqm__link_text(&d->link, "appendfsync");
}

static int introduce(struct redis *d)
{
    int r;

    send_introduction(d);
    r = mqm__link_flush(&d->link);
    if (r == MQM_OK && d->link.address.password[0])
        r = skip_status(d);
    if (r == MQM_OK && d->link.address.db)
        r = skip_status(d);
    if (r == MQM_OK)
        r = take_sum(d);
    if (r == MQM_OK)
        r = take_sync(d);
    return r == MQM_OK ? mqm__redis_hello(d) : r;
}

/* Begin a call. */
int mqm__redis_ready(struct redis *d)
{
    int r;

    mqm__link_begin(&d->link);
    r = mqm__link_ready(&d->link);
    if (r != 1)
        return r;
    r = introduce(d);
    if (r < 0) {
        snprintf(d->link.why, sizeof(d->link.why), "it did not let us in");
        mqm__link_refused(&d->link);
    } else {
        mqm__link_accepted(&d->link);
    }
    return r;
}
