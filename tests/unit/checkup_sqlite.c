/* SPDX-License-Identifier: MIT */
/* checkup_sqlite.c - what a check-up finds of the stores that are built in and
 * need no server, and of the settings. */
#include "../findings.h"
#include "../suite.h"

#include "../../lib/stores/sqlite_checkup.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static char dir[64], section[160];

static void place(const char *in)
{
    snprintf(dir, sizeof(dir), "%s/mqm-checkup-XXXXXX", in);
    ck_assert_msg(mkdtemp(dir) != NULL, "%s: %s", dir, strerror(errno));
    snprintf(section, sizeof(section), "\"url\": \"sqlite:%s/mqm.db\"", dir);
}

static void setup(void)
{
    place("/tmp");
}

static void teardown(void)
{
    char line[96];

    mqm_close(m);
    snprintf(line, sizeof(line), "rm -rf '%s'", dir);
    ck_assert_int_eq(system(line), 0);
}

START_TEST(where_the_file_lies)
{
    const struct mqm__file_system *nfs = mqm__file_system(0x6969);

    ck_assert_int_eq(nfs->level, MQM_FATAL);
    ck_assert_int_eq(mqm__file_system(0xff534d42)->level, MQM_FATAL);
    /* As statfs() tells it where its type is signed. */
    ck_assert_int_eq(mqm__file_system((unsigned long)(int)0xff534d42)->level,
                     MQM_FATAL);
    ck_assert_int_eq(mqm__file_system(0x794c7630)->level, MQM_WARNING);
    ck_assert_int_eq(mqm__file_system(0xef53)->level, MQM_FINE);
    ck_assert_ptr_nonnull(strstr(nfs->text, "two machines"));
    ck_assert_ptr_nonnull(strstr(nfs->remedy, "Redis"));
}
END_TEST

/* Somebody has removed it from under the store. */
START_TEST(where_there_is_no_file)
{
    char path[96];

    ck_assert_int_eq(try_open(section, "", 0), 0);
    snprintf(path, sizeof(path), "%s/mqm.db", dir);
    ck_assert_int_eq(unlink(path), 0);
    examine();
    must_find("warning store look:", "deleted or replaced");
    must_not_find("fine store");
}
END_TEST

/* In memory it is gone after a restart; that is no reason not to open it. */
START_TEST(on_tmpfs)
{
    struct statfs fs;

    if (statfs("/dev/shm", &fs) != 0 || fs.f_type != 0x01021994)
        return;
    teardown();
    place("/dev/shm");
    ck_assert_int_eq(try_open(section, "", 0), 0);
    ck_assert_str_eq(logged, "");
    examine();
    must_find("warning store file system:", "tmpfs");
}
END_TEST

START_TEST(durability)
{
    char process[192];

    look_at(section, "");
    must_find("fine store durability:", "full");
    snprintf(process, sizeof(process), "%s, \"durability\": \"process\"",
             section);
    look_at(process, "");
    must_find("warning store durability:", "process");
}
END_TEST

START_TEST(rights)
{
    char path[96];

    look_at(section, "");
    must_find("fine store rights:", "mode");
    snprintf(path, sizeof(path), "%s/mqm.db", dir);
    ck_assert_int_eq(chmod(path, 0666), 0);
    look_at(section, "");
    must_find("warning store rights:", "every user");
}
END_TEST

START_TEST(room)
{
    look_at(section, ", \"rate\": 1");
    must_find("fine store room:", "MB are there");
    look_at(section, ", \"rate\": 100000000, \"keep_ms\": 31622400000");
    must_find("warning store room:", "3162240000000000 records");
}
END_TEST

START_TEST(memory_is_nobody_elses)
{
    ck_assert_int_eq(try_open("\"url\": \"memory:\"", "", 0), 0);
    ck_assert_str_eq(logged, "");
    examine();
    must_find("fatal store shared:", "each process");
    must_find("fatal store durable:", "forgets");
}
END_TEST

START_TEST(settings)
{
    look_at(section, "");
    must_find("fine configuration lease:", "30000");
    must_find("fine configuration since:", "not set");
    must_not_find("warning configuration");
    look_at(section, ", \"lease_ms\": 5999");
    must_find("warning configuration lease:", "5999");
    look_at(section, ", \"pause_max_ms\": 86400000, \"keep_ms\": 86400000");
    must_find("warning configuration keep:", "pauses");
    look_at(section, ", \"since\": 4102444800000");
    must_find("warning configuration since:", "ahead");
    look_at(section, ", \"since\": 1766400000000, \"switch\": true");
    must_find("fine configuration since:", "on");
    look_at(section, ", \"sides\": {\"kafka\": {\"parking\": \"\"}}");
    must_find("warning configuration parking:", "side 'kafka'");
}
END_TEST

/* Nothing is silent about a side that cannot be looked at. */
START_TEST(sides_that_are_not_there)
{
    look_at(section, "");
    must_find("warning kafka look:", "mqm_kafka.so");
    must_find("warning rocketmq look:", "mqm_rocketmq.so");
}
END_TEST

static int stop(void *user, const struct mqm_finding *f)
{
    (void)f;
    return ++*(int *)user == 2 ? 77 : 0;
}

START_TEST(a_visitor_may_stop)
{
    int n = 0;

    ck_assert_int_eq(try_open(section, "", 0), 0);
    ck_assert_int_eq(mqm_checkup(m, stop, &n), 77);
    ck_assert_int_eq(n, 2);
    ck_assert_int_eq(mqm_checkup(m, NULL, NULL), -EINVAL);
    ck_assert_int_eq(mqm_checkup(NULL, stop, &n), -EINVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkup_sqlite");
    TCase *tc = tcase_create("checkup");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, where_the_file_lies);
    tcase_add_test(tc, where_there_is_no_file);
    tcase_add_test(tc, on_tmpfs);
    tcase_add_test(tc, durability);
    tcase_add_test(tc, rights);
    tcase_add_test(tc, room);
    tcase_add_test(tc, memory_is_nobody_elses);
    tcase_add_test(tc, settings);
    tcase_add_test(tc, sides_that_are_not_there);
    tcase_add_test(tc, a_visitor_may_stop);
    suite_add_tcase(suite, tc);
    return run_all(suite);
}
