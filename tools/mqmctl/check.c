/* SPDX-License-Identifier: MIT */
/* check.c - would a consumer with this configuration come up and work?
 *
 * Each line is a thing that was tried, not one that was read: the store is
 * asked for a message of each topic, the plugins are loaded, the brokers are
 * asked for the topics.  Nothing is written.
 */
#include "ctl.h"
#include "print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct check {
    struct ctl *c;
    struct json json;
    int bad;
};

/* One line: ok without a remedy, else an error. */
static void line(struct check *k, const char *what, const char *name,
                 const char *remedy)
{
    k->bad += remedy != NULL;
    if (k->c->given & CTL_JSON) {
        json_open(&k->json, '{');
        json_text(&k->json, "what", what);
        json_text(&k->json, "name", name);
        json_bool(&k->json, "ok", remedy == NULL);
        json_text(&k->json, "why", remedy);
        json_close(&k->json, '}');
        return;
    }
    printf("%-6s %s ", remedy == NULL ? "ok" : "error", what);
    put_text(stdout, name);
    if (remedy != NULL) {
        fputs(": ", stdout);
        put_text(stdout, remedy);
    }
    putchar('\n');
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

static int check_all(struct check *k)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    int r;

    opts.flags = MQM_NO_KEEPER;
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

int cmd_check(struct ctl *c)
{
    struct check k = {c, {0}, 0};

    if (c->given & CTL_JSON)
        json_open(&k.json, '[');
    check_all(&k);
    if (c->given & CTL_JSON) {
        json_close(&k.json, ']');
        putchar('\n');
    }
    if (k.bad > 0)
        return refuse("%d %s wrong", k.bad, k.bad == 1 ? "thing is"
                                                       : "things are");
    return CTL_OK;
}
