/* SPDX-License-Identifier: MIT */
/* redis.c - cells in Redis: the open ones of a space in one hash, the others in
 * hashes by the time when their messages were born.
 *
 *     redis_script   what runs inside Redis, and what the keys hold
 *     redis_swap     the swaps of a call as one round trip
 *     redis_bucket   which bucket a cell lies in, and its bytes
 *     redis_session  the identity of the store
 *     redis_link     one connection; redis_dial, redis_url
 */
#include "../stores.h"
#include "redis_bucket.h"
#include "redis_script.h"
#include "redis_session.h"
#include "redis_swap.h"
#include "setting.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_STEP = 256 };

static int bad_space(struct redis *d, const char *space)
{
    return d->host->fail(d->host, -EINVAL, "'%.64s' is no space",
                         space ? space : "(null)");
}

/* -------------------------------- list ---------------------------------- */

/* One step of a walk through what is open. */
struct step {
    redisReply *time;  /* {seconds, microseconds} */
    redisReply *cells; /* {cursor, {id, cell, ...}} */
};

static void step_free(struct step *step)
{
    if (step->time)
        freeReplyObject(step->time);
    if (step->cells)
        freeReplyObject(step->cells);
}

static int check_identity(struct redis *d)
{
    redisReply *reply = NULL;
    int r = mqm__link_reply(&d->link, &reply);
    int same;

    if (r < 0)
        return r;
    same = mqm__redis_is_text(reply) && strcmp(reply->str, d->id) == 0;
    freeReplyObject(reply);
    return same;
}

static int is_step(const struct step *step)
{
    const redisReply *time = step->time, *cells = step->cells;

    if (time->elements != 2 || !mqm__redis_is_text(time->element[0]) ||
        cells->elements != 2 || !mqm__redis_is_text(cells->element[0]) ||
        cells->element[1]->type != REDIS_REPLY_ARRAY ||
        cells->element[1]->elements % 2 != 0)
        return 0;
    for (size_t i = 0; i < cells->element[1]->elements; i++)
        if (!mqm__redis_is_text(cells->element[1]->element[i]))
            return 0;
    return 1;
}

static int take_step(struct redis *d, struct step *step)
{
    int same = check_identity(d);
    int r = same < 0 ? same
                     : mqm__redis_reply(d, REDIS_REPLY_ARRAY, &step->time);

    if (r == MQM_OK)
        r = mqm__redis_reply(d, REDIS_REPLY_ARRAY, &step->cells);
    if (r < 0)
        return r;
    if (same == 0) {
        r = mqm__redis_hello(d);
        return r < 0 ? r
                     : d->host->fail(d->host, -ESTALE,
                                     "%s: it has been emptied or replaced; "
                                     "what it lists is not all there was",
                                     d->link.address.label);
    }
    return is_step(step) ? MQM_OK : mqm__redis_nonsense(d);
}

static int ask_step(struct redis *d, const char *space, const char *cursor,
                    struct step *step)
{
    struct redis_link *l = &d->link;
    int r;

    mqm__link_put(l, 3);
    mqm__link_text(l, "HGET");
    mqm__link_text(l, MQM__REDIS_STORE);
    mqm__link_text(l, "id");
    mqm__link_put(l, 1);
    mqm__link_text(l, "TIME");
    mqm__link_put(l, 5);
    mqm__link_text(l, "HSCAN");
    mqm__link_bulk2(l, MQM__REDIS_OPEN, space, strlen(space));
    mqm__link_text(l, cursor);
    mqm__link_text(l, "COUNT");
    mqm__link_number(l, LIST_STEP);
    r = mqm__link_flush(l);
    return r < 0 ? r : take_step(d, step);
}

/* The field without a name is none. */
static int visit_cells(const struct step *step, const char *space,
                       int (*visit)(void *user, const struct mqm_key *key,
                                    const struct mqm_cell *cell),
                       void *user)
{
    const redisReply *cells = step->cells->element[1];
    const redisReply *s = step->time->element[0];
    int64_t now_us = mqm__redis_digits(s->str, s->len) * 1000000;

    for (size_t i = 0; i < cells->elements; i += 2) {
        const redisReply *id = cells->element[i], *c = cells->element[i + 1];
        struct mqm_key key = {space, id->str, id->len, 0};
        struct mqm_cell cell;
        int r;

        if (id->len == 0 || mqm__redis_cell(c->str, c->len, now_us, &cell,
                                            &key.born_ms) != 0)
            continue;
        r = visit(user, &key, &cell);
        if (r != 0)
            return r;
    }
    return 0;
}

static int store_list(void *self, const char *space,
                      int (*visit)(void *user, const struct mqm_key *key,
                                   const struct mqm_cell *cell),
                      void *user)
{
    struct redis *d = self;
    char cursor[24] = "0";
    int r = MQM_OK;

    if (!mqm__space_valid(space))
        return bad_space(d, space);
    do {
        struct step step = {NULL, NULL};
        const char *next = "";

        r = mqm__redis_ready(d);
        if (r >= 0)
            r = ask_step(d, space, cursor, &step);
        if (r == MQM_OK)
            r = visit_cells(&step, space, visit, user);
        if (r == MQM_OK)
            next = step.cells->element[0]->str;
        snprintf(cursor, sizeof(cursor), "%s", next);
        step_free(&step);
    } while (r == MQM_OK && strcmp(cursor, "0") != 0);
    return r;
}

