/* SPDX-License-Identifier: MIT */
/* status.c - how the migration stands: a page a topic, or all as JSON. */
#include "picture.h"
#include "print.h"

#include <stdio.h>
#include <string.h>

enum { GRACE_MS = 600000 };

struct page {
    struct ctl *c;
    struct json json;
    int64_t grace_ms;
    const char *no_store; /* why none is open; "": one is */
    int incomplete;
};

static void show(struct page *page, const struct topic *t)
{
    struct picture p = {.names = *t, .grace_ms = page->grace_ms};

    snprintf(p.store_error, sizeof(p.store_error), "%s", page->no_store);
    picture_take(page->c, &p);
    page->incomplete |= p.store_error[0] != '\0' || p.open_error[0] != '\0' ||
                        p.instances_error[0] != '\0';
    if (page->c->given & CTL_JSON)
        picture_json(&page->json, &p);
    else
        picture_print(&p);
    picture_free(&p);
}

static int visit(void *user, const struct mqm_topic_info *info)
{
    struct page *page = user;
    struct topic t;

    if (page->c->group != NULL && strcmp(page->c->group, info->group) != 0)
        return 0;
    if (topic_names(&t, info) != CTL_OK)
        return -1;
    show(page, &t);
    return 0;
}

static int show_asked(struct page *page)
{
    struct topic t;
    int r;

    if (page->c->n_args == 0) {
        r = visit_topics(page->c, visit, page);
        return r < 0 ? failed("the topics cannot be read", r) : CTL_OK;
    }
    r = find_topic(page->c, &t);
    if (r == CTL_OK)
        show(page, &t);
    return r;
}

static int no_topic(void *user, const struct mqm_topic_info *info)
{
    (void)user, (void)info;
    return 0;
}

static int print_page(struct page *page)
{
    int r;

    if (page->c->given & CTL_JSON)
        json_open(&page->json, '[');
    r = show_asked(page);
    if (page->c->given & CTL_JSON) {
        json_close(&page->json, ']');
        putchar('\n');
    }
    if (r == CTL_OK && page->incomplete)
        return refuse("the picture is not complete");
    return r;
}

/* A store that cannot be reached is a line of the page; a configuration that
 * cannot be read leaves nothing to show. */
int cmd_status(struct ctl *c)
{
    struct page page = {c, {0}, GRACE_MS, "", 0};
    char why[PICTURE_STORY];
    int r = CTL_OK;

    if (c->older != NULL)
        r = duration_parse(c->older, &page.grace_ms);
    if (r != CTL_OK)
        return r;
    r = ctl_try(c);
    if (r < 0) {
        snprintf(why, sizeof(why), "%s", story(r));
        page.no_store = why;
        if (mqm_read_topics(c->config, no_topic, NULL) < 0)
            return refuse("%s", why);
    }
    return print_page(&page);
}
