/* SPDX-License-Identifier: MIT */
/* kafka.c - any section of the configuration for the Kafka adapter: what would
 * break the promise is refused, whatever it is called, and no secret is told.
 *
 * Input: name and value, a line each, again and again; a value that begins with
 * '!' is secret.
 */
#include "fuzz.h"

#include "../../adapters/kafka/kafka.h"
#include "host.h"

#include <errno.h>

enum { SETTINGS = 12 };

static size_t take_settings(struct input *in, struct mqm_setting *s)
{
    size_t n = 0;

    while (in->left && n < SETTINGS) {
        char *name = take_line(in), *value = take_line(in);

        if (strstr(name, "plugin")) { /* would load a library */
            free(name);
            free(value);
            continue;
        }
        s[n++] = (struct mqm_setting){name, value, value[0] == '!'};
    }
    return n;
}

static void is_set_to(const rd_kafka_conf_t *conf, const char *name,
                      const char *wanted)
{
    char value[256] = "";
    size_t size = sizeof(value);

    MUST(rd_kafka_conf_get(conf, name, value, &size) == RD_KAFKA_CONF_OK);
    MUST(!strcmp(value, wanted));
}

static void keeps_the_promise(const struct kafka *k)
{
    is_set_to(k->consumer, "enable.auto.offset.store", "false");
    is_set_to(k->consumer, "enable.auto.commit", "true");
    MUST(kafka_setting_number(k->consumer, "auto.commit.interval.ms") > 0);
    MUST(kafka_setting_number(k->producer, "message.timeout.ms") > 0);
    is_set_to(k->producer, "delivery.report.only.error", "false");
}

/* What stands in a name, too, is no secret. */
static int is_named(const struct mqm_setting *s, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(s[i].name, text))
            return 1;
    return 0;
}

static void keeps_secrets(const struct mqm_setting *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        MUST(!s[i].secret || strlen(s[i].value) < 8 ||
             !strstr(mqm_errmsg(), s[i].value) ||
             is_named(s, n, s[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct mqm_setting s[SETTINGS];
    struct kafka k = {.host = &fuzz_host, .settings = s};
    int r;

    k.n_settings = take_settings(&in, s);
    mqm__clear_error();
    r = kafka_settings(&k);
    MUST(r == 0 || (r == -EINVAL && mqm_errmsg()[0]));
    MUST(is_plain(mqm_errmsg()));
    if (r == 0)
        keeps_the_promise(&k);
    keeps_secrets(s, k.n_settings);
    rd_kafka_conf_destroy(k.consumer);
    rd_kafka_conf_destroy(k.producer);
    for (size_t i = 0; i < k.n_settings; i++) {
        free((char *)(uintptr_t)s[i].name);
        free((char *)(uintptr_t)s[i].value);
    }
    return 0;
}
