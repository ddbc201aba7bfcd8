/* SPDX-License-Identifier: MIT */
/* bad_store.c - a store and an adapter that lack what they must have. */
#include <mqmigrate/plugin.h>

static const struct mqm_store store = {.size = sizeof(store)};
static const struct mqm_adapter adapter = {.size = sizeof(adapter)};

MQM_PLUGIN = {sizeof(struct mqm_plugin), "bad_store", "1", &store, &adapter};
