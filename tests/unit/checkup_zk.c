/* SPDX-License-Identifier: MIT */
/* LIBS: -lzookeeper_mt */
/* checkup_zk.c - what a check-up finds of a real ZooKeeper: one server that
 * forbids and one that allows, then three of which one is gone. */
#include "../findings.h"
#include "../suite.h"
#include "../zk_server.h"

static struct zk_server server;
static char section[256];

static void name_section(const char *hosts, const char *path, const char *more)
{
    snprintf(section, sizeof(section),
             "\"url\": \"zk://%s/%s\", \"timeout_ms\": 5000 %s", hosts, path,
             more);
}

static const char *host(int i)
{
    static char text[32];

    snprintf(text, sizeof(text), "127.0.0.1:%d", server.port + i);
    return text;
}

START_TEST(one_server)
{
    name_section(host(0), "shop", "");
    look_at(section, ", \"rate\": 100, \"keep_ms\": 3600000");
    must_find("warning store ensemble:", "one server");
    must_find("warning store rights:", "/shop");
    must_find("fine store session:", "6000 ms");
    must_find("fine store memory:", "360000 records");
    must_find("fine store clock:", "within");
    must_find("fine store server:", "standalone");
    must_find("fine store data directory:", "MB");
    must_not_find("fatal");
    look_at(section, ", \"rate\": 10000");
    must_find("warning store memory:", "6048000000 records");
    must_find("warning store rate:", "10000 messages a second");
    must_find("warning store buckets:", "40000 nodes");

    name_section(host(0), "ours", ", \"auth\": \"digest:shop:secret\"");
    look_at(section, "");
    must_find("fine store rights:", "nothing");
    ck_assert_msg(!strstr(findings, "secret"), "%s", findings);
}
END_TEST

/* What ZooKeeper allows where nobody set anything. */
START_TEST(one_that_forbids)
{
    char rest[256];

    ck_assert(zk_server_kill(&server));
    snprintf(rest, sizeof(rest),
             "%s %d 4lw.commands.whitelist=srvr,ruok maxSessionTimeout=5000",
             server.dir, server.port);
    ck_assert(zk_script("up", rest));
    name_section(host(0), "shop", "");
    look_at(section, "");
    must_find("fine store server:", "standalone");
    must_find("warning store data directory:", "does not answer 'conf'");
    must_find("warning store session:", "5000 ms instead of");
}
END_TEST

START_TEST(three_servers)
{
    char hosts[128], rest[128];

    snprintf(hosts, sizeof(hosts), "127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d",
             server.port, server.port + 1, server.port + 2);
    name_section(hosts, "shop", "");
    look_at(section, "");
    must_find("fine store ensemble:", "bear the loss of 1");
    must_find("fine store server:", "leader");
    must_find("fine store server:", "follower");
    snprintf(rest, sizeof(rest), "%s/2", server.dir);
    ck_assert(zk_script("kill", rest));
    look_at(section, "");
    must_find("warning store server:", host(1));
}
END_TEST

static void start_one(void)
{
    ck_assert(zk_server_start(&server));
}

static void end_any(void)
{
    mqm_close(m);
    zk_server_end(&server);
}

static void start_three(void)
{
    char rest[128];

    snprintf(server.dir, sizeof(server.dir), "/tmp/mqm-zk-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(server.dir));
    server.port = free_ports(9);
    snprintf(rest, sizeof(rest), "%s %d", server.dir, server.port);
    ck_assert(zk_script("ensemble", rest));
}

static void end_three(void)
{
    char rest[128];

    mqm_close(m);
    for (int i = 1; i <= 3; i += 2) {
        snprintf(rest, sizeof(rest), "%s/%d", server.dir, i);
        ck_assert(zk_script("down", rest));
    }
    ck_assert(zk_remove(server.dir, ""));
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("checkup_zk");
    TCase *one = tcase_create("one"), *three = tcase_create("three");
    const char *slash = strrchr(argv[0], '/');

    (void)argc;
    snprintf(plugins, sizeof(plugins), "%.*s/../lib/mqmigrate",
             slash ? (int)(slash - argv[0]) : 1, slash ? argv[0] : ".");
    tcase_set_timeout(one, 120);
    tcase_add_checked_fixture(one, start_one, end_any);
    tcase_add_test(one, one_server);
    tcase_add_test(one, one_that_forbids);
    suite_add_tcase(suite, one);
    tcase_set_timeout(three, 120);
    tcase_add_checked_fixture(three, start_three, end_three);
    tcase_add_test(three, three_servers);
    suite_add_tcase(suite, three);
    return run_all(suite);
}
