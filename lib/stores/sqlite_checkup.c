/* SPDX-License-Identifier: MIT */
/* sqlite_checkup.c - see sqlite_checkup.h.
 *
 * Fatal is a file system that is shared by machines: the write-ahead log's
 * index is memory that the processes of one machine share, so those of two
 * would each have their own, and overwrite one another.  What only a restart
 * loses is a warning.
 */
#define _GNU_SOURCE /* statfs() */
#include "sqlite_checkup.h"

#include "sqlite_db.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* A done record with its share of the pages, and some for the log. */
enum { RECORD_BYTES = 120 };

#define SHARED                                                                 \
    "the processes of two machines would each have their own index of its "    \
    "log, and lose one another's records",                                     \
        "put the file on a disk of this machine; consumers on several "        \
        "machines need Redis or ZooKeeper"
#define FLEETING                                                               \
    "it is gone after a restart, and what was born before is in doubt",        \
        "put the file on a disk"
#define UNSURE                                                                 \
    "whether it syncs and locks as a disk does depends on what is behind it",  \
        "put the file on a disk of this machine"

static const struct mqm__file_system file_systems[] = {
    {0x6969, MQM_FATAL, "NFS", SHARED},
    {0x517b, MQM_FATAL, "SMB", SHARED},
    {0xff534d42, MQM_FATAL, "CIFS", SHARED},
    {0xfe534d42, MQM_FATAL, "SMB2", SHARED},
    {0x5346414f, MQM_FATAL, "AFS", SHARED},
    {0x00c36400, MQM_FATAL, "Ceph", SHARED},
    {0x0bd00bd0, MQM_FATAL, "Lustre", SHARED},
    {0x47504653, MQM_FATAL, "GPFS", SHARED},
    {0x01161970, MQM_FATAL, "GFS2", SHARED},
    {0x7461636f, MQM_FATAL, "OCFS2", SHARED},
    {0x01021994, MQM_WARNING, "tmpfs", FLEETING},
    {0x858458f6, MQM_WARNING, "ramfs", FLEETING},
    {0x794c7630, MQM_WARNING, "overlay",
     "a container's own layer is gone with the container",
     "put the file on a volume"},
    {0x65735546, MQM_WARNING, "FUSE", UNSURE},
    {0x01021997, MQM_WARNING, "9p", UNSURE},
    {0x6a656a63, MQM_WARNING, "virtiofs", UNSURE},
    {0, MQM_FINE, "a local one", "processes of this machine share it", ""},
};

const struct mqm__file_system *mqm__file_system(unsigned long type)
{
    const struct mqm__file_system *f = file_systems;

    while (f->type != 0 && f->type != (type & 0xffffffff))
        f++;
    return f;
}

static void look_at_file_system(const struct sqlite_db *d,
                                const struct mqm_inquiry *q)
{
    const struct mqm__file_system *f;
    struct statfs fs;

    if (statfs(d->path, &fs) != 0) {
        q->find(q, MQM_WARNING, "file system", NULL, "not looked at: %s",
                strerror(errno));
        return;
    }
    f = mqm__file_system((unsigned long)fs.f_type);
    if (!q->opening || f->level == MQM_FATAL)
        q->find(q, f->level, "file system", f->remedy, "%s: %s: %s", d->path,
                f->name, f->text);
}

/* What lies in the file already counts as room: it is for records, too. */
static void look_at_room(const struct sqlite_db *d, const struct mqm_inquiry *q)
{
    const int64_t needed = q->records > INT64_MAX / RECORD_BYTES
                               ? INT64_MAX
                               : q->records * RECORD_BYTES;
    struct statfs fs;
    struct stat st;
    int64_t room;

    if (statfs(d->path, &fs) != 0 || stat(d->path, &st) != 0) {
        q->find(q, MQM_WARNING, "room", NULL, "not looked at: %s",
                strerror(errno));
        return;
    }
    room = (int64_t)fs.f_bavail * (int64_t)fs.f_bsize + st.st_size;
    if (needed > room)
        q->find(q, MQM_WARNING, "room",
                "make room on the disk, or make keep_ms shorter; when it is "
                "full all messages wait",
                "%" PRId64 " MB needed for %" PRId64 " records (rate and "
                "keep_ms), %" PRId64 " MB are there",
                needed >> 20, q->records, room >> 20);
    else
        q->find(q, MQM_FINE, "room", NULL,
                "%" PRId64 " MB are there, %" PRId64 " MB needed", room >> 20,
                needed >> 20);
}

static void look_at_durability(const struct sqlite_db *d,
                               const struct mqm_inquiry *q)
{
    if (d->durability == SYNC_FULL)
        q->find(q, MQM_FINE, "durability", NULL,
                "full: each claim waits for the disk");
    else
        q->find(q, MQM_WARNING, "durability", "set store.durability to full",
                "process: if the power fails, the last claims are forgotten "
                "without a doubt, and their messages may be worked on twice");
}

static void look_at_rights(const struct sqlite_db *d,
                           const struct mqm_inquiry *q)
{
    struct stat st;

    if (stat(d->path, &st) != 0)
        q->find(q, MQM_WARNING, "rights", NULL, "not looked at: %s",
                strerror(errno));
    else if (st.st_mode & S_IWOTH)
        q->find(q, MQM_WARNING, "rights", "chmod o-w",
                "%s: every user of this machine may write to it", d->path);
    else
        q->find(q, MQM_FINE, "rights", NULL, "mode %03o, of user %ld",
                (unsigned)st.st_mode & 0777, (long)st.st_uid);
}

int mqm__sqlite_checkup(void *self, const struct mqm_inquiry *q)
{
    struct sqlite_db *d = self;
    int r = mqm__db_ready(d);

    if (r < 0)
        return r;
    look_at_file_system(d, q);
    if (q->opening)
        return MQM_OK;
    look_at_room(d, q);
    look_at_durability(d, q);
    look_at_rights(d, q);
    return MQM_OK;
}
