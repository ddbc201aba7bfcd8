/* SPDX-License-Identifier: MIT */
/* config_table.h - a row a setting: where it stands, what it may be, what it
 * is if it is missing, what it is for.
 *
 * Parsing, defaults, errors, mqm_settings() and mqm_change() all read this one
 * table.  A default is JSON text and goes the way of what is written in a
 * file, so it is checked like that.
 */
#ifndef MQM_CONFIG_TABLE_H
#define MQM_CONFIG_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum setting_kind {
    KIND_TEXT,  /* char *                               */
    KIND_NAME,  /* char *, of ours                      */
    KIND_SIDE,  /* not stored: the name of a side       */
    KIND_MS,    /* int64_t                              */
    KIND_COUNT, /* unsigned                             */
    KIND_BOOL,  /* bool                                 */
    KIND_WORD,  /* int, the number of the word          */
    KIND_FLAG,  /* bool: is it the second of two words? */
    KIND_CUT,   /* uint32_t                             */
    KIND_SINCE, /* int64_t                              */
    KIND_SALT,  /* uint64_t                             */
    KIND_ALLOW, /* struct allow_list *                  */
    KIND_PART,  /* a section or a list of them          */
};

struct setting_row {
    const char *where; /* "", "store", "sides.*", "topics[]", ... */
    const char *name;
    int kind;
    size_t offset;              /* in the struct that the place is read into  */
    const char *preset;         /* JSON text, if it may be missing, or NULL:  */
    const char *note;           /* what holds then; NULL: it must be there    */
    int64_t min, max;           /* of a number; of a text, its bytes          */
    const char *limits;         /* the same for people                        */
    const char *const *choices; /* of a word, NULL at the end         */
    const char *words;
};

extern const struct setting_row mqm__settings[];
extern const size_t mqm__n_settings;

/* The next row of this place after row (NULL: the first), or NULL. */
const struct setting_row *mqm__next_setting(const struct setting_row *row,
                                            const char *where);
const struct setting_row *mqm__find_setting(const char *where,
                                            const char *name);

/* "text", "milliseconds", "true or false", ... */
const char *mqm__kind_name(int kind);

/* The known name of the place that looks most like it, or NULL. */
const char *mqm__near_setting(const char *where, const char *name);

/* How many letters must be put in, taken out or changed, up to 99. */
unsigned mqm__edit_distance(const char *a, const char *b);

#endif
