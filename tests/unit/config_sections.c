/* SPDX-License-Identifier: MIT */
/* config_sections.c - what a store or an adapter is given of its section, and
 * that nothing secret in it is told.
 */
#include "config_parse.h"

#include <unistd.h>

static void is_setting(const struct section *s, size_t i, const char *name,
                       const char *value, int secret)
{
    ck_assert_uint_lt(i, s->n);
    ck_assert_str_eq(s->settings[i].name, name);
    ck_assert_str_eq(s->settings[i].value, value);
    ck_assert_msg(s->settings[i].secret == secret, "%s", name);
}

static void write_secret(char *path, const char *text)
{
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

START_TEST(sections)
{
    char path[] = "/tmp/mqm-config-XXXXXX", to[400];
    const struct section *s;
    struct config *c;

    write_secret(path, "hunter2\r\n");
    snprintf(to, sizeof(to),
             "\"n\": 5, \"b\": true, \"f\": 0.1, \"SASL.Password\": \"x\", "
             "\"y\": {\"file\": \"%s\"}, \"z_file\": \"%s\", "
             "\"url\": \"http://u:p@h/\"",
             path, path);
    c = parse_with("\"bootstrap.servers\": \"127.0.0.1:9092\"", to);
    s = &c->sides[0].section;
    ck_assert_uint_eq(s->n, 7);
    is_setting(s, 0, "n", "5", 0);
    is_setting(s, 1, "b", "true", 0);
    is_setting(s, 2, "f", "0.1", 0);
    is_setting(s, 3, "SASL.Password", "x", 1);
    is_setting(s, 4, "y", "hunter2", 1);
    is_setting(s, 5, "z", "hunter2", 1);
    is_setting(s, 6, "url", "http://u:p@h/", 1);
    mqm__config_free(c);
    snprintf(to, sizeof(to), "\"z\": 1, \"z_file\": \"%s\", \"b\"", path);
    char *text = with(good, "\"bootstrap.servers\"", to);
    refuse(text, "sides.kafka.z_file: \"z\" is set twice");
    free(text);
    unlink(path);
}
END_TEST

START_TEST(store_section)
{
    char path[] = "/tmp/mqm-config-XXXXXX", to[400];
    struct config *c = parse_with("{\"url\": \"memory:\"}",
                                  "{\"x\": \"1\", \"timeout_ms\": 50, "
                                  "\"url\": \"redis://h\"}");

    is_setting(&c->store.section, 0, "url", "redis://h", 0);
    is_setting(&c->store.section, 1, "x", "1", 0);
    is_setting(&c->store.section, 2, "timeout_ms", "50", 0);
    ck_assert_uint_eq(c->store.section.n, 3);
    mqm__config_free(c);
    write_secret(path, "redis://:pw@h\n");
    snprintf(to, sizeof(to), "{\"file\": \"%s\"}", path);
    c = parse_with("\"memory:\"", to);
    ck_assert_str_eq(c->store.url, "redis://:pw@h");
    is_setting(&c->store.section, 0, "url", "redis://:pw@h", 1);
    is_setting(&c->store.section, 1, "timeout_ms", "2000", 0);
    mqm__config_free(c);
    unlink(path);
}
END_TEST

/* Errors tell places, never what stands there. */
START_TEST(secrets_are_not_told)
{
    static const char *const to[] = {
        "\"password\": \"hunter2\" \"x\"",
        "\"password\": hunter2, \"x\"",
        "\"password\": \"hunter2\n\", \"x\"",
        "\"password\": [\"hunter2\"], \"x\"",
        "\"password\": \"hunter2\", \"password\"",
        "\"password\": \"hunter2\", \"x\": null, \"y\""};
    struct config *c = NULL;
    size_t i;

    for (i = 0; i < sizeof(to) / sizeof(*to); i++) {
        char *text = with(good, "\"bootstrap.servers\"", to[i]);

        ck_assert_int_eq(mqm__config_parse(&c, text, strlen(text), "x"),
                         -EINVAL);
        ck_assert_msg(!strstr(mqm_errmsg(), "hunter2"), "%s", mqm_errmsg());
        free(text);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("config_sections");

    tcase_add_test(t, sections);
    tcase_add_test(t, store_section);
    tcase_add_test(t, secrets_are_not_told);
    return run_case("config_sections", t);
}
