/* SPDX-License-Identifier: MIT */
/* report.c - see report.h. */
#include "report.h"
#include "bytes.h"
#include "error.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

enum { FORMAT = 1 };
enum { GONE = 1, SWITCHED = 2 };

static_assert(1 + 1 + 4 + 8 + REPORT_HOST + REPORT_VERSION + 8 + 4 + 8 + 4 * 8 +
                      1 + 8 * COUNTS + 4 * 4 + 2 * 4 <= MQM_VALUE_MAX,
              "the longest report fits a cell");
static_assert(REPORT_RUN + REPORT_SIDE + REPORT_NAME <= MQM_ID_MAX,
              "the longest key is an id");

void mqm__report_space(char out[REPORT_SPACE], const char *topic_space)
{
    snprintf(out, REPORT_SPACE, "%s/instances", topic_space);
}

size_t mqm__report_key(unsigned char out[MQM_ID_MAX],
                       const struct report_key *key)
{
    char text[MQM_ID_MAX];
    int len = snprintf(text, sizeof(text), "%s/%s/%s", key->run, key->side,
                       key->instance);

    memcpy(out, text, (size_t)len);
    return (size_t)len;
}

int mqm__report_key_read(struct report_key *out, const void *id, size_t len)
{
    const char *at = id, *side, *name, *end = at + len;

    side = len ? memchr(at, '/', len) : NULL;
    name = side ? memchr(side + 1, '/', (size_t)(end - side - 1)) : NULL;
    if (!name || side - at >= REPORT_RUN || name - side > REPORT_SIDE ||
        end - name > REPORT_NAME)
        return mqm__fail(-EPROTO, "no report's key (%zu bytes)", len);
    snprintf(out->run, sizeof(out->run), "%.*s", (int)(side - at), at);
    snprintf(out->side, sizeof(out->side), "%.*s", (int)(name - side - 1),
             side + 1);
    snprintf(out->instance, sizeof(out->instance), "%.*s",
             (int)(end - name - 1), name + 1);
    return 0;
}

/* Of more than fits, as much as fits. */
static unsigned char *put_small(unsigned char *p, uint64_t v)
{
    return mqm__put(p, v < UINT32_MAX ? v : UINT32_MAX, 4);
}

size_t mqm__report_encode(unsigned char out[MQM_VALUE_MAX],
                          const struct report *r)
{
    unsigned flags = (r->gone ? GONE : 0u) | (r->on ? SWITCHED : 0u);
    unsigned char *p = mqm__put(out, FORMAT, 1);

    p = mqm__put(p, flags, 1);
    p = put_small(p, (uint64_t)r->report_ms);
    p = mqm__put(p, (uint64_t)r->pid, 8);
    p = mqm__put_text(p, r->host);
    p = mqm__put_text(p, r->version);
    p = mqm__put(p, r->print, 8);
    p = mqm__put(p, r->cut_ppm, 4);
    p = mqm__put(p, (uint64_t)r->since_ms, 8);
    p = mqm__put(p, (uint64_t)r->open_ms, 8);
    p = mqm__put(p, (uint64_t)r->in_force_ms, 8);
    p = mqm__put(p, (uint64_t)r->confirmed_ms, 8);
    p = mqm__put(p, (uint64_t)r->unchanged_ms, 8);
    p = mqm__put(p, COUNTS, 1);
    for (int i = 0; i < COUNTS; i++)
        p = mqm__put(p, r->n[i], 8);
    p = put_small(p, (uint64_t)r->lately.at_ms);
    p = put_small(p, r->lately.done);
    p = put_small(p, r->lately.first);
    p = put_small(p, r->lately.second);
    p = put_small(p, (uint64_t)r->minute.at_ms);
    return (size_t)(put_small(p, r->minute.done) - out);
}

static void read_counts(struct report *out, struct bytes *b)
{
    unsigned n = (unsigned)mqm__get(b, 1);

    for (unsigned i = 0; i < n; i++) {
        uint64_t v = mqm__get(b, 8);

        if (i < COUNTS)
            out->n[i] = v;
    }
}

static void read_lately(struct report *out, struct bytes *b)
{
    out->lately.at_ms = (int64_t)mqm__get(b, 4);
    out->lately.done = mqm__get(b, 4);
    out->lately.first = mqm__get(b, 4);
    out->lately.second = mqm__get(b, 4);
    out->minute.at_ms = (int64_t)mqm__get(b, 4);
    out->minute.done = mqm__get(b, 4);
}

int mqm__report_decode(struct report *out, const unsigned char *in, size_t len)
{
    struct bytes b = {in, len, false};
    unsigned format = (unsigned)mqm__get(&b, 1), flags;

    memset(out, 0, sizeof(*out));
    if (format != FORMAT)
        return mqm__fail(-EPROTO, "the report has format %u, this library "
                         "knows %d", format, FORMAT);
    flags = (unsigned)mqm__get(&b, 1);
    out->gone = flags & GONE;
    out->on = flags & SWITCHED;
    out->report_ms = (int64_t)mqm__get(&b, 4);
    out->pid = (int64_t)mqm__get(&b, 8);
    mqm__get_text(&b, out->host, sizeof(out->host));
    mqm__get_text(&b, out->version, sizeof(out->version));
    out->print = mqm__get(&b, 8);
    out->cut_ppm = (uint32_t)mqm__get(&b, 4);
    out->since_ms = (int64_t)mqm__get(&b, 8);
    out->open_ms = (int64_t)mqm__get(&b, 8);
    out->in_force_ms = (int64_t)mqm__get(&b, 8);
    out->confirmed_ms = (int64_t)mqm__get(&b, 8);
    out->unchanged_ms = (int64_t)mqm__get(&b, 8);
    read_counts(out, &b);
    read_lately(out, &b);
    if (b.bad)
        return mqm__fail(-EPROTO, "the report cannot be read (%zu bytes)", len);
    return 0;
}
