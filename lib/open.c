/* SPDX-License-Identifier: MIT */
/* open.c - a handle from mqm_open() to mqm_close(). */
#include "checkup.h"
#include "claim.h"
#include "error.h"
#include "plugin.h"
#include "rescue.h"
#include "side.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { RUNS_MS = 10 }; /* between two looks for runs that have not ended */

int mqm__enter(const mqm *m)
{
    if (!m)
        return mqm__fail(-EINVAL, "no handle: the mqm is NULL");
    if (m->pid != getpid())
        return mqm__fail(-ECHILD, "this handle was opened in process %ld; a "
                         "forked child opens its own with mqm_open()",
                         (long)m->pid);
    return 0;
}

void mqm__log(const mqm *m, int level, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    if (!m->opts.log)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    mqm__make_plain(text);
    m->opts.log(m->opts.user, level, text);
}

static void name_instance(mqm *m)
{
    char host[40] = "?";

    if (m->opts.instance) {
        snprintf(m->instance, sizeof(m->instance), "%s", m->opts.instance);
        return;
    }
    gethostname(host, sizeof(host));
    host[sizeof(host) - 1] = '\0';
    snprintf(m->instance, sizeof(m->instance), "%s:%ld", host, (long)m->pid);
}

static int init(mqm *m, const struct mqm_options *opts)
{
    uint64_t seed;
    int r;

    memcpy(&m->opts, opts, opts->size < sizeof(m->opts) ? opts->size
                                                        : sizeof(m->opts));
    m->pid = getpid();
    name_instance(m);
    m->config_text = strdup(opts->config);
    if (!m->config_text)
        return mqm__fail(-ENOMEM, "no memory for the configuration's name");
    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        return mqm__fail(-EIO, "getrandom(): %s", strerror(errno));
    atomic_init(&m->token_seed, seed);
    mqm__reporter_init(m);
    atomic_init(&m->pace_us, 10000);
    atomic_init(&m->wait_us, 0);
    r = mqm__limbo_init(&m->limbo);
    if (r < 0)
        return r;
    if (m->config_text[0] == '{')
        return 0;
    if (strstr(m->config_text, "://"))
        return mqm__fail(-ENOTSUP, "a configuration is read from a file, or "
                         "given inline; '%s' is an address", m->config_text);
    m->source.path = strdup(m->config_text);
    return m->source.path ? 0 : mqm__fail(-ENOMEM, "no memory for a path");
}

static int open_store(mqm *m)
{
    const struct config *c = m->snapshot->config;
    char name[32];
    int r = mqm__store_scheme(c->store.url, name, sizeof(name));

    if (r < 0)
        return r;
    m->store.m = m;
    r = mqm__plugin_open(&m->store, c->plugin_dir, name, &c->store.section,
                         PLUGIN_STORE);
    if (r < 0) {
        m->store.table = NULL;
        return mqm__fail_in(r, "store: ");
    }
    r = mqm__combine_init(&m->combine, m->store.table->store, m->store.self);
    if (r < 0) {
        mqm__plugin_close(&m->store);
        return r;
    }
    r = mqm__checkup_opening(m);
    return r < 0 ? r : mqm__check_memory(m);
}

/* The program was told that nobody may be in a call; a handler that still runs
 * is waited for all the same.  A run leaves the list as the last thing it does
 * with the handle. */
static void wait_for_runs(mqm *m)
{
    bool none = false;

    while (!none) {
        pthread_mutex_lock(&m->lock);
        none = !m->runs;
        pthread_mutex_unlock(&m->lock);
        if (!none)
            mqm__pause(RUNS_MS);
    }
}

/* What has been built so far, in the order in which it was. */
static void dispose(mqm *m)
{
    mqm__memo_free(m);
    mqm__sides_free(m); /* waits for handlers, whose leases are renewed */
    wait_for_runs(m);
    mqm__keeper_stop(m);
    if (m->store.table) {
        mqm__report_gone(m);
        mqm__plugin_close(&m->store);
        mqm__combine_destroy(&m->combine);
    }
    mqm__scratch_free(m->scratch);
    mqm__snapshot_put(m->snapshot);
    mqm__snapshot_put(m->first);
    mqm__tally_free(m->tallies);
    mqm__source_file_free(&m->source);
    mqm__limbo_destroy(&m->limbo);
    pthread_mutex_destroy(&m->reload_lock);
    pthread_mutex_destroy(&m->lock);
    free(m->config_text);
    free(m);
}

static int build(mqm *m, const struct mqm_options *opts)
{
    int r = init(m, opts);

    if (r == 0)
        r = mqm__load(m);
    if (r < 0)
        return r;
    m->first = mqm__snapshot(m);
    r = mqm__sides_new(m);
    if (r == 0)
        r = open_store(m);
    if (r == 0 && !(m->opts.flags & MQM_NO_KEEPER))
        r = mqm__keeper_start(m);
    return r;
}

static int check_options(mqm **out, const struct mqm_options *opts)
{
    if (!out || !opts)
        return mqm__fail(-EINVAL, "mqm_open() needs a place for the handle and "
                         "options");
    *out = NULL;
    if (opts->size < offsetof(struct mqm_options, instance))
        return mqm__fail(-EINVAL, "the options say their size is %zu; set them "
                         "up with MQM_OPTIONS_INIT", opts->size);
    if (!opts->config || !opts->config[0])
        return mqm__fail(-EINVAL, "the options name no config: a path, or the "
                         "configuration itself");
    return 0;
}

int mqm_open(mqm **out, const struct mqm_options *opts)
{
    int r = check_options(out, opts);
    mqm *m;

    if (r < 0)
        return r;
    m = calloc(1, sizeof(*m));
    if (!m)
        return mqm__fail(-ENOMEM, "no memory for a handle");
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->reload_lock, NULL);
    r = build(m, opts);
    if (r < 0) {
        char story[512];

        snprintf(story, sizeof(story), "%s", mqm_errmsg());
        dispose(m);
        return mqm__fail(r, "%s", story);
    }
    *out = m;
    return 0;
}

void mqm_stop(mqm *m)
{
    if (m)
        atomic_store(&m->stopped, true);
}

/* In a forked child there is nothing to close: threads and connections are the
 * parent's. */
void mqm_close(mqm *m)
{
    if (!m || m->pid != getpid())
        return;
    mqm_stop(m);
    dispose(m);
}

const char *mqm_version(void)
{
#define TEXT(x)  #x
#define TEXT2(x) TEXT(x)
    return TEXT2(MQM_VERSION_MAJOR) "." TEXT2(MQM_VERSION_MINOR) "."
           TEXT2(MQM_VERSION_PATCH);
}
