/* SPDX-License-Identifier: MIT */
/* config_value.c - one value of each kind: is it allowed, and what is it?
 *
 * "must be LIMITS" is said in one place; a kind adds only what the table's
 * limits cannot tell.
 */
#include "config_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MS_2000 INT64_C(946684800000)
#define MS_2100 INT64_C(4102444800000)

enum { ALLOW_MAX = 100000, ENTRY_MAX = 255 };

struct place { /* what every kind needs */
    const struct reader *rd;
    const struct json_place *at;
    const struct setting_row *row;
};

static int bad(const struct place *p)
{
    const char *unit = p->row->kind == KIND_MS ? " (milliseconds)" : "";

    return mqm__bad_place(p->rd, p->at, "must be %s%s", p->row->limits, unit);
}

static int bad_text(const struct place *p)
{
    return mqm__bad_place(
        p->rd, p->at, "must be %s, without control characters", p->row->limits);
}

static int keep_text(char **slot, const char *text)
{
    *slot = strdup(text);
    return *slot ? 0 : mqm__no_memory();
}

static bool has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127)
            return true;
    return false;
}

static bool fits(const struct setting_row *row, const char *s)
{
    const int64_t len = s ? (int64_t)strlen(s) : 0;

    return s && len >= row->min && len <= row->max;
}

static int read_text(const struct place *p, const json_t *v, char **slot)
{
    const char *s = json_string_value(v);

    if (!fits(p->row, s) || has_control(s))
        return bad_text(p);
    return keep_text(slot, s);
}

/* As text, or {"file": ...}: a store's url may hold a password. */
static int read_plugin_text(const struct place *p, const json_t *v, char **slot)
{
    int secret, r;

    if (!json_is_object(v))
        return read_text(p, v, slot);
    r = mqm__read_value(p->rd, p->at, v, slot, &secret);
    if (r < 0)
        return r;
    return fits(p->row, *slot) && !has_control(*slot) ? 0 : bad_text(p);
}

static bool is_name(const struct setting_row *row, const char *s)
{
    return fits(row, s) && !s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
                                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789._-")];
}

static int read_name(const struct place *p, const json_t *v, char **slot)
{
    const char *s = json_string_value(v);

    if (!is_name(p->row, s))
        return bad(p);
    return keep_text(slot, s);
}

static int read_number(const struct place *p, const json_t *v, int64_t *out)
{
    int64_t n = json_integer_value(v);

    if (!json_is_integer(v) || n < p->row->min || n > p->row->max)
        return bad(p);
    *out = n;
    return 0;
}

static int read_word(const struct place *p, const json_t *v, int *out)
{
    const char *s = json_string_value(v);
    int i;

    for (i = 0; s && p->row->choices[i]; i++)
        if (!strcmp(s, p->row->choices[i])) {
            *out = i;
            return 0;
        }
    return bad(p);
}

int mqm__cut_of_text(const char *text, uint32_t *ppm)
{
    const char *s = text;
    uint32_t n = 0, unit = 10000;

    for (; *s >= '0' && *s <= '9' && s < text + 4; s++)
        n = n * 10 + (uint32_t)(*s - '0') * 10000;
    if (s == text || s == text + 4)
        return -EINVAL;
    if (*s == '.' && (s[1] < '0' || s[1] > '9'))
        return -EINVAL;
    for (s += *s == '.'; *s >= '0' && *s <= '9' && unit > 1; s++) {
        unit /= 10;
        n += (uint32_t)(*s - '0') * unit;
    }
    if (strcmp(s, "%") || n > MQM_CUT_ALL)
        return -EINVAL;
    *ppm = n;
    return 0;
}

static int read_cut(const struct place *p, const json_t *v, uint32_t *out)
{
    const char *s = json_string_value(v);

    if (!s)
        return mqm__bad_place(p->rd, p->at,
                              "must be a text with a percent sign: %s",
                              p->row->limits);
    return mqm__cut_of_text(s, out) < 0 ? bad(p) : 0;
}

/* n digits at *s. */
static int digits(const char **s, int n, int64_t low, int64_t high)
{
    int64_t value = 0;

    for (; n; n--, (*s)++) {
        if (**s < '0' || **s > '9')
            return -EINVAL;
        value = value * 10 + (**s - '0');
    }
    return value >= low && value <= high ? (int)value : -EINVAL;
}

static int64_t days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

static int64_t days_since_1970(int year, int month, int day)
{
    int64_t days = day - 1;
    int m, y = year - 1;

    for (m = 1; m < month; m++)
        days += days_in(year, m);
    return days + 365 * ((int64_t)year - 1970) + (y / 4 - 492) -
           (y / 100 - 19) + (y / 400 - 4);
}

/* The fraction of a second, 1 to 9 digits, in ms. */
static int fraction(const char **s)
{
    int ms = 0, n;

    if (**s != '.')
        return 0;
    for (n = 0, (*s)++; **s >= '0' && **s <= '9'; n++, (*s)++)
        ms = n < 3 ? ms * 10 + (**s - '0') : ms;
    for (; n && n < 3; n++)
        ms *= 10;
    return n ? ms : -EINVAL;
}

