/* SPDX-License-Identifier: MIT */
/* plugin.c - see plugin.h. */
#define _GNU_SOURCE /* dladdr() */
#include "plugin.h"
#include "error.h"
#include "side.h"
#include "stores.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct mqm_plugin *const mqm__builtin[] = {
    &mqm__store_sqlite, &mqm__store_redis, &mqm__store_memory, NULL};

/* -------------------------------- finding -------------------------------- */

/* The folder that this library was loaded from. */
static void beside_us(char *out, size_t size)
{
    static const char here;
    Dl_info info;
    const char *end;

    out[0] = '\0';
    if (!dladdr(&here, &info) || !info.dli_fname)
        return;
    end = strrchr(info.dli_fname, '/');
    if (end)
        snprintf(out, size, "%.*s/mqmigrate", (int)(end - info.dli_fname),
                 info.dli_fname);
    else
        snprintf(out, size, "mqmigrate");
}

static void path_of(char *out, size_t size, const char *dir, const char *name)
{
    char ours[1024];

    if (strchr(name, '/')) {
        snprintf(out, size, "%s", name);
        return;
    }
    beside_us(ours, sizeof(ours));
    snprintf(out, size, "%s/mqm_%s.so", dir ? dir : ours, name);
}

static int judge(const struct mqm_plugin *p, const char *path, int kind)
{
    const struct mqm_store *s;
    const struct mqm_adapter *a;

    if (p->size < sizeof(*p) || !p->name)
        return mqm__fail(-EINVAL, "%s: its %s is too short (%zu bytes, %zu "
                         "wanted): built for another version?", path,
                         MQM_PLUGIN_SYMBOL, p->size, sizeof(*p));
    s = p->store;
    a = p->adapter;
    if (kind == PLUGIN_STORE ? !s : !a)
        return mqm__fail(-EINVAL, "%s: '%s' is no %s", path, p->name,
                         kind == PLUGIN_STORE ? "store" : "adapter");
    if (kind == PLUGIN_STORE &&
        (s->size < offsetof(struct mqm_store, checkup) || !s->open ||
         !s->close || !s->swap || !s->memory))
        return mqm__fail(-EINVAL, "%s: store '%s' lacks open, close, swap or "
                         "memory", path, p->name);
    if (kind == PLUGIN_ADAPTER &&
        (a->size < offsetof(struct mqm_adapter, header) || !a->open ||
         !a->close || !a->subscribe || !a->poll))
        return mqm__fail(-EINVAL, "%s: adapter '%s' lacks open, close, "
                         "subscribe or poll", path, p->name);
    return 0;
}

static int load_file(const struct mqm_plugin **out, const char *path, int kind)
{
    const struct mqm_plugin *p;
    void *so;

    if (access(path, R_OK) != 0)
        return mqm__fail(-ENOENT, "plugin %s: %s; correct the name, set "
                         "plugin_dir, or give its path%s", path,
                         strerror(errno), kind == PLUGIN_STORE
                             ? " (built in: sqlite, redis, memory)" : "");
    so = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!so)
        return mqm__fail(-ELIBACC, "plugin %s", dlerror());
    p = dlsym(so, MQM_PLUGIN_SYMBOL);
    dlclose(so); /* it stays: RTLD_NODELETE */
    if (!p)
        return mqm__fail(-ELIBBAD, "%s has no symbol %s: no plugin, or one for "
                         "another version of the library", path,
                         MQM_PLUGIN_SYMBOL);
    *out = p;
    return judge(p, path, kind);
}

int mqm__plugin_load(const struct mqm_plugin **out, const char *dir,
                     const char *name, int kind, char *path, size_t size)
{
    char file[2048];

    for (size_t i = 0; kind == PLUGIN_STORE && mqm__builtin[i]; i++) {
        if (strcmp(mqm__builtin[i]->name, name) != 0)
            continue;
        *out = mqm__builtin[i];
        if (path)
            snprintf(path, size, "built in");
        return 0;
    }
    path_of(file, sizeof(file), dir, name);
    if (path)
        snprintf(path, size, "%s", file);
    return load_file(out, file, kind);
}

/* ------------------------- the host that it gets ------------------------- */

__attribute__((format(printf, 3, 4)))
static void host_log(const struct mqm_host *host, int level, const char *fmt,
                     ...)
{
    const struct plugin *p = (const struct plugin *)host;
    char text[768];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    mqm__log(p->m, level, "%s: %s",
             p->side ? p->side->name : p->table->name, text);
}

__attribute__((format(printf, 3, 4)))
static int host_fail(const struct mqm_host *host, int err, const char *fmt, ...)
{
    va_list ap;

    (void)host;
    va_start(ap, fmt);
    mqm__vfail(err, fmt, ap);
    va_end(ap);
    return err;
}

static int64_t host_clock_margin(const struct mqm_host *host)
{
    return mqm__clock_margin(((const struct plugin *)host)->m);
}

static const struct mqm_host host_table = {
    .size = sizeof(struct mqm_host), .log = host_log, .fail = host_fail,
    .deliver = mqm__deliver, .batch = mqm__batch, .wait = mqm__host_wait,
    .clock_margin = host_clock_margin};

/* ------------------------------- open, close ----------------------------- */

int mqm__plugin_open(struct plugin *p, const char *dir, const char *name,
                     const struct section *section, int kind)
{
    int r = mqm__plugin_load(&p->table, dir, name, kind, NULL, 0);

    if (r < 0)
        return r;
    p->host = host_table;
    p->self = NULL;
    if (kind == PLUGIN_STORE)
        r = p->table->store->open(&p->self, &p->host, section->settings,
                                  section->n);
    else
        r = p->table->adapter->open(&p->self, &p->host, section->settings,
                                    section->n);
    return r;
}

void mqm__plugin_close(struct plugin *p)
{
    if (p->table && p->table->store)
        p->table->store->close(p->self);
    else if (p->table)
        p->table->adapter->close(p->self);
    p->table = NULL;
}

int mqm__store_scheme(const char *url, char *name, size_t size)
{
    const char *colon = strchr(url, ':');
    size_t len = colon ? (size_t)(colon - url) : 0;

    if (len == 0 || len >= size)
        return mqm__fail(-EINVAL, "store.url '%.20s' has no scheme; say "
                         "sqlite:/path/file.db, redis://host:port or memory:",
                         url);
    memcpy(name, url, len);
    name[len] = '\0';
    return 0;
}
