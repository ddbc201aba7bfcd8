/* SPDX-License-Identifier: MIT */
/* zk.h - the ZooKeeper store: one session, and what is known of the store.
 *
 *     store     the table of calls, settings, memory()
 *     list      list()
 *     swap      the swaps of a call in rounds; read, write
 *     forget    tick(): the walk; sweep: one bucket
 *     space     spaces and their memory
 *     identity  whose store this is
 *     cell      how a cell lies in a node, and where; what we remember
 *     batch     pipelined requests with one wait for all
 *     session   connecting, and connecting anew
 *     clock     the server's clock
 *     checkup   are the servers set up to carry the records?  word
 *
 * THE NODES, below the path of the url (/mqm where it has none):
 *
 *     ROOT                   "mqm1 " and the store's identity
 *     ROOT/clock             set now and then, to learn the server's time
 *     ROOT/name/SPACE        a space's number; '/' is written ':'
 *     ROOT/NUM               the space's record: what it may have forgotten
 *     ROOT/NUM/OUTER/INNER   a bucket: some seconds of born_ms
 *     ROOT/NUM/OUTER/INNER/ID     a cell; ID in hexadecimal
 *     ROOT/NUM/open          set with each removal: see swap.c
 *     ROOT/NUM/open/xx/OUTER.INNER.ID   a listed cell
 *
 * A number is random, so a store that was emptied and made anew has other
 * paths, and what is meant for the old one misses.
 *
 * What always holds: a cell and its node under open change in one transaction;
 * when a cell may be forgotten becomes later with a change, never sooner;
 * a cell is only removed after its space's record says so; a cell is only
 * created in a transaction that finds the record as it was read.
 */
#ifndef MQM_ZK_H
#define MQM_ZK_H

#include "../../lib/clock.h"

#include <mqmigrate/plugin.h>

#include <pthread.h>
#include <zookeeper/zookeeper.h>

enum {
    ZK_ROOT_MAX = 200,
    ZK_PATH_MAX = 640, /* root, number, bucket and an id of 128 bytes */
    ZK_GROUP = 64,     /* cells a transaction */
    ZK_CACHE = 4096,   /* what we wrote or read last */
    ZK_CACHE_ID = 32,  /* longer ids are read again */
    ZK_KNOWN = 1024,   /* buckets that are there */
    ZK_SHARDS = 64     /* of open */
};

struct zk_space {
    struct zk_space *next;
    uint32_t number;
    int32_t node; /* dataVersion of its record */
    int64_t memory_from_ms;
    int64_t forgot_unborn;
    int64_t version;                   /* the greatest of a forgotten cell */
    int64_t keep_ms;                   /* the shortest that was asked for */
    int64_t bucket_ms;                 /* the span of a bucket; never changes */
    int seen, swept_slot, record_slot; /* of the call that runs: swap.c */
    int32_t swept;
    char name[256];
};

/* A cell as we wrote or read it last: what follows needs no read before it. */
struct zk_memo {
    uint64_t version;
    int64_t forget_ms, born_ms;
    uint32_t number;
    int32_t node;
    uint8_t listed, id_len;
    unsigned char id[ZK_CACHE_ID];
};

struct zk_session {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    zhandle_t *zh;
    int state;          /* ZOO_..._STATE as the watcher told it */
    int64_t lost_us;    /* since when it is not connected; 0: it is */
    int64_t dialled_us; /* when zh was made */
    int down;           /* a wait was in vain: do not wait again */
    int fresh;          /* zh has not been introduced to the store yet */
};

struct zk_item;
struct zk_text;

struct zk {
    const struct mqm_host *host;
    int64_t timeout_ms, session_ms, bucket_ms;
    const char *auth; /* "digest:user:password" or NULL; a secret */
    const struct ACL_vector *acl;
    char *hosts;
    char root[ZK_ROOT_MAX];
    struct zk_session s;
    int64_t deadline_us;
    uint64_t calls;

    char id[24];        /* the store's identity; empty: not yet seen */
    int64_t created_ms; /* when the root was made */
    int64_t zxid;       /* the latest change that we have seen */
    struct {            /* what we wrote last: has to be there still */
        char path[ZK_PATH_MAX];
        uint64_t version;
        int64_t forget_ms;
    } witness;
    int64_t floor_ms; /* all that is older was lost with another store */
    struct zk_space *spaces;

    int clock_known;
    int64_t clock_ms;   /* server's time - our monotonic time, at least */
    int64_t sampled_us; /* when that was last confirmed */

    struct zk_memo *memos; /* ZK_CACHE of them */
    uint64_t known[ZK_KNOWN];
    int meets; /* the last claims met cells: look before creating */

    struct zk_item *items;
    size_t items_room;
    struct zk_text *texts;

    char at_space[256], at_outer[24], at_inner[8];
    char at_id[2 * MQM_ID_MAX + 2]; /* where tick() stopped */
    struct zk_hint *hints;
    int64_t tick_us; /* how long the next tick() may take */
    int64_t rest_us; /* another process forgets: leave it to that until then */
};

/* ------------------------------- session -------------------------------- */

int zk_session_init(struct zk *z);
void zk_session_end(struct zk *z);

/* Begin a call: sets the deadline, connects.  0: as before; 1: to be
 * introduced; < 0 with words. */
int zk_session_ready(struct zk *z);

/* A result of the client as one of ours, with words. */
int zk_fail(struct zk *z, int rc, const char *what);

/* The session is of no use any more (also: its store is another one). */
void zk_session_drop(struct zk *z);

/* -------------------------------- clock --------------------------------- */