/* ------------------------------- memory --------------------------------- */

static void send_memory(struct redis *d, const char *space, int64_t raise_ms)
{
    struct redis_link *l = &d->link;

    mqm__link_put(l, 8);
    mqm__link_text(l, "EVAL");
    mqm__link_text(l, mqm__redis_script_memory);
    mqm__link_text(l, "2");
    mqm__link_text(l, MQM__REDIS_STORE);
    mqm__link_bulk2(l, MQM__REDIS_SPACE, space, strlen(space));
    mqm__link_text(l, d->id);
    mqm__link_number(l, d->floor_ms);
    mqm__link_number(l, raise_ms);
}

/* 1: it is another store than we knew; now we know it. */
static int take_memory(struct redis *d, int64_t *from)
{
    redisReply *reply = NULL;
    int r = mqm__link_reply(&d->link, &reply);

    if (r < 0)
        return r;
    if (reply->type == REDIS_REPLY_ERROR) {
        r = strncmp(reply->str, "MQMSTORE", 8) == 0
                ? 1
                : mqm__link_error(&d->link, reply->str);
    } else {
        *from = mqm__redis_is_text(reply)
                    ? mqm__redis_digits(reply->str, reply->len)
                    : -1;
        if (*from < 0)
            r = mqm__redis_nonsense(d);
    }
    freeReplyObject(reply);
    return r;
}

static int store_memory(void *self, const char *space, int64_t raise_ms,
                        int64_t *memory_from_ms, int64_t *created_ms)
{
    struct redis *d = self;
    int64_t from = 0;
    int r;

    if (!mqm__space_valid(space))
        return bad_space(d, space);
    r = mqm__redis_ready(d);
    for (int again = 1; r >= 0; again--) {
        send_memory(d, space, raise_ms);
        r = mqm__link_flush(&d->link);
        if (r == MQM_OK)
            r = take_memory(d, &from);
        if (r != 1)
            break;
        r = again ? mqm__redis_hello(d)
                  : d->host->fail(d->host, -EAGAIN,
                                  "%s: it was emptied again and again",
                                  d->link.address.label);
    }
    if (r < 0)
        return r;
    *memory_from_ms = from;
    *created_ms = d->created_ms;
    return MQM_OK;
}

/* --------------------------- opening, closing --------------------------- */

static int store_swap(void *self, struct mqm_swap *const *s, size_t n)
{
    return mqm__redis_swap(self, s, n);
}

static int store_swap_begin(void *self, struct mqm_swap *const *s, size_t n)
{
    return mqm__redis_swap_begin(self, s, n);
}

static int store_swap_end(void *self)
{
    return mqm__redis_swap_end(self);
}

/* Redis forgets by itself. */
static int store_tick(void *self)
{
    (void)self;
    return MQM_OK;
}

static void store_close(void *self)
{
    struct redis *d = self;

    if (!d)
        return;
    mqm__link_free(&d->link);
    memset(d->link.address.password, 0, sizeof(d->link.address.password));
    for (size_t i = 0; i < MQM_STORE_BEGUN; i++)
        free(d->flight[i].group);
    free(d);
}

static int set_up(struct redis *d, const struct mqm_setting *settings, size_t n)
{
    const char *path = NULL, *user = NULL, *password = NULL, *rest;
    const struct mqm__setting table[] = {
        {"timeout_ms", NULL, &d->link.timeout_ms, 1, 600000},
        {"connect_timeout_ms", NULL, &d->link.connect_timeout_ms, 1, 600000},
        {"user", &user, NULL, 0, 0},
        {"password", &password, NULL, 0, 0},
        {"unix", &path, NULL, 0, 0},
        {"bucket_ms", NULL, &d->bucket_set, 1, 86400000}};
    int r = mqm__settings_read(d->host, "redis", table,
                               sizeof(table) / sizeof(table[0]), settings, n);

    if (r < 0)
        return r;
    rest = mqm__settings_url(d->host, "redis://", settings, n);
    if (!rest)
        return -EINVAL;
    r = mqm__redis_address(&d->link.address, d->host, rest, path, user,
                           password);
    if (r < 0)
        return r;
    r = mqm__redis_ready(d);
    if (r >= 0)
        r = mqm__redis_span(d);
    return r < 0 ? r : MQM_OK;
}

static int store_open(void **self, const struct mqm_host *host,
                      const struct mqm_setting *settings, size_t n)
{
    struct redis *d = calloc(1, sizeof(*d));
    int r;

    if (!d)
        return host->fail(host, -ENOMEM, "redis store: out of memory");
    d->host = host;
    mqm__link_init(&d->link, host);
    r = set_up(d, settings, n);
    if (r < 0)
        store_close(d);
    else
        *self = d;
    return r;
}

static const struct mqm_store store = {
    sizeof(struct mqm_store),
    MQM_STORE_SHARED | MQM_STORE_DURABLE,
    store_open,
    store_close,
    store_swap,
    store_list,
    store_memory,
    store_tick,
    store_swap_begin,
    store_swap_end,
};

const struct mqm_plugin mqm__store_redis = {
    sizeof(struct mqm_plugin), "redis", "1", &store, NULL,
};
