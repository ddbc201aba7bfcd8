/* SPDX-License-Identifier: MIT */
/* findings.h - a library open on a store, and what a check-up of it found. */
#ifndef MQM_FINDINGS_H
#define MQM_FINDINGS_H

#include "found.h"

#include <mqmigrate/mqmigrate.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static mqm *m;
static char logged[4096]; /* warnings and errors */
static char plugins[1024]; /* where they lie; "": beside the test */

static void hear(void *user, int level, const char *text)
{
    const size_t len = strlen(logged);

    (void)user;
    if (level <= MQM_WARN)
        snprintf(logged + len, sizeof(logged) - len, "%s\n", text);
}

static int keep(void *user, const struct mqm_finding *f)
{
    char what[200];

    (void)user;
    ck_assert_uint_ge(f->size, sizeof(*f));
    ck_assert_msg(f->level == MQM_FINE || f->remedy[0] ||
                      strstr(f->text, "cannot tell"),
                  "no remedy: %s", f->text);
    snprintf(what, sizeof(what), "%s %s", f->part, f->subject);
    add_finding(f->level, what, f->text, f->remedy);
    return 0;
}

/* store: the section's members as JSON; topic: more members of the topic, from
 * a comma on. */
static int try_open(const char *store, const char *topic, unsigned flags)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    char text[4096];

    snprintf(text, sizeof(text),
             "{\"app\": \"t\", \"store\": {%s}, %s%s%s"
             " \"sides\": {\"kafka\": {\"adapter\": \"kafka\"},"
             "             \"rocketmq\": {\"adapter\": \"rocketmq\"}},"
             " \"topics\": [{\"topic\": \"rewards\", \"group\": \"issuer\","
             "   \"old\": \"kafka\", \"new\": \"rocketmq\" %s}]}",
             store, plugins[0] ? "\"plugin_dir\": \"" : "", plugins,
             plugins[0] ? "\"," : "", topic);
    logged[0] = '\0';
    o.config = text;
    o.flags = MQM_NO_KEEPER | flags;
    o.log = hear;
    mqm_close(m);
    m = NULL;
    return mqm_open(&m, &o);
}

static void examine(void)
{
    findings[0] = '\0';
    ck_assert_msg(mqm_checkup(m, keep, NULL) == 0, "%s", mqm_errmsg());
}

/* Open, look, close. */
static void look_at(const char *store, const char *topic)
{
    const int r = try_open(store, topic, MQM_ANY_STORE);

    ck_assert_msg(r == 0, "%s", mqm_errmsg());
    examine();
    mqm_close(m);
    m = NULL;
}

#endif
