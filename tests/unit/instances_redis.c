/* SPDX-License-Identifier: MIT */
/* instances_redis.c - reports in a real Redis. */
#include "../redis_server.h"
#include "instances.h"

static struct redis_server server;

static void serve(void)
{
    ck_assert(redis_server_start(&server));
}

static void end_all(void)
{
    close_it();
    redis_server_end(&server);
}

START_TEST(test_several_processes)
{
    char url[64];

    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    several_processes(url);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tc;

    if (is_consumer(argc, argv))
        return consume(argv + 2);
    tc = tcase_create("instances_redis");
    tcase_set_timeout(tc, 240);
    tcase_add_checked_fixture(tc, serve, end_all);
    tcase_add_test(tc, test_several_processes);
    return run_case("instances_redis", tc);
}
