/* SPDX-License-Identifier: MIT */
/* bad_symbol.c - a plugin for another version of plugin.h. */
#include <mqmigrate/plugin.h>

extern MQM_API const struct mqm_plugin mqm_plugin_99;
const struct mqm_plugin mqm_plugin_99 = {sizeof(struct mqm_plugin),
                                         "bad_symbol", "1", NULL, NULL};
