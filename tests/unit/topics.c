/* SPDX-License-Identifier: MIT */
/* topics.c - what a configuration holds, read without opening anything; and
 * what its plugins are. */
#include "guard.h"

static struct mqm_topic_info seen[4];
static char names[4][3][32];
static int n, stop;

static int note(void *user, const struct mqm_topic_info *t)
{
    ck_assert_ptr_eq(user, &n);
    ck_assert_uint_eq(t->size, sizeof(*t));
    ck_assert_int_lt(n, 4);
    seen[n] = *t;
    snprintf(names[n][0], 32, "%s", t->topic);
    snprintf(names[n][1], 32, "%s", t->old_side);
    snprintf(names[n++][2], 32, "%s", t->new_side);
    return stop;
}

static int read_it(const char *config)
{
    n = 0;
    return mqm_read_topics(config, note, &n);
}

static const char *text(const char *more)
{
    return config_text("sqlite:/nowhere/at/all.db", more);
}

START_TEST(test_inline)
{
    const char *more = ", \"switch\": true, \"cut\": \"12.5%\", \"since\": "
                       "1577836800000, \"settle_ms\": 700000, \"allow\": "
                       "[\"a\", \"b\"]";

    ck_assert_msg(read_it(text(more)) == 0, "%s", mqm_errmsg());
    ck_assert_int_eq(n, 1);
    ck_assert_str_eq(names[0][0], "rewards");
    ck_assert_str_eq(names[0][1], "kafka");
    ck_assert_str_eq(names[0][2], "rocketmq");
    ck_assert_int_eq(seen[0].switched, 1);
    ck_assert_uint_eq(seen[0].cut_ppm, 125000);
    ck_assert_int_eq(seen[0].since_ms, 1577836800000);
    ck_assert_int_eq(seen[0].settle_ms, 700000);
    ck_assert_uint_eq(seen[0].allowed, 2);
    stop = 77;
    ck_assert_int_eq(read_it(text(more)), 77);
}
END_TEST

START_TEST(test_a_file)
{
    const char *path = new_path("m.json");
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    fputs(text(""), f);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_msg(read_it(path) == 0, "%s", mqm_errmsg());
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(seen[0].switched, 0);
}
END_TEST

static void refused(const char *config, int result, const char *words)
{
    ck_assert_int_eq(read_it(config), result);
    ck_assert_int_eq(n, 0);
    ck_assert_msg(strstr(mqm_errmsg(), words) != NULL, "%s", mqm_errmsg());
}

START_TEST(test_what_is_none)
{
    refused(NULL, -EINVAL, "needs a configuration");
    refused("/nowhere/m.json", -ENOENT, "/nowhere/m.json");
    refused("/tmp", -EISDIR, "/tmp");
    refused("{", -EINVAL, "(inline)");
    refused(text(", \"cut\": \"101%\""), -EINVAL, "topics[0].cut");
    ck_assert_int_eq(mqm_read_topics(text(""), NULL, NULL), -EINVAL);
}
END_TEST

/* -------------------------------- plugins -------------------------------- */

static char kinds[1024];

static int note_plugin(void *user, const struct mqm_plugin_info *p)
{
    const size_t len = strlen(kinds);

    (void)user;
    snprintf(kinds + len, sizeof(kinds) - len, "%s %s %s\n", p->name, p->kind,
             p->result < 0 ? p->why : "ok");
    return stop;
}

START_TEST(test_plugins)
{
    open_memory();
    ck_assert_int_eq(mqm_plugins(m, note_plugin, NULL), 0);
    ck_assert_ptr_nonnull(strstr(kinds, "memory store ok"));
    ck_assert_ptr_nonnull(strstr(kinds, "sqlite store ok"));
    ck_assert_ptr_nonnull(strstr(kinds, "redis store ok"));
    ck_assert_ptr_nonnull(strstr(kinds, "kafka adapter"));
    stop = 5;
    ck_assert_int_eq(mqm_plugins(m, note_plugin, NULL), 5);
    ck_assert_int_eq(mqm_plugins(m, NULL, NULL), -EINVAL);
    ck_assert_int_eq(mqm_topics(m, NULL, NULL), -EINVAL);
    n = 0;
    ck_assert_int_eq(mqm_topics(m, note, &n), 5);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("topics");

    how.flags = MQM_NO_KEEPER;
    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_inline);
    tcase_add_test(tc, test_a_file);
    tcase_add_test(tc, test_what_is_none);
    tcase_add_test(tc, test_plugins);
    return run_case("topics", tc);
}
