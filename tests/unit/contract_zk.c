/* SPDX-License-Identifier: MIT */
/* contract_zk.c - the contract of stores, for ZooKeeper: one real server, a path
 * of its own for each case.  To break the place is to kill the server; mended,
 * it comes back with nothing.
 */
#include "../contract.h"
#include "../zk_server.h"

static struct zk_server server;
static int broken;

static void begin_zk(void)
{
    static unsigned number;

    snprintf(url, sizeof(url), "zk://127.0.0.1:%d/case/%d/%u", server.port,
             (int)getpid(), number++);
}

/* The next case finds a server again. */
static void end_zk(void)
{
    if (broken)
        ck_assert(zk_server_up(&server));
    broken = 0;
}

static void kill_zk(void)
{
    ck_assert(zk_server_kill(&server));
    ck_assert(zk_remove(server.dir, "/data"));
    broken = 1;
}

static void again_zk(void)
{
    ck_assert(zk_server_up(&server));
    broken = 0;
}

int main(int argc, char **argv)
{
    struct place zk = {zk_plugin(argv[0]), begin_zk, end_zk, kill_zk, again_zk};
    int r = EXIT_FAILURE;

    (void)argc;
    if (!zk.plugin)
        return r;
    if (zk_server_start(&server))
        r = contract_main("contract_zk", &zk, 1, NULL);
    zk_server_end(&server);
    return r;
}
