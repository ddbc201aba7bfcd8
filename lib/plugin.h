/* SPDX-License-Identifier: MIT */
/* plugin.h - finding, loading and opening stores and adapters.
 *
 * A name without a '/' is that of a built-in store, or of the file
 * mqm_NAME.so in plugin_dir or, without one, in mqmigrate/ beside the library.
 * Its constant is read and judged before any of its code runs.
 */
#ifndef MQM_PLUGIN_LOADER_H
#define MQM_PLUGIN_LOADER_H

#include "core.h"

#include <stddef.h>

enum plugin_kind { PLUGIN_STORE, PLUGIN_ADAPTER };

/* Does the table reach as far as this function, and is it there? */
#define mqm__can(table, fn)                                                    \
    ((table)->size >=                                                          \
         offsetof(struct mqm_adapter, fn) + sizeof((table)->fn) &&             \
     (table)->fn)

/* The same of a store's, whose first functions each store has. */
#define mqm__store_can(table, fn)                                              \
    ((table)->size >=                                                          \
         offsetof(struct mqm_store, fn) + sizeof((table)->fn) &&               \
     (table)->fn)

/* Load by name or path: checked, not opened.  path (may be NULL) gets where it
 * was found. */
int mqm__plugin_load(const struct mqm_plugin **out, const char *dir,
                     const char *name, int kind, char *path, size_t size);

/* p->m and p->side are set by the caller. */
int mqm__plugin_open(struct plugin *p, const char *dir, const char *name,
                     const struct section *section, int kind);
void mqm__plugin_close(struct plugin *p);

/* The store's plugin, by the scheme of its address. */
int mqm__store_scheme(const char *url, char *name, size_t size);

extern const struct mqm_plugin *const mqm__builtin[];

#endif
