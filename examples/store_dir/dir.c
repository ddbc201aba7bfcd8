/* SPDX-License-Identifier: MIT */
/* dir.c - a store out of the tree: cells as files in a directory.
 *
 *     "store": {"url": "dir:///var/lib/shop/mqm"}
 *
 * For who writes a store of their own: all that plugin.h asks for, and nothing
 * but POSIX to do it with.  It is slow (a file and a flush a cell) and meant to
 * be read, beside docs/stores.md.  It is tried by the same contract as the
 * stores of the library.
 *
 * One call holds a lock on the directory, so it sees no other call's half.  A
 * cell is written beside its file, flushed, and renamed over it: a crash
 * leaves the old cell or the new one.
 */
#include "dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 2000 };

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t now_ms(void)
{
    return now_us() / 1000;
}

/* ------------------------- opening, and the lock ------------------------- */

/* A directory that was removed is begun anew by the next call, and what it
 * had is forgotten: the floor of all memory_from. */
static int begin(struct dir *d)
{
    struct dir_begun begun = {now_ms(), d->was_open ? now_ms() : 0};
    int r;

    if (mkdir(d->path, 0777) != 0 && errno != EEXIST)
        return dir_fail(d, "cannot make");
    d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0)
        return dir_fail(d, "cannot open");
    r = dir_lock(d, d->timeout_ms);
    if (r == 0)
        r = dir_read(d, d->fd, "begun", &d->begun, sizeof(d->begun));
    if (r == -ENOENT) {
        d->begun = begun;
        r = dir_write(d, d->fd, "begun", &begun, sizeof(begun));
    }
    dir_unlock(d);
    d->was_open = r == 0 || d->was_open;
    return r;
}

/* Take the lock, of the directory that lies at the path now. */
static int enter(struct dir *d)
{
    struct stat st;
    int r;

    if (d->fd >= 0 && (fstat(d->fd, &st) != 0 || st.st_nlink == 0)) {
        close(d->fd);
        d->fd = -1;
        return d->host->fail(d->host, -EIO, "the directory '%s' was removed: "
                             "what it had is forgotten, and messages born "
                             "before now are in doubt", d->path);
    }
    r = d->fd < 0 ? begin(d) : 0;
    return r == 0 ? dir_lock(d, d->timeout_ms) : r;
}

static int setting(struct dir *d, const struct mqm_setting *s)
{
    char *end = NULL;
    long long ms;

    if (strcmp(s->name, "timeout_ms") != 0)
        return d->host->fail(d->host, -EINVAL, "store.%s: the dir store has no "
                             "such setting; it has url, timeout_ms", s->name);
    errno = 0;
    ms = strtoll(s->value, &end, 10);
    if (errno || end == s->value || *end || ms < 1 || ms > 600000)
        return d->host->fail(d->host, -EINVAL, "store.timeout_ms is '%.32s', "
                             "but has to be a number from 1 to 600000",
                             s->value);
    d->timeout_ms = ms;
    return 0;
}

static void dir_close(void *self)
{
    struct dir *d = self;

    if (d->fd >= 0)
        close(d->fd);
    free(d);
}

static int dir_open(void **self, const struct mqm_host *host,
                    const struct mqm_setting *settings, size_t n)
{
    struct dir *d = calloc(1, sizeof(*d));
    int r = 0;

    if (!d)
        return host->fail(host, -ENOMEM, "no memory");
    d->host = host;
    d->fd = -1;
    d->timeout_ms = TIMEOUT_MS;
    if (strncmp(settings[0].value, "dir://", 6) != 0 || !settings[0].value[6])
        r = host->fail(host, -EINVAL, "store.url has to be dir://PATH");
    else
        d->path = settings[0].value + 6; /* lives until close() */
    for (size_t i = 1; i < n && r == 0; i++)
        r = setting(d, &settings[i]);
    if (r == 0)
        r = begin(d);
    if (r < 0) {
        dir_close(d);
        return r;
    }
    *self = d;
    return 0;
}

/* --------------------------------- swaps --------------------------------- */

static int check(const struct dir *d, const struct mqm_swap *s)
{
    const char *space = s->key.space;

    if (!space || !space[0] || strlen(space) > DIR_SPACE_MAX ||
        space[strspn(space, DIR_SPACE_CHARS "/")])
        return d->host->fail(d->host, -EINVAL, "'%.64s' is no space: letters, "
                             "digits, '.', '_', '-' and '/' only",
                             space ? space : "(null)");
    if (!s->key.id || s->key.id_len == 0 || s->key.id_len > MQM_ID_MAX ||
        s->len > MQM_VALUE_MAX)
        return d->host->fail(d->host, -EINVAL, "an id has 1 to %d bytes, a "
                             "value up to %d", MQM_ID_MAX, MQM_VALUE_MAX);
    return 0;
}

static int missing(struct mqm_swap *s, const struct dir_space *space)
{
    int64_t born = s->key.born_ms;
    int forgotten = born > 0 ? born < space->memory_from_ms
                             : space->forgot_unborn;

    if (forgotten && !(s->flags & MQM_SWAP_ANYWAY))
        return MQM_DOUBT;
    return s->expect == 0 ? MQM_OK : MQM_LOST;
}

static void tell(struct mqm_swap *s, const struct dir_cell *cell)
{
    int64_t age = now_ms() - cell->changed_ms;

    s->now.version = cell->version;
    s->now.age_ms = cell->version && age > 0 ? age : 0;
    s->now.len = cell->len;
    memcpy(s->now.value, cell->value, cell->len);
}

