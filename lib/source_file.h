/* SPDX-License-Identifier: MIT */
/* source_file.h - a configuration that lies in a file and may change.
 *
 * A change is noticed by what stat() tells of the path as it resolves now
 * (device, inode, size, time of change), so a rename over it, a symlink that
 * was switched and a rewrite in place are all seen.  A file that is being
 * rewritten in place is half-written for a moment: it is read twice, and used
 * only if nothing moved in between.
 *
 * A clock of files ticks some hundred times a second, so a file changed just
 * before it was read may change again unseen.  Such a file is read again the
 * next time.  What is read is told from the last text by its content: a touch,
 * or the same text in another file, is no change.
 */
#ifndef MQM_SOURCE_FILE_H
#define MQM_SOURCE_FILE_H

#include <stddef.h>
#include <stdint.h>

#define MQM_SOURCE_MAX ((size_t)4 << 20) /* bytes of a configuration */

struct source_file {
    char *path;
    uint64_t stamp[6]; /* of what was read last; zeros: nothing yet */
};

/* 1: changed, *text (malloc'ed, NUL at its end) and *len are set;
 * 0: it stands as it was read last; < 0: unreadable, or still being written
 * (-EAGAIN), with words. */
int mqm__source_file_read(struct source_file *s, char **text, size_t *len);

/* 0 or < 0: the same for who reads once, and so waits, up to a second, for one
 * that is being written in place. */
int mqm__source_file_settled(struct source_file *s, char **text, size_t *len);

/* What was read last was of no use (half-written, a mistake in it): hand it out
 * again, so that it is not taken for what is in force. */
void mqm__source_file_forget(struct source_file *s);
void mqm__source_file_free(struct source_file *s);

#endif
