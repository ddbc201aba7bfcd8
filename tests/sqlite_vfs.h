/* SPDX-License-Identifier: MIT */
/* sqlite_vfs.h - disks that fail and processes that die at a chosen moment.
 *
 * Each file that SQLite opens gets a copy of its table of methods, in which
 * those that touch the disk pass through here first.  They are counted; the
 * n-th can be made the process' last (SIGKILL, before it is done), and kinds of
 * them can be made to fail, for as long as the test wants.
 */
#ifndef MQM_TEST_SQLITE_VFS_H
#define MQM_TEST_SQLITE_VFS_H

#include <signal.h>
#include <sqlite3.h>
#include <string.h>

enum vfs_place {
    AT_WAL_WRITE = 1,
    AT_WAL_SYNC = 2,
    AT_DB_WRITE = 4,
    AT_DB_SYNC = 8,
    AT_DB_READ = 16,
    AT_INDEX = 32 /* the lock or the barrier before and after a change of it */
};

static struct {
    unsigned counted; /* vfs_places */
    long count, last; /* last: the one to die at; 0: none */
    unsigned fails;   /* vfs_places */
    int code;         /* how */
} vfs;

static struct {
    sqlite3_vfs vfs;
    const sqlite3_io_methods *was_db, *was_wal; /* they differ: in locks */
    sqlite3_io_methods db, wal;
} vfs_under;

static int vfs_pass(unsigned at)
{
    if ((vfs.counted & at) && ++vfs.count == vfs.last)
        raise(SIGKILL);
    return vfs.fails & at ? vfs.code : SQLITE_OK;
}

static int vfs_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    int r = vfs_pass(AT_DB_READ);

    return r ? r : vfs_under.was_db->xRead(f, to, n, at);
}

static int vfs_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    int r = vfs_pass(AT_DB_WRITE);

    return r ? r : vfs_under.was_db->xWrite(f, p, n, at);
}

static int vfs_wal_write(sqlite3_file *f, const void *p, int n,
                         sqlite3_int64 at)
{
    int r = vfs_pass(AT_WAL_WRITE);

    return r ? r : vfs_under.was_wal->xWrite(f, p, n, at);
}

static int vfs_sync(sqlite3_file *f, int flags)
{
    int r = vfs_pass(AT_DB_SYNC);

    return r ? r : vfs_under.was_db->xSync(f, flags);
}

static int vfs_wal_sync(sqlite3_file *f, int flags)
{
    int r = vfs_pass(AT_WAL_SYNC);

    return r ? r : vfs_under.was_wal->xSync(f, flags);
}

static int vfs_lock(sqlite3_file *f, int offset, int n, int flags)
{
    int r = vfs_pass(AT_INDEX);

    return r ? r : vfs_under.was_db->xShmLock(f, offset, n, flags);
}

static void vfs_barrier(sqlite3_file *f)
{
    vfs_pass(AT_INDEX);
    vfs_under.was_db->xShmBarrier(f);
}

static void vfs_patch_db(sqlite3_file *f)
{
    vfs_under.was_db = f->pMethods;
    vfs_under.db = *f->pMethods;
    vfs_under.db.iVersion = 2; /* no memory map */
    vfs_under.db.xRead = vfs_read;
    vfs_under.db.xWrite = vfs_write;
    vfs_under.db.xSync = vfs_sync;
    vfs_under.db.xShmLock = vfs_lock;
    vfs_under.db.xShmBarrier = vfs_barrier;
    f->pMethods = &vfs_under.db;
}

static void vfs_patch_wal(sqlite3_file *f)
{
    vfs_under.was_wal = f->pMethods;
    vfs_under.wal = *f->pMethods;
    vfs_under.wal.xWrite = vfs_wal_write;
    vfs_under.wal.xSync = vfs_wal_sync;
    f->pMethods = &vfs_under.wal;
}

static int vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f,
                    int flags, int *out)
{
    sqlite3_vfs *real = v->pAppData;
    int r = real->xOpen(real, name, f, flags, out);

    if (r == SQLITE_OK && flags & SQLITE_OPEN_MAIN_DB)
        vfs_patch_db(f);
    else if (r == SQLITE_OK && flags & SQLITE_OPEN_WAL)
        vfs_patch_wal(f);
    return r;
}

/* From now on, for every connection of this process. */
static void vfs_begin(void)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);

    if (real == &vfs_under.vfs)
        return;
    memset(&vfs, 0, sizeof(vfs));
    vfs_under.vfs = *real;
    vfs_under.vfs.zName = "mqm-test";
    vfs_under.vfs.pAppData = real;
    vfs_under.vfs.xOpen = vfs_open;
    sqlite3_vfs_register(&vfs_under.vfs, 1);
}

#endif
