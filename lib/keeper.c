/* SPDX-License-Identifier: MIT */
/* keeper.c - what has to be done now and then: read the policy again, renew
 * the leases of handlers that run, report, let the store forget.
 *
 * One thread, or mqm_tick() of a program that wants none.
 */
#include "core.h"
#include "error.h"
#include "run.h"

#include <errno.h>
#include <time.h>

enum { BEAT_MS = 100, RELOAD_MS = 500, STORE_MS = 1000 };

static void store_tick(mqm *m)
{
    const struct mqm_store *s = m->store.table->store;
    int r = 0;

    if (s->size >= offsetof(struct mqm_store, tick) + sizeof(s->tick) &&
        s->tick) {
        mqm__combine_enter(&m->combine);
        r = s->tick(m->store.self);
        mqm__combine_leave(&m->combine);
    }
    if (r < 0)
        mqm__log(m, MQM_WARN, "store: %s", mqm_errmsg());
}

static void beat(mqm *m, int64_t *reloaded, int64_t *ticked)
{
    int64_t now = mqm__mono_ms();

    mqm__renew_all(m);
    if (now - *reloaded >= RELOAD_MS) {
        *reloaded = now;
        mqm__reload_if_changed(m);
    }
    mqm__report(m);
    if (now - *ticked >= STORE_MS) {
        *ticked = now;
        store_tick(m);
    }
}

static struct timespec in_ms(int64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += ms % 1000 * 1000000;
    t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* Under the lock.  Until somebody posted, or the next beat. */
static void doze(mqm *m, int64_t ms)
{
    struct timespec until = in_ms(ms);

    while (!m->keeper_ends && !m->posted)
        if (pthread_cond_timedwait(&m->keeper_wakes, &m->lock, &until) != 0)
            break;
    m->posted = false;
}

static void *keep(void *user)
{
    int64_t reloaded = mqm__mono_ms(), ticked = reloaded;
    int64_t next = reloaded + BEAT_MS, left;
    mqm *m = user;

    pthread_mutex_lock(&m->lock);
    while (!m->keeper_ends) {
        left = next - mqm__mono_ms();
        doze(m, left > 0 ? left : 0);
        if (m->keeper_ends)
            break;
        pthread_mutex_unlock(&m->lock);
        mqm__combine_serve(&m->combine);
        if (mqm__mono_ms() >= next) {
            beat(m, &reloaded, &ticked);
            next = mqm__mono_ms() + BEAT_MS;
        }
        pthread_mutex_lock(&m->lock);
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

void mqm__posted(mqm *m)
{
    pthread_mutex_lock(&m->lock);
    m->posted = true;
    if (m->keeper_runs)
        pthread_cond_signal(&m->keeper_wakes);
    pthread_mutex_unlock(&m->lock);
}

int mqm__keeper_start(mqm *m)
{
    pthread_condattr_t attr;
    int r;

    if (pthread_condattr_init(&attr) != 0)
        return mqm__fail(-ENOMEM, "no condition variable to be had");
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    r = pthread_cond_init(&m->keeper_wakes, &attr);
    pthread_condattr_destroy(&attr);
    if (r != 0)
        return mqm__fail(-r, "no condition variable to be had");
    r = pthread_create(&m->keeper, NULL, keep, m);
    if (r != 0) {
        pthread_cond_destroy(&m->keeper_wakes);
        return mqm__fail(-r, "the keeper thread cannot be started; "
                         "MQM_NO_KEEPER and mqm_tick() do without");
    }
    m->keeper_runs = true;
    return 0;
}

void mqm__keeper_stop(mqm *m)
{
    if (!m->keeper_runs)
        return;
    pthread_mutex_lock(&m->lock);
    m->keeper_ends = true;
    pthread_cond_signal(&m->keeper_wakes);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->keeper, NULL);
    pthread_cond_destroy(&m->keeper_wakes);
    m->keeper_runs = false;
}

int mqm_tick(mqm *m)
{
    int64_t reloaded = 0, ticked = 0;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    beat(m, &reloaded, &ticked);
    return 0;
}
