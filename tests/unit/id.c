/* SPDX-License-Identifier: MIT */
/* id.c - ids are unique across threads and forks, sort as they were made also
 * if the clock goes back, and fold to the same bytes however they are written.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "../clock.h"
#include "../suite.h"

#include "../../lib/id.h"

#include <mqmigrate/mqmigrate.h>

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef char id_text[MQM_ID_LEN + 1];

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void none_twice(id_text *ids, size_t n)
{
    size_t i;

    qsort(ids, n, sizeof(*ids), by_text);
    for (i = 1; i < n; i++)
        ck_assert_msg(strcmp(ids[i - 1], ids[i]) != 0, "%s twice", ids[i]);
}

START_TEST(form)
{
    unsigned char raw[MQM_ID_MAX];
    int64_t before = now_ms(), born;
    id_text id;

    ck_assert_int_eq(mqm_new_id(id), 0);
    ck_assert_uint_eq(strlen(id), MQM_ID_LEN);
    ck_assert_int_eq(id[14], '7');
    ck_assert(strchr("89ab", id[19]) != NULL);
    ck_assert_uint_eq(mqm__id_fold(raw, id, MQM_ID_LEN), 16);
    born = mqm__id_born(raw, 16);
    ck_assert(born >= before && born <= now_ms() + 1);
}
END_TEST

enum { THREADS = 8, EACH = 250000 };

static void *make_many(void *arg)
{
    id_text *ids = arg;
    size_t i;

    for (i = 0; i < EACH; i++)
        if (mqm_new_id(ids[i]) || (i && strcmp(ids[i - 1], ids[i]) >= 0))
            return "not sorted";
    return NULL;
}

START_TEST(threads)
{
    id_text *ids = calloc((size_t)THREADS * EACH, sizeof(*ids));
    pthread_t t[THREADS];
    void *why;
    size_t i;

    for (i = 0; i < THREADS; i++)
        ck_assert(!pthread_create(&t[i], NULL, make_many, ids + i * EACH));
    for (i = 0; i < THREADS; i++) {
        pthread_join(t[i], &why);
        ck_assert_ptr_null(why);
    }
    none_twice(ids, (size_t)THREADS * EACH);
    free(ids);
}
END_TEST

/* Children begin with a copy of the parent's random bits; so that only these
 * keep them apart, all make ids by one clock that stands. */
START_TEST(forks)
{
    enum { CHILDREN = 8, N = 2000 };
    size_t bytes = sizeof(id_text) * N * (CHILDREN + 1), i, c;
    id_text *ids = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid[CHILDREN];
    int64_t at = now_ms();
    id_text first;
    int status;

    ck_assert(ids != MAP_FAILED);
    ck_assert_int_eq(mqm__id_from_clock(first, at), 0);
    for (c = 0; c < CHILDREN; c++) {
        pid[c] = fork();
        for (i = 0; !pid[c] && i < N; i++)
            mqm__id_from_clock(ids[c * N + i], at);
        if (!pid[c])
            _exit(0);
    }
    for (i = 0; i < N; i++)
        ck_assert_int_eq(mqm__id_from_clock(ids[CHILDREN * N + i], at), 0);
    for (c = 0; c < CHILDREN; c++)
        ck_assert(waitpid(pid[c], &status, 0) == pid[c] && !status);
    for (i = 0; i < (CHILDREN + 1) * N; i++)
        ck_assert_uint_eq(strlen(ids[i]), MQM_ID_LEN);
    /* The last 12 digits are random alone. */
    for (i = 0; i < (CHILDREN + 1) * N; i++)
        memmove(ids[i], ids[i] + 24, 13);
    none_twice(ids, (CHILDREN + 1) * N);
    munmap(ids, bytes);
}
END_TEST

START_TEST(clock_goes_back)
{
    static const int64_t clock[] = {5000000, 5000001, 4000000, 1,
                                    4999999, 5000001, 5000002};
    id_text last = "", id;
    size_t i, k;

    for (i = 0; i < sizeof(clock) / sizeof(*clock); i++)
        for (k = 0; k < 1000; k++) {
            ck_assert_int_eq(mqm__id_from_clock(id, clock[i]), 0);
            ck_assert_msg(strcmp(last, id) < 0, "%s after %s", id, last);
            memcpy(last, id, sizeof(last));
        }
}
END_TEST

/* More in one ms than there are numbers: the counter runs over, the clock of
 * ids goes on. */
START_TEST(counter_runs_over)
{
    unsigned char raw[MQM_ID_MAX];
    id_text last = "", id;
    size_t i;

    for (i = 0; i < 3000000; i++) {
        ck_assert_int_eq(mqm__id_from_clock(id, 7000000), 0);
        if (strcmp(last, id) >= 0)
            ck_abort_msg("%s after %s", id, last);
        memcpy(last, id, sizeof(last));
    }
    mqm__id_fold(raw, id, MQM_ID_LEN);
    ck_assert_int_ge(mqm__id_born(raw, 16), 7000001);
    ck_assert_int_le(mqm__id_born(raw, 16), 7000007);
}
END_TEST

START_TEST(bad_clock)
{
    id_text id;

    ck_assert_int_eq(mqm__id_from_clock(id, 0), -ERANGE);
    ck_assert_int_eq(mqm__id_from_clock(id, -1), -ERANGE);
    ck_assert_int_eq(mqm__id_from_clock(id, INT64_MAX), -ERANGE);
    ck_assert(*mqm_errmsg());
}
END_TEST

