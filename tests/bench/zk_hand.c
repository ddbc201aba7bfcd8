/* SPDX-License-Identifier: MIT */
/* zk_hand.c - see zk_hand.h.  The messages of a turn are children of one node,
 * some thousand, as in a bucket of the store. */
#include "zk_hand.h"

#include "guard_cycle.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADED /* the client's calls that wait */
#include <zookeeper/zookeeper.h>

enum { PATH = 80, NAME = 32, SESSION_MS = 20000, SLICE_NS = 10000000 };
enum { OPS_MAX = 2 * 1024, NO_NODE = -1 };

struct zk_hand {
    zhandle_t *zh;
    int len[2]; /* of a value */
    unsigned turn;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    size_t due; /* requests without an answer; under lock */

    size_t n; /* operations of the exchange that is made up */
    char path[OPS_MAX][PATH];
    zoo_op_t op[OPS_MAX];
    zoo_op_result_t result[OPS_MAX];
};

static const char filler[512];

static void silence(const char *message)
{
    (void)message;
}

struct zk_hand *zk_hand_open(int port)
{
    const struct timespec slice = {0, SLICE_NS};
    struct zk_hand *h = calloc(1, sizeof(*h));
    char host[32];

    must(h != NULL, "no memory");
    snprintf(host, sizeof(host), "127.0.0.1:%d", port);
    h->zh = zookeeper_init2(host, NULL, SESSION_MS, NULL, NULL, 0, silence);
    must(h->zh != NULL, "no client of ZooKeeper");
    for (int i = 0; i < 2000 && zoo_state(h->zh) != ZOO_CONNECTED_STATE; i++)
        nanosleep(&slice, NULL);
    must(zoo_state(h->zh) == ZOO_CONNECTED_STATE, "no ZooKeeper at %s", host);
    must(pthread_mutex_init(&h->lock, NULL) == 0 &&
             pthread_cond_init(&h->answered, NULL) == 0, "no mutex");
    return h;
}

void zk_hand_close(struct zk_hand *h)
{
    zookeeper_close(h->zh);
    pthread_cond_destroy(&h->answered);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

/* ------------------------- the length of its cells ------------------------ */

/* Of a node whose name is an id, at path or below; NO_NODE if there is none. */
static int cell_len(struct zk_hand *h, const char *path)
{
    struct String_vector names = {0, NULL};
    int len = NO_NODE;

    must(zoo_get_children(h->zh, path, 0, &names) == ZOK, "no %s", path);
    for (int i = 0; i < names.count && len == NO_NODE; i++) {
        char child[512];
        struct Stat stat;

        snprintf(child, sizeof(child), "%s/%s", path, names.data[i]);
        if (strlen(names.data[i]) != NAME)
            len = cell_len(h, child);
        else if (zoo_exists(h->zh, child, 0, &stat) == ZOK)
            len = stat.dataLength;
    }
    deallocate_String_vector(&names);
    return len;
}

void zk_hand_learn(struct zk_hand *h, const char *root, enum zk_hand_value v)
{
    h->len[v] = cell_len(h, root);
    must(h->len[v] > 0 && h->len[v] <= (int)sizeof(filler),
         "the store's cells do not lie below %s", root);
}

/* ------------------------------ an exchange ------------------------------- */

static void on_answer(int rc, const void *data)
{
    struct zk_hand *h = (struct zk_hand *)(uintptr_t)data;

    must(rc == ZOK, "zookeeper: %s", zerror(rc));
    pthread_mutex_lock(&h->lock);
    if (--h->due == 0)
        pthread_cond_signal(&h->answered);
    pthread_mutex_unlock(&h->lock);
}

static void on_path(int rc, const char *path, const void *data)
{
    (void)path;
    on_answer(rc, data);
}

static void on_stat(int rc, const struct Stat *stat, const void *data)
{
    (void)stat;
    on_answer(rc, data);
}

/* For message i of the turn. */
static void add(struct zk_hand *h, size_t i, enum zk_hand_value v)
{
    size_t n = h->n++;
    char *p = h->path[n];
    int at = snprintf(p, PATH, "/turn-%u/", h->turn);

    must(n < OPS_MAX, "too many operations");
    for (int k = 0; k < 16; k++)
        snprintf(p + at + 2 * k, 3, "%02x", bench_id16[i][k]);
    if (v == ZK_HAND_HELD)
        zoo_create_op_init(&h->op[n], p, filler, h->len[v],
                           &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
    else
        zoo_set_op_init(&h->op[n], p, filler, h->len[v], 0, NULL);
}

static int send_one(struct zk_hand *h, size_t n)
{
    const char *p = h->path[n];

    return h->op[n].type == ZOO_CREATE_OP
               ? zoo_acreate(h->zh, p, filler, h->len[ZK_HAND_HELD],
                             &ZOO_OPEN_ACL_UNSAFE, 0, on_path, h)
               : zoo_aset(h->zh, p, filler, h->len[ZK_HAND_DONE], 0, on_stat,
                          h);
}

static void send_from(struct zk_hand *h, size_t at, size_t group)
{
    size_t n = h->n - at < group ? h->n - at : group;
    int rc = group == 1 ? send_one(h, at)
                        : zoo_amulti(h->zh, (int)n, h->op + at, h->result + at,
                                     on_answer, h);

    must(rc == ZOK, "zookeeper: %s", zerror(rc));
}

static void exchange(struct zk_hand *h, size_t group)
{
    h->due = (h->n + group - 1) / group;
    for (size_t at = 0; at < h->n; at += group)
        send_from(h, at, group);
    pthread_mutex_lock(&h->lock);
    while (h->due > 0)
        pthread_cond_wait(&h->answered, &h->lock);
    pthread_mutex_unlock(&h->lock);
    h->n = 0;
}

/* --------------------------------- racers --------------------------------- */

static void next_turn(struct zk_hand *h)
{
    char path[PATH];

    snprintf(path, sizeof(path), "/turn-%u", ++h->turn);
    must(zoo_create(h->zh, path, "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0) ==
             ZOK, "cannot create %s", path);
}

/* The ends of one batch go with the claims of the next. */
void zk_hand_pipelined(void *self, struct lap *lap)
{
    struct zk_hand_way *way = self;
    struct zk_hand *h = way->hand;
    size_t n = way->batch;

    bench_make_ids(lap->n);
    next_turn(h);
    lap_begin(lap);
    for (size_t at = 0; at <= lap->n; at += n) {
        for (size_t i = at - n; at > 0 && i < at; i++)
            add(h, i, ZK_HAND_DONE);
        for (size_t i = at; at < lap->n && i < at + n; i++)
            add(h, i, ZK_HAND_HELD);
        exchange(h, way->group);
        lap->calls++;
    }
    lap_end(lap);
}

void zk_hand_naive(void *self, struct lap *lap)
{
    struct zk_hand_way *way = self;
    struct zk_hand *h = way->hand;

    bench_make_ids(lap->n);
    next_turn(h);
    lap_begin(lap);
    for (size_t i = 0; i < lap->n; i++) {
        add(h, i, ZK_HAND_HELD);
        exchange(h, 1);
        add(h, i, ZK_HAND_DONE);
        exchange(h, 1);
        lap->calls += 2;
    }
    lap_end(lap);
}
