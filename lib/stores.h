/* SPDX-License-Identifier: MIT */
/* stores.h - the stores that are built in.  Each is a plugin like any other. */
#ifndef MQM_STORES_H
#define MQM_STORES_H

#include <mqmigrate/plugin.h>

extern const struct mqm_plugin mqm__store_memory;
extern const struct mqm_plugin mqm__store_sqlite;
extern const struct mqm_plugin mqm__store_redis;

#endif
