/* SPDX-License-Identifier: MIT */
/* bad_store.c - a store and an adapter that lack what they must have. */
#include <mqmigrate/plugin.h>

static const struct mqm_store store = {sizeof(struct mqm_store), 0, 0, 0,
                                       0, 0, 0, 0, 0, 0};
static const struct mqm_adapter adapter = {sizeof(struct mqm_adapter), 0, 0, 0,
                                           0, 0, 0, 0, 0};

MQM_PLUGIN = {sizeof(struct mqm_plugin), "bad_store", "1", &store, &adapter};
