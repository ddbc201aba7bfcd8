/* SPDX-License-Identifier: MIT */
/* bad_kind.c - a plugin that is neither a store nor an adapter. */
#include <mqmigrate/plugin.h>

MQM_PLUGIN = {sizeof(struct mqm_plugin), "bad_kind", "1", NULL, NULL};
