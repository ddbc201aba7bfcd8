/* SPDX-License-Identifier: MIT */
/* plugin.h - what a store or a broker adapter looks like to the library.
 *
 * A plugin is one constant, exported under the name MQM_PLUGIN_SYMBOL.  The
 * library reads it before it runs any of the plugin's code.
 *
 * VERSIONS   The symbol's name carries the major version of this file: a
 *            plugin for another one is not found.  Within a major version
 *            tables grow at the end only, and `size` says how much of a table
 *            its maker knew.  A function that lies beyond `size` or is NULL is
 *            a thing the plugin cannot do.  Structs without `size` never
 *            change.
 * LINKING    A plugin does not link against libmqmigrate: all that it may call
 *            is in struct mqm_host.  So it also works in a program that has
 *            the library linked in statically.
 * OWNERSHIP  Neither side frees what the other one allocated.  Arguments live
 *            during the call, host and the plugin's settings until close().
 * THREADS    Of a store the library makes one call at a time, from any thread.
 *            Of an adapter it calls poll() from one thread, the rest from any;
 *            an adapter may call the host from any thread.
 * RESULTS    As in mqmigrate.h.  A plugin gives a reason with host->fail().
 * CLOCKS     A store measures ages by its own clock, one for all who use it.
 */
#ifndef MQMIGRATE_PLUGIN_H
#define MQMIGRATE_PLUGIN_H

#include <mqmigrate/mqmigrate.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MQM_PRINTF __attribute__((format(printf, 3, 4)))
#else
#define MQM_PRINTF
#endif

/* ------------------------- what the host offers ------------------------- */

struct mqm_host {
    size_t size;
    MQM_PRINTF void (*log)(const struct mqm_host *host, int level,
                           const char *fmt, ...);

    /* Keep a message for mqm_errmsg() and return err, so that a failure is
     * reported in one line:  return host->fail(host, -EIO, "...", ...);
     * No secrets in it. */
    MQM_PRINTF int (*fail)(const struct mqm_host *host, int err,
                           const char *fmt, ...);

    /* For adapters: mqm_run() for n copies at once; any thread.  The adapter
     * fills in, of each: msg.group and msg.topic, the broker's names as
     * subscribe() got them; msg.key, the broker's own (Kafka's key, RocketMQ's
     * KEYS) or NULL; msg.born_ms, the broker's timestamp of it or 0;
     * msg.origin; body, raw, tag, lane.  Side, id and the names of the
     * configuration are filled in here, the id through header().
     * Returns when all is on record, so whatever the broker does between two
     * calls (a rebalance) finds nothing in flight.  Each d->result: MQM_OK:
     * acknowledge the copy.  Anything else: have it redelivered, after
     * d->retry_ms if the broker can wait.  Returns as mqm_run(). */
    int (*deliver)(const struct mqm_host *host, struct mqm_delivery *d,
                   size_t n);

    /* For adapters: how many copies one deliver() should be given at most,
     * 1 or more: what the handler gets through in about 200 ms at its present
     * speed, so that polls and rebalances are not kept waiting. */
    size_t (*batch)(const struct mqm_host *host);

    /* For adapters: wait ms.  0, or -ECANCELED at once when mqm_stop() was
     * called: leave the broker's callback then. */
    int (*wait)(const struct mqm_host *host, int64_t ms);

    /* For stores: how many ms ahead of the present a message may be born, since
     * producers' clocks may be off.  A store that finds that it has lost cells
     * raises memory_from to the present and so much more. */
    int64_t (*clock_margin)(const struct mqm_host *host);
};

/* One line of the plugin's section in the configuration.  A name that the
 * plugin does not know, open() refuses with -EINVAL.  Numbers and booleans come
 * as JSON text ("5", "true").  `secret`: never to appear in a text. */
struct mqm_setting {
    const char *name, *value;
    int secret;
};

/* One look at how a store or a broker is set up, for mqm_checkup(): what will
 * be expected of it, and where findings go. */
struct mqm_inquiry {
    size_t size;

    /* A finding of an mqm_level; remedy may be NULL.  Texts are copied. */
#if defined(__GNUC__)
    __attribute__((format(printf, 5, 6)))
#endif
    void (*find)(const struct mqm_inquiry *q, int level, const char *subject,
                 const char *remedy, const char *fmt, ...);

    int opening;       /* 1: mqm_open() asks, of a store: tell only what is  */
                       /*   MQM_FATAL to everybody, or hides that; in one    */
                       /*   round trip at most                               */
    int64_t rate;      /* messages a second that are expected; 0: unknown    */
    int64_t keep_ms;   /* the longest of those that are asked about          */
    int64_t records;   /* that will lie in a store at once; 0: unknown       */
    int64_t margin_ms; /* that clocks may differ by                          */
    /* Of one topic, for adapters; the names are the broker's. */
    const char *group, *topic;
    const char *parking; /* "": none                                         */
    int is_new;          /* the new side?                                    */
    int64_t since_ms;    /* 0: not set                                       */
    int64_t settle_ms;
    int64_t work_ms;     /* a handler may take so long                       */
};

