/* SPDX-License-Identifier: MIT */
/* config_edits.h - a configuration in a file of each case's own, and what
 * mqm_change() makes of it.
 */
#ifndef TESTS_CONFIG_EDITS_H
#define TESTS_CONFIG_EDITS_H

#include "../../lib/config.h"
#include "../suite.h"
#include "config_text.h"

#include <unistd.h>

static char dir[64], path[96];

static inline void put(const char *where, const char *text)
{
    FILE *f = fopen(where, "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

static inline char *get(const char *where)
{
    static char text[65536];
    FILE *f = fopen(where, "r");

    ck_assert_ptr_nonnull(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    return text;
}

static inline void begin(void)
{
    snprintf(dir, sizeof(dir), "/tmp/mqm-edit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/mqm.json", dir);
    put(path, good);
}

static inline void end(void)
{
    char cmd[128];

    snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
    ck_assert_int_eq(system(cmd), 0);
}

static inline int change(const char *name, const char *value)
{
    return mqm_change(path, "issuer", "rewards", name, value);
}

static inline void changes(const char *name, const char *value)
{
    ck_assert_msg(change(name, value) == 0, "%s", mqm_errmsg());
}

/* The file is the good text with the first `from` replaced, byte for byte. */
static inline void is_good_with(const char *from, const char *to)
{
    char *want = with(good, from, to);

    ck_assert_str_eq(get(path), want);
    free(want);
}

static inline void refuses(const char *name, const char *value, int err,
                           const char *words)
{
    char *before = strdup(get(path));
    int r = change(name, value);

    ck_assert_msg(r == err, "%d %s", r, mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), words) != NULL, "%s", mqm_errmsg());
    ck_assert_str_eq(get(path), before);
    free(before);
}

static inline struct config *parsed(void)
{
    const char *text = get(path);
    struct config *c = NULL;

    ck_assert_msg(!mqm__config_parse(&c, text, strlen(text), "x"), "%s",
                  mqm_errmsg());
    return c;
}

static inline int run_edits(const char *name, TCase *t)
{
    tcase_add_checked_fixture(t, begin, end);
    return run_case(name, t);
}

#endif
