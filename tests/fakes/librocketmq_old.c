/* SPDX-License-Identifier: MIT */
/* librocketmq_old.c - the stub that lacks a function; see there. */
#define STUB_OLD
#define stub stub_old /* beside the whole one in a process */
#include "librocketmq_stub.c"
