/* SPDX-License-Identifier: MIT */
/* error.h - the story of a failure, told where it happens, once.
 *
 * One text a thread.  A caller passes a negative result on untouched and never
 * writes over the text of the call that failed.
 */
#ifndef MQM_ERROR_H
#define MQM_ERROR_H

#include <stdarg.h>

#if defined(__GNUC__)
#define MQM__PRINTF(at) __attribute__((format(printf, at, (at) + 1)))
#define MQM__VPRINTF(at) __attribute__((format(printf, at, 0)))
#define MQM__CHECKED    __attribute__((warn_unused_result))
#else
#define MQM__PRINTF(at)
#define MQM__VPRINTF(at)
#define MQM__CHECKED
#endif

/* Keep the text for mqm_errmsg() and return err (negative). */
MQM__PRINTF(2) int mqm__fail(int err, const char *fmt, ...);
MQM__VPRINTF(2) int mqm__vfail(int err, const char *fmt, va_list ap);

/* Put words before the text that is there: "mqm.json: line 3: ...". */
MQM__PRINTF(2) int mqm__fail_in(int err, const char *fmt, ...);

void mqm__clear_error(void);

/* Words may hold what others wrote (a name in a file, a server's error): what
 * would move a cursor or begin a line becomes a '?'.  Of every text here. */
void mqm__make_plain(char *text);

#endif
