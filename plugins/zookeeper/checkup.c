/* SPDX-License-Identifier: MIT */
/* checkup.c - can these servers, as they are set up, carry the records?
 *
 * The nodes tell who belongs to the ensemble and who may write; the session its
 * timeout; each server, by words of four letters, whether it serves, and how
 * its data directory grows.  Nothing of it is fatal to everybody: what a server
 * said is done is on the disks of most, so opening asks nothing here.
 */
#include "../../lib/stores/finding.h"
#include "../../lib/stores/swaps.h"
#include "zk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODE_BYTES = 430,      /* of a server's memory, docs/zookeeper.md */
    USUAL_HEAP_MB = 1000,  /* where nobody set another one */
    FORGETS_A_SECOND = 3000,
    CHILDREN_MAX = 5000,   /* 36 bytes each in an answer of 1 MB at most */
    DATA_MAX_GB = 4
};

/* ---------------------- what the nodes tell ----------------------- */

/* "server.1=host:port:port:participant;..." a line; empty: it is alone. */
static int count_voters(const struct zk_slot *slot)
{
    int n = 0;

    for (const char *p = slot->data ? (const char *)slot->data : ""; *p;) {
        const size_t len = strcspn(p, "\n");
        const char *observer = strstr(p, ":observer");

        if (strncmp(p, "server.", 7) == 0 &&
            !(observer && observer < p + len))
            n++;
        p += len + (p[len] == '\n');
    }
    return n;
}

static void find_ensemble(const struct mqm_inquiry *q,
                          const struct zk_slot *slot)
{
    const int n = count_voters(slot);

    if (slot->rc != ZOK)
        q->find(q, MQM_WARNING, "ensemble", NULL,
                "not looked at: /zookeeper/config: %s", zerror(slot->rc));
    else if (n < 3)
        q->find(q, MQM_WARNING, "ensemble", "run three servers, or five",
                "%s: all messages wait while it is down, and its disk is the "
                "only one",
                n == 2 ? "two servers need each other" : "one server");
    else if (n % 2 == 0)
        q->find(q, MQM_WARNING, "ensemble", "run an odd number of servers",
                "%d servers bear the loss of no more than %d would", n, n - 1);
    else
        q->find(q, MQM_FINE, "ensemble", NULL,
                "%d servers bear the loss of %d", n, (n - 1) / 2);
}

static void find_rights(const struct zk *z, const struct mqm_inquiry *q,
                        const struct zk_slot *slot)
{
    if (slot->rc != ZOK)
        q->find(q, MQM_WARNING, "rights", NULL, "not looked at: %s",
                zerror(slot->rc));
    else if (slot->world & ~ZOO_PERM_READ)
        q->find(q, MQM_WARNING, "rights",
                "set store.auth before the store is begun, or zkCli setAcl -R",
                "anybody may change or delete what lies below %s", z->root);
    else
        q->find(q, MQM_FINE, "rights", NULL, "others may %s",
                slot->world ? "read" : "nothing");
}

static void look_at_nodes(struct zk *z, const struct mqm_inquiry *q)
{
    struct zk_batch *b = zk_batch_new(z, 2);
    int config, rights;

    if (!b)
        return;
    config = zk_get(b, "/zookeeper/config");
    rights = zk_rights(b, z->root);
    zk_wait(b);
    find_ensemble(q, zk_slot(b, config));
    find_rights(z, q, zk_slot(b, rights));
    zk_batch_free(b);
}

/* ---------------------- what we know ourselves ----------------------- */

static void look_at_session(const struct zk *z, const struct mqm_inquiry *q)
{
    const int got = zoo_recv_timeout(z->s.zh);

    if (got != z->session_ms)
        q->find(q, MQM_WARNING, "session",
                "set store.session_ms between the servers' minSessionTimeout "
                "and maxSessionTimeout",
                "the servers give %d ms instead of session_ms (%" PRId64 ")",
                got, z->session_ms);
    else
        q->find(q, MQM_FINE, "session", NULL, "%d ms", got);
}

static void look_at_room(const struct mqm_inquiry *q)
{
    const int64_t mb = q->records / (1 << 20) * NODE_BYTES;

    if (mb > USUAL_HEAP_MB / 2)
        q->find(q, MQM_WARNING, "memory",
                "give the servers the heap for it, make "
                "keep_ms shorter, or take Redis",
                "%" PRId64 " MB of each server's heap for %" PRId64
                " records (rate and keep_ms); usual are %d MB",
                mb, q->records, USUAL_HEAP_MB);
    else
        q->find(q, MQM_FINE, "memory", NULL,
                "%" PRId64 " MB of each server's heap for %" PRId64 " records",
                mb, q->records);
}

