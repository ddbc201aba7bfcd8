/* SPDX-License-Identifier: MIT */
/* redis.c - a hostile Redis: the store gets any bytes for answers.  Whatever
 * they are, each result is one that plugin.h allows, nothing is read beyond
 * what came, and it ends.
 *
 * Input: how many calls, and in the upper half of the byte how many bytes come
 * at once (0: as few as are waited for); their kinds (4); then the bytes of all
 * answers.  Then the connection is closed.  Dialling, sending and receiving are this file's (linked with --wrap).
 */
#include "fuzz.h"

#include "../../lib/stores.h"
#include "../../lib/stores/dial.h"
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int __wrap_mqm__dial(const struct dial_address *a, struct dial_places *places,
                     int64_t end_us);
ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags);

enum { SWAPS = 3, DIALS = 4 };

static struct input wire;
static size_t piece;
static int dials;

int __wrap_mqm__dial(const struct dial_address *a, struct dial_places *places,
                     int64_t end_us)
{
    (void)a;
    (void)places;
    (void)end_us;
    return dials++ < DIALS ? open("/dev/null", O_RDWR) : -ECONNREFUSED;
}

ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags)
{
    static volatile unsigned char last;

    (void)fd;
    (void)flags;
    MUST(n > 0);
    last = ((const unsigned char *)buf)[n - 1]; /* all of it can be read */
    (void)last;
    return (ssize_t)n;
}

ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags)
{
    size_t len = piece;
    const uint8_t *p;

    (void)fd;
    if (flags & MSG_PEEK) {
        errno = EAGAIN;
        return -1;
    }
    len = len < n ? len : n;
    p = take_bytes(&wire, &len);
    memcpy(buf, p, len);
    return (ssize_t)len;
}

static void sound_cell(const struct mqm_cell *c)
{
    MUST(c->version < MQM_ASK && c->age_ms >= 0 && c->len <= MQM_VALUE_MAX);
}

static void sound_result(const struct mqm_swap *s)
{
    MUST(s->result == MQM_OK || s->result == MQM_LOST ||
         s->result == MQM_DOUBT || (s->result < 0 && s->result > -4096));
    if (s->result < 0)
        return;
    sound_cell(&s->now);
    MUST(s->expect != MQM_ASK || s->result != MQM_OK);
    MUST(s->result != MQM_OK || s->now.version > s->expect);
    MUST(s->result != MQM_OK || s->now.version > 0);
    MUST(s->result != MQM_LOST || s->now.version != s->expect);
    MUST(s->result != MQM_DOUBT || s->now.version == 0);
}

static void swap(const struct mqm_store *store, void *self, unsigned kind)
{
    struct mqm_swap s[SWAPS], *at[SWAPS];
    int r, first = MQM_OK;

    memset(s, 0, sizeof(s));
    for (int i = 0; i < SWAPS; i++) {
        s[i].key = (struct mqm_key){"a/g/t", &"abcdef"[i], 2,
                                    kind & 8 ? 0 : 1700000000000 + i * 400};
        s[i].expect = kind & 16 ? MQM_ASK : kind & 32 ? 1000 : 0;
        s[i].value = "value";
        s[i].len = 5;
        s[i].flags = kind & 64 ? (unsigned)MQM_SWAP_LISTED : 0;
        s[i].flags |= kind & 128 ? (unsigned)MQM_SWAP_ANYWAY : 0;
        s[i].keep_ms = 1000;
        s[i].result = 4711;
        at[i] = &s[i];
    }
    r = store->swap(self, at, SWAPS);
    for (int i = 0; i < SWAPS; i++) {
        sound_result(&s[i]);
        if (first == MQM_OK && s[i].result < 0)
            first = s[i].result;
    }
    MUST(first < 0 ? r < 0 : r == MQM_OK);
    MUST(r == MQM_OK || mqm_errmsg()[0]);
}

static int visit(void *user, const struct mqm_key *key,
                 const struct mqm_cell *cell)
{
    unsigned char id[MQM_ID_MAX];
    int *left = user;

    MUST(key->id_len > 0 && key->id_len <= MQM_ID_MAX && key->born_ms >= 0);
    memcpy(id, key->id, key->id_len);
    MUST(cell->version > 0);
    sound_cell(cell);
    return --*left > 0 ? 0 : 77;
}

static void one_call(const struct mqm_store *store, void *self, unsigned kind)
{
    int64_t from = -1, created = -1;
    int left = 1000, r;

    if (kind % 4 < 2) {
        swap(store, self, kind);
    } else if (kind % 4 == 2) {
        r = store->list(self, "a/g/t", visit, &left);
        MUST(r <= 0 || r == 77);
    } else {
        r = store->memory(self, "a/g/t", kind & 16 ? 5 : 0, &from, &created);
        MUST(r < 0 || (from >= 0 && created >= 0));
    }
    MUST(is_plain(mqm_errmsg()));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mqm_setting settings[] = {
        {"url", "redis://u:pw@h:1/3", 1}, {"timeout_ms", "2000", 0}};
    const struct mqm_store *store = mqm__store_redis.store;
    struct input in = {data, size};
    uint8_t first = take_byte(&in);
    size_t calls = 1 + first % 4;
    unsigned kinds[4];
    void *self = NULL;

    for (size_t i = 0; i < 4; i++)
        kinds[i] = take_byte(&in);
    wire = in;
    piece = 1 + (size_t)(first >> 4) * 16;
    dials = 0;
    mqm__clear_error();
    if (store->open(&self, &fuzz_host, settings, 2) < 0) {
        MUST(!self && mqm_errmsg()[0] && is_plain(mqm_errmsg()));
        return 0;
    }
    for (size_t i = 0; i < calls; i++)
        one_call(store, self, kinds[i]);
    store->close(self);
    return 0;
}
