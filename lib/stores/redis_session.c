/* SPDX-License-Identifier: MIT */
/* redis_session.c - see redis_session.h. */
#include "redis_session.h"

#include "redis_restore.h"
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
    struct redis_link *l = &d->link;
    char id[MQM__REDIS_IDENTITY + 1];

    make_id(id);
    if (!d->handle[0])
        make_id(d->handle);
    mqm__link_put(l, 10);
    mqm__link_text(l, "EVAL");
    mqm__link_text(l, mqm__redis_script_hello);
    mqm__link_text(l, "3");
    mqm__link_text(l, MQM__REDIS_STORE);
    mqm__link_text(l, MQM__REDIS_CLIENTS);
    mqm__link_text(l, MQM__REDIS_MISSING);
    mqm__link_text(l, id);
    mqm__link_text(l, d->sync);
    mqm__link_text(l, d->handle);
    mqm__link_number(l, d->restore_ms);
}

/* What was born before it and has no record is in doubt. */
static void raise_floor(struct redis *d, int64_t floor_ms, const char *why)
{
    if (floor_ms <= d->floor_ms)
        return;
    d->floor_ms = floor_ms;
    if (!d->id[0])
        return; /* long ago */
    d->host->log(d->host, MQM_WARN,
                 "%s: %s; messages born before %lld (Unix ms), of which it has "
                 "no record, are in doubt",
                 d->link.address.label, why, (long long)floor_ms);
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

/* Another store than we knew, or the first one. */
static void know_identity(struct redis *d, const char *id, int64_t now_ms)
{
    if (strcmp(d->id, id) == 0)
        return;
    if (d->id[0])
        raise_floor(d, mqm__floor_of(d->host, now_ms),
                    "it has been emptied or replaced");
    mqm__ring_clear(&d->ring);
    d->run[0] = '\0';
    snprintf(d->id, sizeof(d->id), "%s", id);
}

/* A bound is a birth, so no clock comes into it. */
static void know_floor(struct redis *d, int64_t floor_ms, int64_t bound_ms,
                       int64_t gone)
{
    char why[128] = "it was restarted without \"appendfsync always\", or "
                    "another one took over";

    if (gone > 0)
        snprintf(why, sizeof(why), "it went back in time, and %lld of those "
                 "who may know better did not answer", (long long)gone);
    if (floor_ms > 0)
        raise_floor(d, mqm__floor_of(d->host, floor_ms), why);
    raise_floor(d, bound_ms, why);
}

/* r: {id, created, now, floor, how it makes room, ...} */
static int know_store(struct redis *d, const struct redis_reply *r)
{
    int64_t created_ms, now_ms, floor_ms, bound_ms, gone;
    int known = d->id[0] != '\0';

    created_ms = mqm__redis_digits(r[2].text, r[2].len);
    now_ms = mqm__redis_digits(r[3].text, r[3].len);
    floor_ms = mqm__redis_digits(r[4].text, r[4].len);
    gone = mqm__redis_digits(r[9].text, r[9].len);
    bound_ms = mqm__redis_digits(r[10].text, r[10].len);
    if (now_ms < 0 || gone < 0)
        return mqm__link_nonsense(&d->link);
    if (created_ms < 0 || floor_ms < 0 || bound_ms < 0 || r[1].len == 0 ||
        r[1].len > MQM__REDIS_IDENTITY || strlen(r[1].text) != r[1].len)
        return mqm__redis_foreign(d);
    if (known_policy(d, r[5].text) < 0)
        return -EINVAL;
    know_identity(d, r[1].text, now_ms);
    know_floor(d, floor_ms, bound_ms, known ? gone : 0);
    d->created_ms = created_ms;
    return MQM_OK;
}

/* r: {..., 6: run, state, base, gone, bound}.  1: there is something to
 * restore. */
static int know_state(struct redis *d, const struct redis_reply *r,
                      uint64_t *base, int *late)
{
    int64_t x = mqm__redis_digits(r[8].text, r[8].len);
    int64_t now_ms = mqm__redis_digits(r[3].text, r[3].len);
    char state = r[7].text[0];
    int another;

    if (x < 0 || r[6].len == 0 || r[6].len > MQM__REDIS_SUM || r[7].len != 1 ||
        !strchr("0123", state))
        return mqm__link_nonsense(&d->link);
    if (state != '0' && mqm__ring_open(&d->ring, d->ring_size) < 0)
        return d->host->fail(d->host, -ENOMEM, "redis store: out of memory");
    if (strcmp(d->last_run, r[6].text) != 0) {
        d->again = 0;
        d->incomplete = 0;
    }
    another = strcmp(d->run, r[6].text) != 0;
    snprintf(d->last_run, sizeof(d->last_run), "%s", r[6].text);
    d->lossy = state != '0';
    d->restoring = state > '1';
    if (d->lossy)
        mqm__redis_registered(d, now_ms, another);
    *base = (uint64_t)x;
    *late = !d->restoring;
    return state == '3' || (another && d->run[0] && *base < d->ring.last);
}

/* 1: there is something to restore. */
static int ask_hello(struct redis *d, uint64_t *base, int *late)
{
    const struct redis_reply *reply;
    int r;

    send_hello(d);
    r = mqm__link_flush(&d->link);
    if (r == MQM_OK)
        r = mqm__redis_reply(d, MQM__REDIS_ARRAY, &reply);
    if (r != MQM_OK)
        return r;
    if (!mqm__redis_is_texts(reply, 10))
        return mqm__link_nonsense(&d->link);
    r = know_store(d, reply);
    return r < 0 ? r : know_state(d, reply, base, late);
}

int mqm__redis_hello(struct redis *d)
{
    uint64_t base = 0;
    int late = 0;
    int r;

    d->unsettled = 1;
    d->restoring = 0;
    r = ask_hello(d, &base, &late);
    if (r == 1) {
        r = mqm__redis_restore(d, base, late);
        if (r >= 0)
            r = ask_hello(d, &base, &late);
        if (r == 1)
            r = mqm__link_in_vain(&d->link);
    }
    if (r < 0)
        return r;
    memcpy(d->run, d->last_run, sizeof(d->run));
    if (d->restoring)
        return d->host->fail(d->host, -EAGAIN,
                             "%s: it went back in time, and is being restored "
                             "by those who use it", d->link.address.label);
    d->unsettled = 0;
    return MQM_OK;
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
    d->sync[0] = '\0';
    if (mqm__redis_is_texts(reply, 2) && reply[2].len <= MQM__REDIS_SYNC)
        memcpy(d->sync, reply[2].text, reply[2].len + 1);
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
    if (r == 0 && d->unsettled)
        return mqm__redis_hello(d);
    if (r != 1)
        return r;
    r = introduce(d);
    if (r < 0 && !(d->restoring && d->link.fd >= 0)) {
        mqm__link_refused(&d->link);
    } else {
        mqm__link_accepted(&d->link);
    }
    return r;
}
