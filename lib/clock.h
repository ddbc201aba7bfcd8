/* SPDX-License-Identifier: MIT */
/* clock.h - the clocks of this process, for core and stores alike.  Leases go
 * by the store's. */
#ifndef MQM_CLOCK_H
#define MQM_CLOCK_H

#include <stdint.h>

int64_t mqm__wall_us(void); /* since 1970 */
int64_t mqm__now_ms(void);
int64_t mqm__mono_us(void); /* never goes back */
int64_t mqm__mono_ms(void);
int64_t mqm__boottime_us(void); /* nor does it stand in a suspended machine */

void mqm__pause(int64_t ms); /* whole, also if a signal comes */

#endif
