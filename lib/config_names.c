/* SPDX-License-Identifier: MIT */
/* config_names.c - looking settings up, also those that are misspelt. */
#include "config_table.h"

#include <mqmigrate/mqmigrate.h>

#include "error.h"

#include <errno.h>
#include <string.h>

const struct setting_row *mqm__next_setting(const struct setting_row *row,
                                            const char *where)
{
    const struct setting_row *end = mqm__settings + mqm__n_settings;

    for (row = row ? row + 1 : mqm__settings; row < end; row++)
        if (!strcmp(row->where, where))
            return row;
    return NULL;
}

const struct setting_row *mqm__find_setting(const char *where, const char *name)
{
    const struct setting_row *row = NULL;

    while ((row = mqm__next_setting(row, where)))
        if (!strcmp(row->name, name))
            return row;
    return NULL;
}

const char *mqm__kind_name(int kind)
{
    static const char *const names[] = {
        [KIND_TEXT] = "text",      [KIND_NAME] = "name",
        [KIND_SIDE] = "name",      [KIND_MS] = "milliseconds",
        [KIND_COUNT] = "number",   [KIND_BOOL] = "true or false",
        [KIND_WORD] = "word",      [KIND_FLAG] = "word",
        [KIND_CUT] = "percentage", [KIND_SINCE] = "moment",
        [KIND_SALT] = "text",      [KIND_ALLOW] = "list",
        [KIND_PART] = "section"};

    return names[kind];
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned mqm__edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    unsigned row[LONGEST + 1], left, corner, i, j;
    size_t n = strlen(b);

    if (n > LONGEST || strlen(a) > LONGEST)
        return 99;
    for (j = 0; j <= n; j++)
        row[j] = j;
    for (i = 0; a[i]; i++) {
        corner = row[0];
        row[0] = left = i + 1;
        for (j = 0; j < n; j++) {
            left = least(least(left, row[j + 1]) + 1, corner + (a[i] != b[j]));
            corner = row[j + 1];
            row[j + 1] = left;
        }
    }
    return row[n];
}

/* What was left out at the end counts as one letter: "lease" is lease_ms. */
static unsigned distance(const char *name, const char *known)
{
    size_t len = strlen(name);

    if (len >= 3 && strlen(known) > len && !strncmp(name, known, len))
        return 1;
    return mqm__edit_distance(name, known);
}

const char *mqm__near_setting(const char *where, const char *name)
{
    const struct setting_row *row = NULL;
    const char *best = NULL;
    unsigned nearest = 4, d;

    while ((row = mqm__next_setting(row, where))) {
        d = distance(name, row->name);
        if (d < nearest && d < strlen(name) && d < strlen(row->name)) {
            nearest = d;
            best = row->name;
        }
    }
    return best;
}

static const char *fallback_of(const struct setting_row *row)
{
    return row->preset ? row->preset : row->note ? row->note : "required";
}

int mqm_settings(int (*visit)(void *user, const struct mqm_setting_info *info),
                 void *user)
{
    const struct setting_row *row = mqm__settings;
    size_t left;
    int r;

    mqm__clear_error();
    if (!visit)
        return mqm__fail(-EINVAL, "mqm_settings() needs a visitor");
    for (left = mqm__n_settings; left; left--, row++) {
        const struct mqm_setting_info info = {
            sizeof(info),     row->where,  row->name, mqm__kind_name(row->kind),
            fallback_of(row), row->limits, row->words};
        r = visit(user, &info);
        if (r)
            return r;
    }
    return 0;
}
