/* SPDX-License-Identifier: MIT */
/* cell.c - how a cell lies in a node, and where; and what we remember of some.
 *
 *     byte 0      'u', or 'l' if list() visits it: this is format 1
 *     1 to 8      version, big endian
 *     9 to 14     forget_ms: by the server's clock
 *     15 to 20    born_ms
 *     from 21     the value
 *
 * When it was written is the node's mtime, by the server's clock.
 *
 * Versions are microseconds, so half of the numbers are enough, and the next
 * one is always there.
 *
 * What is remembered of a cell is used only long before the node may be
 * forgotten: one that was removed and made again begins its dataVersion anew.
 * So forget_ms never becomes less, whatever keep_ms a later change asks for:
 * what others remember, and what one wrote last (identity.c), relies on it.
 */
#include "zk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(unsigned char *to, uint64_t x, size_t n)
{
    for (; n > 0; x >>= 8)
        to[--n] = (unsigned char)(x & 255);
}

static uint64_t take(const unsigned char *from, size_t n)
{
    uint64_t x = 0;

    for (size_t i = 0; i < n; i++)
        x = x << 8 | from[i];
    return x;
}

static uint64_t time48(int64_t ms)
{
    if (ms < 0)
        return 0;
    return (uint64_t)(ms < ZK_TIME_MAX ? ms : ZK_TIME_MAX);
}

size_t zk_cell_write(unsigned char *to, const struct zk_cell *cell)
{
    to[0] = cell->listed ? 'l' : 'u';
    put(to + 1, cell->version, 8);
    put(to + 9, time48(cell->forget_ms), 6);
    put(to + 15, time48(cell->born_ms), 6);
    if (cell->len > 0)
        memcpy(to + ZK_CELL_HEAD, cell->value, cell->len);
    return ZK_CELL_HEAD + cell->len;
}

int zk_cell_read(const unsigned char *p, size_t len, struct zk_cell *cell)
{
    if (len < ZK_CELL_HEAD || len > ZK_CELL_HEAD + MQM_VALUE_MAX ||
        (p[0] != 'l' && p[0] != 'u'))
        return -1;
    cell->listed = p[0] == 'l';
    cell->version = take(p + 1, 8);
    cell->forget_ms = (int64_t)take(p + 9, 6);
    cell->born_ms = (int64_t)take(p + 15, 6);
    cell->len = len - ZK_CELL_HEAD;
    cell->value = p + ZK_CELL_HEAD;
    return cell->version > 0 && cell->version <= INT64_MAX ? 0 : -1;
}

void zk_cell_tell(const struct zk *z, const struct zk_cell *cell,
                  int64_t mtime_ms, struct mqm_cell *now)
{
    int64_t age_ms = zk_now_ms(z) - (int64_t)time48(mtime_ms);

    now->version = cell->version;
    now->age_ms = age_ms > 0 ? age_ms : 0;
    now->len = cell->len;
    memcpy(now->value, cell->value, cell->len);
}

/* -------------------------------- places -------------------------------- */

uint64_t zk_hash(const void *p, size_t len)
{
    const unsigned char *c = p;
    uint64_t h = 14695981039346656037U;

    for (size_t i = 0; i < len; i++)
        h = (h ^ c[i]) * 1099511628211U;
    return h ^ h >> 29;
}

/* 1024 of bucket_ms each lie in one OUTER, which so has as many children at
 * most; ids without a time are spread over as many. */
void zk_bucket_of(const struct zk_space *space, const struct mqm_key *key,
                  struct zk_bucket *bucket)
{
    int64_t at = key->born_ms / space->bucket_ms;

    if (key->born_ms > 0) {
        snprintf(bucket->outer, sizeof(bucket->outer), "t%012llx",
                 (unsigned long long)(at >> 10));
        snprintf(bucket->inner, sizeof(bucket->inner), "%03x",
                 (unsigned)(at & 1023));
    } else {
        snprintf(bucket->outer, sizeof(bucket->outer), "h");
        snprintf(bucket->inner, sizeof(bucket->inner), "%03x",
                 (unsigned)(zk_hash(key->id, key->id_len) & 1023));
    }
}

