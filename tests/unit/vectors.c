/* SPDX-License-Identifier: MIT */
/* vectors.c - the hashes give what other languages give: tests/vectors/. */
#include "../suite.h"

#include "../../lib/hash.h"
#include "../../lib/policy.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_vectors(const char *name)
{
    char path[512];
    const char *slash = strrchr(__FILE__, '/');
    FILE *f;

    snprintf(path, sizeof(path), "%.*s/../vectors/%s",
             slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".", name);
    f = fopen(path, "r");
    ck_assert_msg(f != NULL, "cannot open %s: run from the project's root",
                  path);
    return f;
}

/* Its copy has exactly the bytes, so that reading beyond them is seen. */
static unsigned char *bytes_of(const char *hex, size_t *len)
{
    unsigned char *out;
    unsigned byte;
    size_t i;

    *len = strcmp(hex, "-") ? strlen(hex) / 2 : 0;
    out = malloc(*len ? *len : 1);
    for (i = 0; i < *len; i++) {
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (unsigned char)byte;
    }
    return out;
}

START_TEST(java)
{
    FILE *f = open_vectors("last-two-digits.tsv");
    char hex[1024];
    unsigned bucket, n = 0;
    int32_t hash;
    size_t len;

    while (fscanf(f, "%1000s %" SCNd32 " %u", hex, &hash, &bucket) == 3) {
        unsigned char *data = bytes_of(hex, &len);

        ck_assert_msg(mqm__java_hash(data, len) == (uint32_t)hash, "%s", hex);
        ck_assert_uint_eq(mqm__last_two_digits(data, len), bucket);
        ck_assert(bucket == 0 || !mqm__cut_takes(MQM_HASH_LAST_TWO_DIGITS, 0,
                                                 bucket * 10000, data, len));
        ck_assert(mqm__cut_takes(MQM_HASH_LAST_TWO_DIGITS, 0,
                                 (bucket + 1) * 10000, data, len));
        free(data);
        n++;
    }
    ck_assert(feof(f));
    ck_assert_uint_ge(n, 500);
    fclose(f);
}
END_TEST

START_TEST(xxh3)
{
    FILE *f = open_vectors("xxh3.tsv");
    char salt[64], hex[1024];
    uint64_t hash, seed;
    unsigned n = 0;
    uint32_t place;
    size_t len;

    while (fscanf(f, "%60s %1000s %" SCNx64 " %" SCNu32, salt, hex, &hash,
                  &place) == 4) {
        unsigned char *data = bytes_of(hex, &len);

        seed = mqm__seed_of(strcmp(salt, "-") ? salt : "");
        ck_assert_msg(mqm__hash64(data, len, seed) == hash, "%s", hex);
        ck_assert(!mqm__cut_takes(MQM_HASH_XXH3, seed, place, data, len));
        ck_assert(mqm__cut_takes(MQM_HASH_XXH3, seed, place + 1, data, len));
        free(data);
        n++;
    }
    ck_assert(feof(f));
    ck_assert_uint_ge(n, 390);
    fclose(f);
}
END_TEST

/* Math.abs(Integer.MIN_VALUE) is negative in Java, and a negative bucket would
 * be within every cut, 0 % too. */
START_TEST(least_int)
{
    const char *text = "polygenelubricants";

    ck_assert(mqm__java_hash(text, strlen(text)) == 0x80000000u);
    ck_assert_uint_eq(mqm__last_two_digits(text, strlen(text)), 48);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vectors");
    TCase *t = tcase_create("vectors");

    tcase_add_test(t, java);
    tcase_add_test(t, xxh3);
    tcase_add_test(t, least_int);
    suite_add_tcase(s, t);
    return run_all(s);
}
