/* SPDX-License-Identifier: MIT */
/* redis_url.h - where Redis is and who we are there.
 *
 *     redis://[user[:password]@]host[:port][/db]
 *     redis:///path/to.sock
 *
 * No text about it has the password in it, so no error shows the url itself.
 */
#ifndef MQM_STORES_REDIS_URL_H
#define MQM_STORES_REDIS_URL_H

#include "dial.h"

#include <mqmigrate/plugin.h>

struct redis_address {
    struct dial_address at;
    char user[128];
    char password[512]; /* "": no AUTH */
    int db;
    char label[320]; /* for people */
};

/* unix_path, user and password are settings, or NULL; they go before the url's
 * own. */
int mqm__redis_address(struct redis_address *a, const struct mqm_host *host,
                       const char *rest, const char *unix_path,
                       const char *user, const char *password);

#endif
