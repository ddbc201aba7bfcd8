/* SPDX-License-Identifier: MIT */
/* sight.h - is this copy the first of its message that anybody looks at, or the
 * first of its side while the other side has seen one?
 *
 * Their ratio is the copy coverage.  It is told by the record that the copy
 * meets, which is there anyway: no call more, nothing more on record.
 *
 *     FREE                            first
 *     OWED to its side, never tried   second: the other side's copy pinned it
 *     the other side's, let go of     second
 *     DONE by the other side          second
 *     all else                        neither: a copy that comes again
 *
 * A record names the copy that was seen first (origin): what the own side has
 * seen first is never second.  What is not told apart from a second copy: a
 * copy of a done or foreign message that the broker delivers once more, and
 * one that the producer sent twice.
 */
#ifndef MQM_SIGHT_H
#define MQM_SIGHT_H

#include "claim.h"

enum sight { SIGHT_NONE, SIGHT_FIRST, SIGHT_SECOND };

/* Of a work that looked or acquired: w->now is the record that it met. */
int mqm__sight(const struct work *w, int verdict);

#endif
