/* SPDX-License-Identifier: MIT */
/* sqlite_turn.c - see sqlite_turn.h. */
#include "sqlite_turn.h"

#include "swaps.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* A process that was stopped while it had the turn holds up each of the
 * others' transactions by this much, not for ever. */
enum { PATIENCE_US = 100000, NAP_US = 60 };

/* Of the file: the word and some space, then the room for others. */
enum { WORD = 64, LENGTH = WORD + MQM__TURN_ROOM };

static void map(struct sqlite_turn *turn)
{
    void *p;

    /* On a full disk what is mapped must not be missing. */
    if (posix_fallocate(turn->fd, 0, LENGTH) != 0)
        return;
    p = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, turn->fd, 0);
    if (p != MAP_FAILED)
        turn->wanted = p;
}

void mqm__turn_open(struct sqlite_turn *turn, const char *db_path)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s-turn", db_path);

    turn->fd = -1;
    turn->wanted = NULL;
    turn->dice = ((uint32_t)mqm__mono_us() ^ ((uint32_t)getpid() << 16)) | 1;
    if (n <= 0 || (size_t)n >= sizeof(path))
        return;
    turn->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (turn->fd >= 0)
        map(turn);
    else
        turn->fd = open(path, O_RDONLY | O_CLOEXEC);
}

void mqm__turn_close(struct sqlite_turn *turn)
{
    if (turn->wanted)
        munmap(turn->wanted, LENGTH);
    turn->wanted = NULL;
    if (turn->fd >= 0)
        close(turn->fd);
    turn->fd = -1;
}

unsigned char *mqm__turn_room(const struct sqlite_turn *turn)
{
    return turn->wanted ? (unsigned char *)turn->wanted + WORD : NULL;
}

int mqm__turn_is_wanted(const struct sqlite_turn *turn)
{
    return !turn->wanted || atomic_load(turn->wanted) != 0;
}

static void say(struct sqlite_turn *turn, unsigned wanted)
{
    if (turn->wanted)
        atomic_store(turn->wanted, wanted);
}

void mqm__turn_nap(struct sqlite_turn *turn, unsigned us)
{
    struct timespec t = {0, 0};

    turn->dice ^= turn->dice << 13;
    turn->dice ^= turn->dice >> 17;
    turn->dice ^= turn->dice << 5;
    t.tv_nsec = (long)(us / 2 + turn->dice % (us + 1)) * 1000;
    nanosleep(&t, NULL);
}

void mqm__turn_take(struct sqlite_turn *turn, int64_t deadline_us)
{
    int64_t end_us = 0;

    if (turn->fd < 0)
        return;
    say(turn, 1);
    while (flock(turn->fd, LOCK_EX | LOCK_NB) != 0) {
        int64_t now_us = mqm__mono_us();

        if (end_us == 0)
            end_us = now_us + PATIENCE_US;
        if (now_us >= end_us || now_us >= deadline_us)
            return;
        mqm__turn_nap(turn, NAP_US);
        say(turn, 1); /* who has had it has cleared it */
    }
}

void mqm__turn_give(struct sqlite_turn *turn)
{
    if (turn->fd < 0)
        return;
    say(turn, 0);
    flock(turn->fd, LOCK_UN);
}
