/* SPDX-License-Identifier: MIT */
/* store_sqlite_damage.c - files that are damaged or no store: errors that name
 * the file and what to do.  A message on record is never taken for a new one.
 */
#include "../sqlite_store.h"

enum { CELLS = 600, PAGE = 4096 };

static void *file_with_cells(void)
{
    void *s = open_store();

    for (int i = 0; i < CELLS; i++) {
        char id[16];
        struct mqm_swap c;

        snprintf(id, sizeof(id), "%d", i);
        c = a_swap(id, 0);
        c.flags = MQM_SWAP_RELAXED;
        ck_assert_int_eq(run(s, &c), MQM_OK);
    }
    return s;
}

static void overwrite(const char *name, off_t from, off_t to, int byte)
{
    int fd = open(name, O_WRONLY);
    char junk[PAGE];

    ck_assert_int_ge(fd, 0);
    memset(junk, byte, sizeof(junk));
    for (off_t at = from; at < to; at += PAGE)
        ck_assert_int_eq(pwrite(fd, junk, PAGE, at), PAGE);
    close(fd);
}

static off_t length_of(const char *name)
{
    struct stat st;

    ck_assert_int_eq(stat(name, &st), 0);
    return st.st_size;
}

static void refused(int err, const char *words)
{
    void *s = NULL;
    int r = open_with(&s, NULL, NULL);

    ck_assert_msg(r == err, "%d %s", r, fake_failure);
    ck_assert_ptr_null(s);
    said(words);
}

/* Claims all; how many had an error.  The others are on record, as they are. */
static int claim_all(void *s, int64_t born_ms)
{
    int failed = 0;

    for (int i = 0; i < CELLS; i++) {
        char id[16];
        struct mqm_swap c;

        snprintf(id, sizeof(id), "%d", i);
        c = a_swap(id, 0);
        c.key.born_ms = born_ms;
        if (run(s, &c) < 0)
            failed++;
        else
            ck_assert_msg(c.result == MQM_DOUBT ||
                              (c.result == MQM_LOST && c.now.version > 0),
                          "%s was taken for new: %d", id, c.result);
    }
    return failed;
}

START_TEST(no_store)
{
    FILE *f;

    raw("CREATE TABLE bills(x)");
    refused(-EINVAL, "not a store: name another file");
    raw("DROP TABLE bills; PRAGMA application_id=0x6d716d31;"
        "PRAGMA user_version=2");
    refused(-ENOTSUP, "format has the number 2");
    unlink(path);
    f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fprintf(f, "this is no database\n");
    fclose(f);
    refused(-EIO, "store.url names a file of another kind");
    unlink(path);
    mkdir(path, 0755);
    refused(-EISDIR, "store.url has to name a file");
    rmdir(path);
    ck_assert_int_eq(mkfifo(path, 0644), 0);
    refused(-EINVAL, "store.url has to name a file");
}
END_TEST

START_TEST(no_path)
{
    void *s = NULL;

    snprintf(path, sizeof(path), "%s/no/such/a.db", dir);
    snprintf(url, sizeof(url), "sqlite:%s", path);
    refused(-ENOENT, "directory has to exist");
    snprintf(url, sizeof(url), "sqlite:a.db");
    ck_assert_int_eq(open_with(&s, NULL, NULL), -EINVAL);
    ck_assert(strstr(fake_failure, "whole path"));
}
END_TEST

/* Where the damage begins and ends, in pages; byte: with what. */
static void damaged(off_t from, off_t to, int byte, int all)
{
    int64_t born_ms = now_ms();
    void *s = file_with_cells();
    int failed;

    close_store(s);
    if (to == 0)
        to = length_of(path) / PAGE;
    overwrite(path, from * PAGE, to * PAGE, byte);
    s = NULL;
    if (open_with(&s, NULL, NULL) < 0) {
        ck_assert(all);
        said("the file is damaged");
        return;
    }
    failed = claim_all(s, born_ms);
    ck_assert_int_gt(failed, 0);
    if (all)
        ck_assert_int_eq(failed, CELLS);
    said("the file is damaged: stop all consumers and restore it");
    close_store(s);
}

START_TEST(pages_of_junk)
{
    damaged(1, 0, 0xa5, 1);
}
END_TEST

START_TEST(pages_of_zeroes)
{
    damaged(1, 0, 0, 1);
}
END_TEST

START_TEST(one_page_of_zeroes)
{
    damaged(8, 9, 0, 0);
}
END_TEST

START_TEST(no_first_page)
{
    damaged(0, 1, 0, 1);
}
END_TEST

START_TEST(cut_short)
{
    int64_t born_ms = now_ms();
    void *s = file_with_cells();

    close_store(s);
    ck_assert_int_eq(truncate(path, length_of(path) / 2 / PAGE * PAGE), 0);
    s = NULL;
    if (open_with(&s, NULL, NULL) == 0) {
        ck_assert_int_eq(claim_all(s, born_ms), CELLS);
        close_store(s);
    }
    said("the file is damaged");
}
END_TEST

/* Nothing in it: it is a new store, which knows that it is. */
START_TEST(cut_to_nothing)
{
    int64_t from = 0, created = 0, before = now_ms();
    void *s = file_with_cells();

    close_store(s);
    sleep_ms(3);
    ck_assert_int_eq(truncate(path, 0), 0);
    s = open_store();
    ck_assert_int_eq(mqm__store_sqlite.store->memory(s, "shop/issuer/rewards",
                                                     0, &from, &created),
                     0);
    ck_assert_int_gt(created, before);
    close_store(s);
}
END_TEST

/* Under the feet of one who has it open. */
START_TEST(cut_short_while_open)
{
    int64_t born_ms = now_ms();
    void *s = file_with_cells(), *other;

    ck_assert_int_eq(tick(s), 0);
    ck_assert_int_eq(truncate(path, 3 * PAGE), 0);
    other = NULL;
    if (open_with(&other, NULL, NULL) == 0) {
        claim_all(other, born_ms);
        close_store(other);
    }
    claim_all(s, born_ms);
    close_store(s);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("damage");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, no_store);
    tcase_add_test(tc, no_path);
    tcase_add_test(tc, pages_of_junk);
    tcase_add_test(tc, pages_of_zeroes);
    tcase_add_test(tc, one_page_of_zeroes);
    tcase_add_test(tc, no_first_page);
    tcase_add_test(tc, cut_short);
    tcase_add_test(tc, cut_to_nothing);
    tcase_add_test(tc, cut_short_while_open);
    return run_sqlite_case("store_sqlite_damage", tc);
}
