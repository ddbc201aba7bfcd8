/* SPDX-License-Identifier: MIT */
/* LIBS: -lmicrohttpd */
/* thirdparty.c - the pretend third party: it issues rewards, and spoils calls.
 *
 *     POST /issue?id=ID&side=S   issue a reward; the body is the message's
 *     GET  /issued?id=ID         "yes" or "no" (not yet is no)
 *     GET  /ledger               every issue so far, a line each
 *     GET  /stats                counts, JSON
 *     POST /spoil?on=1           begin (0: end) to spoil calls
 *
 * It has no idempotency key: two calls issue twice.  It always refuses the
 * first calls (one to three) of some messages: 503, nothing issued.  When
 * spoiling is on it also answers some calls long after the caller gave up,
 * some never (both have issued), issues some two to three seconds later
 * without an answer, and loses some: neither issued nor answered.  Which, is
 * chance by seed, message and call.
 *
 * A thread a connection: who is made to wait keeps nobody else waiting.
 */
#include "demo.h"
#include "ledger.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOLD_MS = 1000, SLOW_MS = 150, BODY_MAX = 255 };

enum fate { FINE, REFUSED, LATE, SILENT, AFTER, GONE, FATES };

struct call { /* of one POST, while it comes in */
    char body[BODY_MAX + 1];
    size_t len;
    int64_t came_ms;
};

struct later { /* an effect that comes when nobody expects it any more */
    struct later *next;
    int64_t at_ms;
    char id[LEDGER_ID + 1], side[LEDGER_SIDE + 1];
};

static uint64_t seed;
static long spoilt_of_10000 = 22;
static atomic_int spoiling;
static atomic_ulong count[FATES], slow;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct later *waiting;
static atomic_ulong n_waiting;
static const char *ledger_path;

static enum fate fate_of(uint64_t number, unsigned call)
{
    uint64_t first = demo_chance(seed, number, 1) % 10000;
    uint64_t x = demo_chance(seed, number, 1 + call);

    if (first < 40 && call <= 1 + first % 3)
        return REFUSED;
    if (!atomic_load(&spoiling) || x % 10000 >= (uint64_t)spoilt_of_10000)
        return FINE;
    return (enum fate)(LATE + x / 10000 % 4);
}

static void issue_later(const char *id, const char *side, int64_t in_ms)
{
    struct later *l = calloc(1, sizeof(*l));

    if (!l)
        demo_die("no memory for an effect");
    l->at_ms = demo_now_ms() + in_ms;
    snprintf(l->id, sizeof(l->id), "%s", id);
    snprintf(l->side, sizeof(l->side), "%s", side);
    atomic_fetch_add(&n_waiting, 1);
    pthread_mutex_lock(&lock);
    l->next = waiting;
    waiting = l;
    pthread_mutex_unlock(&lock);
}

static struct later *take_due(int64_t now_ms)
{
    struct later **p, *due = NULL;

    pthread_mutex_lock(&lock);
    for (p = &waiting; *p && !due; p = due ? p : &(*p)->next) {
        if ((*p)->at_ms > now_ms)
            continue;
        due = *p;
        *p = due->next;
    }
    pthread_mutex_unlock(&lock);
    return due;
}

static void issue_what_is_due(void)
{
    struct later *l;

    while ((l = take_due(demo_now_ms()))) {
        ledger_issue(l->id, l->side);
        atomic_fetch_sub(&n_waiting, 1);
        free(l);
    }
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status,
                              const char *text)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result done = MHD_queue_response(c, status, r);

    MHD_destroy_response(r);
    return done;
}

/* Nobody asked for this wait, but the machine was busy: as good as spoilt. */
static enum MHD_Result answer_fine(struct MHD_Connection *c,
                                   const struct call *call)
{
    if (demo_now_ms() - call->came_ms > SLOW_MS)
        atomic_fetch_add(&slow, 1);
    return answer(c, MHD_HTTP_OK, "issued\n");
}

static enum MHD_Result issue(struct MHD_Connection *c, const struct call *call,
                             const char *id, const char *side)
{
    uint64_t number = demo_body_number(call->body, call->len);
    unsigned nth = ledger_call(id);
    enum fate fate = fate_of(number, nth);

    atomic_fetch_add(&count[fate], 1);
    if (fate == REFUSED)
        return answer(c, MHD_HTTP_SERVICE_UNAVAILABLE, "not now\n");
    if (fate == AFTER)
        issue_later(id, side,
                    2000 + (int64_t)(demo_chance(seed, number, 99) % 1000));
    else if (fate != GONE)
        ledger_issue(id, side);
    if (fate == FINE)
        return answer_fine(c, call);
    demo_sleep_ms(HOLD_MS);
    return fate == LATE ? answer(c, MHD_HTTP_OK, "issued\n") : MHD_NO;
}

static enum MHD_Result stats(struct MHD_Connection *c)
{
    struct ledger_totals t;
    char text[768];
    int n;

