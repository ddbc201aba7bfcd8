/* SPDX-License-Identifier: MIT */
/* home.h - the process that opened a handle, and whether this is it or a child
 * that was forked from it.  Each call asks, so that is no system call: the
 * kernel empties a page in whoever is forked (MADV_WIPEONFORK, Linux 4.14).
 */
#ifndef MQM_HOME_H
#define MQM_HOME_H

#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

struct home {
    pid_t pid;
    volatile const unsigned char *here; /* 1, and in a child 0 */
};

/* Where there is no such page, here is 0 from the beginning. */
void mqm__home_init(struct home *h);
void mqm__home_free(struct home *h);

static inline bool mqm__at_home(const struct home *h)
{
    return *h->here || h->pid == getpid();
}

#endif
