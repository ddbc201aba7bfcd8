/* SPDX-License-Identifier: MIT */
/* file_swap.h - a file that several programs change, one at a time, so that
 * whoever reads it, also after a crash, finds the old text or the new one.
 */
#ifndef MQM_FILE_SWAP_H
#define MQM_FILE_SWAP_H

#include <stddef.h>

/* Hold the lock file beside path (PATH.lock, which stays): a descriptor, to be
 * closed.  -EBUSY: somebody else has had it for ten seconds. */
int mqm__file_lock(const char *path);

/* Put text in the place of the file, same mode and owner: written beside it
 * (PATH.new), synced, renamed over it, the directory synced.  Only while the
 * lock is held; path is no symlink. */
int mqm__file_swap(const char *path, const char *text, size_t len);

#endif
