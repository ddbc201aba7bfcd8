/* SPDX-License-Identifier: MIT */
/* plugins.c - the stores and adapters there are. */
#include "ctl.h"
#include "print.h"

#include <stdio.h>

struct plugins {
    struct json json;
    int bad;
};

static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "-";
}

static int print_row(void *user, const struct mqm_plugin_info *info)
{
    struct plugins *p = user;

    p->bad += info->result < 0;
    printf("%-12s %-8s %-10s %-6s %s\n", or_dash(info->name),
           or_dash(info->kind), or_dash(info->version),
           info->result < 0 ? "error" : "ok",
           info->path != NULL && info->path[0] != '\0' ? info->path
                                                       : "built in");
    if (info->result < 0) {
        fputs("    ", stdout);
        put_text(stdout, info->why != NULL ? info->why : story(info->result));
        putchar('\n');
    }
    return 0;
}

static int print_json(void *user, const struct mqm_plugin_info *info)
{
    struct plugins *p = user;
    struct json *j = &p->json;

    p->bad += info->result < 0;
    json_open(j, '{');
    json_text(j, "name", info->name);
    json_text(j, "kind", info->kind);
    json_text(j, "version", info->version);
    json_text(j, "path", info->path);
    json_bool(j, "ok", info->result >= 0);
    json_text(j, "why", info->result < 0 ? info->why : NULL);
    json_close(j, '}');
    return 0;
}

int cmd_plugins(struct ctl *c)
{
    struct plugins p = {{0}, 0};
    int r = ctl_open(c);

    if (r != CTL_OK)
        return r;
    if (c->given & CTL_JSON) {
        json_open(&p.json, '[');
        r = mqm_plugins(c->m, print_json, &p);
        json_close(&p.json, ']');
        putchar('\n');
    } else {
        printf("%-12s %-8s %-10s %-6s %s\n", "NAME", "KIND", "VERSION",
               "STATE", "PATH");
        r = mqm_plugins(c->m, print_row, &p);
    }
    if (r < 0)
        return failed("the plugins cannot be listed", r);
    if (p.bad > 0)
        return refuse("%d cannot be loaded", p.bad);
    return CTL_OK;
}
