/* SPDX-License-Identifier: MIT */
/* redis_reader.c - see redis_reader.h.
 *
 * hiredis calls the functions below for each item as it finds it, an array
 * before its elements.  One that returns NULL ends the reading for good.
 */
#include "redis_reader.h"

#include <hiredis/read.h>
#include <hiredis/sds.h>
#include <stdlib.h>
#include <string.h>

/* Of hiredis' own buffer: what is there from the beginning, enough for what is
 * received at once, and what it may keep when it is empty. */
enum { ROOM = 64 * 1024, KEEP_MAX = 1024 * 1024 };

struct redis_reader {
    redisReader *parser;
    int whole; /* the reply has been given out */
    size_t items, used;
    struct redis_reply item[MQM__READER_ITEMS];
    char text[MQM__READER_TEXT];
};

/* --------------------------- what hiredis calls -------------------------- */

static struct redis_reply *add(const redisReadTask *task, int type)
{
    struct redis_reader *r = task->privdata;
    struct redis_reply *item = r->item + r->items;

    if (r->items == MQM__READER_ITEMS)
        return NULL;
    r->items++;
    memset(item, 0, sizeof(*item));
    item->type = type;
    item->text = "";
    return item;
}

static void *add_text(const redisReadTask *task, char *p, size_t len)
{
    struct redis_reader *r = task->privdata;
    char *to = r->text + r->used;
    struct redis_reply *item;

    if (len >= MQM__READER_TEXT - r->used)
        return NULL;
    item = add(task, task->type == REDIS_REPLY_ERROR    ? MQM__REDIS_ERROR
                     : task->type == REDIS_REPLY_STATUS ? MQM__REDIS_STATUS
                                                        : MQM__REDIS_TEXT);
    if (!item)
        return NULL;
    memcpy(to, p, len);
    to[len] = '\0';
    r->used += len + 1;
    item->text = to;
    item->len = len;
    return item;
}

static void *add_array(const redisReadTask *task, int elements)
{
    const struct redis_reader *r = task->privdata;
    struct redis_reply *item = add(task, MQM__REDIS_ARRAY);

    if (!item || elements < 0 ||
        (size_t)elements > MQM__READER_ITEMS - r->items)
        return NULL;
    item->len = (size_t)elements;
    return item;
}

static void *add_number(const redisReadTask *task, long long x)
{
    struct redis_reply *item = add(task, MQM__REDIS_NUMBER);

    if (item)
        item->number = x;
    return item;
}

static void *add_nil(const redisReadTask *task)
{
    return add(task, MQM__REDIS_NIL);
}

static void let_go(void *item)
{
    (void)item;
}

/* -------------------------------- reading -------------------------------- */

static const redisReplyObjectFunctions into_ours = {
    add_text, add_array, add_number, add_nil, let_go};

static redisReader *new_parser(void)
{
    /* hiredis only reads them, but does not say so. */
    redisReader *parser = redisReaderCreateWithFunctions(
        (redisReplyObjectFunctions *)(uintptr_t)&into_ours);
    sds room = parser ? sdsMakeRoomFor(parser->buf, ROOM) : NULL;

    if (room) {
        parser->buf = room;
        parser->maxbuf = KEEP_MAX;
        return parser;
    }
    if (parser)
        redisReaderFree(parser);
    return NULL;
}

struct redis_reader *mqm__reader_new(void)
{
    /* The pages of it that no answer reaches cost nothing. */
    struct redis_reader *r = malloc(sizeof(*r));

    if (!r)
        return NULL;
    r->parser = new_parser();
    if (!r->parser) {
        free(r);
        return NULL;
    }
    r->parser->privdata = r;
    r->whole = 1;
    return r;
}

void mqm__reader_free(struct redis_reader *r)
{
    if (!r)
        return;
    redisReaderFree(r->parser);
    free(r);
}

size_t mqm__reader_rest(const struct redis_reader *r)
{
    return r->parser->len - r->parser->pos;
}

int mqm__reader_feed(struct redis_reader *r, const char *p, size_t len,
                     size_t due)
{
    if (mqm__reader_rest(r) / MQM__READER_AHEAD > due)
        return -1;
    return redisReaderFeed(r->parser, p, len) == REDIS_OK ? 0 : -1;
}

int mqm__reader_next(struct redis_reader *r, const struct redis_reply **reply)
{
    void *first = NULL;

    if (r->whole)
        r->items = r->used = 0;
    r->whole = 0;
    if (redisReaderGetReply(r->parser, &first) != REDIS_OK)
        return -1;
    if (!first)
        return 0;
    r->whole = 1;
    *reply = first;
    return 1;
}
