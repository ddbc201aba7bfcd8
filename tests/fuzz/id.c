/* SPDX-License-Identifier: MIT */
/* id.c - any bytes as ids, keys and times of a broker's message: folded, dated,
 * hashed, looked up, routed; consumers with the same policy agree.
 *
 * Input: since (6), born (6), now (6), cut (3), flags (1), an allow list
 * that ends with an empty line, the id's length (1), the id, the key.
 */
#include "fuzz.h"

#include "../../lib/hash.h"
#include "../../lib/id.h"
#include "../../lib/policy.h"

#include <mqmigrate/mqmigrate.h>

#include <ctype.h>

enum { LIST_MAX = 40 };

static size_t fold(unsigned char out[MQM_ID_MAX], const void *id, size_t len)
{
    char *exact = text_of(id, len);
    size_t n = mqm__id_fold(out, exact, len);

    MUST(n <= MQM_ID_MAX && n <= len);
    free(exact);
    return n;
}

/* In upper case it is the same id, and in its usual text form. */
static void one_id_one_name(const unsigned char *id, size_t len)
{
    unsigned char a[MQM_ID_MAX], b[MQM_ID_MAX];
    char text[MQM_ID_LEN + 1];
    size_t n = fold(a, id, len), i;

    MUST(mqm__id_born(a, n) >= 0);
    if (!mqm__id_is_uuid(a, n))
        return;
    mqm__id_text(text, a);
    MUST(fold(b, text, MQM_ID_LEN) == n && !memcmp(a, b, n));
    for (i = 0; i < MQM_ID_LEN; i++)
        text[i] = (char)toupper((unsigned char)text[i]);
    MUST(fold(b, text, MQM_ID_LEN) == n && !memcmp(a, b, n));
    MUST(fold(b, a, n) == n && !memcmp(a, b, n));
}

static void hashes(const unsigned char *p, size_t len, uint32_t ppm)
{
    MUST(mqm__last_two_digits(p, len) < 100);
    for (int hash = 0; hash < 2; hash++) {
        MUST(!mqm__cut_takes(hash, 7, 0, p, len));
        MUST(mqm__cut_takes(hash, 7, MQM_CUT_ALL, p, len));
        if (ppm <= MQM_CUT_ALL / 2 && mqm__cut_takes(hash, 7, ppm, p, len))
            MUST(mqm__cut_takes(hash, 7, 2 * ppm, p, len));
    }
}

static size_t take_list(struct input *in, const char **entries)
{
    size_t n = 0;

    while (n < LIST_MAX) {
        char *line = take_line(in);

        if (!*line) {
            free(line);
            break;
        }
        line[strnlen(line, 255)] = '\0';
        entries[n++] = line;
    }
    return n;
}

static int same_id(const char *entry, const void *id, size_t len)
{
    unsigned char a[MQM_ID_MAX], b[MQM_ID_MAX];
    size_t n = mqm__id_fold(a, entry, strlen(entry)), k;

    if (strlen(entry) == len && !memcmp(entry, id, len))
        return 1;
    if (len != MQM_ID_LEN || strlen(entry) != MQM_ID_LEN)
        return n == len && n == 16 && !memcmp(a, id, n);
    k = mqm__id_fold(b, id, len);
    return n == k && n && !memcmp(a, b, n);
}

static void on_list(const struct allow_list *l, const char **entries,
                    size_t n, const void *id, size_t len)
{
    int wanted = 0;

    for (size_t i = 0; i < n; i++)
        wanted |= len && same_id(entries[i], id, len);
    MUST(mqm__allow_list_has(l, id, len) == wanted);
    for (size_t i = 0; i < n; i++)
        MUST(mqm__allow_list_has(l, entries[i], strlen(entries[i])));
}

static void routes(const struct policy *p, const struct question *q)
{
    struct route a = mqm__policy_route(p, q), b = mqm__policy_route(p, q);

    MUST(a.side == b.side && a.by_rule == b.by_rule && a.why == b.why);
    MUST(a.side == MQM_OLD || a.side == MQM_NEW);
    MUST(a.side == MQM_OLD || !a.by_rule);
    MUST(a.side == MQM_OLD || (p->since_ms > 0 && q->born_ms >= p->since_ms));
    MUST(q->id_len || a.side == MQM_OLD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct policy p = {.since_ms = (int64_t)take_number(&in, 6),
                       .margin_ms = 5000, .seed = 3};
    struct question q = {.born_ms = (int64_t)take_number(&in, 6),
                         .now_ms = (int64_t)take_number(&in, 6)};
    unsigned char folded[MQM_ID_MAX];
    const char *entries[LIST_MAX];
    size_t n, len;
    const uint8_t *id;
    uint8_t flags;

    p.cut_ppm = (uint32_t)take_number(&in, 3) % (MQM_CUT_ALL + 1);
    flags = take_byte(&in);
    p.on = flags & 1;
    p.hash = flags >> 1 & 1;
    p.hash_id = flags >> 2 & 1;
    n = take_list(&in, entries);
    p.allow = mqm__allow_list_new(entries, n);
    MUST(p.allow);
    len = take_byte(&in);
    id = take_bytes(&in, &len);
    one_id_one_name(id, len);
    q.id_len = fold(folded, id, len);
    q.id = folded;
    q.key = in.at;
    q.key_len = in.left;
    hashes(id, len, p.cut_ppm);
    hashes(in.at, in.left, p.cut_ppm);
    on_list(p.allow, entries, n, q.id, q.id_len);
    on_list(p.allow, entries, n, in.at, in.left);
    routes(&p, &q);
    mqm__allow_list_free(p.allow);
    for (size_t i = 0; i < n; i++)
        free((char *)(uintptr_t)entries[i]);
    return 0;
}
