/* SPDX-License-Identifier: MIT */
/* free_port.h - ports of 127.0.0.1 for servers that a test starts. */
#ifndef MQM_TEST_FREE_PORT_H
#define MQM_TEST_FREE_PORT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline int is_free_port(int port)
{
    struct sockaddr_in a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int ok;

    memset(&a, 0, sizeof(a));
    a.sin_family = AF_INET;
    a.sin_port = htons((unsigned short)port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* n in a row that nobody has; n is 10 at most.  -1: there are none.
 *
 * Not the system's choice: what it gives to one it gives to the next, too, until
 * the server listens, and a server that was killed finds its port taken by a
 * connection.  A process begins at ten of its own, below what systems choose
 * from and what the scripts take for brokers. */
static inline int free_ports(int n)
{
    enum { FROM = 10000, EACH = 10, PROCESSES = 1100 };

    for (int i = 0, found = 0; i < EACH * PROCESSES; i++) {
        int at = (getpid() % PROCESSES * EACH + i) % (EACH * PROCESSES);

        found = at > 0 && is_free_port(FROM + at) ? found + 1 : 0;
        if (found == n)
            return FROM + at - n + 1;
    }
    return -1;
}

#endif
