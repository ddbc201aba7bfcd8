/* SPDX-License-Identifier: MIT */
/* plugins.c - plugins that are none: each is refused with words that name the
 * file and the fault, and nothing of it is called.
 */
#include "guard.h"

static void refused(const char *url, int want, const char *words)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    mqm *made = (mqm *)&o;
    int r;

    o.config = config_text(url, "");
    r = mqm_open(&made, &o);
    ck_assert_msg(r == want, "%d, not %d: %s", r, want, mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), words) != NULL, "%s", mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), "store") != NULL, "%s", mqm_errmsg());
    ck_assert_ptr_null(made);
}

START_TEST(test_stores_that_are_none)
{
    refused("bad_size:", -EINVAL, "too short (8 bytes");
    refused("bad_symbol:", -ELIBBAD, "mqm_bad_symbol.so has no symbol");
    refused("bad_kind:", -EINVAL, "is no store");
    refused("bad_store:", -EINVAL, "lacks open");
    refused("nowhere:", -ENOENT, "mqm_nowhere.so");
    refused("nowhere:", -ENOENT, "plugin_dir");
    refused("no scheme", -EINVAL, "scheme");
    refused(":", -EINVAL, "scheme");
}
END_TEST

/* A folder of plugins with a text file in it. */
START_TEST(test_not_a_shared_object)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    const char *path = new_path("mqm_text.so");
    char text[1024];
    FILE *f = fopen(path, "w");
    mqm *made = NULL;

    ck_assert_ptr_nonnull(f);
    fputs("no shared object\n", f);
    fclose(f);
    snprintf(text, sizeof(text),
             "{\"app\": \"t\", \"plugin_dir\": \"%s\", \"store\": {\"url\": "
             "\"text:\"}, \"sides\": {\"kafka\": {}, \"rocketmq\": {}}, "
             "\"topics\": [{\"topic\": \"a\", \"group\": \"b\", \"old\": "
             "\"kafka\", \"new\": \"rocketmq\"}]}", temp_dir);
    o.config = text;
    ck_assert_int_eq(mqm_open(&made, &o), -ELIBACC);
    ck_assert_msg(strstr(mqm_errmsg(), "mqm_text.so"), "%s", mqm_errmsg());
}
END_TEST

static void adapter_refused(const char *adapter, int want, const char *words)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    char text[2048];
    int r, n = 0;

    snprintf(text, sizeof(text),
             "{\"app\": \"t\", \"plugin_dir\": \"%s\", \"store\": {\"url\": "
             "\"memory:\"}, \"sides\": {\"old\": {\"adapter\": \"%s\"}, "
             "\"new\": {\"adapter\": \"%s\"}}, \"topics\": [{\"topic\": "
             "\"rewards\", \"group\": \"b\", \"old\": \"old\", \"new\": "
             "\"new\"}]}", here(), adapter, adapter);
    o.config = text;
    ck_assert_msg(mqm_open(&m, &o) == 0, "%s", mqm_errmsg());
    r = mqm_subscribe(m, "old", "b", "rewards", handle_counting, &n);
    ck_assert_msg(r == want, "%d, not %d: %s", r, want, mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), words) != NULL, "%s", mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), "side 'old'"), "%s", mqm_errmsg());
    ck_assert_int_eq(mqm_poll(m, "old", 0), -EINVAL);
    close_it();
}

START_TEST(test_adapters_that_are_none)
{
    char path[1100];

    adapter_refused("fault", -EINVAL, "is no adapter");
    adapter_refused("bad_size", -EINVAL, "too short");
    adapter_refused("bad_symbol", -ELIBBAD, "has no symbol");
    adapter_refused("bad_store", -EINVAL, "lacks open");
    adapter_refused("memory", -ENOENT, "mqm_memory.so"); /* a store */
    adapter_refused("/no/such/mqm_x.so", -ENOENT, "/no/such/mqm_x.so");
    snprintf(path, sizeof(path), "%s/mqm_fault.so", here());
    adapter_refused(path, -EINVAL, "is no adapter");
}
END_TEST

static int note_plugin(void *user, const struct mqm_plugin_info *info)
{
    int *n = user;

    ck_assert(info->name && info->kind && info->version && info->why);
    if (info->result < 0)
        ck_assert(info->why[0] != '\0');
    if (strcmp(info->name, "fault") == 0) {
        ck_assert_int_eq(info->result, 0);
        ck_assert_str_eq(info->kind, "store");
        ck_assert(strstr(info->path, "mqm_fault.so") != NULL);
        n[1]++;
    }
    n[0]++;
    return 0;
}

START_TEST(test_plugins_are_listed)
{
    int n[2] = {0};

    m = open_on("fault:", "");
    ck_assert_int_eq(mqm_plugins(m, note_plugin, n), 0);
    ck_assert_int_ge(n[0], 5); /* memory, sqlite, fault, two sides */
    ck_assert_int_eq(n[1], 1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("plugins");

    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_stores_that_are_none);
    tcase_add_test(tc, test_not_a_shared_object);
    tcase_add_test(tc, test_adapters_that_are_none);
    tcase_add_test(tc, test_plugins_are_listed);
    return run_case("plugins", tc);
}
