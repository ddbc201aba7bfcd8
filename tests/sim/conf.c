/* SPDX-License-Identifier: MIT */
/* conf.c - the configuration file: its versions, and what each process sees.
 *
 * The operator's moves write it anew.  A fault breaks it, hides it, or shows a
 * process an older version for a while.
 */
#include "sim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { VERSIONS = 24, VARIANTS = 8 };

struct version {
    char text[1024];
    size_t len;
    int64_t written;
};

static struct version version[VERSIONS];
static int n_versions, variant;
static int64_t lags_until[PROCS], gone_until, broken_until;
static int64_t true_at; /* when it could be read last, as far as is known */
static int lags_at[PROCS];
/* As the operator wants it. */
static bool on, listed;
static int64_t since_ms;
static int cut;

int conf_variants(void)
{
    return VARIANTS;
}

int old_side(void)
{
    return variant % 2 ? ROCKET : KAFKA;
}

int64_t conf_since(void)
{
    return since_ms;
}

bool conf_again(void)
{
    return variant / 2 % 2;
}

bool conf_flies(void)
{
    return variant / 4;
}

const char *side_name(int side)
{
    return side == KAFKA ? "kafka" : "rocketmq";
}

static struct version *append(int64_t at)
{
    struct version *v;

    if (n_versions == VERSIONS) /* the last one is written over, as a new one */
        n_versions--;
    v = &version[n_versions++];
    v->written = at;
    return v;
}

static void write_text(int64_t at)
{
    struct version *v = append(at);
    char since[32] = "null";

    if (since_ms)
        snprintf(since, sizeof(since), "%lld", (long long)since_ms);
    v->len = (size_t)snprintf(
        v->text, sizeof(v->text),
        "{\"app\":\"a\",\"store\":{\"url\":\"sim:\",\"timeout_ms\":%d},"
        "\"sides\":{\"kafka\":{},\"rocketmq\":{}},"
        "\"topics\":[{\"topic\":\"t\",\"group\":\"g\",\"old\":\"%s\","
        "\"new\":\"%s\",\"switch\":%s,\"since\":%s,\"cut\":\"%d%%\","
        "\"allow\":[%s],\"lease_ms\":%d,\"handler_ms\":%d,\"settle_ms\":%d,"
        "\"keep_ms\":%d,\"policy_max_age_ms\":1000,\"pause_ms\":%d,"
        "\"pause_max_ms\":200,\"tries\":%d,\"in_doubt\":\"%s\","
        "\"clock_margin_ms\":%d}]}",
        TIMEOUT_MS, side_name(old_side()), side_name(!old_side()),
        on ? "true" : "false", since, cut, listed ? "\"vip\"" : "", LEASE_MS,
        HANDLER_MS, SETTLE_MS, KEEP_MS, PAUSE_MS, TRIES,
        conf_again() ? "again" : "park", MARGIN_MS);
}

void conf_reset(int number)
{
    variant = number;
    n_versions = 0;
    on = listed = false;
    since_ms = 0;
    cut = 0;
    gone_until = broken_until = 0;
    true_at = BEGIN_US;
    memset(lags_until, 0, sizeof(lags_until));
    write_text(BEGIN_US - 10000 * MS);
}

const char *conf_text(int number, size_t *len)
{
    *len = version[number].len;
    return version[number].text;
}

int64_t conf_written(int number)
{
    return version[number].written;
}

int conf_version(int proc)
{
    if (gone_until > sim_now)
        return -ENOENT;
    if (proc != NOBODY && lags_until[proc] > sim_now)
        return lags_at[proc];
    return n_versions - 1;
}

void conf_move(const struct move *mv)
{
    if (!since_ms)
        since_ms = sim_now / MS;
    switch (mv->kind) {
    case M_ON:       on = true; break;
    case M_OFF:      on = false; break;
    case M_CUT:      cut = mv->value; break;
    case M_ALLOW:    listed = true; break;
    case M_DISALLOW: listed = false; break;
    default:         break;
    }
    conf_is_stale();
    broken_until = 0; /* what he writes is whole again */
    write_text(sim_now);
    tally[T_RELOADED]++;
    trace("the file: switch %s, cut %d%%, allow list %s", on ? "on" : "off",
          cut, listed ? "vip" : "empty");
}

/* 1000 ms it may be old, and some more until the keeper looks. */
bool conf_is_stale(void)
{
    if (gone_until <= sim_now && broken_until <= sim_now)
        true_at = sim_now;
    if (sim_cur != NOBODY && lags_until[sim_cur] > sim_now - 1300 * MS)
        return false; /* what it saw was whole */
    return sim_now - true_at > 1300 * MS;
}

static void mend(void *arg)
{
    (void)arg;
    if (broken_until <= sim_now)
        write_text(sim_now);
}

static void spoil(int64_t length)
{
    struct version *v = append(sim_now);

    v->len = (size_t)snprintf(v->text, sizeof(v->text), "{\"app\": oops");
    broken_until = sim_now + length;
    sched_at(broken_until, mend, NULL);
}

void conf_fault(const struct fault *f)
{
    if (gone_until <= sim_now && broken_until <= sim_now)
        true_at = sim_now;
    if (f->kind == F_CONF_GONE) {
        gone_until = sim_now + f->length;
    } else if (f->kind == F_CONF_BROKEN) {
        spoil(f->length);
    } else {
        lags_at[f->target] = n_versions - 1;
        lags_until[f->target] = sim_now + f->length;
    }
}
