/* SPDX-License-Identifier: MIT */
/* check.c - would a consumer with this configuration come up and work?  And
 * doctor: is everything set up so that no message is lost?
 *
 * Each line of the first is a thing that was tried, not one that was read: the
 * store is asked for a message of each topic, the plugins are loaded, the
 * brokers are asked for the topics.  The doctor goes on from there: a line a
 * finding of the library.  Nothing is written.
 */
#include "ctl.h"
#include "print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct check {
    struct ctl *c;
    struct json json;
    int bad, warnings;
};

/* One line.  why and remedy: "" for none. */
static void put(struct check *k, const char *level, const char *what,
                const char *name, const char *why, const char *remedy)
{
    if (k->c->given & CTL_JSON) {
        json_open(&k->json, '{');
        json_text(&k->json, "level", level);
        json_text(&k->json, "what", what);
        json_text(&k->json, "name", name);
        json_bool(&k->json, "ok", strcmp(level, "ok") == 0);
        json_text(&k->json, "why", why);
        json_text(&k->json, "remedy", remedy);
        json_close(&k->json, '}');
        return;
    }
    printf("%-6s %s ", level, what);
    put_text(stdout, name);
    if (why[0] != '\0') {
        fputs(": ", stdout);
        put_text(stdout, why);
    }
    if (remedy[0] != '\0') {
        fputs("\n       remedy: ", stdout);
        put_text(stdout, remedy);
    }
    putchar('\n');
}

/* Something that was tried: ok without a `why`. */
static void line(struct check *k, const char *what, const char *name,
                 const char *why)
{
    k->bad += why != NULL;
    put(k, why == NULL ? "ok" : "error", what, name, why != NULL ? why : "",
        "");
}

/* Ask the store for a message that cannot be there. */
static int ask(struct check *k, const struct mqm_topic_info *info)
{
    struct mqm_record rec = MQM_RECORD_INIT;
    struct mqm_msg msg = MQM_MSG_INIT;
    char id[MQM_ID_LEN + 1];
    int r = mqm_new_id(id);

    if (r < 0)
        return r;
    msg.side = info->old_side;
    msg.group = info->group;
    msg.topic = info->topic;
    msg.id = id;
    msg.id_len = MQM_ID_LEN;
    return mqm_inspect(k->c->m, &msg, &rec);
}

/* An adapter that cannot tell is no error. */
static void check_side_of(struct check *k, const char *side,
                          const struct mqm_topic_info *info)
{
    char name[192];
    const int r = mqm_probe(k->c->m, side, info->group, info->topic);

    snprintf(name, sizeof(name), "%s: %s (%s)%s", side, info->topic,
             info->group, r == -ENOTSUP ? ", which cannot be asked" : "");
    line(k, "side", name, r == 0 || r == -ENOTSUP ? NULL : story(r));
}

static int check_topic(void *user, const struct mqm_topic_info *info)
{
    struct check *k = user;
    char name[160];
    const int r = ask(k, info);

    snprintf(name, sizeof(name), "%s (%s)", info->topic, info->group);
    line(k, "topic", name, r != 0 ? story(r) : NULL);
    if (info->switched && info->since_ms == 0)
        line(k, "topic", name, "the switch is on but its moment is not set, so "
                               "the old side gets all: 'mqmctl since'");
    check_side_of(k, info->old_side, info);
    check_side_of(k, info->new_side, info);
    return 0;
}

static int check_plugin(void *user, const struct mqm_plugin_info *info)
{
    struct check *k = user;
    char what[32];

    snprintf(what, sizeof(what), "%s", info->kind != NULL ? info->kind : "?");
    line(k, what, info->name != NULL ? info->name : "?",
         info->result >= 0 ? NULL
                           : (info->why != NULL ? info->why
                                                : story(info->result)));
    return 0;
}

static int check_all(struct check *k, unsigned flags)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    int r;

    opts.flags = MQM_NO_KEEPER | flags;
    opts.config = k->c->config;
    r = mqm_open(&k->c->m, &opts);
    line(k, "configuration and store", k->c->config, r < 0 ? story(r) : NULL);
    if (r < 0)
        return r;
    r = mqm_topics(k->c->m, check_topic, k);
    if (r < 0)
        line(k, "topics", "", story(r));
    r = mqm_plugins(k->c->m, check_plugin, k);
    if (r < 0)
        line(k, "plugins", "", story(r));
    return r;
}

static int end(struct check *k)
{
    if (k->c->given & CTL_JSON) {
        json_close(&k->json, ']');
        putchar('\n');
    }
    if (k->bad > 0)
        return refuse("%d %s wrong", k->bad, k->bad == 1 ? "thing is"
                                                         : "things are");
    return CTL_OK;
}

static struct check begin(struct ctl *c)
{
    struct check k = {c, {0}, 0, 0};

    if (c->given & CTL_JSON)
        json_open(&k.json, '[');
    return k;
}

int cmd_check(struct ctl *c)
{
    struct check k = begin(c);

    check_all(&k, 0);
    return end(&k);
}

/* ------------------------------- the doctor ------------------------------ */

static int on_finding(void *user, const struct mqm_finding *f)
{
    static const char *const levels[] = {"ok", "warn", "loses"};
    struct check *k = user;
    char name[256];

    k->warnings += f->level == MQM_WARNING;
    k->bad += f->level == MQM_FATAL;
    if (f->topic[0] != '\0')
        snprintf(name, sizeof(name), "%s (%s): %s", f->topic, f->group,
                 f->subject);
    else
        snprintf(name, sizeof(name), "%s", f->subject);
    put(k, levels[f->level], f->part, name, f->text, f->remedy);
    return 0;
}

int cmd_doctor(struct ctl *c)
{
    struct check k = begin(c);
    int r;

    (void)check_all(&k, MQM_ANY_STORE); /* k knows what it found */
    if (c->m != NULL) {
        r = mqm_checkup(c->m, on_finding, &k);
        if (r < 0)
            line(&k, "doctor", "", story(r));
    }
    if (!(c->given & CTL_JSON))
        printf("%d wrong or will lose messages, %d %s\n", k.bad, k.warnings,
               k.warnings == 1 ? "warning" : "warnings");
    return end(&k);
}
