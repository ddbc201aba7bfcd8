/* SPDX-License-Identifier: MIT */
/* store.c - cells in ZooKeeper: the table of calls.  See zk.h.
 *
 *     zk://host:port,host:port/path      /mqm where there is no path
 */
#include "../../lib/stores/setting.h"
#include "../../lib/stores/swaps.h"
#include "zk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct zk_hint;

static int store_memory(void *self, const char *name, int64_t raise_ms,
                        int64_t *memory_from_ms, int64_t *created_ms)
{
    const struct zk_space up = {.memory_from_ms = raise_ms,
                                .forgot_unborn = raise_ms > 0};
    struct zk *z = self;
    struct zk_space *space = NULL;
    int r = zk_ready(z);

    if (r == MQM_OK)
        r = zk_space_need(z, name, &space);
    if (r == MQM_OK)
        r = zk_space_refresh(z, space);
    if (r == MQM_OK && raise_ms > space->memory_from_ms)
        r = zk_space_raise(z, space, &up);
    if (r != MQM_OK)
        return r;
    *memory_from_ms = space->memory_from_ms;
    *created_ms = z->created_ms;
    return MQM_OK;
}

/* -------------------------------- settings ------------------------------ */

static int bad_url(struct zk *z)
{
    return z->host->fail(z->host, -EINVAL,
                         "store.url has to be zk://host:port,host:port/path, "
                         "with a path of up to %d letters, digits, '.', '_', "
                         "'-' and '/'",
                         ZK_ROOT_MAX - 16);
}

/* The client wants "host:port"; 2181 is what everybody uses. */
static int read_hosts(struct zk *z, const char *from, size_t len)
{
    size_t room = len + 1, at = 0;

    for (size_t i = 0; i < len; i++)
        room += from[i] == ',' ? 5 : 0;
    z->hosts = calloc(1, room + 5);
    if (!z->hosts)
        return z->host->fail(z->host, -ENOMEM,
                             "zookeeper store: out of memory");
    while (len > 0) {
        const char *comma = memchr(from, ',', len);
        size_t n = comma ? (size_t)(comma - from) : len;

        if (n == 0 || memchr(from, '@', n))
            return bad_url(z);
        at += (size_t)snprintf(z->hosts + at, room + 5 - at, "%s%.*s%s",
                               at > 0 ? "," : "", (int)n, from,
                               memchr(from, ':', n) ? "" : ":2181");
        from += n + (comma ? 1 : 0);
        len -= n + (comma ? 1 : 0);
    }
    return at > 0 ? MQM_OK : bad_url(z);
}

static int read_path(struct zk *z, const char *path)
{
    size_t len = strlen(path);

    while (len > 0 && path[len - 1] == '/')
        len--;
    snprintf(z->root, sizeof(z->root), "/mqm");
    if (len == 0)
        return MQM_OK;
    if (len > ZK_ROOT_MAX - 16)
        return bad_url(z);
    snprintf(z->root, sizeof(z->root), "%.*s", (int)len, path);
    if (!mqm__space_valid(z->root) || strstr(z->root, "//") ||
        strstr(z->root, "/.") || strcmp(z->root, "/zookeeper") == 0)
        return bad_url(z);
    return MQM_OK;
}

static int read_auth(struct zk *z)
{
    const char *user = z->auth;

    if (!user)
        return MQM_OK;
    if (strncmp(user, "digest:", 7) != 0 || !strchr(user + 7, ':'))
        return z->host->fail(z->host, -EINVAL,
                             "store.auth has to be 'digest:user:password'");
    z->acl = &ZOO_CREATOR_ALL_ACL;
    return MQM_OK;
}

static int read_settings(struct zk *z, const struct mqm_setting *settings,
                         size_t n)
{
    const struct mqm__setting table[] = {
        {"timeout_ms", NULL, &z->timeout_ms, 1, 600000},
        {"session_ms", NULL, &z->session_ms, 200, 600000},
        {"bucket_ms", NULL, &z->bucket_ms, 100, 3600000},
        {"auth", &z->auth, NULL, 0, 0}};
    const char *url = mqm__settings_url(z->host, "zk://", settings, n);
    size_t hosts;
    int r;

    if (!url)
        return -EINVAL;
    r = mqm__settings_read(z->host, "zookeeper", table, 4, settings, n);
    hosts = strcspn(url, "/");
    if (r == MQM_OK)
        r = read_auth(z);
    if (r == MQM_OK)
        r = read_hosts(z, url, hosts);
    if (r == MQM_OK)
        r = read_path(z, url + hosts);
    return r;
}

/* ----------------------------- open and close --------------------------- */

static void store_close(void *self)
{
    struct zk *z = self;

    if (!z)
        return;
    zk_session_end(z);
    zk_spaces_free(z);
    free(z->hosts);
    free(z->memos);
    free(z->items);
    free(z->texts);
    free(z->hints);
    free(z);
}

static int store_open(void **self, const struct mqm_host *host,
                      const struct mqm_setting *settings, size_t n)
{
    struct zk *z = calloc(1, sizeof(*z));
    int r;

    if (!z)
        return host->fail(host, -ENOMEM, "zookeeper store: out of memory");
    z->host = host;
    z->timeout_ms = 2000;
    z->session_ms = 6000;
    z->bucket_ms = 4000;
    z->acl = &ZOO_OPEN_ACL_UNSAFE;
    zk_session_init(z);
    z->memos = calloc(ZK_CACHE, sizeof(*z->memos));
    z->texts = calloc(ZK_GROUP, sizeof(*z->texts));
    r = zk_forget_init(z);
    if (r == MQM_OK && z->memos && z->texts)
        r = read_settings(z, settings, n);
    else
        r = host->fail(host, -ENOMEM, "zookeeper store: out of memory");
    if (r == MQM_OK)
        r = zk_ready(z);
    if (r < 0)
        store_close(z);
    else
        *self = z;
    return r;
}

static const struct mqm_store store = {
    .size = sizeof(struct mqm_store),
    .flags = MQM_STORE_SHARED | MQM_STORE_DURABLE,
    .open = store_open,
    .close = store_close,
    .swap = zk_swap,
    .list = zk_list,
    .memory = store_memory,
    .tick = zk_tick,
    .checkup = zk_checkup,
};

MQM_PLUGIN = {sizeof(struct mqm_plugin), "zk", "1", &store, NULL};
