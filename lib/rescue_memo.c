/* SPDX-License-Identifier: MIT */
/* rescue_memo.c - what this process has published again, and when, so that it
 * leaves its group the time to read it before it does so once more.
 *
 * A table of fixed size, one place a message, where a later one takes the place
 * of an earlier one: what is forgotten is published once too often at worst.
 */
#include "hash.h"
#include "id.h"
#include "rescue.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES = 16384 };

struct rescue_memo {
    struct {
        uint64_t digest[2];
        struct memo memo;
    } place[PLACES];
};

static void digest_of(uint64_t out[2], const char *space,
                      const struct mqm_msg *msg)
{
    unsigned char id[MQM_ID_MAX];
    size_t len = mqm__id_fold(id, msg->id, msg->id_len);
    uint64_t seed = mqm__hash64(space, strlen(space), 0);

    out[0] = mqm__hash64(id, len, seed);
    out[1] = mqm__hash64(id, len, ~seed);
}

static bool is_at(const struct rescue_memo *r, size_t i,
                  const uint64_t digest[2])
{
    return r && memcmp(r->place[i].digest, digest,
                       sizeof(r->place[i].digest)) == 0;
}

struct memo mqm__memo_get(mqm *m, const char *space, const struct mqm_msg *msg)
{
    struct memo memo = {0};
    uint64_t digest[2];
    size_t i;

    digest_of(digest, space, msg);
    i = digest[0] % PLACES;
    pthread_mutex_lock(&m->lock);
    if (is_at(m->rescued, i, digest))
        memo = m->rescued->place[i].memo;
    pthread_mutex_unlock(&m->lock);
    return memo;
}

/* Without memory nothing is remembered. */
void mqm__memo_put(mqm *m, const char *space, const struct mqm_msg *msg)
{
    uint64_t digest[2];
    size_t i;

    digest_of(digest, space, msg);
    i = digest[0] % PLACES;
    pthread_mutex_lock(&m->lock);
    if (!m->rescued)
        m->rescued = calloc(1, sizeof(*m->rescued));
    if (m->rescued && !is_at(m->rescued, i, digest)) {
        memcpy(m->rescued->place[i].digest, digest, sizeof(digest));
        m->rescued->place[i].memo.times = 0;
    }
    if (m->rescued) {
        m->rescued->place[i].memo.sent_ms = mqm__now_ms();
        m->rescued->place[i].memo.times++;
    }
    pthread_mutex_unlock(&m->lock);
}

void mqm__memo_free(mqm *m)
{
    free(m->rescued);
    m->rescued = NULL;
}
