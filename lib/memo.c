/* SPDX-License-Identifier: MIT */
/* memo.c - what this process did about a message, and how often, so that it
 * leaves others the time that they need before it does so once more: their
 * group, to read what was published again; a resolver, to find out.
 *
 * A table of fixed size, one place for each, where a later one takes the place
 * of an earlier one: what is forgotten is done once too often at worst.
 */
#include "hash.h"
#include "id.h"
#include "rescue.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES = 16384, DOUBLES = 8 };

struct memos {
    struct {
        uint64_t digest[2];
        struct memo memo;
    } place[PLACES];
};

static void digest_of(uint64_t out[2], const char *space,
                      const struct mqm_msg *msg, uint64_t token)
{
    unsigned char id[MQM_ID_MAX];
    size_t len = mqm__id_fold(id, msg->id, msg->id_len);
    uint64_t seed = mqm__hash64(space, strlen(space), token);

    out[0] = mqm__hash64(id, len, seed);
    out[1] = mqm__hash64(id, len, ~seed);
}

static bool is_at(const struct memos *r, size_t i, const uint64_t digest[2])
{
    return r && memcmp(r->place[i].digest, digest,
                       sizeof(r->place[i].digest)) == 0;
}

struct memo mqm__memo_get(mqm *m, const char *space, const struct mqm_msg *msg,
                          uint64_t token)
{
    struct memo memo = {0};
    uint64_t digest[2];
    size_t i;

    digest_of(digest, space, msg, token);
    i = digest[0] % PLACES;
    pthread_mutex_lock(&m->lock);
    if (is_at(m->memos, i, digest))
        memo = m->memos->place[i].memo;
    pthread_mutex_unlock(&m->lock);
    return memo;
}

/* Without memory nothing is remembered. */
void mqm__memo_put(mqm *m, const char *space, const struct mqm_msg *msg,
                   uint64_t token, int64_t at_ms)
{
    uint64_t digest[2];
    size_t i;

    digest_of(digest, space, msg, token);
    i = digest[0] % PLACES;
    pthread_mutex_lock(&m->lock);
    if (!m->memos)
        m->memos = calloc(1, sizeof(*m->memos));
    if (m->memos && !is_at(m->memos, i, digest)) {
        memcpy(m->memos->place[i].digest, digest, sizeof(digest));
        m->memos->place[i].memo.times = 0;
    }
    if (m->memos) {
        m->memos->place[i].memo.at_ms = at_ms;
        m->memos->place[i].memo.times++;
    }
    pthread_mutex_unlock(&m->lock);
}

void mqm__memo_free(mqm *m)
{
    free(m->memos);
    m->memos = NULL;
}

int64_t mqm__memo_pause(int64_t first_ms, unsigned times)
{
    return first_ms << (times > DOUBLES ? DOUBLES : times ? times - 1 : 0);
}
