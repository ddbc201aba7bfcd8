/* SPDX-License-Identifier: MIT */
/* zk_server.h - a ZooKeeper of a test's own, by scripts/zookeeper, and the
 * store's plugin as the library would load it. */
#ifndef MQM_ZK_SERVER_H
#define MQM_ZK_SERVER_H

#include "free_port.h"
#include "plugin_so.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct zk_server {
    char dir[64];
    int port;
};

/* scripts/zookeeper of the tree this program was built in.  1: done. */
static int zk_script(const char *command, const char *rest)
{
    char line[512];

    snprintf(line, sizeof(line), "scripts/zookeeper %s %s >&2", command, rest);
    return system(line) == 0;
}

static int zk_server_up(const struct zk_server *s)
{
    char rest[128];

    snprintf(rest, sizeof(rest), "%s %d", s->dir, s->port);
    return zk_script("up", rest);
}

static int zk_server_start(struct zk_server *s)
{
    snprintf(s->dir, sizeof(s->dir), "/tmp/mqm-zk-XXXXXX");
    s->port = free_ports(1);
    return s->port > 0 && mkdtemp(s->dir) && zk_server_up(s);
}

static inline int zk_server_kill(const struct zk_server *s)
{
    return zk_script("kill", s->dir);
}

static int zk_remove(const char *dir, const char *what)
{
    char line[256];

    snprintf(line, sizeof(line), "rm -rf '%s%s'", dir, what);
    return system(line) == 0;
}

static void zk_server_end(const struct zk_server *s)
{
    if (!zk_script("down", s->dir) || !zk_remove(s->dir, ""))
        fprintf(stderr, "%s: not ended\n", s->dir);
}

/* ../lib/mqmigrate/mqm_zk.so beside the folder of this program. */
static inline const struct mqm_plugin *zk_plugin(const char *program)
{
    return plugin_so(program, "../lib/mqmigrate/mqm_zk.so");
}

#endif
