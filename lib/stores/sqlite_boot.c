/* SPDX-License-Identifier: MIT */
/* sqlite_boot.c - see sqlite_boot.h. */
#include "sqlite_boot.h"

#include "../clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void mqm__boot_id(char id[BOOT_MAX])
{
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");

    id[0] = '\0';
    if (f && fgets(id, BOOT_MAX, f))
        id[strcspn(id, "\n")] = '\0';
    if (f)
        fclose(f);
}

/* 1: boot_us is as written down, 0: not in this boot, or < 0. */
static int look(struct sqlite_db *d, const char *id)
{
    int64_t ms = 0;
    char sql[128];
    int r;

    snprintf(sql, sizeof(sql), "SELECT value FROM meta WHERE name='clock %s'",
             id);
    r = mqm__db_ask(d, sql, &ms);
    if (r == 1 && (ms < 1 || ms > INT64_MAX / 2000))
        return d->host->fail(d->host, -EIO,
                             "sqlite store %s: its clock began at %" PRId64
                             " ms: the file is damaged, or written by "
                             "something else", d->path, ms);
    if (r == 1)
        d->boot_us = ms * 1000;
    return r;
}

/* What is in the file is not younger than now, whatever the clock says; also
 * one that has not been set yet, and says 1970. */
static int write_down(struct sqlite_db *d, const char *id)
{
    char sql[320];

    snprintf(sql, sizeof(sql),
             "DELETE FROM meta WHERE name LIKE 'clock %%';"
             "INSERT INTO meta VALUES('clock %s', max(1, max(%" PRId64 ","
             " (SELECT coalesce(max(changed_ms), 0) FROM cells))"
             " - %" PRId64 "))",
             id, mqm__wall_us() / 1000, mqm__boottime_us() / 1000);
    if (sqlite3_exec(d->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return mqm__db_fail(d, "cannot be written to");
    return look(d, id);
}

static int look_or_write(struct sqlite_db *d, const char *id)
{
    int r = look(d, id); /* another one may have been first */

    return r == 0 ? write_down(d, id) : r;
}

int mqm__boot_begin(struct sqlite_db *d)
{
    char id[BOOT_MAX];
    int r;

    mqm__boot_id(id);
    d->boot_us = 0;
    if (!id[0])
        return MQM_OK;
    r = look(d, id);
    if (r != 0)
        return r < 0 ? r : MQM_OK;
    r = mqm__db_write_synced(d);
    return r == MQM_OK ? mqm__db_end(d, look_or_write(d, id)) : r;
}

int64_t mqm__boot_now_us(const struct sqlite_db *d)
{
    return d->boot_us ? d->boot_us + mqm__boottime_us() : mqm__wall_us();
}
