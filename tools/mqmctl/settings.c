/* SPDX-License-Identifier: MIT */
/* settings.c - the library's own table of settings: for people, and as the body
 * of mqmigrate.json(5), so that the page cannot fall behind the code. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

static const char *text(const char *s)
{
    return s != NULL ? s : "";
}

/* A paragraph of lines that fit a screen. */
static void put_wrapped(const char *s)
{
    int column = 0;

    while (*s != '\0') {
        const int word = (int)strcspn(s, " ");

        if (column > 0 && column + 1 + word > 70) {
            putchar('\n');
            column = 0;
        }
        printf("%s%.*s", column == 0 ? "        " : " ", word, s);
        column += word + (column > 0);
        s += word;
        s += strspn(s, " ");
    }
    putchar('\n');
}

static int print_one(void *user, const struct mqm_setting_info *info)
{
    const char **where = user;
    const char *fallback = text(info->fallback), *limits = text(info->limits);

    if (*where == NULL || strcmp(*where, text(info->where)) != 0) {
        *where = text(info->where);
        printf("%s:\n", **where ? *where : "top level");
    }
    printf("    %s (%s", text(info->name), text(info->type));
    if (fallback[0] != '\0')
        printf(", %s%s", strcmp(fallback, "required") == 0 ? "" : "default ",
               fallback);
    puts(")");
    put_wrapped(text(info->words));
    if (limits[0] != '\0' && strcmp(limits, text(info->type)) != 0) {
        fputs("        Allowed: ", stdout);
        puts(limits);
    }
    return 0;
}

/* Text for troff: its own signs mean nothing in it. */
static void put_roff(const char *s)
{
    if (*s == '.' || *s == '\'')
        fputs("\\&", stdout);
    for (; *s; s++) {
        if (*s == '\\')
            fputs("\\e", stdout);
        else if (*s == '-')
            fputs("\\-", stdout);
        else if (*s == '\n')
            putchar(' ');
        else
            putchar(*s);
    }
}

static void put_labelled(const char *label, const char *s)
{
    if (s[0] == '\0')
        return;
    printf(".br\n%s: ", label);
    put_roff(s);
    putchar('\n');
}

static int print_man(void *user, const struct mqm_setting_info *info)
{
    const char **where = user;

    if (*where == NULL || strcmp(*where, text(info->where)) != 0) {
        *where = text(info->where);
        fputs(".SS ", stdout);
        put_roff(**where ? *where : "Top level");
        putchar('\n');
    }
    fputs(".TP\n.BR \"", stdout);
    put_roff(text(info->name));
    fputs("\" \" (", stdout);
    put_roff(text(info->type));
    fputs(")\"\n", stdout);
    put_roff(text(info->words));
    putchar('\n');
    put_labelled("Default", text(info->fallback));
    put_labelled("Allowed", text(info->limits));
    return 0;
}

int cmd_settings(struct ctl *c)
{
    const char *where = NULL;
    const int man = (c->given & CTL_MAN) != 0;
    const int r = mqm_settings(man ? print_man : print_one, &where);

    return r < 0 ? failed("the settings cannot be listed", r) : CTL_OK;
}
