/* SPDX-License-Identifier: MIT */
/* file_swap.c - see file_swap.h. */
#include "file_swap.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 1000, PAUSE_NS = 10000000 };

static char *beside(const char *path, const char *end)
{
    size_t size = strlen(path) + strlen(end) + 1;
    char *s = malloc(size);

    if (s)
        snprintf(s, size, "%s%s", path, end);
    return s;
}

static int failed(const char *what, const char *path)
{
    int err = errno;

    return mqm__fail(-err, "cannot %s %s: %s", what, path, strerror(err));
}

static int no_memory(void)
{
    return mqm__fail(-ENOMEM, "no memory to change a file");
}

static int wait_for(int fd, const char *path)
{
    const struct timespec pause = {0, PAUSE_NS};
    int i;

    for (i = 0; i < TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return failed("lock", path);
        nanosleep(&pause, NULL);
    }
    return mqm__fail(-EBUSY, "somebody else has held %s for long", path);
}

int mqm__file_lock(const char *path)
{
    char *name = beside(path, ".lock");
    int fd, r;

    if (!name)
        return no_memory();
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
    r = fd < 0 ? failed("open", name) : wait_for(fd, name);
    free(name);
    if (r < 0 && fd >= 0)
        close(fd);
    return r < 0 ? r : fd;
}

static int write_all(int fd, const char *text, size_t len)
{
    ssize_t n;

    while (len) {
        n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            return -1;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Readers of the old file can read the new one, and nobody else can. */
static int same_owner(int fd, const char *path)
{
    struct stat old, mine;

    if (stat(path, &old) < 0 || fstat(fd, &mine) < 0)
        return -1;
    if ((old.st_uid != mine.st_uid || old.st_gid != mine.st_gid) &&
        fchown(fd, old.st_uid, old.st_gid) < 0)
        return -1;
    return fchmod(fd, old.st_mode & 07777);
}

static int write_new(const char *name, const char *path, const char *text,
                     size_t len)
{
    int fd, r = 0;

    if (unlink(name) < 0 && errno != ENOENT)
        return failed("remove", name);
    fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed("write", name);
    if (same_owner(fd, path) < 0)
        r = failed("keep owner and mode of", path);
    else if (write_all(fd, text, len) < 0 || fsync(fd) < 0)
        r = failed("write", name);
    close(fd);
    return r;
}

static int sync_directory(const char *path)
{
    char *dir = strdup(path), *slash = dir ? strrchr(dir, '/') : NULL;
    int fd, r = 0;

    if (!dir)
        return no_memory();
    if (slash)
        slash[slash == dir] = '\0';
    fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        r = failed("sync the directory of", path);
    if (fd >= 0)
        close(fd);
    free(dir);
    return r;
}

int mqm__file_swap(const char *path, const char *text, size_t len)
{
    char *name = beside(path, ".new");
    int r;

    if (!name)
        return no_memory();
    r = write_new(name, path, text, len);
    if (!r && rename(name, path) < 0)
        r = failed("rename the new text to", path);
    if (r < 0)
        unlink(name);
    free(name);
    return r ? r : sync_directory(path);
}
