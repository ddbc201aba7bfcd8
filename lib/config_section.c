/* SPDX-License-Identifier: MIT */
/* config_section.c - what is not for the library but for a plugin.
 *
 * Names are the plugin's business; values become text.  A value may lie in a
 * file of its own, so that a configuration can be shown to anybody: written
 * {"file": "/path"}, or as a setting whose name ends in "_file", which is
 * handed on without that end.  Such a value is secret, and so is what has a
 * name like a password's.
 */
#include "config_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MAX = 65536, SPARE = 2 /* more than there are in the file */ };

static size_t read_fd(int fd, char *buf, size_t size)
{
    size_t have = 0;
    ssize_t n = 1;

    while (n && have < size) {
        n = read(fd, buf + have, size - have);
        if (n < 0 && errno != EINTR)
            return size;
        have += n > 0 ? (size_t)n : 0;
    }
    return have;
}

/* Without the line's end that editors put there. */
static int cut_line_end(char *s, size_t len)
{
    if (len && s[len - 1] == '\n')
        len--;
    if (len && s[len - 1] == '\r')
        len--;
    s[len] = '\0';
    return strlen(s) == len ? 0 : -EINVAL;
}

static int read_secret(const struct reader *rd, const struct json_place *at,
                       const char *path, char **out)
{
    int fd = path && *path == '/'
                 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
                 : -1;
    char *buf = NULL;
    struct stat st;
    size_t len;
    int r = -EINVAL;

    if (!path || *path != '/')
        return mqm__bad_place(rd, at,
                              "the file must be a path from the root "
                              "on: {\"file\": \"/path\"}");
    if (fd < 0)
        return mqm__bad_place(rd, at, "cannot open %s: %s", path,
                              strerror(errno));
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        buf = malloc(SECRET_MAX + 1);
        len = buf ? read_fd(fd, buf, SECRET_MAX) : 0;
        r = buf && len < SECRET_MAX ? cut_line_end(buf, len) : -EINVAL;
    }
    close(fd);
    if (r < 0) {
        free(buf);
        return mqm__bad_place(
            rd, at, "%s must be a readable file of text below 64 KB", path);
    }
    *out = buf;
    return 0;
}

static const char *file_of(const json_t *value)
{
    return json_object_size(value) == 1
               ? json_string_value(json_object_get(value, "file"))
               : NULL;
}

int mqm__read_value(const struct reader *rd, const struct json_place *at,
                    const json_t *value, char **out, int *secret)
{
    char *text = NULL;

    if (json_is_object(value) && file_of(value)) {
        *secret = 1;
        return read_secret(rd, at, file_of(value), out);
    }
    if (json_is_string(value))
        text = strdup(json_string_value(value));
    else if (json_is_number(value) || json_is_boolean(value))
        text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    else
        return mqm__bad_place(rd, at,
                              "must be a text, a number, true, false "
                              "or {\"file\": \"/path\"}");
    if (!text)
        return mqm__no_memory();
    *out = text;
    return 0;
}

static bool has_word(const char *name, const char *word)
{
    size_t n = strlen(word);

    for (; *name; name++)
        if (!strncasecmp(name, word, n))
            return true;
    return false;
}

static bool named_secret(const char *name)
{
    static const char *const words[] = {"password",   "passwd",   "secret",
                                        "token",      "key.pem",  "passphrase",
                                        "credential", "sasl.jaas",  "auth"};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (has_word(name, words[i]))
            return true;
    return false;
}

/* redis://user:password@host */
static bool url_with_password(const char *value)
{
    const char *host = strstr(value, "://");

    return host && strchr(host, '@');
}

/* The length of the name without "_file", or 0. */
static size_t file_name(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && !strcmp(name + len - 5, "_file") ? len - 5 : 0;
}

/* What is the plugin's is new'ed here and freed by mqm__free_section(). */
static int add(const struct reader *rd, const struct json_place *at,
               const json_t *value, struct section *s)
{
    size_t cut = file_name(at->name);
    char *name = strndup(at->name, cut ? cut : strlen(at->name)), *text = NULL;
    int secret = 0, r;

    if (!name)
        return mqm__no_memory();
    if (cut && json_is_string(value)) {
        secret = 1;
        r = read_secret(rd, at, json_string_value(value), &text);
    } else if (cut) {
        r = mqm__bad_place(rd, at, "must be the path of a file");
    } else {
        r = mqm__read_value(rd, at, value, &text, &secret);
    }
    if (r < 0) {
        free(name);
        return r;
    }
    secret |= named_secret(name) || url_with_password(text);
    s->settings[s->n++] = (struct mqm_setting){name, text, secret};
    return 0;
}

static int known_once(const struct reader *rd, const struct json_place *at,
                      const struct section *s)
{
    size_t i;

    for (i = 0; i + 1 < s->n; i++)
        if (!strcmp(s->settings[i].name, s->settings[s->n - 1].name))
            return mqm__bad_place(rd, at, "\"%s\" is set twice",
                                  s->settings[i].name);
    return 0;
}

int mqm__read_section(const struct reader *rd, const struct json_place *at,
                      const char *where, json_t *object, const char *first,
                      struct section *out)
{
    const char *name;
    json_t *value;
    int r = 0;

    out->settings =
        calloc(json_object_size(object) + SPARE, sizeof(*out->settings));
    if (!out->settings)
        return mqm__no_memory();
    if (first) {
        const struct json_place p = {at, first, 0};

        r = add(rd, &p, json_object_get(object, first), out);
    }
    json_object_foreach(object, name, value)
    {
        const struct json_place p = {at, name, 0};

        if (r || mqm__find_setting(where, name))
            continue;
        r = add(rd, &p, value, out);
        r = r ? r : known_once(rd, &p, out);
    }
    return r;
}

int mqm__add_number(struct section *s, const char *name, int64_t n)
{
    char digits[24], *copy = strdup(name), *text;

    snprintf(digits, sizeof(digits), "%" PRId64, n);
    text = strdup(digits);
    if (!copy || !text) {
        free(copy);
        free(text);
        return mqm__no_memory();
    }
    s->settings[s->n++] = (struct mqm_setting){copy, text, 0};
    return 0;
}

void mqm__free_section(struct section *s)
{
    size_t i;

    for (i = 0; i < s->n; i++) {
        free((char *)(uintptr_t)s->settings[i].name);
        free((char *)(uintptr_t)s->settings[i].value);
    }
    free(s->settings);
}
