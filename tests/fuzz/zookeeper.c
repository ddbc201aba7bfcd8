/* SPDX-License-Identifier: MIT */
/* zookeeper.c - a ZooKeeper with anything in its nodes: each request of the
 * store is answered from the input.  Whatever that is, each result is one that
 * plugin.h allows, and it ends: what lies beyond the input is a lost
 * connection.
 *
 * Input: the path of the url, a line; calls (1), their kinds (4); then of each
 * answer: what it is (1), numbers (6 each), length and data.
 *
 * This file stands in for batch.c and session.c of plugins/zookeeper.
 */
#include "fuzz.h"

#include "../../plugins/zookeeper/zk.h"
#include "host.h"

#include <errno.h>

extern const struct mqm_plugin mqm_plugin_1;

static struct input wire;

/* -------------------------- instead of a server ------------------------- */

struct zk_batch {
    size_t room, n;
    struct zk_slot slots[];
};

struct zk_batch *zk_batch_new(struct zk *z, size_t room)
{
    struct zk_batch *b = calloc(1, sizeof(*b) + room * sizeof(b->slots[0]));

    (void)z;
    MUST(b);
    b->room = room;
    return b;
}

void zk_batch_free(struct zk_batch *b)
{
    for (size_t i = 0; b && i < b->n; i++) {
        free(b->slots[i].data);
        free(b->slots[i].ops);
        free(b->slots[i].op_stats);
        deallocate_String_vector(&b->slots[i].names);
    }
    free(b);
}

/* Small numbers are likelier to mean something. */
static int64_t number(void)
{
    uint8_t kind = take_byte(&wire);
    uint64_t x;

    if (kind < 128)
        return kind;
    x = take_number(&wire, kind < 192 ? 6 : 8);
    return (int64_t)x;
}

static int result(uint8_t what)
{
    static const int all[] = {ZOK,         ZOK,           ZOK,
                              ZNONODE,     ZNODEEXISTS,   ZBADVERSION,
                              ZNOAUTH,     ZCONNECTIONLOSS};

    return wire.left ? all[what % 8] : ZCONNECTIONLOSS;
}

static void stamp(struct Stat *s)
{
    s->version = (int32_t)number();
    s->mtime = number();
    s->ctime = s->mtime;
    s->mzxid = number();
}

static struct zk_slot *answer(struct zk_batch *b, int *i)
{
    struct zk_slot *slot = &b->slots[b->n];

    MUST(b->n < b->room);
    *i = (int)b->n++;
    slot->rc = result(take_byte(&wire));
    slot->came_us = mqm__mono_us();
    return slot;
}

int zk_get(struct zk_batch *b, const char *path)
{
    int i;
    struct zk_slot *slot = answer(b, &i);
    size_t len = slot->rc == ZOK ? take_byte(&wire) : 0;
    const uint8_t *p;

    MUST(path[0] == '/' && strlen(path) < ZK_PATH_MAX);
    if (slot->rc != ZOK)
        return i;
    stamp(&slot->stat);
    len = len > 250 ? 2 * len : len;
    p = take_bytes(&wire, &len);
    slot->data = (unsigned char *)text_of(p, len);
    slot->len = len;
    return i;
}

int zk_children(struct zk_batch *b, const char *path)
{
    int i;
    struct zk_slot *slot = answer(b, &i);
    int32_t n = slot->rc == ZOK ? take_byte(&wire) % 4 : 0;

    MUST(path[0] == '/');
    if (n == 0)
        return i;
    slot->names.data = calloc((size_t)n, sizeof(char *));
    MUST(slot->names.data);
    slot->names.count = n;
    for (int32_t k = 0; k < n; k++)
        slot->names.data[k] = take_line(&wire);
    return i;
}

static int changed(struct zk_batch *b, const char *path)
{
    int i;
    struct zk_slot *slot = answer(b, &i);

    MUST(path[0] == '/' && strlen(path) < ZK_PATH_MAX);
    if (slot->rc == ZOK)
        stamp(&slot->stat);
    return i;
}

int zk_set(struct zk_batch *b, const char *path, const void *data, size_t len,
           int32_t version)
{
    (void)data;
    (void)len;
    (void)version;
    return changed(b, path);
}

int zk_create(struct zk_batch *b, const char *path, const void *data,
              size_t len)
{
    return zk_set(b, path, data, len, 0);
}

int zk_rights(struct zk_batch *b, const char *path)
{
    return changed(b, path);
}

int zk_delete(struct zk_batch *b, const char *path)
{
    return changed(b, path);
}

int zk_sync(struct zk_batch *b, const char *path)
{
    int i;

    (void)path;
    answer(b, &i);
    return i;
}

int zk_multi_begin(struct zk_batch *b, size_t n_ops)
{
    int i;
    struct zk_slot *slot = answer(b, &i);

    slot->n_ops = n_ops;
    slot->ops = calloc(n_ops, sizeof(*slot->ops));
    slot->op_stats = calloc(n_ops, sizeof(*slot->op_stats));
    MUST(slot->ops && slot->op_stats);
    return i;
}

