/* SPDX-License-Identifier: MIT */
/* instances_zk.c - reports in a real ZooKeeper. */
#include "../zk_server.h"
#include "instances_server.h"

static struct zk_server server;

static void serve(void)
{
    ck_assert(zk_server_start(&server));
    snprintf(server_url, sizeof(server_url), "zk://127.0.0.1:%d", server.port);
}

static void end_all(void)
{
    close_it();
    zk_server_end(&server);
}

int main(int argc, char **argv)
{
    return instances_main("instances_zk", serve, end_all, argc, argv);
}
