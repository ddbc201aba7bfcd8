/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis_acl.c - who we are in Redis: a user with the rights that
 * docs/redis.md names, and no others; what follows where one of them is not
 * there; secrets from files. */
#include "../redis_store.h"

#include <errno.h>
#include <sys/stat.h>

static char rights[512];

/* The lines of docs/redis.md that begin with ~mqm: and go on, indented. */
static void read_rights(void)
{
    FILE *f = fopen("docs/redis.md", "r");
    char line[256];

    rights[0] = '\0';
    ck_assert_msg(f != NULL, "docs/redis.md: run this from the top");
    while (fgets(line, sizeof(line), f)) {
        size_t at = strlen(rights);

        if (strncmp(line, "    ~mqm:", 9) != 0 &&
            (at == 0 || strncmp(line, "    +", 5) != 0)) {
            if (at > 0)
                break;
            continue;
        }
        line[strcspn(line, "\n")] = '\0';
        snprintf(rights + at, sizeof(rights) - at, "%s", line + 3);
    }
    fclose(f);
    ck_assert(strstr(rights, "+evalsha") && strstr(rights, "+pexpire"));
}

static void let_in(const char *which)
{
    char line[600];

    snprintf(line, sizeof(line), "ACL SETUSER svc reset on >s3cr:t@ %s", which);
    freeReplyObject(redisCommand(raw, line));
}

static int open_as_svc(const char *db)
{
    char at[128];

    store->close(self);
    self = NULL;
    snprintf(at, sizeof(at), "redis://svc:s3cr%%3At%%40@127.0.0.1:%d%s",
             server.port, db);
    return open_at(&self, at, NULL, NULL);
}

static void setup_svc(void)
{
    setup();
    read_rights();
    let_in(rights);
}

static int worst(int a, int b)
{
    return a < 0 ? a : b < 0 ? b : 0;
}

/* Whatever a store is asked to do, of cells with a time and without. */
static int all_of_it(const char *tag)
{
    int64_t from, created;
    int r = 0, n = 0;

    freeReplyObject(redisCommand(raw, "SCRIPT FLUSH"));
    for (int i = 0; i < 2; i++) {
        char id[32];
        struct mqm_swap s;

        snprintf(id, sizeof(id), "%s%d", tag, i);
        s = a_swap(id, 0);
        s.key.born_ms *= i;
        r = worst(r, run(&s));
        r = worst(r, run_again(&s, 0));
        r = worst(r, run_again(&s, MQM_SWAP_LISTED));
        r = worst(r, store->list(self, SPACE, count, &n));
        r = worst(r, run_again(&s, 0));
        r = worst(r, ask(&s));
    }
    r = worst(r, store->memory(self, SPACE, 0, &from, &created));
    return r;
}

START_TEST(these_rights_are_enough)
{
    struct mqm_swap s = a_swap("x", 0);

    ck_assert_msg(open_as_svc("") == 0, "%s", fake_failure);
    ck_assert_msg(all_of_it("x") == 0, "%s", fake_failure);
    s = a_swap("x1", 0);
    ck_assert_int_eq(run(&s), MQM_LOST); /* it did it all */
    ck_assert_int_eq(open_as_svc("/1"), -EACCES);
    let_in(strcat(rights, " +select"));
    ck_assert_msg(open_as_svc("/1") == 0, "%s", fake_failure);
    ck_assert_msg(all_of_it("y") == 0, "%s", fake_failure);
}
END_TEST

/* The rights without the n-th; its name, or NULL. */
static const char *without(int n, char *to, size_t size)
{
    static char name[64];
    char all[512], *p = all;
    size_t at = 0;

    snprintf(all, sizeof(all), "%s", rights);
    name[0] = to[0] = '\0';
    for (int i = 0; (p += strspn(p, " "))[0]; i++) {
        size_t len = strcspn(p, " ");

        if (i == n)
            snprintf(name, sizeof(name), "%.*s", (int)len, p);
        else
            at += (size_t)snprintf(to + at, size - at, " %.*s", (int)len, p);
        p += len;
    }
    return name[0] ? name : NULL;
}

START_TEST(none_of_them_is_too_much)
{
    char fewer[512], tag[16];
    const char *name;
    int tried = 0;

    for (; (name = without(tried, fewer, sizeof(fewer))); tried++) {
        int r;

        let_in(fewer);
        case_ms += 1000; /* buckets of its own */
        snprintf(tag, sizeof(tag), "t%d-", tried);
        r = open_as_svc("");
        if (r == 0)
            r = all_of_it(tag);
        if (strcmp(name, "+config|get") == 0) {
            ck_assert_msg(r == 0, "%s", fake_failure);
            continue;
        }
        ck_assert_msg(r == -EACCES, "without %s: %d %s", name, r,
                      fake_failure);
        ck_assert_msg(strstr(fake_failure, "rights") != NULL ||
                      strstr(fake_failure, "+info") != NULL, "without %s: %s",
                      name, fake_failure);
    }
    ck_assert_int_gt(tried, 15);
}
END_TEST

