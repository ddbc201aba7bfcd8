/* SPDX-License-Identifier: MIT */
/* analyze.h - what no analyzer can see from one file; tests/analyze has it read
 * before each.
 *
 * A call that tells of a failure gives back the number it was given, which is
 * below 0: -EINVAL, or -errno after a call that failed.  Its callers go by that
 * ("r < 0: nothing was written"), and so do the paths that are followed.
 */
#include "../lib/error.h"

#include <mqmigrate/plugin.h>

static inline int below_0(int err)
{
    return err < 0 ? err : -1;
}

#define GIVEN(call, err) call < 0 ? below_0(err) : -1
#define fail(host, err, ...) GIVEN(fail(host, err, __VA_ARGS__), err)
#define mqm__fail(err, ...) GIVEN(mqm__fail(err, __VA_ARGS__), err)
#define mqm__fail_in(err, ...) GIVEN(mqm__fail_in(err, __VA_ARGS__), err)
