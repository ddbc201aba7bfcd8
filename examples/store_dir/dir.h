/* SPDX-License-Identifier: MIT */
/* dir.h - the files of a store in a directory.
 *
 *     PATH/begun           when it began: struct dir_begun
 *     PATH/SPACE/memory    what it forgot: struct dir_memory; '/' is ','
 *     PATH/SPACE/=NAME     a cell: struct dir_cell; the id in letters
 *
 * A file is one struct, of this machine: a directory is not for others.
 */
#ifndef STORE_DIR_H
#define STORE_DIR_H

#include <mqmigrate/plugin.h>

#include <stdbool.h>

#define DIR_SPACE_CHARS                                                        \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

enum { DIR_SPACE_MAX = 200, DIR_NAME = 2 + (MQM_ID_MAX * 4 + 2) / 3 };

struct dir_begun {
    int64_t created_ms;
    int64_t floor_ms; /* no space remembers what was born before */
};

struct dir {
    const struct mqm_host *host;
    const char *path;
    int64_t timeout_ms;
    int fd; /* of the directory, and what the lock is on; -1: none */
    bool was_open;
    struct dir_begun begun;
};

struct dir_memory {
    int64_t memory_from_ms;
    uint64_t version; /* the largest that was forgotten */
    int64_t forgot_unborn;
};

struct dir_space {
    int fd;
    int64_t memory_from_ms;
    uint64_t version;
    int forgot_unborn;
};

struct dir_cell {
    uint64_t version;
    int64_t changed_ms, born_ms, forget_ms;
    uint32_t listed, id_len, len;
    unsigned char id[MQM_ID_MAX], value[MQM_VALUE_MAX];
};

/* All: 0, or a negative errno with words. */

/* errno's, with the path. */
int dir_fail(const struct dir *d, const char *what);

int dir_lock(struct dir *d, int64_t timeout_ms);
void dir_unlock(struct dir *d); /* also if it is not locked */

/* A whole file.  -ENOENT, and no words: there is none. */
int dir_read(const struct dir *d, int at, const char *name, void *to,
             size_t size);
int dir_write(const struct dir *d, int at, const char *name, const void *from,
              size_t size);

/* Letters, digits, '-' and '_' only: six bits a letter. */
void dir_name(char name[DIR_NAME], const void *id, size_t len);

/* Make it where it is not; the caller closes fd. */
int dir_space_open(const struct dir *d, const char *name,
                   struct dir_space *space);
int dir_space_raise(const struct dir *d, struct dir_space *space,
                    int64_t memory_from_ms, int forgot_unborn,
                    uint64_t version);

/* Until it returns other than 0, which is returned then. */
typedef int (*dir_visit)(struct dir *d, struct dir_space *space,
                         const char *name, const struct dir_cell *cell,
                         void *user);
int dir_each(struct dir *d, const char *space, dir_visit visit, void *user);
int dir_each_space(struct dir *d, dir_visit visit);

#endif
