/* SPDX-License-Identifier: MIT */
/* main.c - measures what the guard costs, beside the same done by hand.
 *
 *     bench [decide] [sqlite] [redis] [zookeeper] [kafka]     none: all
 *
 * Speed is printed, never asserted; what is asserted is that all messages were
 * worked on.  BUILD is the folder of the build, as a whole path.  Its Redis is
 * its own; Kafka and ZooKeeper are those of tests/bench/with_servers.
 */
#include "bench.h"
#include "race.h"

#include "../redis_server.h"

#include <dirent.h>

static struct redis_server redis;
static char dir[512];

static int wanted(int argc, char **argv, const char *part)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], part) == 0)
            return 1;
    return argc == 1;
}

static void remove_dir(void)
{
    DIR *d = dir[0] ? opendir(dir) : NULL;
    struct dirent *e;

    while (d && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.')
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    if (dir[0])
        rmdir(dir);
}

static void clean_up(void)
{
    if (redis.pid > 0)
        redis_server_end(&redis);
    remove_dir();
}

/* In the build's folder, since /tmp may be no disk. */
static void make_dir(const char *build)
{
    must(build[0] == '/', "BUILD has to be a whole path");
    snprintf(dir, sizeof(dir), "%s/bench.XXXXXX", build);
    must(mkdtemp(dir) != NULL, "cannot make a folder in %s", build);
}

/* What tests/bench/with_servers says about a server. */
static const char *told(const char *name)
{
    const char *value = getenv(name);

    must(value != NULL, "no %s: run tests/bench/with_servers", name);
    return value;
}

static long told_number(const char *name)
{
    return strtol(told(name), NULL, 10);
}

static void part_kafka(const char *build)
{
    bench_server(BENCH_KAFKA, (pid_t)told_number("MQM_BENCH_KAFKA_PID"));
    bench_kafka(told("MQM_TEST_KAFKA"), redis.port, build);
}

static void part_zookeeper(void)
{
    bench_server(BENCH_ZOOKEEPER, (pid_t)told_number("MQM_BENCH_ZK_PID"));
    bench_zookeeper((int)told_number("MQM_BENCH_ZK_PORT"));
}

int main(int argc, char **argv)
{
    const char *build = getenv("BUILD") ? getenv("BUILD") : "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    atexit(clean_up);
    make_dir(build);
    must(redis_server_start(&redis), "redis-server does not start");
    bench_server(BENCH_REDIS, redis.pid);
    printf("Claim and success of a message.  Medians of %d turns, quartiles "
           "beside them;\nown, redis, zk, kafka us: microseconds of CPU a message; "
           "trips: round trips a message.\n", TURNS);
    if (wanted(argc, argv, "decide"))
        bench_decide();
    if (wanted(argc, argv, "sqlite"))
        bench_sqlite(dir);
    if (wanted(argc, argv, "redis"))
        bench_redis(redis.port);
    if (wanted(argc, argv, "zookeeper"))
        part_zookeeper();
    if (wanted(argc, argv, "kafka"))
        part_kafka(build);
    bars_print();
    return 0;
}
