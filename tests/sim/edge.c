/* SPDX-License-Identifier: MIT */
/* edge.c - what the library asks of the C library and the kernel, answered by
 * the simulation: clocks, sleeping, random bits, one file, plugins, waiting for
 * another thread.  The linker leads the calls here (--wrap, see sim.mk).
 */
#include "sim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FD = 4711, WAITING = 256 };

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_nanosleep(const struct timespec *t, struct timespec *left);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned flags);
pid_t __wrap_getpid(void);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_stat(const char *path, struct stat *st);
ssize_t __wrap_pread(int fd, void *buf, size_t n, off_t at);
int __wrap_access(const char *path, int mode);
void *__wrap_dlopen(const char *path, int flags);
void *__wrap_dlsym(void *so, const char *name);
int __wrap_dlclose(void *so);
int __wrap_sem_wait(sem_t *s);
int __wrap_sem_post(sem_t *s);
int __real_sem_post(sem_t *s);

static struct {
    sem_t *s;
    uint64_t ticket;
} waiting[WAITING];
static int n_waiting;
static struct rng bits;
static int opened; /* version of the file */

/* -------------------------------- clocks --------------------------------- */

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
    int64_t us = sim_now;

    if (sim_cur != NOBODY && clock == CLOCK_REALTIME)
        us += w.proc[sim_cur].clock_off;
    else if (sim_cur != NOBODY) /* of this process alone */
        us += (sim_cur + 1) * INT64_C(3600123456) - BEGIN_US + 1000 * MS * MS;
    t->tv_sec = (time_t)(us / 1000000);
    t->tv_nsec = (long)(us % 1000000) * 1000;
    return 0;
}

int __wrap_nanosleep(const struct timespec *t, struct timespec *left)
{
    (void)left;
    co_sleep(t->tv_sec * 1000000 + t->tv_nsec / 1000);
    return 0;
}

ssize_t __wrap_getrandom(void *buf, size_t len, unsigned flags)
{
    unsigned char *to = buf;

    (void)flags;
    for (size_t i = 0; i < len; i++)
        to[i] = (unsigned char)rng_next(&bits);
    return (ssize_t)len;
}

pid_t __wrap_getpid(void)
{
    return 1;
}

/* Who waits is woken by the next post and looks again; one that is killed
 * meanwhile has a ticket that opens nothing. */
int __wrap_sem_wait(sem_t *s)
{
    while (sem_trywait(s) != 0) {
        if (n_waiting == WAITING)
            abort();
        tally[T_COMBINED]++;
        waiting[n_waiting].s = s;
        waiting[n_waiting++].ticket = co_ticket();
        co_block();
    }
    return 0;
}

int __wrap_sem_post(sem_t *s)
{
    int left = 0;

    __real_sem_post(s);
    for (int i = 0; i < n_waiting; i++)
        if (waiting[i].s == s)
            co_wake(waiting[i].ticket, sim_now);
        else
            waiting[left++] = waiting[i];
    n_waiting = left;
    return 0;
}

void edge_reset(void)
{
    n_waiting = 0;
}

/* -------------------------------- the file ------------------------------- */

static int fill(struct stat *st, int version)
{
    size_t len;

    if (version < 0) {
        errno = -version;
        return -1;
    }
    memset(st, 0, sizeof(*st));
    st->st_mode = S_IFREG | 0644;
    st->st_ino = (ino_t)version + 1;
    conf_text(version, &len);
    st->st_size = (off_t)len;
    st->st_ctim.tv_sec = (time_t)(conf_written(version) / 1000000);
    st->st_ctim.tv_nsec = (long)(conf_written(version) % 1000000) * 1000;
    return 0;
}

int __wrap_open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    opened = conf_version(sim_cur);
    if (opened >= 0)
        return FD;
    errno = -opened;
    return -1;
}

int __wrap_close(int fd)
{
    return fd == FD ? 0 : -1;
}

int __wrap_fstat(int fd, struct stat *st)
{
    return fd == FD ? fill(st, opened) : -1;
}

int __wrap_stat(const char *path, struct stat *st)
{
    (void)path;
    return fill(st, conf_version(sim_cur));
}

ssize_t __wrap_pread(int fd, void *buf, size_t n, off_t at)
{
    size_t len, from = (size_t)at;
    const char *text = conf_text(opened, &len);

    if (fd != FD || from >= len)
        return 0;
    if (n > len - from)
        n = len - from;
    memcpy(buf, text + from, n);
    return (ssize_t)n;
}

/* ------------------------------- the plugin ------------------------------ */

int __wrap_access(const char *path, int mode)
{
    (void)mode;
    return strstr(path, "mqm_sim.so") ? 0 : -1;
}

void *__wrap_dlopen(const char *path, int flags)
{
    (void)flags;
    (void)path;
    return &opened;
}

void *__wrap_dlsym(void *so, const char *name)
{
    const struct mqm_plugin *p = store_plugin();
    void *symbol;

    (void)so;
    (void)name;
    memcpy(&symbol, &p, sizeof(p));
    return symbol;
}

int __wrap_dlclose(void *so)
{
    (void)so;
    return 0;
}

void edge_init(void)
{
    bits.s = 42;
}