    ledger_totals(&t);
    n = snprintf(text, sizeof(text),
                 "{\"distinct\": %lu, \"twice\": %lu, \"fine\": %lu, "
                 "\"refused\": %lu, \"late\": %lu, \"silent\": %lu, "
                 "\"after\": %lu, \"gone\": %lu, \"slow\": %lu, "
                 "\"waiting\": %lu, "
                 "\"sides\": {",
                 t.distinct, t.twice, atomic_load(&count[FINE]),
                 atomic_load(&count[REFUSED]), atomic_load(&count[LATE]),
                 atomic_load(&count[SILENT]), atomic_load(&count[AFTER]),
                 atomic_load(&count[GONE]), atomic_load(&slow),
                 atomic_load(&n_waiting));
    for (size_t i = 0; i < t.n; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%s\"%s\": %lu",
                      i ? ", " : "", t.side[i].name, t.side[i].issued);
    snprintf(text + n, sizeof(text) - (size_t)n, "}}\n");
    return answer(c, MHD_HTTP_OK, text);
}

static enum MHD_Result dump(struct MHD_Connection *c)
{
    struct MHD_Response *r;
    enum MHD_Result done;
    FILE *f = fopen(ledger_path, "r");
    long len;

    if (!f || fseek(f, 0, SEEK_END) != 0 || (len = ftell(f)) < 0)
        return MHD_NO;
    r = MHD_create_response_from_fd((uint64_t)len, dup(fileno(f)));
    fclose(f);
    done = MHD_queue_response(c, MHD_HTTP_OK, r);
    MHD_destroy_response(r);
    return done;
}

static enum MHD_Result route(struct MHD_Connection *c, const char *url,
                             int post, const struct call *call)
{
    const char *id =
        MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "id");
    const char *side =
        MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "side");
    const char *on =
        MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "on");
    int named = id && *id && strlen(id) <= LEDGER_ID;

    if (post && strcmp(url, "/issue") == 0 && named)
        return issue(c, call, id, side && *side ? side : "none");
    if (post && strcmp(url, "/spoil") == 0 && on) {
        atomic_store(&spoiling, strcmp(on, "0") != 0);
        return answer(c, MHD_HTTP_OK, "\n");
    }
    if (strcmp(url, "/issued") == 0 && named)
        return answer(c, MHD_HTTP_OK, ledger_issued(id) ? "yes\n" : "no\n");
    if (strcmp(url, "/stats") == 0)
        return stats(c);
    if (strcmp(url, "/ledger") == 0)
        return dump(c);
    return answer(c, MHD_HTTP_BAD_REQUEST, "see the top of thirdparty.c\n");
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *c,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *len, void **state)
{
    struct call *call = *state;

    (void)user, (void)version;
    if (!call) {
        *state = call = calloc(1, sizeof(*call));
        if (call)
            call->came_ms = demo_now_ms();
        return call ? MHD_YES : MHD_NO;
    }
    if (*len) {
        size_t room = BODY_MAX - call->len;
        size_t n = *len < room ? *len : room;

        memcpy(call->body + call->len, data, n);
        call->len += n;
        *len = 0;
        return MHD_YES;
    }
    return route(c, url, strcmp(method, "POST") == 0, call);
}

static void on_end(void *user, struct MHD_Connection *c, void **state,
                   enum MHD_RequestTerminationCode why)
{
    (void)user, (void)c, (void)why;
    free(*state);
    *state = NULL;
}

static struct MHD_Daemon *listen_on(long port)
{
    struct MHD_Daemon *d;
    struct sockaddr_in at;

    memset(&at, 0, sizeof(at));
    at.sin_family = AF_INET;
    at.sin_port = htons((uint16_t)port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    d = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION,
        (uint16_t)port, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR, &at,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
    if (!d)
        demo_die("cannot listen on 127.0.0.1:%ld; another DEMO_PORT?", port);
    return d;
}

int main(int argc, char **argv)
{
    struct MHD_Daemon *d;
    long port = 0;
    int o;

    while ((o = getopt(argc, argv, "p:s:l:x:")) != -1) {
        switch (o) {
        case 'p': port = demo_number(o, optarg, 1, 65535); break;
        case 's': seed = (uint64_t)demo_number(o, optarg, 0, 2147483647); break;
        case 'l': ledger_path = optarg; break;
        case 'x': spoilt_of_10000 = demo_number(o, optarg, 0, 3000); break;
        default: return 2;
        }
    }
    if (!port || !ledger_path)
        demo_die("usage: thirdparty -p PORT -l LEDGER [-s SEED] "
                 "[-x SPOILT_OF_10000]");
    ledger_open(ledger_path);
    demo_stop_on_signals(NULL);
    d = listen_on(port);
    while (!demo_stopping()) {
        issue_what_is_due();
        demo_sleep_ms(20);
    }
    MHD_stop_daemon(d);
    return 0;
}