static void look_at_rate(const struct zk *z, const struct mqm_inquiry *q)
{
    const int64_t children = q->rate * z->bucket_ms / 1000;

    if (q->rate > FORGETS_A_SECOND)
        q->find(q, MQM_WARNING, "rate", "take Redis for so many messages",
                "%" PRId64 " messages a second are more than the keepers "
                "remove again",
                q->rate);
    if (children > CHILDREN_MAX)
        q->find(q, MQM_WARNING, "buckets",
                "make bucket_ms shorter, for spaces that are new",
                "%" PRId64 " nodes in a bucket: answers near jute.maxbuffer",
                children);
}

/* ---------------------- what each server tells ----------------------- */

/* The number behind "name" in what a server said, or -1. */
static int64_t number_of(const char *said, const char *name)
{
    const char *p = strstr(said, name);

    return p ? strtoll(p + strlen(name), NULL, 10) : -1;
}

static void look_at_growth(const struct zk *z, const struct mqm_inquiry *q,
                           const char *server, int len)
{
    char said[4096];
    int64_t logs, all;
    int r = zk_word(z, server, (size_t)len, "conf", said, sizeof(said));

    logs = r < 0 ? -1 : number_of(said, "dataLogSize=");
    if (logs < 0) {
        q->find(q, MQM_WARNING, "data directory",
                "see that autopurge.purgeInterval is set, or the disk fills "
                "up; or allow it: 4lw.commands.whitelist=srvr,conf",
                "%.*s: not looked at: it does not answer 'conf'", len, server);
        return;
    }
    all = logs + number_of(said, "dataDirSize=");
    if (all >> 30 >= DATA_MAX_GB)
        q->find(q, MQM_WARNING, "data directory",
                "set autopurge.purgeInterval=1",
                "%.*s: %" PRId64 " GB of logs and snapshots: old ones are "
                "not removed",
                len, server, all >> 30);
    else
        q->find(q, MQM_FINE, "data directory", NULL,
                "%.*s: %" PRId64 " MB; autopurge.purgeInterval keeps it small",
                len, server, all >> 20);
}

static void look_at_server(const struct zk *z, const struct mqm_inquiry *q,
                           const char *server, int len)
{
    char said[4096];
    const char *mode;
    int r = zk_word(z, server, (size_t)len, "srvr", said, sizeof(said));

    if (r < 0) {
        q->find(q, MQM_WARNING, "server", "bring it up, or correct store.url",
                "%.*s: %s", len, server, strerror(-r));
        return;
    }
    mode = strstr(said, "Mode: ");
    if (mode && strncmp(mode + 6, "read-only", 9) != 0)
        q->find(q, MQM_FINE, "server", NULL, "%.*s: %.*s", len, server,
                (int)strcspn(mode + 6, "\n"), mode + 6);
    else if (mode || strstr(said, "not currently serving"))
        q->find(q, MQM_WARNING, "server", "see what keeps it from the others",
                "%.*s: it does not see most of the ensemble", len, server);
    else
        q->find(q, MQM_WARNING, "server",
                "allow it: 4lw.commands.whitelist=srvr,conf",
                "%.*s: not looked at: it does not answer 'srvr'", len, server);
    look_at_growth(z, q, server, len);
}

static void look_at_servers(const struct zk *z, const struct mqm_inquiry *q)
{
    for (const char *p = z->hosts; *p;) {
        const int len = (int)strcspn(p, ",");

        look_at_server(z, q, p, len);
        p += len + (p[len] == ',');
    }
}

int zk_checkup(void *self, const struct mqm_inquiry *q)
{
    struct zk *z = self;
    int r;

    if (q->opening)
        return MQM_OK;
    r = zk_ready(z);
    if (r < 0)
        return r;
    look_at_nodes(z, q);
    look_at_session(z, q);
    look_at_room(q);
    look_at_rate(z, q);
    mqm__find_clock(q, zk_now_ms(z) - mqm__wall_us() / 1000, 0);
    look_at_servers(z, q);
    return MQM_OK;
}
