/* SPDX-License-Identifier: MIT */
/* loop_bare.c - the looping adapter without what is optional; see there. */
#define LOOP_BARE
#include "loop.c"
