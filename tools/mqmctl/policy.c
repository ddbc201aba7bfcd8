/* SPDX-License-Identifier: MIT */
/* policy.c - the changes an operator makes while everything runs.
 *
 * Each is one mqm_change(): checked, synced and renamed as a whole, so a reader
 * never sees half of it and two operators never lose one another's change.  The
 * store is not asked: a cut can be taken back while the store is down.
 */
#include "ctl.h"
#include "print.h"

#include <inttypes.h>
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

static int print_since(void *user, const struct mqm_topic_info *info)
{
    const struct ctl *c = user;
    char time[PRINT_MS_MAX];

    if (strcmp(info->topic, c->args[0]) == 0 &&
        (c->group == NULL || strcmp(info->group, c->group) == 0))
        printf("%s: since is %" PRId64 " (%s)\n", c->args[0], info->since_ms,
               text_of_time(time, info->since_ms));
    return 0;
}

/* "now" is made by the library, so the moment is read back. */
int cmd_since(struct ctl *c)
{
    int r = need_file(c);

    if (r == CTL_OK)
        r = change(c, "since", c->args[1]);
    if (r != CTL_OK)
        return r;
    r = mqm_read_topics(c->config, print_since, c);
    return r < 0 ? failed("it is set, but cannot be read back", r) : CTL_OK;
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
