/* SPDX-License-Identifier: MIT */
/* third.c - calling the third party (see third.h). */
#include "third.h"

#include "demo.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct text {
    const char *data; /* what is to be sent     */
    size_t left;
    char got[64]; /* what came back, its start */
    size_t len;
};

static const char *base;
static long timeout_ms;
static pthread_key_t handles;
static struct curl_slist *headers;

static void free_handle(void *c)
{
    curl_easy_cleanup(c);
}

void third_open(const char *url, long ms)
{
    base = url;
    timeout_ms = ms;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    headers = curl_slist_append(NULL, "Expect:");
    if (!headers || pthread_key_create(&handles, free_handle) != 0)
        demo_die("cannot set up the calls to the third party");
}

static size_t send_body(char *to, size_t size, size_t n, void *user)
{
    struct text *t = user;

    n = size * n < t->left ? size * n : t->left;
    memcpy(to, t->data, n);
    t->data += n;
    t->left -= n;
    return n;
}

static size_t keep_body(char *from, size_t size, size_t n, void *user)
{
    struct text *t = user;
    size_t room = sizeof(t->got) - 1 - t->len;

    n *= size;
    memcpy(t->got + t->len, from, n < room ? n : room);
    t->len += n < room ? n : room;
    return n;
}

static CURL *begin(const char *url, struct text *t)
{
    CURL *c = pthread_getspecific(handles);

    if (!c) {
        c = curl_easy_init();
        if (!c || pthread_setspecific(handles, c) != 0)
            demo_die("no memory for a connection");
    }
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    return c;
}

static long finish(CURL *c, CURLcode *r)
{
    long status = 0;

    *r = curl_easy_perform(c);
    if (*r == CURLE_OK)
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

int third_issue(const char *id, size_t id_len, const char *side,
                const void *body, size_t body_len)
{
    struct text t = {body, body_len, {0}, 0};
    char url[256];
    CURLcode r;
    long status;
    CURL *c;

    snprintf(url, sizeof(url), "%s/issue?id=%.*s&side=%s", base, (int)id_len,
             id, side);
    c = begin(url, &t);
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)body_len);
    /* A kept connection that dies before the answer makes libcurl send the
     * request again by itself: issued twice.  It cannot if the body cannot be
     * rewound, so the body is read from a function. */
    curl_easy_setopt(c, CURLOPT_READFUNCTION, send_body);
    curl_easy_setopt(c, CURLOPT_READDATA, &t);
    status = finish(c, &r);
    if (status == 200)
        return THIRD_ISSUED;
    if (status == 503 || r == CURLE_COULDNT_CONNECT)
        return THIRD_REFUSED;
    return THIRD_UNKNOWN;
}

int third_was_issued(const char *id)
{
    struct text t = {NULL, 0, {0}, 0};
    char url[256];
    CURLcode r;

    snprintf(url, sizeof(url), "%s/issued?id=%s", base, id);
    if (finish(begin(url, &t), &r) != 200)
        return -1;
    return strcmp(t.got, "yes\n") == 0  ? 1
           : strcmp(t.got, "no\n") == 0 ? 0
                                        : -1;
}
