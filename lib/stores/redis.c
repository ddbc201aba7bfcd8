/* SPDX-License-Identifier: MIT */
/* redis.c - cells in Redis: the open ones of a space in one hash, the others in
 * hashes by the time when their messages were born.
 *
 *     redis_script   what runs inside Redis, and what the keys hold
 *     redis_swap     the swaps of a call as one round trip; redis_put, and
 *                    redis_settle for the answers
 *     redis_bucket   which bucket a cell lies in, and its bytes
 *     redis_session  the identity of the store
 *     redis_restore  what is done after it went back in time; redis_ring
 *     redis_checkup  is it set up to carry the records?
 *     redis_link     one connection; dial, redis_url
 */
#include "../stores.h"
#include "redis_bucket.h"
#include "redis_checkup.h"
#include "redis_restore.h"
#include "redis_script.h"
#include "redis_session.h"
#include "redis_swap.h"
#include "setting.h"
#include "swaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* STEPS_MAX: of a thousand buckets and more each. */
enum { LIST_STEP = 256, STEPS_MAX = 1 << 20 };

static int bad_space(struct redis *d, const char *space)
{
    return d->host->fail(d->host, -EINVAL, "'%.64s' is no space",
                         space ? space : "(null)");
}

/* -------------------------------- list ---------------------------------- */

/* A walk through what is open. */
struct walk {
    const char *space;
    int (*visit)(void *user, const struct mqm_key *key,
                 const struct mqm_cell *cell);
    void *user;
    int64_t now_us;
    int foreign; /* 0, or what to say of a field that is no cell */
    unsigned steps;
    char cursor[24], earlier[24];
};

/* 0: it is another store. */
static int check_identity(struct redis *d)
{
    const struct redis_reply *reply;
    int r = mqm__link_reply(&d->link, &reply);
    int answer;

    if (r < 0)
        return r;
    if (reply->type == MQM__REDIS_ERROR)
        r = mqm__link_error(&d->link, reply, &answer);
    else if (reply->type != MQM__REDIS_TEXT && reply->type != MQM__REDIS_NIL)
        r = mqm__link_nonsense(&d->link);
    return r < 0 ? r : r == MQM_OK && strcmp(reply->text, d->id) == 0;
}

/* {seconds, microseconds} */
static int take_time(struct redis *d, struct walk *w)
{
    const struct redis_reply *reply;
    int r = mqm__redis_reply(d, MQM__REDIS_ARRAY, &reply);
    int64_t s;

    if (r != MQM_OK)
        return r;
    s = mqm__redis_is_texts(reply, 2)
            ? mqm__redis_digits(reply[1].text, reply[1].len)
            : -1;
    if (s <= 0 || s > INT64_MAX / 1000000)
        return mqm__link_nonsense(&d->link);
    w->now_us = s * 1000000;
    return MQM_OK;
}

/* One that is no cell is told when the others were visited.  The field without
 * a name is none. */
static int visit_one(struct redis *d, struct walk *w,
                     const struct redis_reply *id)
{
    struct mqm_key key = {w->space, id->text, id->len, 0};
    struct mqm_cell cell;

    if (id->len == 0)
        return 0;
    if (id->len <= MQM_ID_MAX && mqm__redis_cell(id[1].text, id[1].len,
                                                 w->now_us, &cell,
                                                 &key.born_ms) == 0)
        return w->visit(w->user, &key, &cell);
    w->foreign = mqm__redis_foreign(d);
    return 0;
}

static int is_cursor(const struct redis_reply *r)
{
    return r->type == MQM__REDIS_TEXT && r->len > 0 && r->len <= 20 &&
           strspn(r->text, "0123456789") == r->len;
}

/* {cursor, {id, cell, ...}} */
static int take_cells(struct redis *d, struct walk *w)
{
    const struct redis_reply *reply, *cells;
    int r = mqm__redis_reply(d, MQM__REDIS_ARRAY, &reply);

    if (r != MQM_OK)
        return r;
    cells = reply + 2;
    if (reply->len != 2 || !is_cursor(reply + 1) || cells->len % 2 != 0 ||
        !mqm__redis_is_texts(cells, cells->len))
        return mqm__link_nonsense(&d->link);
    memcpy(w->cursor, reply[1].text, reply[1].len + 1);
    for (size_t i = 1; i <= cells->len && r == 0; i += 2)
        r = visit_one(d, w, cells + i);
    return r;
}

static int ask_step(struct redis *d, const struct walk *w)
{
    struct redis_link *l = &d->link;

    mqm__link_put(l, 3);
    mqm__link_text(l, "HGET");
    mqm__link_text(l, MQM__REDIS_STORE);
    mqm__link_text(l, "id");
    mqm__link_put(l, 1);
    mqm__link_text(l, "TIME");
    mqm__link_put(l, 5);
    mqm__link_text(l, "HSCAN");
    mqm__link_bulk2(l, MQM__REDIS_OPEN, w->space, strlen(w->space));
    mqm__link_text(l, w->cursor);
    mqm__link_text(l, "COUNT");
    mqm__link_number(l, LIST_STEP);
    return mqm__link_flush(l);
}

static int take_step(struct redis *d, struct walk *w)
{
    int same = check_identity(d);
    int r;

    if (same < 0)
        return same;
    r = take_time(d, w);
    if (r < 0)
        return r;
    if (same)
        return take_cells(d, w);
    mqm__link_drop(&d->link); /* with what it lists */
    return d->host->fail(d->host, -ESTALE,
                         "%s: it has been emptied or replaced; what it lists "
                         "is not all there was",
                         d->link.address.label);
}

