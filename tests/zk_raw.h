/* SPDX-License-Identifier: MIT */
/* zk_raw.h - a look at ZooKeeper's nodes past the store. */
#ifndef MQM_ZK_RAW_H
#define MQM_ZK_RAW_H

#define THREADED /* the client's calls that wait */
#include <zookeeper/zookeeper.h>

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void raw_silence(const char *message)
{
    (void)message;
}

static zhandle_t *raw_open(int port)
{
    struct timespec t = {0, 10000000};
    char host[32];
    zhandle_t *zh;

    snprintf(host, sizeof(host), "127.0.0.1:%d", port);
    zh = zookeeper_init2(host, NULL, 10000, NULL, NULL, 0, raw_silence);
    ck_assert(zh);
    for (int i = 0; i < 1000 && zoo_state(zh) != ZOO_CONNECTED_STATE; i++)
        nanosleep(&t, NULL);
    ck_assert_int_eq(zoo_state(zh), ZOO_CONNECTED_STATE);
    return zh;
}

struct raw_count {
    int nodes, buckets, largest; /* the most children of any node */
};

/* All nodes below a path: counted, or removed, too. */
static void raw_walk(zhandle_t *zh, const char *path, struct raw_count *count,
                     int removes)
{
    struct String_vector names = {0, NULL};
    int r = zoo_get_children(zh, path, 0, &names);

    ck_assert_msg(r == ZOK, "%s: %s", path, zerror(r));
    count->nodes++;
    if (names.count > count->largest)
        count->largest = names.count;
    for (int i = 0; i < names.count; i++) {
        char child[1024];

        snprintf(child, sizeof(child), "%s/%s", path, names.data[i]);
        count->buckets += strlen(names.data[i]) == 3;
        raw_walk(zh, child, count, removes);
    }
    deallocate_String_vector(&names);
    if (removes)
        ck_assert_int_eq(zoo_delete(zh, path, -1), ZOK);
}

#endif
