/* SPDX-License-Identifier: MIT */
/* redis_session.c - see redis_session.h. */
#include "redis_session.h"

#include "redis_script.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------ answers --------------------------------- */

int mqm__redis_foreign(struct redis *d)
{
    return d->host->fail(d->host, -EIO,
                         "%s: under a key of this store (mqm:...) lies "
                         "something else: give it a database of its own",
                         d->link.address.label);
}

int mqm__redis_script_reply(struct redis *d, int type,
                            const struct redis_reply **reply)
{
    int r = mqm__link_reply(&d->link, reply);
    int answer;

    if (r < 0)
        return r;
    if ((*reply)->type == MQM__REDIS_ERROR)
        return mqm__link_error(&d->link, *reply, &answer);
    return (*reply)->type == type ? MQM_OK : mqm__link_nonsense(&d->link);
}

/* Nothing else is answered so that it has to be sent again. */
int mqm__redis_reply(struct redis *d, int type,
                     const struct redis_reply **reply)
{
    int r = mqm__redis_script_reply(d, type, reply);

    return r == 1 ? mqm__link_nonsense(&d->link) : r;
}

static int skip_status(struct redis *d)
{
    const struct redis_reply *reply;

    return mqm__redis_reply(d, MQM__REDIS_STATUS, &reply);
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

int mqm__redis_is_texts(const struct redis_reply *r, size_t n)
{
    if (r->type != MQM__REDIS_ARRAY || r->len != n)
        return 0;
    for (size_t i = 1; i <= n; i++)
        if (r[i].type != MQM__REDIS_TEXT)
            return 0;
    return 1;
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

/* One that did so already when it was looked at was let pass then. */
static int known_policy(struct redis *d, const char *policy)
{
    const int evicts = strcmp(policy, "noeviction") != 0;

    if (!evicts || !d->judged || d->evicts) {
        d->evicts = evicts;
        return MQM_OK;
    }
    return d->host->fail(d->host, -EINVAL,
                         "%s: makes room by forgetting records "
                         "(maxmemory-policy %.40s): set it to noeviction",
                         d->link.address.label, policy);
}

/* r: {id, created, now, floor, how it makes room} */
static int know_store(struct redis *d, const struct redis_reply *r)
{
    int64_t created_ms, now_ms, floor_ms;

    if (!mqm__redis_is_texts(r, 5))
        return mqm__link_nonsense(&d->link);
    created_ms = mqm__redis_digits(r[2].text, r[2].len);
    now_ms = mqm__redis_digits(r[3].text, r[3].len);
    floor_ms = mqm__redis_digits(r[4].text, r[4].len);
    if (now_ms < 0)
        return mqm__link_nonsense(&d->link);
    if (created_ms < 0 || floor_ms < 0 || r[1].len == 0 ||
        r[1].len > MQM__REDIS_IDENTITY || strlen(r[1].text) != r[1].len)
        return mqm__redis_foreign(d);
    if (known_policy(d, r[5].text) < 0)
        return -EINVAL;
    if (d->id[0] && strcmp(d->id, r[1].text) != 0)
        raise_floor(d, mqm__floor_of(d->host, now_ms),
                    "it has been emptied or replaced");
    if (floor_ms > 0)
        floor_ms = mqm__floor_of(d->host, floor_ms);
    raise_floor(d, floor_ms, "it was restarted without \"appendfsync always\""
                             ", or another one took over");
    memcpy(d->id, r[1].text, r[1].len + 1);
    d->created_ms = created_ms;
    return MQM_OK;
}

int mqm__redis_hello(struct redis *d)
{
    const struct redis_reply *reply;
    int r;

    send_hello(d);
    r = mqm__link_flush(&d->link);
    if (r == MQM_OK)
        r = mqm__redis_reply(d, MQM__REDIS_ARRAY, &reply);
    return r < 0 ? r : know_store(d, reply);
}

static int take_sum(struct redis *d)
{
    const struct redis_reply *reply;
    int r = mqm__redis_reply(d, MQM__REDIS_TEXT, &reply);

    if (r < 0)
        return r;
    if (reply->len != MQM__REDIS_SUM)
        return mqm__link_nonsense(&d->link);
    memcpy(d->swap_sum, reply->text, reply->len + 1);
    return MQM_OK;
}

/* {"appendfsync", "always"}.  Who may not ask does not know. */
static int take_sync(struct redis *d)
{
    const struct redis_reply *reply;
    int r = mqm__link_reply(&d->link, &reply);

    if (r < 0)
        return r;
    d->synced = mqm__redis_is_texts(reply, 2) &&
                strcmp(reply[2].text, "always") == 0;
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
    mqm__link_bulk2(&d->link, mqm__redis_script_swap, mqm__redis_script_swap_2,
                    strlen(mqm__redis_script_swap_2));
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
        mqm__link_refused(&d->link);
    } else {
        mqm__link_accepted(&d->link);
    }
    return r;
}