/* Redis never gives a cursor twice in one walk: one that has gone round is met
 * again by one that stands still from each power of two on. */
static int goes_on(struct redis *d, struct walk *w)
{
    if (strcmp(w->cursor, "0") == 0)
        return 0;
    if (strcmp(w->cursor, w->earlier) == 0 || ++w->steps >= STEPS_MAX) {
        mqm__link_drop(&d->link);
        return d->host->fail(d->host, -EPROTO,
                             "%s: its HSCAN does not end; is that a Redis?",
                             d->link.address.label);
    }
    if ((w->steps & (w->steps - 1)) == 0)
        memcpy(w->earlier, w->cursor, sizeof(w->earlier));
    return 1;
}

static int store_list(void *self, const char *space,
                      int (*visit)(void *user, const struct mqm_key *key,
                                   const struct mqm_cell *cell),
                      void *user)
{
    struct redis *d = self;
    struct walk w = {space, visit, user, 0, 0, 0, "0", ""};
    int r = MQM_OK;

    if (!mqm__space_valid(space))
        return bad_space(d, space);
    do {
        r = mqm__redis_ready(d);
        if (r >= 0)
            r = ask_step(d, &w);
        if (r == MQM_OK)
            r = take_step(d, &w);
        if (r == MQM_OK)
            r = goes_on(d, &w);
    } while (r == 1);
    return r == MQM_OK ? w.foreign : r;
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

/* 1: it is another store than we knew. */
static int take_memory(struct redis *d, int64_t *from)
{
    const struct redis_reply *reply;
    int r = mqm__redis_script_reply(d, MQM__REDIS_TEXT, &reply);

    if (r != MQM_OK)
        return r;
    *from = mqm__redis_digits(reply->text, reply->len);
    return *from < 0 ? mqm__link_nonsense(&d->link) : MQM_OK;
}

/* It must not be lost either, as far as there is memory for that. */
static void keep_raised(struct redis *d, const char *space, int64_t raise_ms)
{
    long i = d->lossy && raise_ms > 0 ? mqm__ring_space(&d->ring, space) : -2;

    if (i >= 0 && d->ring.spaces[i].raised_ms < raise_ms)
        d->ring.spaces[i].raised_ms = raise_ms;
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
        r = again ? mqm__redis_hello(d) : mqm__link_in_vain(&d->link);
    }
    if (r < 0)
        return r;
    keep_raised(d, space, raise_ms);
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

/* Redis forgets by itself.  One that may lose its last moments has to know of
 * us, and gets back what it lost although nobody calls.  That it is away, those
 * are told who need it. */
static int store_tick(void *self)
{
    struct redis *d = self;
    int r;

    if (!d->lossy)
        return MQM_OK;
    r = mqm__redis_ready(d);
    if (r >= 0 && mqm__redis_put_beat(d)) {
        r = mqm__link_flush(&d->link);
        if (r >= 0)
            (void)mqm__redis_take_beat(d);
    }
    return MQM_OK;
}

static void store_close(void *self)
{
    struct redis *d = self;

    if (!d)
        return;
    mqm__redis_leave(d);
    mqm__ring_close(&d->ring);
    mqm__link_free(&d->link);
    memset(d->link.address.password, 0, sizeof(d->link.address.password));
    for (size_t i = 0; i < MQM_STORE_BEGUN; i++)
        free(d->flight[i].group);
    free(d);
}

static int set_up(struct redis *d, const struct mqm_setting *settings, size_t n)
{
    int64_t remember_kb = 8192;
    const char *path = NULL, *user = NULL, *password = NULL, *rest;
    const struct mqm__setting table[] = {
        {"timeout_ms", NULL, &d->link.timeout_ms, 1, 600000},
        {"connect_timeout_ms", NULL, &d->link.connect_timeout_ms, 1, 600000},
        {"user", &user, NULL, 0, 0},
        {"password", &password, NULL, 0, 0},
        {"unix", &path, NULL, 0, 0},
        {"bucket_ms", NULL, &d->bucket_set, 1, 86400000},
        {"restore_ms", NULL, &d->restore_ms, 1, 3600000},
        {"remember_kb", NULL, &remember_kb, 1, 4194303}};
    int r = mqm__settings_read(d->host, "redis", table,
                               sizeof(table) / sizeof(table[0]), settings, n);

    if (r < 0)
        return r;
    rest = mqm__settings_url(d->host, "redis://", settings, n);
    if (!rest)
        return -EINVAL;
    d->ring_size = (size_t)remember_kb * 1024;
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
    d->restore_ms = 10000;
    mqm__link_init(&d->link, host);
    r = set_up(d, settings, n);
    if (r < 0)
        store_close(d);
    else
        *self = d;
    return r;
}

static const struct mqm_store store = {
    .size = sizeof(struct mqm_store),
    .flags = MQM_STORE_SHARED | MQM_STORE_DURABLE,
    .open = store_open,
    .close = store_close,
    .swap = store_swap,
    .list = store_list,
    .memory = store_memory,
    .tick = store_tick,
    .checkup = mqm__redis_checkup,
    .swap_begin = store_swap_begin,
    .swap_end = store_swap_end,
};

const struct mqm_plugin mqm__store_redis = {
    sizeof(struct mqm_plugin), "redis", "1", &store, NULL,
};
