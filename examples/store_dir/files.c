/* SPDX-License-Identifier: MIT */
/* files.c - see dir.h. */
#include "dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAP_NS = 2000000 };

int dir_fail(const struct dir *d, const char *what)
{
    int err = errno ? errno : EIO;

    return d->host->fail(d->host, -err, "%s '%s': %s", what, d->path,
                         strerror(err));
}

/* ------------------------------- the lock -------------------------------- */

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int dir_lock(struct dir *d, int64_t timeout_ms)
{
    int64_t end = mono_ms() + timeout_ms;

    while (flock(d->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return dir_fail(d, "cannot lock");
        if (mono_ms() >= end)
            return d->host->fail(d->host, -ETIMEDOUT, "'%s' is locked by "
                                 "another process for longer than %lld ms",
                                 d->path, (long long)timeout_ms);
        nanosleep(&(struct timespec){0, NAP_NS}, NULL);
    }
    return 0;
}

void dir_unlock(struct dir *d)
{
    if (d->fd >= 0)
        flock(d->fd, LOCK_UN);
}

/* --------------------------------- files --------------------------------- */

int dir_read(const struct dir *d, int at, const char *name, void *to,
             size_t size)
{
    int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return errno == ENOENT ? -ENOENT : dir_fail(d, "cannot read in");
    got = read(fd, to, size);
    close(fd);
    if (got == (ssize_t)size)
        return 0;
    return d->host->fail(d->host, -EIO, "'%s': the file '%s' is damaged: it "
                         "has %zd bytes, not %zu", d->path, name, got, size);
}

static bool put(int fd, const void *from, size_t size)
{
    return write(fd, from, size) == (ssize_t)size && fsync(fd) == 0;
}

int dir_write(const struct dir *d, int at, const char *name, const void *from,
              size_t size)
{
    int fd = openat(at, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool good = fd >= 0 && put(fd, from, size);

    if (good)
        good = renameat(at, "new", at, name) == 0 && fsync(at) == 0;
    if (!good)
        dir_fail(d, "cannot write in");
    if (fd >= 0)
        close(fd);
    return good ? 0 : -EIO;
}

void dir_name(char name[DIR_NAME], const void *id, size_t len)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *p = id;
    unsigned bits = 0, have = 0;
    size_t k = 0;

    name[k++] = '=';
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | p[i];
        for (have += 8; have >= 6; have -= 6)
            name[k++] = letters[bits >> (have - 6) & 63];
    }
    if (have)
        name[k++] = letters[bits << (6 - have) & 63];
    name[k] = '\0';
}

/* --------------------------------- spaces -------------------------------- */

static int open_space(const struct dir *d, const char *folder,
                      struct dir_space *space)
{
    struct dir_memory memory = {0, 0, 0};
    int r;

    space->fd = openat(d->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (space->fd < 0)
        return dir_fail(d, "cannot open a space in");
    r = dir_read(d, space->fd, "memory", &memory, sizeof(memory));
    if (r < 0 && r != -ENOENT) {
        close(space->fd);
        return r;
    }
    space->memory_from_ms = memory.memory_from_ms;
    if (space->memory_from_ms < d->begun.floor_ms)
        space->memory_from_ms = d->begun.floor_ms;
    space->version = memory.version;
    space->forgot_unborn = memory.forgot_unborn || d->begun.floor_ms;
    return 0;
}

static void folder_of(char folder[DIR_SPACE_MAX + 1], const char *space)
{
    snprintf(folder, DIR_SPACE_MAX + 1, "%s", space);
    for (char *p = folder; *p; p++)
        if (*p == '/')
            *p = ',';
}

int dir_space_open(const struct dir *d, const char *name,
                   struct dir_space *space)
{
    char folder[DIR_SPACE_MAX + 1];

    folder_of(folder, name);
    if (mkdirat(d->fd, folder, 0777) == 0)
        fsync(d->fd);
    else if (errno != EEXIST)
        return dir_fail(d, "cannot make a space in");
    return open_space(d, folder, space);
}

int dir_space_raise(const struct dir *d, struct dir_space *space,
                    int64_t memory_from_ms, int forgot_unborn,
                    uint64_t version)
{
    struct dir_memory memory;

    if (memory_from_ms <= space->memory_from_ms &&
        forgot_unborn <= space->forgot_unborn && version <= space->version)
        return 0;
    if (memory_from_ms > space->memory_from_ms)
        space->memory_from_ms = memory_from_ms;
    space->forgot_unborn |= forgot_unborn;
    if (version > space->version)
        space->version = version;
    memory.memory_from_ms = space->memory_from_ms;
    memory.version = space->version;
    memory.forgot_unborn = space->forgot_unborn;
    return dir_write(d, space->fd, "memory", &memory, sizeof(memory));
}

static int each_in(struct dir *d, struct dir_space *space, dir_visit visit,
                   void *user)
{
    DIR *dir = fdopendir(dup(space->fd));
    struct dirent *e;
    int r = 0;

    if (!dir)
        return dir_fail(d, "cannot list");
    while (r == 0 && (e = readdir(dir)) != NULL) {
        struct dir_cell cell;

        if (e->d_name[0] == '=')
            r = dir_read(d, space->fd, e->d_name, &cell, sizeof(cell));
        if (r == 0 && e->d_name[0] == '=')
            r = visit(d, space, e->d_name, &cell, user);
    }
    closedir(dir);
    return r;
}

static int each_of(struct dir *d, const char *folder, dir_visit visit,
                   void *user)
{
    struct dir_space space;
    int r = open_space(d, folder, &space);

    if (r < 0)
        return r;
    r = each_in(d, &space, visit, user);
    close(space.fd);
    return r;
}

int dir_each(struct dir *d, const char *space, dir_visit visit, void *user)
{
    char folder[DIR_SPACE_MAX + 1];

    folder_of(folder, space);
    if (faccessat(d->fd, folder, F_OK, 0) != 0)
        return 0; /* nobody has used it */
    return each_of(d, folder, visit, user);
}

int dir_each_space(struct dir *d, dir_visit visit)
{
    DIR *dir = fdopendir(openat(d->fd, ".", O_RDONLY | O_DIRECTORY));
    struct dirent *e;
    int r = 0;

    if (!dir)
        return dir_fail(d, "cannot list");
    while (r == 0 && (e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.' && strchr(e->d_name, ',') != NULL)
            r = each_of(d, e->d_name, visit, NULL);
    closedir(dir);
    return r;
}
