/* SPDX-License-Identifier: MIT */
/* plugin_so.h - a plugin's table out of its `.so`, for tests that have no
 * library do it for them. */
#ifndef MQM_TEST_PLUGIN_SO_H
#define MQM_TEST_PLUGIN_SO_H

#include <mqmigrate/plugin.h>

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* The file is named from the folder of the program.  NULL, and it was said. */
static inline const struct mqm_plugin *plugin_so(const char *program,
                                                 const char *file)
{
    const char *slash = strrchr(program, '/');
    char path[1024];
    void *so;

    snprintf(path, sizeof(path), "%.*s/%s",
             slash ? (int)(slash - program) : 1, slash ? program : ".", file);
    so = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!so)
        fprintf(stderr, "%s\n", dlerror());
    return so ? dlsym(so, MQM_PLUGIN_SYMBOL) : NULL;
}

#endif