int mqm__ms_of_text(const char *s, int64_t *ms)
{
    static const struct {
        int n, low, high;
        char after;
    } part[] = {{4, 2000, 2100, '-'}, {2, 1, 12, '-'}, {2, 1, 31, 'T'},
                {2, 0, 23, ':'},      {2, 0, 59, ':'}, {2, 0, 59, 0}};
    int v[6], i, f;

    for (i = 0; i < 6; i++) {
        v[i] = digits(&s, part[i].n, part[i].low, part[i].high);
        if (v[i] < 0 || (part[i].after && *s++ != part[i].after))
            return -EINVAL;
    }
    f = fraction(&s);
    if (f < 0 || strcmp(s, "Z") || v[2] > days_in(v[0], v[1]))
        return -EINVAL;
    *ms =
        ((days_since_1970(v[0], v[1], v[2]) * 24 + v[3]) * 60 + v[4]) * 60000 +
        v[5] * 1000 + f;
    return *ms <= MS_2100 ? 0 : -EINVAL;
}

static int read_since(const struct place *p, const json_t *v, int64_t *out)
{
    int64_t ms = json_integer_value(v);

    if (json_is_null(v)) {
        *out = 0;
        return 0;
    }
    if (json_is_integer(v) && ms > 0 && ms < MS_2000)
        return mqm__bad_place(p->rd, p->at,
                              "lies before the year 2000: is it in seconds? "
                              "must be %s",
                              p->row->limits);
    if (json_is_string(v) && mqm__ms_of_text(json_string_value(v), &ms) < 0)
        return bad(p);
    if ((!json_is_integer(v) && !json_is_string(v)) || ms <= 0 || ms > MS_2100)
        return bad(p);
    *out = ms;
    return 0;
}

static int read_salt(const struct place *p, const json_t *v, uint64_t *out)
{
    const char *s = json_string_value(v);

    if (!fits(p->row, s))
        return bad_text(p);
    *out = mqm__seed_of(s);
    return 0;
}

static int read_entries(const struct place *p, const json_t *v,
                        const char **entries)
{
    size_t i;

    for (i = 0; i < json_array_size(v); i++) {
        const struct json_place at = {p->at, NULL, i};
        const char *s = json_string_value(json_array_get(v, i));

        if (!s || !*s || strlen(s) > ENTRY_MAX)
            return mqm__bad_place(p->rd, &at,
                                  "must be a key or an id: a text of 1 to 255 "
                                  "bytes");
        entries[i] = s;
    }
    return 0;
}

static int read_allow(const struct place *p, const json_t *v,
                      struct allow_list **out)
{
    size_t n = json_array_size(v);
    const char **entries;
    int r;

    if (!json_is_array(v) || n > ALLOW_MAX)
        return bad(p);
    if (!n)
        return 0;
    entries = calloc(n, sizeof(*entries));
    if (!entries)
        return mqm__no_memory();
    r = read_entries(p, v, entries);
    if (!r) {
        *out = mqm__allow_list_new(entries, n);
        r = *out ? 0 : mqm__no_memory();
    }
    free(entries);
    return r;
}

static int read_bool(const struct place *p, const json_t *v, bool *out)
{
    if (!json_is_boolean(v))
        return bad(p);
    *out = json_is_true(v);
    return 0;
}

static int read_count(const struct place *p, const json_t *v, unsigned *out)
{
    int64_t n = 0;
    int r = read_number(p, v, &n);

    if (!r)
        *out = (unsigned)n;
    return r;
}

static int read_flag(const struct place *p, const json_t *v, bool *out)
{
    int word = 0, r = read_word(p, v, &word);

    if (!r)
        *out = word == 1;
    return r;
}

int mqm__read_setting(const struct reader *rd, const struct json_place *at,
                      const struct setting_row *row, const json_t *v,
                      void *base)
{
    const struct place p = {rd, at, row};
    void *slot = (char *)base + row->offset;

    switch (row->kind) {
    case KIND_TEXT: return read_plugin_text(&p, v, slot);
    case KIND_NAME: return read_name(&p, v, slot);
    case KIND_SIDE: return is_name(row, json_string_value(v)) ? 0 : bad(&p);
    case KIND_MS: return read_number(&p, v, slot);
    case KIND_COUNT: return read_count(&p, v, slot);
    case KIND_BOOL: return read_bool(&p, v, slot);
    case KIND_WORD: return read_word(&p, v, slot);
    case KIND_FLAG: return read_flag(&p, v, slot);
    case KIND_CUT: return read_cut(&p, v, slot);
    case KIND_SINCE: return read_since(&p, v, slot);
    case KIND_SALT: return read_salt(&p, v, slot);
    case KIND_ALLOW: return read_allow(&p, v, slot);
    default: return 0; /* a part: config.c reads it */
    }
}