/* -------------------------------- stores -------------------------------- */

/* A store is a table of versioned cells, changed by compare-and-swap.  It
 * holds no policy: what a value means, only the library knows. */

#define MQM_VALUE_MAX 384 /* most are shorter than 16 */

struct mqm_key {
    const char *space; /* app, group and topic: "shop/issuer/rewards", each  */
                       /*   of letters, digits, '.', '_' and '-'; or that    */
                       /*   and one more part: another space                 */
    const void *id;    /* 1 to MQM_ID_MAX bytes, any                         */
    size_t id_len;
    int64_t born_ms;   /* 0: unknown.  The same for all copies, so a store   */
                       /*   may file records by it and forget them by it     */
};

struct mqm_cell {
    uint64_t version; /* 0: there is no such cell                         */
    int64_t age_ms;   /* since it was written, >= 0, by the store's clock */
    size_t len;
    unsigned char value[MQM_VALUE_MAX];
};

/* expect: matches no version.  The swap is a question: MQM_LOST, and `now`. */
#define MQM_ASK UINT64_MAX

enum mqm_swap_flag {
    MQM_SWAP_LISTED = 1, /* list() shall visit it, and it does not expire    */
    MQM_SWAP_ANYWAY = 2, /* create it although it may have been forgotten    */
    MQM_SWAP_RELAXED = 4, /* may be lost if the power fails: no need to wait */
                          /*   for the disk on account of this one           */
};

struct mqm_swap {
    struct mqm_key key;
    uint64_t expect;  /* change the cell only if this is its version; 0: if  */
                      /*   there is none                                     */
    const void *value;
    size_t len;
    unsigned flags;   /* of mqm_swap_flag                                    */
    int64_t keep_ms;  /* the store may forget the cell so long after this    */
    int result;
    struct mqm_cell now; /* out, for MQM_OK, MQM_LOST and MQM_DOUBT: the     */
                         /*   cell after it.  After MQM_OK only version and  */
                         /*   age are set                                    */
};

enum mqm_store_flag {
    MQM_STORE_SHARED  = 1, /* other processes see it          */
    MQM_STORE_DURABLE = 2, /* it survives a restart           */
};

enum { MQM_STORE_BEGUN = 4 };

struct mqm_store {
    size_t size;
    unsigned flags;

    /* Settings are those of the section "store"; url comes first, always, and
     * timeout_ms is always among them. */
    int (*open)(void **self, const struct mqm_host *host,
                const struct mqm_setting *settings, size_t n);
    void (*close)(void *self);

    /* n independent swaps, in as few round trips as the store can; no key is
     * in it twice.  Each result, always set, is
     * MQM_OK: swapped; now.version is new and larger than any this key had (a
     *   fresh cell begins at Unix microseconds, so this outlives forgetting),
     *   and smaller than MQM_ASK.
     * MQM_LOST: the version did not match, nothing was changed.
     * MQM_DOUBT: there is no such cell, but one of that born_ms (or, where
     *   that is 0, any) may have been forgotten; nothing was changed.  Not
     *   with MQM_SWAP_ANYWAY, and not where a cell is.
     * < 0: it is unknown whether the swap took place.
     * Returns MQM_OK, or the first result that is negative. */
    int (*swap)(void *self, struct mqm_swap *const *s, size_t n);

    /* Optional.  Every listed cell of a space, until visit() returns other than
     * 0, which is returned then.  No other call of the store is made from
     * visit(). */
    int (*list)(void *self, const char *space,
                int (*visit)(void *user, const struct mqm_key *key,
                             const struct mqm_cell *cell),
                void *user);

    /* Cells of the space born before memory_from may have been forgotten: it
     * lies in the store and only grows; see also clock_margin().  created: when
     * this store (not this connection) began, by the clock that messages are
     * born by.  Raises memory_from to raise_ms if that is later (0: just tell).
     */
    int (*memory)(void *self, const char *space, int64_t raise_ms,
                  int64_t *memory_from_ms, int64_t *created_ms);

    /* Optional, now and then, from the keeper: forget what is due, a little at
     * a time, checkpoint. */
    int (*tick)(void *self);

    /* Optional.  Find out whether it can carry the promise as it is set up.
     * < 0 only if it cannot be reached; what it may not be asked is found. */
    int (*checkup)(void *self, const struct mqm_inquiry *q);

