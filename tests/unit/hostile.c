/* SPDX-License-Identifier: MIT */
/* hostile.c - what others wrote is not believed: a damaged or foreign store, a
 * configuration with escape sequences, addresses with slips in them.  What the
 * fuzzers found (tests/fuzz) has its name here.
 */
#include "guard.h"

#include "../../lib/codec.h"
#include "../../lib/error.h"
#include "../../lib/stores/redis_url.h"
#include "../fake_host.h"

#include <sqlite3.h>

/* ------------------------- a file store's cells ------------------------- */

static sqlite3 *file;

/* A store that has some pending messages, and its file. */
static void open_file(void)
{
    char url[200];

    snprintf(url, sizeof(url), "sqlite:%s", new_path("a.db"));
    how.flags = MQM_NO_KEEPER;
    m = open_on(url, "");
    for (int i = 0; i < 4; i++) {
        struct mqm_claim c = claim("kafka", new_id());

        ck_assert_int_ge(mqm_acquire(m, &c), 0);
    }
    ck_assert_int_eq(sqlite3_open(url + strlen("sqlite:"), &file), SQLITE_OK);
}

static void close_file(void)
{
    sqlite3_close(file);
    close_it();
}

static void spoil(const char *sql)
{
    char *why = NULL;

    ck_assert_msg(sqlite3_exec(file, sql, NULL, NULL, &why) == SQLITE_OK, "%s",
                  why);
    ck_assert_int_gt(sqlite3_changes(file), 0);
}

static int count_one(void *user, const struct mqm_msg *msg,
                     const struct mqm_record *record)
{
    ck_assert_uint_le(msg->id_len, MQM_ID_MAX);
    ck_assert_ptr_nonnull(record);
    ++*(int *)user;
    return 0;
}

/* Once this wrote beyond the end of what an id was copied to. */
START_TEST(test_an_id_that_is_too_long)
{
    int n = 0, r;

    spoil("UPDATE cells SET id = randomblob(100000) WHERE id IN"
          " (SELECT id FROM cells WHERE listed LIMIT 1)");
    r = mqm_pending(m, NULL, "issuer", "rewards", count_one, &n);
    ck_assert_int_eq(r, -EPROTO);
    ck_assert_ptr_nonnull(strstr(mqm_errmsg(), "cannot read"));
    ck_assert_int_gt(n, 0); /* the others are told */
}
END_TEST

static void is_refused(const char *sql)
{
    int n = 0, r;

    spoil(sql);
    r = mqm_pending(m, NULL, "issuer", "rewards", count_one, &n);
    ck_assert_msg(r == -EIO, "%s: %d", sql, r);
    ck_assert_ptr_nonnull(strstr(mqm_errmsg(), "damaged"));
}

START_TEST(test_a_version_that_none_has)
{
    is_refused("UPDATE cells SET version = -1 WHERE listed");
}
END_TEST

/* Once it was cut to size, and what was left might have been a record. */
START_TEST(test_a_value_that_is_too_long)
{
    is_refused("UPDATE cells SET value = value || zeroblob(385) WHERE listed");
}
END_TEST

/* Its age is not known, but it is no reason to count beyond the end of time. */
START_TEST(test_a_time_before_all)
{
    int n = 0;

    spoil("UPDATE cells SET changed_ms = -9223372036854775807 WHERE listed");
    ck_assert_int_eq(mqm_pending(m, NULL, "issuer", "rewards", count_one, &n),
                     0);
    ck_assert_int_gt(n, 0);
}
END_TEST

/* -------------------------------- records ------------------------------- */

static int again(struct record r)
{
    unsigned char bytes[MQM_VALUE_MAX];
    struct record out;

    return mqm__decode(&out, bytes, mqm__encode(bytes, &r), NULL);
}

/* Once the next token was 0 and an attempt the 65535th: "failed too often". */
START_TEST(test_a_record_that_no_rule_wrote)
{
    struct record r = {.state = MQM_HELD, .token = 5, .attempts = 1,
                       .side = "kafka"};

    ck_assert_int_eq(again(r), 0);
    r.token = UINT64_MAX;
    ck_assert_int_eq(again(r), -EPROTO);
    r.token = 0;
    ck_assert_int_eq(again(r), -EPROTO);
    r.token = 5;
    r.attempts = 0;
    ck_assert_int_eq(again(r), -EPROTO);
    r.state = MQM_OWED;
    ck_assert_int_eq(again(r), 0);
}
END_TEST

/* --------------------------------- words -------------------------------- */

START_TEST(test_words_move_no_cursor)
{
    mqm__fail(-EINVAL, "a\x1b[2Jb\nc\x7f %s", "\r\xc3\xa4");
    ck_assert_str_eq(mqm_errmsg(), "a?[2Jb?c? ?\xc3\xa4");
    mqm__fail_in(-EINVAL, "%s: ", "\b");
    ck_assert_str_eq(mqm_errmsg(), "?: a?[2Jb?c? ?\xc3\xa4");
}
END_TEST

/* Once it was "out of memory". */
START_TEST(test_a_setting_that_is_no_text)
{
    const char *path = new_path("m.json");
    FILE *f = fopen(path, "w");
    static const char *const names[] = {"salt", "allow", "hash", "cut"};

    ck_assert_ptr_nonnull(f);
    fputs(config_text("memory:", ""), f);
    ck_assert_int_eq(fclose(f), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_int_eq(mqm_change(path, "issuer", "rewards", names[i],
                                    "\xff\xfe"), -EINVAL);
}
END_TEST

/* ------------------------------- addresses ------------------------------ */

static int address(const char *url)
{
    struct redis_address a;

    return mqm__redis_address(&a, &fake_host, url, NULL, NULL, NULL);
}

/* Once the port was the usual one, whatever stood there. */
START_TEST(test_what_follows_a_bracket)
{
    ck_assert_int_eq(address("[::1]:7000"), MQM_OK);
    ck_assert_int_eq(address("[::1]/2"), MQM_OK);
    ck_assert_int_eq(address("[::1]7000"), -EINVAL);
    ck_assert_int_eq(address("[::1]x:7000"), -EINVAL);
}
END_TEST

/* Once control characters counted as digits: 0x11 | 0x20 is '1'. */
START_TEST(test_digits_of_an_escape)
{
    ck_assert_int_eq(address("u:%41%fF@h"), MQM_OK);
    ck_assert_int_eq(address("u:%\x14\x11@h"), -EINVAL);
    ck_assert_int_eq(address("u:%4@h"), -EINVAL);
}
END_TEST

int main(void)
{
    TCase *file_case = tcase_create("file"), *plain = tcase_create("plain");
    int failed;

    tcase_add_checked_fixture(file_case, open_file, close_file);
    tcase_add_test(file_case, test_an_id_that_is_too_long);
    tcase_add_test(file_case, test_a_version_that_none_has);
    tcase_add_test(file_case, test_a_value_that_is_too_long);
    tcase_add_test(file_case, test_a_time_before_all);
    tcase_add_checked_fixture(plain, NULL, close_it);
    tcase_add_test(plain, test_a_record_that_no_rule_wrote);
    tcase_add_test(plain, test_words_move_no_cursor);
    tcase_add_test(plain, test_a_setting_that_is_no_text);
    tcase_add_test(plain, test_what_follows_a_bracket);
    tcase_add_test(plain, test_digits_of_an_escape);
    failed = run_case("hostile file", file_case);
    return run_case("hostile words", plain) | failed;
}
