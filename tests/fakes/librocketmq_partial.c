/* SPDX-License-Identifier: MIT */
/* librocketmq_partial.c - the stub that lacks a function; see there. */
#define STUB_PARTIAL
#define stub stub_partial /* beside the whole one in a process */
#include "librocketmq_stub.c"