void zk_multi(struct zk_batch *b, int i, const zoo_op_t *ops)
{
    struct zk_slot *slot = &b->slots[i];

    MUST(slot->n_ops > 0 && ops[0].type != 0);
    if (slot->rc == ZOK)
        stamp(&slot->op_stats[0]);
}

void zk_wait(struct zk_batch *b)
{
    (void)b;
}

struct zk_slot *zk_slot(struct zk_batch *b, int i)
{
    MUST(i >= 0 && (size_t)i < b->n);
    return &b->slots[i];
}

int64_t zk_sent_us(const struct zk_batch *b)
{
    (void)b;
    return mqm__mono_us();
}

/* -------------------------- instead of a session ------------------------ */

int zk_session_init(struct zk *z)
{
    z->s.fresh = 1;
    return MQM_OK;
}

int zk_session_ready(struct zk *z)
{
    z->deadline_us = mqm__mono_us() + 1000000;
    return z->s.fresh;
}

void zk_session_drop(struct zk *z)
{
    z->s.fresh = 1;
}

void zk_session_end(struct zk *z)
{
    (void)z;
}

int zk_fail(struct zk *z, int rc, const char *what)
{
    return z->host->fail(z->host, -EIO, "%s: %d", what, rc);
}

/* --------------------------------- calls -------------------------------- */

static void sound(const struct mqm_swap *s)
{
    MUST(s->result == MQM_OK || s->result == MQM_LOST ||
         s->result == MQM_DOUBT || (s->result < 0 && s->result > -4096));
    if (s->result < 0)
        return;
    MUST(s->now.version < MQM_ASK && s->now.age_ms >= 0);
    MUST(s->now.len <= MQM_VALUE_MAX);
    MUST(s->expect != MQM_ASK || s->result != MQM_OK);
    MUST(s->result != MQM_OK || s->now.version > s->expect);
    MUST(s->result != MQM_LOST || s->now.version != s->expect);
}

static void swap(const struct mqm_store *store, void *self, unsigned kind)
{
    static const uint64_t expects[] = {0, 0, 7, MQM_ASK, MQM_ASK - 1, 1, 2, 3};
    struct mqm_swap s[3], *at[3];
    int r;

    memset(s, 0, sizeof(s));
    for (int i = 0; i < 3; i++) {
        s[i].key = (struct mqm_key){"a/g/t", &"abcdef"[i], 2,
                                    kind & 128 ? 0 : 1700000000000 + i * 400};
        s[i].expect = expects[(kind >> 4) % 8];
        s[i].value = "value";
        s[i].len = 5;
        s[i].flags = i == 1 ? MQM_SWAP_LISTED : 0;
        s[i].keep_ms = 1000;
        s[i].result = 4711;
        at[i] = &s[i];
    }
    r = store->swap(self, at, 3);
    MUST(r <= 0);
    for (int i = 0; i < 3; i++) {
        sound(&s[i]);
        MUST(s[i].result >= 0 || r < 0);
    }
    MUST(r == 0 || mqm_errmsg()[0]);
}

static int visit(void *user, const struct mqm_key *key,
                 const struct mqm_cell *cell)
{
    (void)user;
    MUST(key->id_len > 0 && key->id_len <= MQM_ID_MAX && key->born_ms >= 0);
    MUST(cell->version > 0 && cell->version < MQM_ASK && cell->age_ms >= 0);
    MUST(cell->len <= MQM_VALUE_MAX);
    return 0;
}

static void one_call(const struct mqm_store *store, void *self, unsigned kind)
{
    int64_t from = -1, created = -1;

    switch (kind % 4) {
    case 0: swap(store, self, kind); break;
    case 1: MUST(store->list(self, "a/g/t", visit, NULL) <= 0); break;
    case 2: MUST(store->tick(self) <= 0); break;
    default:
        MUST(store->memory(self, "a/g/t", kind & 16 ? 5 : 0, &from,
                           &created) < 0 || from >= 0);
    }
    MUST(is_plain(mqm_errmsg()));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mqm_store *store = mqm_plugin_1.store;
    struct input in = {data, size};
    char *path = take_line(&in), url[600];
    struct mqm_setting settings[] = {{"url", url, 1}, {"timeout_ms", "50", 0}};
    size_t calls = 1 + take_byte(&in) % 4;
    unsigned kinds[4];
    void *self = NULL;

    snprintf(url, sizeof(url), "zk://h%s", path);
    for (size_t i = 0; i < 4; i++)
        kinds[i] = take_byte(&in);
    wire = in;
    mqm__clear_error();
    if (store->open(&self, &fuzz_host, settings, 2) < 0) {
        MUST(!self && mqm_errmsg()[0] && is_plain(mqm_errmsg()));
    } else {
        for (size_t i = 0; i < calls; i++)
            one_call(store, self, kinds[i]);
        store->close(self);
    }
    free(path);
    return 0;
}