/* It does sync each change, but nobody may see that. */
START_TEST(without_config_each_restart_is_one_with_less)
{
    char fewer[512];
    int64_t end;

    teardown();
    begin(1);
    for (int i = 0; strcmp(without(i, fewer, sizeof(fewer)), "+config|get");)
        i++;
    let_in(fewer);
    ck_assert_int_eq(open_as_svc(""), 0);
    ck_assert_int_eq(put("a"), MQM_OK);
    redis_server_kill(&server);
    ck_assert(redis_server_again(&server));
    redisFree(raw);
    dial();
    let_in(fewer);
    for (end = now_ms() + 20000; put("a") < 0 && now_ms() < end;)
        sleep_ms(5);
    ck_assert_int_eq(put("a"), MQM_LOST);
    ck_assert_int_eq(put("b"), MQM_DOUBT);
    ck_assert(strstr(fake_log, "restarted"));
}
END_TEST

/* What INFO would have said is not made up. */
START_TEST(without_info_it_does_not_open)
{
    let_in(strcat(rights, " -info"));
    ck_assert_int_eq(open_as_svc(""), -EACCES);
    ck_assert_ptr_null(self);
    ck_assert(strstr(fake_failure, "INFO"));
    ck_assert(strstr(fake_failure, "needs +info"));
}
END_TEST

/* Rights that are taken away while it is open, and given again. */
START_TEST(rights_may_change)
{
    int64_t end = now_ms() + 20000;

    ck_assert_int_eq(open_as_svc(""), 0);
    ck_assert_int_eq(put("a"), MQM_OK);
    let_in("");
    ck_assert_int_lt(put("b"), 0);
    let_in(rights);
    while (put("b") < 0 && now_ms() < end)
        sleep_ms(5);
    ck_assert_int_eq(put("b"), MQM_LOST);
    ck_assert_int_eq(put("c"), MQM_OK);
}
END_TEST

/* --------------------------- through the library ------------------------- */

static char secret[64];

static void write_secret(const char *text)
{
    FILE *f;

    snprintf(secret, sizeof(secret), "%s/secret", server.dir);
    f = fopen(secret, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "%s\n", text);
    fclose(f);
    ck_assert_int_eq(chmod(secret, 0600), 0);
}

static int open_library(mqm **m, const char *where, int way)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    char config[1024], password[256];

    if (way == 0)
        snprintf(password, sizeof(password), "\"password_file\": \"%s\"",
                 secret);
    else
        snprintf(password, sizeof(password),
                 "\"password\": {\"file\": \"%s\"}", secret);
    snprintf(config, sizeof(config),
             "{\"app\": \"shop\","
             " \"store\": {\"url\": \"%s\", \"user\": \"svc\", %s},"
             " \"sides\": {\"kafka\": {}, \"rocketmq\": {}},"
             " \"topics\": [{\"topic\": \"rewards\", \"group\": \"issuer\","
             " \"old\": \"kafka\", \"new\": \"rocketmq\"}]}",
             where, password);
    opts.config = config;
    return mqm_open(m, &opts);
}

START_TEST(a_secret_from_a_file)
{
    char place[128];
    mqm *m = NULL;

    snprintf(place, sizeof(place), "redis://%s/s.sock", server.dir);
    for (int i = 0; i < 2; i++) {
        write_secret("s3cr:t@");
        ck_assert_msg(open_library(&m, i ? place : url, _i) == 0, "%s",
                      mqm_errmsg());
        mqm_close(m);
        m = NULL;
        write_secret("s3cr-wrong");
        ck_assert_int_eq(open_library(&m, i ? place : url, _i), -EACCES);
        ck_assert(strstr(mqm_errmsg(), "store.password"));
        ck_assert_ptr_null(strstr(mqm_errmsg(), "s3cr"));
    }
    unlink(secret);
    ck_assert_int_lt(open_library(&m, url, _i), 0);
    ck_assert(strstr(mqm_errmsg(), secret));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("acl");

    tcase_add_checked_fixture(tc, setup_svc, teardown);
    tcase_add_test(tc, these_rights_are_enough);
    tcase_add_test(tc, none_of_them_is_too_much);
    tcase_add_test(tc, without_config_each_restart_is_one_with_less);
    tcase_add_test(tc, without_info_it_does_not_open);
    tcase_add_test(tc, rights_may_change);
    tcase_add_loop_test(tc, a_secret_from_a_file, 0, 2);
    return run_case("store_redis_acl", tc);
}
