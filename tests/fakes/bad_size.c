/* SPDX-License-Identifier: MIT */
/* bad_size.c - a plugin that is shorter than any real one. */
#include <mqmigrate/plugin.h>

MQM_PLUGIN = {8, "bad_size", "1", NULL, NULL};
