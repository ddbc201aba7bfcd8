/* SPDX-License-Identifier: MIT */
/* reloads.h - a configuration in a file that a test changes under a handle, as
 * operators do, and the cut that is in force.
 */
#ifndef TESTS_RELOADS_H
#define TESTS_RELOADS_H

#include "guard.h"

static char path[200];

static void write_to(const char *where, const char *text, size_t len)
{
    FILE *f = fopen(where, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static const char *store = "memory:";

static void write_file(const char *where, const char *more)
{
    const char *text = config_text(store, more);

    write_to(where, text, strlen(text));
}

static void rename_over(const char *more)
{
    char beside[256];

    snprintf(beside, sizeof(beside), "%s.new", path);
    write_file(beside, more);
    ck_assert_int_eq(rename(beside, path), 0);
}

static void open_path(void)
{
    struct mqm_options o = how;

    o.config = path;
    o.log = hear;
    ck_assert_msg(mqm_open(&m, &o) == 0, "%s", mqm_errmsg());
}

static void open_file(const char *more)
{
    snprintf(path, sizeof(path), "%s", new_path("mqm.json"));
    write_file(path, more);
    open_path();
}

static int note_cut(void *user, const struct mqm_topic_info *info)
{
    *(int *)user = (int)(info->cut_ppm / 10000);
    return 0;
}

static int cut_now(void)
{
    int cut = -1;

    ck_assert_int_eq(mqm_topics(m, note_cut, &cut), 0);
    return cut;
}

static inline const char *on(const char *cut, const char *more)
{
    static char since[32], text[4096];

    if (!since[0])
        snprintf(since, sizeof(since), "%lld", (long long)now_ms() - 60000);
    snprintf(text, sizeof(text), ", \"switch\": true, \"cut\": \"%s\", "
             "\"since\": %s %s", cut, since, more);
    return text;
}

#endif