#define ZK_TIME_MAX ((INT64_C(1) << 48) - 1) /* Unix ms, in 6 bytes */

void zk_clock_sample(struct zk *z, int64_t mtime_ms, int64_t sent_us,
                     int64_t came_us);
int64_t zk_now_ms(const struct zk *z); /* the server's; late, never early */
int zk_clock_is_old(const struct zk *z);

/* -------------------------------- batch --------------------------------- */

/* What one request was answered. */
struct zk_slot {
    struct zk_batch *batch;
    int rc; /* ZOPERATIONTIMEOUT until it was answered */
    int64_t came_us;
    struct Stat stat;
    size_t len;
    unsigned char *data;
    struct String_vector names; /* children */
    int32_t world;              /* what everybody may do: ZOO_PERM_... */
    size_t n_ops;               /* of a transaction */
    struct zoo_op_result *ops;
    struct Stat *op_stats;
};

/* Room for so many requests, or NULL with words. */
struct zk_batch *zk_batch_new(struct zk *z, size_t room);
void zk_batch_free(struct zk_batch *b);

/* Each sends a request and returns the number of its slot. */
int zk_get(struct zk_batch *b, const char *path);
int zk_children(struct zk_batch *b, const char *path);
int zk_rights(struct zk_batch *b, const char *path);
int zk_set(struct zk_batch *b, const char *path, const void *data, size_t len,
           int32_t version);
int zk_create(struct zk_batch *b, const char *path, const void *data,
              size_t len);
int zk_delete(struct zk_batch *b, const char *path);
int zk_sync(struct zk_batch *b, const char *path);
/* slot.op_stats[i] is where zoo_set_op_init() of the i-th has to point. */
int zk_multi_begin(struct zk_batch *b, size_t n_ops);
void zk_multi(struct zk_batch *b, int slot, const zoo_op_t *ops);

/* Wait for all.  What is not answered by the deadline keeps its
 * ZOPERATIONTIMEOUT, and its answer is dropped. */
void zk_wait(struct zk_batch *b);
struct zk_slot *zk_slot(struct zk_batch *b, int i);
int64_t zk_sent_us(const struct zk_batch *b);

/* -------------------------------- space --------------------------------- */

uint64_t zk_dice(void);

/* zk_session_ready() and the introduction. */
int zk_ready(struct zk *z);

/* The space of this name; made if there is none. */
int zk_space_need(struct zk *z, const char *name, struct zk_space **out);
/* The same, *out is NULL if there is none. */
int zk_space_find(struct zk *z, const char *name, struct zk_space **out);
int zk_space_of(struct zk *z, const char *name, uint32_t number,
                struct zk_space **out);
/* Take what a get of the record was answered. */
int zk_space_take(struct zk *z, struct zk_space *space,
                  const struct zk_slot *slot);
int zk_space_refresh(struct zk *z, struct zk_space *space);
/* Raise what is in `up`, where it is more (keep_ms: less), in the store. */
int zk_space_raise(struct zk *z, struct zk_space *space,
                   const struct zk_space *up);
void zk_spaces_free(struct zk *z);

/* -------------------------------- cell ---------------------------------- */

struct zk_cell {
    uint64_t version;
    int64_t forget_ms, born_ms;
    int listed;
    size_t len;
    const unsigned char *value;
};

enum { ZK_CELL_HEAD = 21 };

struct zk_text {
    char cell[ZK_PATH_MAX], index[ZK_PATH_MAX];
    unsigned char data[ZK_CELL_HEAD + MQM_VALUE_MAX];
};

struct zk_bucket {
    char outer[24], inner[8];
};

size_t zk_cell_write(unsigned char *to, const struct zk_cell *cell);
int zk_cell_read(const unsigned char *p, size_t len, struct zk_cell *cell);
void zk_cell_tell(const struct zk *z, const struct zk_cell *cell,
                  int64_t mtime_ms, struct mqm_cell *now);

void zk_bucket_of(const struct zk_space *space, const struct mqm_key *key,
                  struct zk_bucket *bucket);
/* The earliest born_ms of a bucket, 0 where they have none. */
int64_t zk_bucket_from(const struct zk_space *space, const char *outer,
                       const char *inner);
void zk_cell_path(const struct zk *z, const struct zk_space *space,
                  const struct mqm_key *key, char *path);
void zk_index_path(const struct zk *z, const struct zk_space *space,
                   const struct mqm_key *key, char *path);
int zk_unhex(const char *hex, unsigned char *id, size_t *len);
uint64_t zk_hash(const void *p, size_t len);

/* What is remembered of a cell at this version, or NULL. */
const struct zk_memo *zk_memo_find(const struct zk *z,
                                   const struct zk_space *space,
                                   const struct mqm_key *key,
                                   uint64_t version);
/* memo: its version, forget_ms, node and listed. */
void zk_memo_put(struct zk *z, const struct zk_space *space,
                 const struct mqm_key *key, const struct zk_memo *memo);

/* --------------------------------- calls -------------------------------- */

int zk_swap(void *self, struct mqm_swap *const *s, size_t n);
int zk_list(void *self, const char *space,
            int (*visit)(void *user, const struct mqm_key *key,
                         const struct mqm_cell *cell),
            void *user);
int zk_tick(void *self);
int zk_checkup(void *self, const struct mqm_inquiry *q);
/* What a server ("host:port", not terminated) answers to a word. */
int zk_word(const struct zk *z, const char *server, size_t len,
            const char *word, char *out, size_t size);
int zk_forget_init(struct zk *z);
void zk_forget_hint(struct zk *z, const struct zk_space *space,
                    const struct zk_bucket *bucket, int64_t forget_ms);

#endif
