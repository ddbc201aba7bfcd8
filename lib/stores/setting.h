/* SPDX-License-Identifier: MIT */
/* setting.h - the settings of a built-in store, by a table.
 *
 * A setting is a text or a number; what is not in the table is refused with the
 * names that are.  A secret never gets into an error.
 */
#ifndef MQM_STORES_SETTING_H
#define MQM_STORES_SETTING_H

#include <mqmigrate/plugin.h>

struct mqm__setting {
    const char *name;
    const char **text; /* one of the two is set; not copied */
    int64_t *number;
    int64_t min, max;
};

/* Read settings[1..] (the first is the url) by a table of `known` rows. */
int mqm__settings_read(const struct mqm_host *host, const char *store,
                       const struct mqm__setting *table, size_t known,
                       const struct mqm_setting *settings, size_t n);

/* The url behind `scheme` ("sqlite:"), or NULL, with words. */
const char *mqm__settings_url(const struct mqm_host *host, const char *scheme,
                              const struct mqm_setting *settings, size_t n);

#endif
