/* SPDX-License-Identifier: MIT */
/* config_read.h - from JSON to structs, by the table.
 *
 * Every failure is -EINVAL (or -ENOMEM) with the whole story: the text's name,
 * the line, the place in it, what is allowed there.  Values of sections that
 * belong to plugins may be secret, so no value of them is ever told.
 */
#ifndef MQM_CONFIG_READ_H
#define MQM_CONFIG_READ_H

#include "config.h"
#include "config_table.h"
#include "error.h"
#include "json_place.h"

#include <jansson.h>

struct reader {
    const char *text;
    size_t len;
    const char *where;
};

/* "mqm.json: line 12: topics[0].cut: ..." */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
int mqm__bad_place(const struct reader *rd, const struct json_place *at,
                   const char *fmt, ...);
int mqm__no_memory(void);

/* NULL: not valid, or no memory (errno is ENOMEM then). */
json_t *mqm__json_load(const char *text, size_t len, json_error_t *e);

int mqm__want_object(const struct reader *rd, const struct json_place *at,
                     const json_t *value);

/* Refuse names that the table does not have for this place. */
int mqm__known_names(const struct reader *rd, const struct json_place *at,
                     const char *where, json_t *object);

/* Every setting of the place, or its default, into the struct at base; object
 * may be NULL: all are missing.  Texts are malloc'ed. */
int mqm__read_settings(const struct reader *rd, const struct json_place *at,
                       const char *where, json_t *object, void *base);

/* Free what it put there. */
void mqm__free_settings(const char *where, void *base);

/* What is not for the library, for the plugin: in *out.  first: a known name
 * that it gets, too, before all else, or NULL. */
int mqm__read_section(const struct reader *rd, const struct json_place *at,
                      const char *where, json_t *object, const char *first,
                      struct section *out);
/* One more setting, once. */
int mqm__add_number(struct section *s, const char *name, int64_t n);
void mqm__free_section(struct section *s);

/* A value of such a section as text (malloc'ed); *secret is set to 1 if it
 * came from a file. */
int mqm__read_value(const struct reader *rd, const struct json_place *at,
                    const json_t *value, char **out, int *secret);

/* One value of a setting; config_value.c. */
int mqm__read_setting(const struct reader *rd, const struct json_place *at,
                      const struct setting_row *row, const json_t *value,
                      void *base);

/* "12.5%" in millionths; "2026-01-31T23:59:59Z" in Unix ms; -EINVAL. */
int mqm__cut_of_text(const char *text, uint32_t *ppm);
int mqm__ms_of_text(const char *text, int64_t *ms);

/* Sound as a whole?  config_check.c */
int mqm__check_topic(const struct reader *rd, const struct json_place *at,
                     const struct topic_config *t);
int mqm__check_together(const struct reader *rd, const struct config *c);

#endif
