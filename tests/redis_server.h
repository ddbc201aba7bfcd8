/* SPDX-License-Identifier: MIT */
/* redis_server.h - a redis-server of a test's own: on a free port of 127.0.0.1,
 * in a directory of its own, without persistence if not told, ended by its
 * process id and, where there is prctl, with the process that started it. */
#ifndef MQM_REDIS_SERVER_H
#define MQM_REDIS_SERVER_H

#include "free_port.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct redis_server {
    pid_t pid; /* 0: does not run */
    int port;
    char dir[40];
    const char *password; /* NULL: none */
    int synced; /* 1: it keeps each change before it answers; 2: soon after */
};

/* Whether it listens.  By its socket in its directory, which it makes once it
 * has the port: at the port somebody else might listen. */
static int redis_server_listens(const struct redis_server *s)
{
    struct sockaddr_un a;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int ok;

    memset(&a, 0, sizeof(a));
    a.sun_family = AF_UNIX;
    snprintf(a.sun_path, sizeof(a.sun_path), "%s/s.sock", s->dir);
    ok = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

static void redis_server_exec(const struct redis_server *s)
{
    char port[8];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(port, sizeof(port), "%d", s->port);
    if (!freopen("/dev/null", "w", stdout))
        _exit(127);
    execlp("redis-server", "redis-server", "--port", port, "--bind",
           "127.0.0.1", "--dir", s->dir, "--save", "", "--appendonly",
           s->synced ? "yes" : "no", "--appendfsync",
           s->synced == 2 ? "everysec" : "always",
           "--unixsocket", "s.sock", "--daemonize", "no",
           s->password ? "--requirepass" : (char *)NULL, s->password,
           (char *)NULL);
    _exit(127);
}

/* Start it (again) on its port.  1: it answers. */
static int redis_server_again(struct redis_server *s)
{
    struct timespec t = {0, 5000000};

    s->pid = fork();
    if (s->pid == 0)
        redis_server_exec(s);
    for (int i = 0; s->pid > 0 && i < 1000; i++) {
        if (redis_server_listens(s))
            return 1;
        if (waitpid(s->pid, NULL, WNOHANG) != 0)
            break;
        nanosleep(&t, NULL);
    }
    s->pid = 0;
    return 0;
}

static int redis_server_start(struct redis_server *s)
{
    s->pid = 0;
    snprintf(s->dir, sizeof(s->dir), "/tmp/mqm-redis-XXXXXX");
    if (!mkdtemp(s->dir))
        return 0;
    s->port = free_ports(1);
    return redis_server_again(s);
}

static void redis_server_kill(struct redis_server *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    s->pid = 0;
}

static void redis_server_end(struct redis_server *s)
{
    char line[64];

    redis_server_kill(s);
    snprintf(line, sizeof(line), "rm -rf '%s'", s->dir);
    if (system(line) != 0)
        fprintf(stderr, "%s is left over\n", s->dir);
}

#endif
