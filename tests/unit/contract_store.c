/* SPDX-License-Identifier: MIT */
/* contract_store.c - the contract of stores, for those that are built in: memory,
 * a file in a temporary directory, a redis-server of our own.
 */
#include "../contract.h"
#include "../redis_server.h"

#include "../../lib/stores.h"

static char dir[64];
static struct redis_server server;

static void nothing(void)
{
}

static void begin_memory(void)
{
    snprintf(url, sizeof(url), "memory:");
}

static void begin_sqlite(void)
{
    snprintf(dir, sizeof(dir), "/tmp/mqm-store-XXXXXX");
    ck_assert(mkdtemp(dir));
    snprintf(url, sizeof(url), "sqlite:%s/a.db", dir);
}

static void remove_sqlite(void)
{
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-shm"};
    char path[96];

    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        unlink(path);
    }
}

static void end_sqlite(void)
{
    char path[96];

    remove_sqlite();
    snprintf(path, sizeof(path), "%s/a.db-turn", dir);
    unlink(path);
    rmdir(dir);
}

static void begin_redis(void)
{
    ck_assert(redis_server_start(&server));
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
}

static void end_redis(void)
{
    redis_server_end(&server);
}

static void kill_redis(void)
{
    redis_server_kill(&server);
}

static void again_redis(void)
{
    ck_assert(redis_server_again(&server));
}

static const struct place built_in[] = {
    {&mqm__store_memory, begin_memory, nothing, NULL, NULL},
    {&mqm__store_sqlite, begin_sqlite, end_sqlite, remove_sqlite, nothing},
    {&mqm__store_redis, begin_redis, end_redis, kill_redis, again_redis},
};

int main(int argc, char **argv)
{
    return contract_main("contract_store", built_in,
                         (int)(sizeof(built_in) / sizeof(built_in[0])),
                         argc > 1 ? argv[1] : NULL);
}
