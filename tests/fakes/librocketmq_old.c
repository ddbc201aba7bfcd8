/* SPDX-License-Identifier: MIT */
/* librocketmq_old.c - the stub that lacks a function; see there. */
#define STUB_OLD
#include "librocketmq_stub.c"
