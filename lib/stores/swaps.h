/* SPDX-License-Identifier: MIT */
/* swaps.h - what every built-in store does alike with the swaps of a call.
 *
 * Times are Unix milliseconds and never overflow: what would lie beyond the end
 * of time lies at it.
 */
#ifndef MQM_STORES_SWAPS_H
#define MQM_STORES_SWAPS_H

#include <mqmigrate/plugin.h>

/* -EINVAL with words if one of them cannot be; all of them then have this
 * result, and none may be begun. */
int mqm__swaps_check(const struct mqm_host *host, struct mqm_swap *const *s,
                     size_t n);

/* Give all of them this result. */
int mqm__swaps_all(struct mqm_swap *const *s, size_t n, int result);

enum { MQM__SPACE_MAX = 255 };

/* 1 if `space` is one. */
int mqm__space_valid(const char *space);

/* When a cell that is written now may be forgotten: keep_ms later, but for a
 * message of the future (its producer's clock is ahead) not before it is that
 * old, since memory_from must stay behind the present. */
int64_t mqm__swap_forget_ms(const struct mqm_swap *s, int64_t now_ms);

/* What a store that lost cells at this moment raises memory_from to: producers'
 * clocks may be ahead. */
int64_t mqm__floor_of(const struct mqm_host *host, int64_t lost_ms);

/* There is no cell: MQM_OK, create it; MQM_LOST; MQM_DOUBT. */
int mqm__swap_missing(const struct mqm_swap *s, int64_t memory_from_ms,
                      int forgot_unborn);

/* Fill in now: there is no cell. */
void mqm__swap_none(struct mqm_swap *s);

/* Fill in now after a change. */
void mqm__swap_done(struct mqm_swap *s, uint64_t version);

int64_t mqm__wall_us(void); /* since 1970 */
int64_t mqm__mono_us(void);

#endif