int64_t zk_bucket_from(const struct zk_space *space, const char *outer,
                       const char *inner)
{
    unsigned long long at;

    if (outer[0] != 't')
        return 0;
    at = strtoull(outer + 1, NULL, 16) << 10 | strtoull(inner, NULL, 16);
    if (at > (unsigned long long)(INT64_MAX / space->bucket_ms))
        return INT64_MAX;
    return (int64_t)at * space->bucket_ms;
}

static void put_hex(char *to, const struct mqm_key *key)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *id = key->id;

    for (size_t i = 0; i < key->id_len; i++) {
        *to++ = digits[id[i] >> 4];
        *to++ = digits[id[i] & 15];
    }
    *to = '\0';
}

void zk_cell_path(const struct zk *z, const struct zk_space *space,
                  const struct mqm_key *key, char *path)
{
    struct zk_bucket b;
    int n;

    zk_bucket_of(space, key, &b);
    n = snprintf(path, ZK_PATH_MAX, "%s/%08x/%s/%s/", z->root,
                 (unsigned)space->number, b.outer, b.inner);
    put_hex(path + n, key);
}

void zk_index_path(const struct zk *z, const struct zk_space *space,
                   const struct mqm_key *key, char *path)
{
    unsigned shard = (unsigned)(zk_hash(key->id, key->id_len) % ZK_SHARDS);
    struct zk_bucket b;
    int n;

    zk_bucket_of(space, key, &b);
    n = snprintf(path, ZK_PATH_MAX, "%s/%08x/open/%02x/%s.%s.", z->root,
                 (unsigned)space->number, shard, b.outer, b.inner);
    put_hex(path + n, key);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int zk_unhex(const char *hex, unsigned char *id, size_t *len)
{
    size_t n = strlen(hex);

    if (n == 0 || n % 2 != 0 || n / 2 > MQM_ID_MAX)
        return -1;
    for (size_t i = 0; i < n / 2; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

        if (high < 0 || low < 0)
            return -1;
        id[i] = (unsigned char)(high << 4 | low);
    }
    *len = n / 2;
    return 0;
}

/* --------------------------- what is remembered -------------------------- */

static struct zk_memo *memo_at(const struct zk *z,
                               const struct zk_space *space,
                               const struct mqm_key *key)
{
    uint64_t h = zk_hash(key->id, key->id_len) + space->number * 31U;

    return &z->memos[h % ZK_CACHE];
}

/* Not so near to its end that a process which stands still before it sends
 * could meet another cell of the same number: longer than a session lasts, and
 * the servers refuse what it sends. */
const struct zk_memo *zk_memo_find(const struct zk *z,
                                   const struct zk_space *space,
                                   const struct mqm_key *key, uint64_t version)
{
    int64_t margin_ms = 2 * z->timeout_ms + z->session_ms + 1000;
    const struct zk_memo *memo = memo_at(z, space, key);

    if (memo->version != version || memo->number != space->number ||
        memo->id_len != key->id_len || key->id_len > ZK_CACHE_ID ||
        memcmp(memo->id, key->id, key->id_len) != 0)
        return NULL;
    if (memo->born_ms != key->born_ms ||
        memo->forget_ms < zk_now_ms(z) + margin_ms)
        return NULL;
    return memo;
}

void zk_memo_put(struct zk *z, const struct zk_space *space,
                 const struct mqm_key *key, const struct zk_memo *memo)
{
    struct zk_memo *at = memo_at(z, space, key);

    if (key->id_len > ZK_CACHE_ID)
        return;
    *at = *memo;
    at->born_ms = key->born_ms;
    at->number = space->number;
    at->id_len = (uint8_t)key->id_len;
    memcpy(at->id, key->id, key->id_len);
}
