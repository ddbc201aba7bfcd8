/* SPDX-License-Identifier: MIT */
/* policy.c - the changes an operator makes while everything runs.
 *
 * Each is one mqm_change(): checked, synced and renamed as a whole, so a reader
 * never sees half of it and two operators never lose one another's change.  The
 * store is not asked: a cut can be taken back while the store is down.
 */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

/* Only a file can be changed here. */
static int need_file(const struct ctl *c)
{
    if (c->config[0] == '{' || strncmp(c->config, "http://", 7) == 0 ||
        strncmp(c->config, "https://", 8) == 0)
        return refuse("'%.60s' is no file: change it where it is served from",
                      c->config);
    return CTL_OK;
}

static int change(const struct ctl *c, const char *name, const char *value)
{
    const int r = mqm_change(c->config, c->group, c->args[0], name, value);

    if (r != 0)
        return refuse("nothing was changed: %s", story(r));
    return CTL_OK;
}

static int change_one(const struct ctl *c, const char *name)
{
    int r = need_file(c);

    if (r == CTL_OK)
        r = change(c, name, c->args[1]);
    if (r == CTL_OK)
        printf("%s: %s is %s\n", c->args[0], name, c->args[1]);
    return r;
}

int cmd_cut(struct ctl *c)
{
    return change_one(c, "cut");
}

int cmd_switch(struct ctl *c)
{
    return change_one(c, "switch");
}

int cmd_since(struct ctl *c)
{
    return change_one(c, "since");
}

/* One key after the other, so words about a bad one name how far it came. */
int cmd_allow(struct ctl *c)
{
    const char *name = c->given & CTL_REMOVE ? "disallow" : "allow";
    int r = need_file(c);

    for (int i = 1; i < c->n_args && r == CTL_OK; i++) {
        r = change(c, name, c->args[i]);
        if (r == CTL_OK)
            printf("%s: %s %s\n", c->args[0], c->args[i],
                   c->given & CTL_REMOVE ? "is not on the allow list"
                                         : "is on the allow list");
        else if (i > 1)
            refuse("the %d before '%s' stand", i - 1, c->args[i]);
    }
    return r;
}
