/* SPDX-License-Identifier: MIT */
/* librocketmq_partial.c - the stub that lacks a function; see there. */
#define STUB_PARTIAL
#include "librocketmq_stub.c"
