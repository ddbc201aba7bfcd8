/* SPDX-License-Identifier: MIT */
/* url.c - any text as the address of a store: refused with words that show no
 * password, or understood as it was meant.
 *
 * Input: of Redis url, unix, user, password, a line each.
 */
#include "fuzz.h"

#include "../../lib/plugin.h"
#include "../../lib/stores/redis_url.h"
#include "host.h"

#include <ctype.h>
#include <errno.h>

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

/* %XX of two hexadecimal digits is decoded, and nothing else is. */
static int escapes_are_sound(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s[i] == '%' && (i + 2 >= len || !isxdigit((unsigned char)s[i + 1]) ||
                            !isxdigit((unsigned char)s[i + 2])))
            return 0;
    return 1;
}

/* What stands behind the host is a port or the end. */
static int is_whole(const char *url)
{
    size_t len = strcspn(url, "/");
    const char *at = NULL, *close;

    for (size_t i = 0; i < len; i++)
        at = url[i] == '@' ? url + i + 1 : at;
    if (at)
        len -= (size_t)(at - url);
    else
        at = url;
    close = *at == '[' ? memchr(at, ']', len) : NULL;
    return !close || close + 1 == at + len || close[1] == ':';
}

static void understood(const struct redis_address *a, const char *url)
{
    MUST(a->at.path[0] || a->at.host[0]);
    MUST(a->db >= 0 && a->at.port[0] && a->label[0]);
    if (url[0] == '/' || a->at.path[0])
        return;
    MUST(atol(a->at.port) >= 1 && atol(a->at.port) <= 65535);
    MUST(escapes_are_sound(url, strcspn(url, "/")));
    MUST(is_whole(url));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    char *url = take_line(&in), *path = take_line(&in);
    char *user = take_line(&in), *password = take_line(&in);
    struct redis_address a;
    char scheme[16];
    int r;

    mqm__clear_error();
    r = mqm__redis_address(&a, &fuzz_host, url, or_null(path), or_null(user),
                           or_null(password));
    MUST(r == MQM_OK || (r == -EINVAL && mqm_errmsg()[0]));
    MUST(strlen(password) < 12 || !strstr(mqm_errmsg(), password));
    if (r == MQM_OK)
        understood(&a, url);
    r = mqm__store_scheme(url, scheme, sizeof(scheme));
    MUST(r == 0 ? scheme[0] : r < 0);
    free(url);
    free(path);
    free(user);
    free(password);
    return 0;
}
