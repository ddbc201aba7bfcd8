/* SPDX-License-Identifier: MIT */
/* reload.c - the configuration in force, and how the next takes over. */
#include "core.h"
#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct snapshot *mqm__snapshot(mqm *m)
{
    struct snapshot *s;

    pthread_mutex_lock(&m->lock);
    s = m->snapshot;
    atomic_fetch_add(&s->users, 1);
    pthread_mutex_unlock(&m->lock);
    return s;
}

void mqm__snapshot_put(struct snapshot *s)
{
    if (!s || atomic_fetch_sub(&s->users, 1) != 1)
        return;
    mqm__config_free(s->config);
    free(s);
}

static int take_over(mqm *m, struct config *c)
{
    struct snapshot *s = calloc(1, sizeof(*s)), *old;

    if (!s)
        return mqm__fail(-ENOMEM, "no memory for a configuration");
    s->config = c;
    atomic_init(&s->users, 1);
    pthread_mutex_lock(&m->lock);
    old = m->snapshot;
    m->snapshot = s;
    pthread_mutex_unlock(&m->lock);
    mqm__tally_begin(m, c);
    mqm__snapshot_put(old);
    return 0;
}

static int parse(mqm *m, const char *text, size_t len, const char *where)
{
    struct config *c = NULL;
    int r = mqm__config_parse(&c, text, len, where);

    if (r < 0)
        return r;
    atomic_init(&c->confirmed_ms, mqm__mono_ms());
    if (m->snapshot)
        r = mqm__config_may_follow(m->snapshot->config, c);
    if (r == 0)
        r = mqm__tally_attach(m, c);
    if (r == 0)
        r = take_over(m, c);
    if (r < 0)
        mqm__config_free(c);
    return r;
}

/* What cannot be reached, or read for lack of memory, is read anew when it can
 * be, though it may be the file that it was: nothing is known of it till then.
 */
static int unreachable(mqm *m, int r)
{
    if (r != -EAGAIN) {
        mqm__source_file_forget(&m->source);
        m->broken = 0;
    }
    return r;
}

/* The file as it is now: 1 taken over, 0 as before.  One that is broken was
 * looked at once: it stays broken until it changes. */
static int read_file(mqm *m)
{
    char *text = NULL;
    size_t len = 0;
    int r = mqm__source_file_read(&m->source, &text, &len);

    if (r < 0)
        return unreachable(m, r);
    if (r == 0)
        return m->broken ? mqm__fail(m->broken, "%s", m->complaint) : 0;
    r = parse(m, text, len, m->source.path);
    free(text);
    if (r == -ENOMEM)
        return unreachable(m, r);
    m->broken = r < 0 ? r : 0;
    return r < 0 ? r : 1;
}

int mqm__load(mqm *m)
{
    int r;

    if (m->config_text[0] == '{')
        r = parse(m, m->config_text, strlen(m->config_text), "(inline)");
    else
        r = read_file(m);
    return r < 0 ? r : 0;
}

/* The one in force, not those before it: a call that began with an older one
 * may still decide by it, and must not give messages away for ever (rule 9). */
static void confirm(mqm *m, int64_t read_ms)
{
    struct snapshot *s = mqm__snapshot(m);

    atomic_store(&s->config->confirmed_ms, read_ms);
    mqm__snapshot_put(s);
}

/* What a broken file meant to say is not known.  So the policy is not
 * confirmed. */
int mqm__reload_if_changed(mqm *m)
{
    int64_t now;
    int r;

    if (!m->source.path)
        return 0;
    pthread_mutex_lock(&m->reload_lock);
    now = mqm__mono_ms();
    r = read_file(m);
    if (r >= 0) {
        confirm(m, now);
        if (r == 1)
            mqm__log(m, MQM_INFO, "%s: changed, in force now", m->source.path);
        m->complaint[0] = '\0';
    } else if (r != -EAGAIN && strcmp(m->complaint, mqm_errmsg()) != 0) {
        snprintf(m->complaint, sizeof(m->complaint), "%s", mqm_errmsg());
        mqm__log(m, MQM_ERROR, "the old policy stays in force: %s",
                 m->complaint);
    }
    pthread_mutex_unlock(&m->reload_lock);
    return r;
}

int mqm_reload(mqm *m)
{
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    r = mqm__reload_if_changed(m);
    return r < 0 ? r : 0;
}
