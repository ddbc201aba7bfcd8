/* SPDX-License-Identifier: MIT */
/* sqlite_error.c - what SQLite's codes mean for the store, and what to do.
 *
 * One table; each error names the file, what was tried, SQLite's words and
 * number, and the remedy.
 */
#include "sqlite_db.h"

#include <errno.h>
#include <stdio.h>

static const struct answer {
    int code, err;
    const char *remedy;
} answers[] = {
    {SQLITE_BUSY, -EAGAIN,
     "another process kept it busy for all of store.timeout_ms: if it is "
     "stopped, continue or end it (fuser FILE), and try again"},
    {SQLITE_LOCKED, -EAGAIN,
     "another process kept it busy for all of store.timeout_ms: if it is "
     "stopped, continue or end it (fuser FILE), and try again"},
    {SQLITE_FULL, -ENOSPC, "make room on the disk"},
    {SQLITE_NOMEM, -ENOMEM, "give the process more memory"},
    {SQLITE_NOTADB, -EIO,
     "store.url names a file of another kind, or the file is damaged"},
    {SQLITE_CORRUPT, -EIO,
     "the file is damaged: stop all consumers and restore it, or move it away"},
    {SQLITE_CANTOPEN, -ENOENT,
     "its directory has to exist and this user to be allowed to write there"},
    {SQLITE_READONLY, -EACCES,
     "this user has to be allowed to write the file and its directory"},
    {SQLITE_PERM, -EACCES,
     "this user has to be allowed to write the file and its directory"},
    {SQLITE_IOERR, -EIO, "the disk or its file system fails: the kernel's log "
                         "may say why"},
};

static const struct answer *answer_to(int code, int sys)
{
    static const struct answer other = {SQLITE_ERROR, -EIO, "see SQLite's "
                                        "documentation on this number"};
    static const struct answer long_file = {
        SQLITE_IOERR, -EFBIG, "the limit of a file's size (ulimit -f) is too "
                              "low, or the file system's"};

    if (code == SQLITE_IOERR && sys == EFBIG)
        return &long_file;
    if (code == SQLITE_IOERR && (sys == ENOSPC || sys == EDQUOT))
        code = SQLITE_FULL;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (answers[i].code == code)
            return &answers[i];
    return &other;
}

/* Why the system refused: of the log, where most is written.  What
 * sqlite3_system_errno() says is overwritten by the roll-back. */
static int errno_of(sqlite3 *db)
{
    sqlite3_file *f = NULL;
    int sys = 0;

    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &f) ==
            SQLITE_OK &&
        f && f->pMethods)
        f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &sys);
    if (sys == 0)
        sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &sys);
    return sys;
}

int mqm__db_fail(struct sqlite_db *d, const char *doing)
{
    int code = d->db ? sqlite3_extended_errcode(d->db) : SQLITE_NOMEM;
    const struct answer *a;

    char why[160];

    snprintf(why, sizeof(why), "%s",
             d->db ? sqlite3_errmsg(d->db) : "out of memory");
    a = answer_to(code & 0xff, (code & 0xff) == SQLITE_IOERR ? errno_of(d->db)
                                                            : 0);
    return d->host->fail(d->host, a->err, "sqlite store %s: %s: %s (%d); %s",
                         d->path, doing, why, code, a->remedy);
}

const char *mqm__sqlite_remedy(int code)
{
    return answer_to(code, 0)->remedy;
}
