/* SPDX-License-Identifier: MIT */
/* source_file.c - see source_file.h. */
#include "source_file.h"

#include "error.h"
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEVICE, INODE, SIZE, CHANGED, CONTENT, STATE, STAMPS };
enum { UNREAD, SETTLED, YOUNG };

#define YOUNG_NS INT64_C(2000000000)

static int64_t ns_of(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool is_young(const struct stat *st)
{
    struct timespec now;

    return clock_gettime(CLOCK_REALTIME, &now) < 0 ||
           ns_of(now) - ns_of(st->st_ctim) < YOUNG_NS;
}

static void put_stamp(uint64_t *stamp, const struct stat *st)
{
    stamp[DEVICE] = (uint64_t)st->st_dev;
    stamp[INODE] = (uint64_t)st->st_ino;
    stamp[SIZE] = (uint64_t)st->st_size;
    stamp[CHANGED] = (uint64_t)ns_of(st->st_ctim);
    stamp[CONTENT] = 0;
    stamp[STATE] = is_young(st) ? YOUNG : SETTLED;
}

static bool same_file(const uint64_t *a, const uint64_t *b)
{
    return !memcmp(a, b, CONTENT * sizeof(*a));
}

static int check_kind(const char *path, const struct stat *st)
{
    if (S_ISDIR(st->st_mode))
        return mqm__fail(-EISDIR, "%s is a directory", path);
    if (!S_ISREG(st->st_mode))
        return mqm__fail(-EINVAL, "%s is not a regular file", path);
    if (st->st_size > (off_t)MQM_SOURCE_MAX)
        return mqm__fail(-EFBIG, "%s is larger than 4 MB", path);
    if (!st->st_size)
        return mqm__fail(-EAGAIN, "%s is empty: still being written?", path);
    return 0;
}

static int moving(const char *path)
{
    return mqm__fail(-EAGAIN, "%s is still being written", path);
}

/* size bytes from the beginning; -EAGAIN: there are not so many. */
static int read_all(int fd, const char *path, char *buf, size_t size)
{
    size_t have = 0;
    ssize_t n;

    while (have < size) {
        n = pread(fd, buf + have, size - have, (off_t)have);
        if (n < 0 && errno != EINTR)
            return mqm__fail(-errno, "cannot read %s: %s", path,
                             strerror(errno));
        if (!n)
            return moving(path);
        have += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Twice the same, and the path still leads to the same file. */
static int read_twice(int fd, const char *path, char *buf, char *again,
                      uint64_t *stamp)
{
    uint64_t after[STAMPS];
    size_t size = (size_t)stamp[SIZE];
    struct stat st;
    int r = read_all(fd, path, buf, size);

    if (r < 0)
        return r;
    r = read_all(fd, path, again, size);
    if (r < 0)
        return r;
    if (stat(path, &st) < 0)
        return moving(path);
    put_stamp(after, &st);
    if (!same_file(stamp, after) || memcmp(buf, again, size))
        return moving(path);
    return 0;
}

static int read_text(int fd, const char *path, uint64_t *stamp, char **text)
{
    size_t size = (size_t)stamp[SIZE];
    char *buf = malloc(size + 1), *again = malloc(size + 1);
    int r;

    if (!buf || !again)
        r = mqm__fail(-ENOMEM, "no memory for %s", path);
    else
        r = read_twice(fd, path, buf, again, stamp);
    free(again);
    if (r < 0) {
        free(buf);
        return r;
    }
    buf[size] = '\0';
    stamp[CONTENT] = mqm__hash64(buf, size, 0);
    *text = buf;
    return 0;
}

static int open_file(const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;

    if (fd < 0)
        return mqm__fail(-errno, "cannot open %s: %s", path, strerror(errno));
    r = fstat(fd, st) < 0
            ? mqm__fail(-errno, "cannot look at %s: %s", path, strerror(errno))
            : check_kind(path, st);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

int mqm__source_file_read(struct source_file *s, char **text, size_t *len)
{
    uint64_t stamp[STAMPS];
    char *buf = NULL;
    struct stat st;
    bool same;
    int fd, r;

    if (s->stamp[STATE] == SETTLED && stat(s->path, &st) == 0) {
        put_stamp(stamp, &st);
        if (same_file(stamp, s->stamp))
            return 0;
    }
    fd = open_file(s->path, &st);
    if (fd < 0)
        return fd;
    put_stamp(stamp, &st);
    r = read_text(fd, s->path, stamp, &buf);
    close(fd);
    if (r < 0)
        return r;
    same = s->stamp[STATE] != UNREAD && stamp[SIZE] == s->stamp[SIZE] &&
           stamp[CONTENT] == s->stamp[CONTENT];
    memcpy(s->stamp, stamp, sizeof(stamp));
    if (same) {
        free(buf);
        return 0;
    }
    *text = buf;
    *len = (size_t)stamp[SIZE];
    return 1;
}

int mqm__source_file_settled(struct source_file *s, char **text, size_t *len)
{
    const struct timespec pause = {0, 20000000};
    int i, r = -EAGAIN;

    for (i = 0; i < 50 && r == -EAGAIN; i++) {
        if (i)
            nanosleep(&pause, NULL);
        r = mqm__source_file_read(s, text, len);
    }
    return r < 0 ? r : 0;
}

void mqm__source_file_forget(struct source_file *s)
{
    memset(s->stamp, 0, sizeof(s->stamp));
}

void mqm__source_file_free(struct source_file *s)
{
    free(s->path);
    memset(s, 0, sizeof(*s));
}
