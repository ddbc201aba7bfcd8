/* SPDX-License-Identifier: MIT */
/* rocketmq_stub.h - the RocketMQ adapter with a stub in place of the client
 * library (librocketmq_stub.c), for tests without a broker. */
#ifndef FAKES_ROCKETMQ_STUB_H
#define FAKES_ROCKETMQ_STUB_H

#include "adapter_host.h"
#include "librocketmq_stub.h"

#include <check.h>

static struct stub *stub;
static const char *name_server = "127.0.0.1:1";

static inline const char *lib_path(const char *name)
{
    static char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 64);
    char *slash;

    path[len > 0 ? len : 0] = '\0';
    slash = strrchr(path, '/');
    snprintf(slash ? slash : path, 64, "/%s", name);
    return path;
}

static inline void *load(const char *name, int how)
{
    void *lib = dlopen(lib_path(name), RTLD_NOW | how);

    ck_assert_msg(lib != NULL, "%s", dlerror());
    stub = dlsym(lib, "stub");
    return lib;
}

/* "keys": an access key and a secret one. */
static inline int open_with(const char *lib, const char *name, const char *value)
{
    struct mqm_setting s[] = {
        {"name_server", name_server, 0},
        {"library", lib, 0},
        {name, value, 0},
        {"secret_key", value, 0},
    };
    size_t n = name ? 3 : 2;

    if (!fake.adapter)
        fake_load("mqm_rocketmq.so");
    fake.error[0] = '\0';
    if (name && strcmp(name, "keys") == 0) {
        s[2].name = "access_key";
        n = 4;
    }
    return fake.adapter->open(&fake.self, &fake.host, s, n);
}

static inline void open_file(const char *lib, const char *name,
                             const char *value)
{
    int r;

    load(lib, RTLD_LOCAL);
    r = open_with(lib_path(lib), name, value);
    ck_assert_msg(r == MQM_OK, "%d %s", r, fake.error);
}

static inline void open_stub(const char *name, const char *value)
{
    open_file("librocketmq_stub.so", name, value);
}

static inline int64_t stub_shut_down_ms(void)
{
    return (int64_t)stub->shut_down.tv_sec * 1000 +
           stub->shut_down.tv_nsec / 1000000;
}

static inline void start(void)
{
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "G", "T"), MQM_OK);
    ck_assert_int_eq(fake.adapter->poll(fake.self, 1), MQM_OK);
    ck_assert_int_eq(stub->starts, 1);
}

/* A copy that the client hands out, after so many tries. */
static inline struct stub_message message(int tries)
{
    return (struct stub_message){.topic = "T",
                                 .id = "id-0001",
                                 .key = "7F000001",
                                 .body = "a\0c",
                                 .body_len = 3,
                                 .tries = tries,
                                 .queue = 2,
                                 .offset = 7,
                                 .place = 4096,
                                 .born_ms = 1};
}

static inline int send_one(void)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    d.msg.topic = "T";
    d.msg.id = "an-id\0\0"; /* NUL bytes at its end do not count */
    d.msg.id_len = 7;
    d.body = "body";
    d.body_len = 4;
    return fake.adapter->publish(fake.self, &d);
}

static inline int run_suite(const char *name, const TTest *const *tests,
                            size_t n)
{
    Suite *suite = suite_create(name);
    TCase *c = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(c, 30);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(c, tests[i]);
    suite_add_tcase(suite, c);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