/* Not before a message of the future is that old: memory_from must stay
 * behind the present. */
static int64_t forget_ms(const struct mqm_swap *s)
{
    int64_t now = now_ms();
    int64_t from = s->key.born_ms > now ? s->key.born_ms : now;

    return s->keep_ms > INT64_MAX - from ? INT64_MAX : from + s->keep_ms;
}

static void fill(struct dir_cell *next, const struct mqm_swap *s,
                 const struct dir_cell *cell, const struct dir_space *space)
{
    uint64_t above = cell->version ? cell->version : space->version;

    memset(next, 0, sizeof(*next));
    next->version = (uint64_t)now_us();
    if (next->version <= above)
        next->version = above + 1;
    next->changed_ms = now_ms();
    next->born_ms = s->key.born_ms;
    next->forget_ms = forget_ms(s);
    next->listed = s->flags & MQM_SWAP_LISTED;
    next->id_len = (uint32_t)s->key.id_len;
    memcpy(next->id, s->key.id, s->key.id_len);
    next->len = (uint32_t)s->len;
    if (s->len)
        memcpy(next->value, s->value, s->len);
}

static int swap_one(struct dir *d, struct mqm_swap *s)
{
    struct dir_space space;
    struct dir_cell cell, next;
    char name[DIR_NAME];
    int r = dir_space_open(d, s->key.space, &space);

    if (r < 0)
        return r;
    dir_name(name, s->key.id, s->key.id_len);
    r = dir_read(d, space.fd, name, &cell, sizeof(cell));
    if (r == -ENOENT) {
        memset(&cell, 0, sizeof(cell));
        r = missing(s, &space);
    } else if (r == 0) {
        r = s->expect == cell.version ? MQM_OK : MQM_LOST;
    }
    if (r == MQM_OK) {
        fill(&next, s, &cell, &space);
        r = dir_write(d, space.fd, name, &next, sizeof(next));
        cell = next;
    }
    if (r >= 0)
        tell(s, &cell);
    close(space.fd);
    return r;
}

static int dir_swap(void *self, struct mqm_swap *const *s, size_t n)
{
    struct dir *d = self;
    int r = 0, first = 0;

    for (size_t i = 0; i < n && r == 0; i++)
        r = check(d, s[i]);
    if (r == 0)
        r = enter(d);
    for (size_t i = 0; i < n; i++) {
        s[i]->result = r < 0 ? r : swap_one(d, s[i]);
        if (s[i]->result < 0 && first == 0)
            first = s[i]->result;
    }
    dir_unlock(d);
    return first;
}

/* --------------------- listing, memory, forgetting ----------------------- */

static int dir_memory(void *self, const char *name, int64_t raise_ms,
                      int64_t *memory_from_ms, int64_t *created_ms)
{
    struct dir *d = self;
    struct dir_space space;
    int r = enter(d);

    if (r == 0)
        r = dir_space_open(d, name, &space);
    if (r == 0) {
        r = dir_space_raise(d, &space, raise_ms, 0, 0);
        *memory_from_ms = space.memory_from_ms;
        *created_ms = d->begun.created_ms;
        close(space.fd);
    }
    dir_unlock(d);
    return r;
}

struct listing {
    int (*visit)(void *, const struct mqm_key *, const struct mqm_cell *);
    void *user;
    const char *space;
};

static int show(struct dir *d, struct dir_space *space, const char *name,
                const struct dir_cell *c, void *user)
{
    const struct listing *l = user;
    struct mqm_key key = {l->space, c->id, c->id_len, c->born_ms};
    struct mqm_cell cell = {.version = c->version, .len = c->len};

    (void)d;
    (void)space;
    (void)name;
    if (!c->listed)
        return 0;
    if (now_ms() > c->changed_ms)
        cell.age_ms = now_ms() - c->changed_ms;
    memcpy(cell.value, c->value, c->len);
    return l->visit(l->user, &key, &cell);
}

static int dir_list(void *self, const char *name,
                    int (*visit)(void *user, const struct mqm_key *key,
                                 const struct mqm_cell *cell),
                    void *user)
{
    struct dir *d = self;
    struct listing l = {visit, user, name};
    int r = enter(d);

    if (r == 0)
        r = dir_each(d, name, show, &l);
    dir_unlock(d);
    return r;
}

/* First it is on record that the space forgot, then the cell goes. */
static int forget(struct dir *d, struct dir_space *space, const char *name,
                  const struct dir_cell *cell, void *user)
{
    int64_t now = now_ms(), born = cell->born_ms;
    int r;

    (void)user;
    if (cell->listed || cell->forget_ms > now)
        return 0;
    r = dir_space_raise(d, space, born ? born + 1 : 0, !born, cell->version);
    if (r == 0 && unlinkat(space->fd, name, 0) != 0)
        r = dir_fail(d, "cannot forget in");
    return r;
}

static int dir_tick(void *self)
{
    struct dir *d = self;
    int r = enter(d);

    if (r == 0)
        r = dir_each_space(d, forget);
    dir_unlock(d);
    return r;
}

static const struct mqm_store store = {
    .size = sizeof(store),
    .flags = MQM_STORE_SHARED | MQM_STORE_DURABLE,
    .open = dir_open,
    .close = dir_close,
    .swap = dir_swap,
    .list = dir_list,
    .memory = dir_memory,
    .tick = dir_tick,
};

MQM_PLUGIN = {
    .size = sizeof(struct mqm_plugin),
    .name = "dir",
    .version = "1",
    .store = &store,
};