static const unsigned char uuid[16] = {0x01, 0x89, 0x0a, 0x5d, 0xac, 0x96,
                                       0x77, 0x4b, 0xbc, 0xce, 0xb3, 0x02,
                                       0x09, 0x9a, 0x80, 0x00};

/* Text in both cases, with the NUL that sizeof counts, and binary, which here
 * ends in a NUL byte of its own. */
START_TEST(fold_uuid)
{
    static const char *const text[] = {"01890a5d-ac96-774b-bcce-b302099a8000",
                                       "01890A5D-AC96-774B-BCCE-B302099A8000"};
    unsigned char out[MQM_ID_MAX];
    size_t i;

    for (i = 0; i < 2; i++) {
        ck_assert_uint_eq(mqm__id_fold(out, text[i], 36), 16);
        ck_assert_mem_eq(out, uuid, 16);
        ck_assert_uint_eq(mqm__id_fold(out, text[i], 37), 16);
        ck_assert_mem_eq(out, uuid, 16);
    }
    ck_assert_uint_eq(mqm__id_fold(out, uuid, 16), 16);
    ck_assert_mem_eq(out, uuid, 16);
    ck_assert_int_eq(mqm__id_born(out, 16), 0x01890a5dac96);
}
END_TEST

START_TEST(fold_other)
{
    unsigned char out[MQM_ID_MAX];
    char longest[MQM_ID_MAX + 1];

    memset(longest, 'x', sizeof(longest));
    ck_assert_uint_eq(mqm__id_fold(out, "", 0), 0);
    ck_assert_uint_eq(mqm__id_fold(out, NULL, 0), 0);
    ck_assert_uint_eq(mqm__id_fold(out, "\0\0", 2), 0);
    ck_assert_uint_eq(mqm__id_fold(out, "order-1", 8), 7);
    ck_assert_mem_eq(out, "order-1", 7);
    ck_assert_uint_eq(mqm__id_fold(out, "order-012345678", 16), 15);
    ck_assert_uint_eq(mqm__id_fold(out, "a\0b", 3), 3);
    ck_assert_uint_eq(mqm__id_fold(out, longest, MQM_ID_MAX), MQM_ID_MAX);
    ck_assert_uint_eq(mqm__id_fold(out, longest, MQM_ID_MAX + 1), 0);
    longest[MQM_ID_MAX] = '\0';
    ck_assert_uint_eq(mqm__id_fold(out, longest, MQM_ID_MAX + 1), MQM_ID_MAX);
    ck_assert_uint_eq(
        mqm__id_fold(out, "01890a5d-ac96-774b-bcce+b302099a8000", 36), 36);
    ck_assert_uint_eq(
        mqm__id_fold(out, "01890a5d-ac96-774b-bcce-b302099a800g", 36), 36);
}
END_TEST

START_TEST(trim)
{
    ck_assert_uint_eq(mqm__id_trim("abc\0\0", 5), 3);
    ck_assert_uint_eq(mqm__id_trim("abc", 3), 3);
    ck_assert_uint_eq(mqm__id_trim(NULL, 0), 0);
    ck_assert_uint_eq(mqm__id_trim(uuid, 16), 16);
}
END_TEST

START_TEST(born)
{
    unsigned char v4[16];

    memcpy(v4, uuid, 16);
    v4[6] = 0x47;
    ck_assert_int_eq(mqm__id_born(v4, 16), 0);
    memcpy(v4, uuid, 16);
    v4[8] = 0x3c;
    ck_assert_int_eq(mqm__id_born(v4, 16), 0);
    ck_assert_int_eq(mqm__id_born(uuid, 15), 0);
    ck_assert_int_eq(
        mqm__id_born((const unsigned char *)"order-7-12345678", 16), 0);
}
END_TEST

START_TEST(of_origin)
{
    unsigned char key[MQM_ID_MAX], id[MQM_ID_MAX];
    char origin[MQM_ID_MAX + 1] = "";

    ck_assert_uint_eq(mqm__id_of_origin(key, ""), 0);
    for (size_t len = 1; len < MQM_ID_MAX; len++) {
        size_t n;

        memset(origin, 0x9f, len); /* as a UUID may have it */
        n = mqm__id_of_origin(key, origin);
        if (len > MQM_ID_MAX - 2) {
            ck_assert_uint_eq(n, 0);
            continue;
        }
        ck_assert(mqm__id_is_origin(key, n));
        /* whoever has that for an id is another one */
        ck_assert_uint_lt(mqm__id_fold(id, key, n), n);
        ck_assert(!mqm__id_is_origin(id, mqm__id_fold(id, key, n)));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("id");
    TCase *t = tcase_create("id");

    tcase_set_timeout(t, 300);
    tcase_add_test(t, form);
    tcase_add_test(t, threads);
    tcase_add_test(t, forks);
    tcase_add_test(t, clock_goes_back);
    tcase_add_test(t, counter_runs_over);
    tcase_add_test(t, bad_clock);
    tcase_add_test(t, fold_uuid);
    tcase_add_test(t, fold_other);
    tcase_add_test(t, trim);
    tcase_add_test(t, born);
    tcase_add_test(t, of_origin);
    suite_add_tcase(s, t);
    return run_all(s);
}
