/* SPDX-License-Identifier: MIT */
/* guard.h - a library open on an inline configuration, and short ways to make
 * claims and deliveries; for the tests of the guard.
 *
 * m is the handle under test, other a second one.  What they say is in said.
 */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include "../clock.h"
#include "../fakes/fault_store.h"
#include "../suite.h"
#include "message.h"

#include <mqmigrate/mqmigrate.h>

#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static mqm *m, *other;

/* What to open with; a test may change it before. */
static struct mqm_options how = MQM_OPTIONS_INIT;

/* The last lines of the log, and the calls in the audit trail. */
static char said[8192], audited[8192];
static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;

static inline void add_line(char *to, size_t size, const char *text)
{
    size_t len;

    pthread_mutex_lock(&said_lock);
    len = strlen(to);
    if (len + strlen(text) + 2 > size)
        len = 0;
    snprintf(to + len, size - len, "%s\n", text);
    pthread_mutex_unlock(&said_lock);
}

static inline void hear(void *user, int level, const char *text)
{
    (void)user, (void)level;
    add_line(said, sizeof(said), text);
}

static inline bool was_said(const char *words)
{
    bool found;

    pthread_mutex_lock(&said_lock);
    found = strstr(said, words) != NULL;
    pthread_mutex_unlock(&said_lock);
    return found;
}

static inline void note_call(void *user, const struct mqm_event *e)
{
    (void)user;
    add_line(audited, sizeof(audited), e->call);
}

/* The hook that keeps bodies, with what it is to answer. */
static int kept, keeping;
static inline int keep(void *user, const struct mqm_delivery *d)
{
    (void)user, (void)d;
    kept += keeping == 0;
    return keeping;
}

static inline const char *here(void)
{
    static char dir[1024];
    ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);

    ck_assert(n > 0);
    dir[n] = '\0';
    *strrchr(dir, '/') = '\0';
    return dir;
}

/* A configuration: the store, and more settings of its one topic. */
static inline const char *config_text(const char *store, const char *more)
{
    static char text[16384];

    snprintf(text, sizeof(text),
             "{\"sides\": {\"kafka\": {\"adapter\": \"kafka\"},\n"
             "            \"rocketmq\": {\"adapter\": \"rocketmq\"}},\n"
             " \"app\": \"t\", \"store\": {\"url\": \"%s\"},\n"
             " \"plugin_dir\": \"%s\",\n"
             " \"topics\": [{\"topic\": \"rewards\", \"group\": \"issuer\",\n"
             "   \"sides\": {\"kafka\": {\"parking\": \"\"},\n"
             "             \"rocketmq\": {\"parking\": \"\"}},\n"
             "   \"old\": \"kafka\", \"new\": \"rocketmq\" %s}]}",
             store, here(), more);
    return text;
}

static inline mqm *open_on(const char *store, const char *more)
{
    struct mqm_options o = how;
    mqm *made = NULL;
    int r;

    o.config = config_text(store, more);
    o.log = hear;
    o.audit = note_call;
    r = mqm_open(&made, &o);
    ck_assert_msg(r == 0, "%d: %s", r, mqm_errmsg());
    return made;
}

static inline void open_with(const char *more)
{
    m = open_on("memory:", more);
}

static inline void open_memory(void)
{
    open_with("");
}

/* Switched on since a minute, with a cut. */
static inline const char *switched(const char *cut, const char *more)
{
    static char text[4096];

    snprintf(text, sizeof(text), ", \"switch\": true, \"cut\": \"%s\", "
             "\"since\": %lld %s", cut, (long long)now_ms() - 60000, more);
    return text;
}

/* A file name in a folder of this test's own, removed by close_it(). */
static char temp_dir[64];

static inline const char *new_path(const char *name)
{
    static char path[4][128];
    static int n;

    if (!temp_dir[0]) {
        snprintf(temp_dir, sizeof(temp_dir), "/tmp/mqm-test-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(temp_dir));
    }
    n = (n + 1) % 4;
    snprintf(path[n], sizeof(path[n]), "%s/%s", temp_dir, name);
    return path[n];
}

/* Two handles on one file. */
static inline void open_two(const char *more)
{
    char url[200];

    snprintf(url, sizeof(url), "sqlite:%s", new_path("two.db"));
    m = open_on(url, more);
    other = open_on(url, more);
}

static inline void close_it(void)
{
    char line[128];

    mqm_close(m);
    mqm_close(other);
    m = other = NULL;
    if (!temp_dir[0])
        return;
    snprintf(line, sizeof(line), "rm -rf '%s'", temp_dir);
    ck_assert_int_eq(system(line), 0);
    temp_dir[0] = '\0';
}

/* Of the fault store: loaded once it is open. */
static inline struct fault *the_fault(void)
{
    char path[1100];
    struct fault *f;
    void *so;

    snprintf(path, sizeof(path), "%s/mqm_fault.so", here());
    so = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    ck_assert_msg(so != NULL, "%s is not loaded", path);
    f = dlsym(so, FAULT_SYMBOL);
    ck_assert_ptr_nonnull(f);
    dlclose(so);
    return f;
}

/* Ids live as long as the test. */
static inline const char *new_id(void)
{
    static char id[4096][MQM_ID_LEN + 1];
    static int n;

    ck_assert_int_eq(mqm_new_id(id[n % 4096]), 0);
    return id[n++ % 4096];
}

static inline struct mqm_claim claim(const char *side, const char *id)
{
    struct mqm_claim c = MQM_CLAIM_INIT;

    c.msg = message(side, id);
    return c;
}

static inline struct mqm_delivery delivery(const char *side, const char *id)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    d.msg = message(side, id);
    d.body = "{}";
    d.body_len = 2;
    return d;
}

static inline struct mqm_record look_at(mqm *with, const char *id)
{
    struct mqm_record r = MQM_RECORD_INIT;
    struct mqm_msg msg = message("kafka", id);
    int e = mqm_inspect(with, &msg, &r);

    ck_assert_msg(e == 0, "%d: %s", e, mqm_errmsg());
    return r;
}

static inline unsigned long long calls(mqm *of)
{
    struct mqm_stats s = MQM_STATS_INIT;

    ck_assert_int_eq(mqm_read_stats(of, &s), 0);
    return s.store_calls;
}

static inline int handle_counting(void *user, const struct mqm_delivery *d)
{
    ++*(int *)user;
    return d->token ? MQM_HANDLED : MQM_UNSURE;
}

/* Answers what user points to. */
static inline int handle_answering(void *user, const struct mqm_delivery *d)
{
    (void)d;
    return *(int *)user;
}

/* So many messages, and mqm_run() knows how fast the handler is. */
static inline void warm_up(int n)
{
    int k = 0;

    while (n-- > 0) {
        struct mqm_delivery d = delivery("kafka", new_id());

        ck_assert_int_eq(mqm_run(m, &d, 1, handle_counting, &k), MQM_OK);
    }
}

#endif