    /* Optional, both or none: swap() in two steps, with other work in between.
     * Up to MQM_STORE_BEGUN calls are begun and not ended; they take effect in
     * any order, and are ended in that of their begin.  Of the other functions
     * none is called meanwhile, and the caller touches neither s nor what it
     * points to.
     * swap_begin: MQM_OK: on its way.  < 0: it is over, as with swap(), and
     * not to be ended.
     * swap_end, maybe much later and from another thread: as swap(). */
    int (*swap_begin)(void *self, struct mqm_swap *const *s, size_t n);
    int (*swap_end)(void *self);
};

/* ------------------------------- adapters ------------------------------- */

/* An adapter translates: it turns a broker's messages into deliveries and does
 * with each what deliver() says.  It holds no policy either. */

struct mqm_field { /* a header; value is no string */
    const char *name;
    const void *value;
    size_t len;
};

struct mqm_adapter {
    size_t size;
    int (*open)(void **self, const struct mqm_host *host,
                const struct mqm_setting *settings, size_t n);
    void (*close)(void *self); /* returns when no deliver() is running */

    /* The broker's own names.  Before the first poll(). */
    int (*subscribe)(void *self, const char *group, const char *topic);

    /* Deliver what has come, wait for it up to timeout_ms (at most some
     * hundred ms).  MQM_OK also when nothing came. */
    int (*poll)(void *self, int timeout_ms);

    /* Optional.  A header of a copy that is being delivered (or visited by
     * scan), or NULL. */
    const void *(*header)(void *self, const struct mqm_delivery *d,
                          const char *name, size_t *len);

    /* Optional: an adapter may be for consumers only.  msg.topic is the
     * broker's name; msg.key, body, tag as they are, the id as header
     * MQM_ID_HEADER; if raw is set, with all headers of that copy (it is being
     * parked or sent again).  MQM_OK: the broker has it safely. */
    int (*publish)(void *self, const struct mqm_delivery *d);

    /* Optional.  Visit all that lies in a topic, from its beginning to its end
     * at the time of the call, as no member of any group.  Deliveries are
     * filled in as for deliver().  Until visit() returns other than 0, which
     * is returned then. */
    int (*scan)(void *self, const char *topic,
                int (*visit)(void *user, struct mqm_delivery *d), void *user);

    /* Optional.  Is the topic there, the broker in reach?  For `mqmctl check`.
     */
    int (*probe)(void *self, const char *group, const char *topic);

    /* Optional.  Visit the copy that lies at origin, a msg.origin that this
     * adapter wrote for the group and the topic, as no member of any group;
     * filled in as for deliver(), and raw has all its headers.  Where the same
     * place is found on several brokers, each of them; the host looks at the
     * ids.  Returns what visit() did; -ENOENT: nothing lies there any more. */
    int (*fetch)(void *self, const char *group, const char *topic,
                 const char *origin,
                 int (*visit)(void *user, struct mqm_delivery *d), void *user);

    /* Optional.  Visit each queue (partition) of the topic, and what else the
     * group reads on account of it, as mqm_positions(). */
    int (*positions)(void *self, const char *group, const char *topic,
                     int (*visit)(void *user, const struct mqm_position *p),
                     void *user);

    /* Optional.  Visit the headers of a copy, as far as the client can list
     * them, without the id's own. */
    int (*headers)(void *self, const struct mqm_delivery *d,
                   int (*visit)(void *user, const struct mqm_field *f),
                   void *user);

    /* Optional.  publish() for a copy that was read from the other broker: raw
     * is NULL, and its headers come along.  What this broker cannot bear is
     * left out, and said. */
    int (*publish_with)(void *self, const struct mqm_delivery *d,
                        const struct mqm_field *fields, size_t n);

    /* Optional.  scan() of the copies of the topic that the broker gave up
     * delivering to the group.  MQM_OK where there are none. */
    int (*dead)(void *self, const char *group, const char *topic,
                int (*visit)(void *user, struct mqm_delivery *d), void *user);

    /* Optional.  As a store's, for one group and topic and its parking topic.
     */
    int (*checkup)(void *self, const struct mqm_inquiry *q);

    /* Optional.  Would publish() refuse it whatever the broker says (a body
     * that is too large, a name, a key that it cannot bear)?  Asks nobody, and
     * sends nothing.  What goes to two sides is sent to the first only if both
     * say MQM_OK; < 0, with words, as publish() would. */
    int (*may_publish)(void *self, const struct mqm_delivery *d);
};

/* ------------------------------ the export ------------------------------ */

struct mqm_plugin {
    size_t size;
    const char *name;    /* "redis", "kafka": what a configuration calls it */
    const char *version; /* the plugin's own, for people                    */
    const struct mqm_store *store;     /* one of the two is set             */
    const struct mqm_adapter *adapter;
};

#define MQM_PLUGIN_SYMBOL "mqm_plugin_1"
#define MQM_PLUGIN                                                             \
    extern MQM_API const struct mqm_plugin mqm_plugin_1;                       \
    const struct mqm_plugin mqm_plugin_1

#ifdef __cplusplus
}
#endif
#endif
