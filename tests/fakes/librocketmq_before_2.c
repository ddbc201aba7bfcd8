/* SPDX-License-Identifier: MIT */
/* librocketmq_before_2.c - the stub that lacks a function; see there. */
#define STUB_BEFORE_2
#include "librocketmq_stub.c"
