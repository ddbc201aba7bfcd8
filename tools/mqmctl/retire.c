/* SPDX-License-Identifier: MIT */
/* retire.c - may a side be switched off?  The library says; here it is told, a
 * line for each reason why not, or for each step, and who it was that asked.
 */
#include "ctl.h"
#include "print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct retiring {
    struct ctl *c;
    struct json json;
    unsigned reasons;
};

static const char *kind_of(int level)
{
    return level == MQM_FATAL ? "no" : level == MQM_WARNING ? "note" : "step";
}

static int tell(void *user, const struct mqm_finding *f)
{
    struct retiring *s = user;

    s->reasons += f->level == MQM_FATAL;
    if (s->c->given & CTL_JSON) {
        json_open(&s->json, '{');
        json_text(&s->json, "kind", kind_of(f->level));
        json_text(&s->json, "subject", f->subject);
        json_text(&s->json, "text", f->text);
        json_text(&s->json, "remedy", f->remedy);
        json_close(&s->json, '}');
        return 0;
    }
    printf("%-5s ", f->level == MQM_FINE ? f->subject : kind_of(f->level));
    put_text(stdout, f->text);
    if (f->remedy[0] != '\0') {
        fputs("; ", stdout);
        put_text(stdout, f->remedy);
    }
    putchar('\n');
    return 0;
}

/* Whoever is at the keyboard, also behind sudo: "ops@desk". */
static const char *who_asks(char buf[64])
{
    static const char *const names[] = {"SUDO_USER", "USER", "LOGNAME"};
    char host[64] = "?";
    const char *name = NULL;

    for (size_t i = 0; i < 3 && (name == NULL || name[0] == '\0'); i++)
        name = getenv(names[i]);
    if (gethostname(host, sizeof(host)) != 0)
        host[0] = '?', host[1] = '\0';
    host[sizeof(host) - 1] = '\0';
    if (name == NULL || name[0] == '\0')
        snprintf(buf, 64, "uid %ld@%.40s", (long)getuid(), host);
    else
        snprintf(buf, 64, "%.22s@%.40s", name, host);
    return buf;
}

static int ask(struct ctl *c, const struct topic *t)
{
    struct mqm_retire_options o = MQM_RETIRE_OPTIONS_INIT;
    struct retiring s = {.c = c};
    char who[64];
    int r;

    o.side = c->side;
    o.group = t->group;
    o.topic = t->topic;
    o.who = who_asks(who);
    o.dead = c->dead;
    o.n_dead = c->n_dead;
    o.flags = (c->given & CTL_DRY_RUN ? MQM_RETIRE_DRY : 0u) |
              (c->given & CTL_ANYWAY ? MQM_RETIRE_BROKEN : 0u);
    if (c->given & CTL_JSON) {
        json_open(&s.json, '{');
        json_open_as(&s.json, "told", '[');
    }
    r = mqm_retire(c->m, &o, tell, &s);
    if (c->given & CTL_JSON) {
        json_close(&s.json, ']');
        json_bool(&s.json, "retired", r == MQM_OK);
        json_text(&s.json, "by", o.who);
        json_close(&s.json, '}');
        putchar('\n');
    }
    if (r < 0)
        return failed("nothing was written down", r);
    if (r != MQM_OK)
        return refuse("%s may not be switched off yet: %u reason%s", c->side,
                      s.reasons, s.reasons == 1 ? "" : "s");
    if (!(c->given & CTL_JSON))
        printf("%s may be switched off, step by step as above (asked by %s%s)"
               "\n", c->side, o.who, c->given & CTL_DRY_RUN
               ? "; not written down" : "");
    return CTL_OK;
}

int cmd_retire(struct ctl *c)
{
    struct topic t;
    int r;

    if (c->side == NULL)
        return misuse("which side shall be switched off?  --side tells");
    r = open_topic(c, &t, c->side);
    return r == CTL_OK ? ask(c, &t) : r;
}
