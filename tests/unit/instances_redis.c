/* SPDX-License-Identifier: MIT */
/* instances_redis.c - reports in a real Redis. */
#include "../redis_server.h"
#include "instances_server.h"

static struct redis_server server;

static void serve(void)
{
    ck_assert(redis_server_start(&server));
    snprintf(server_url, sizeof(server_url), "redis://127.0.0.1:%d", server.port);
}

static void end_all(void)
{
    close_it();
    redis_server_end(&server);
}

int main(int argc, char **argv)
{
    return instances_main("instances_redis", serve, end_all, argc, argv);
}
