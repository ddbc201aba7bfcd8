/* SPDX-License-Identifier: MIT */
/* edges.c - what is seldom asked: probing, words of results, files that cannot
 * be changed, calls without what they need.
 */
#define _XOPEN_SOURCE 700
#include "../fakes/loop.h"
#include "guard.h"

#include "../../lib/error.h"
#include "../../lib/file_swap.h"
#include "../../lib/side.h"

#include <fcntl.h>
#include <sys/stat.h>

/* The topic "rewards" on two loops; kafka's has a parking topic. */
static void open_loops(void)
{
    struct mqm_options o = how;
    char text[4096];

    snprintf(text, sizeof(text),
             "{\"app\": \"t\", \"store\": {\"url\": \"memory:\"}, \"sides\": "
             "{\"kafka\": {\"adapter\": \"%s/loop.so\"}, \"rocketmq\": "
             "{\"adapter\": \"%s/loop.so\"}, \"gone\": {\"adapter\": "
             "\"/nowhere/x.so\"}}, \"topics\": [{\"topic\": \"rewards\", "
             "\"group\": \"issuer\", \"old\": \"kafka\", \"new\": \"rocketmq\","
             " \"sides\": {\"kafka\": {\"parking\": \"parked\", \"id\": \"@key\","
             " \"key\": \"@key\"}, \"rocketmq\": "
             "{\"parking\": \"\"}}}, {\"topic\": \"far\", \"group\": "
             "\"issuer\", \"old\": \"kafka\", \"new\": \"gone\"}]}",
             here(), here());
    o.config = text;
    o.log = hear;
    ck_assert_msg(mqm_open(&m, &o) == 0, "%s", mqm_errmsg());
}

static void says(int r, int want, const char *words)
{
    ck_assert_msg(r == want, "%d, not %d: %s", r, want, mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), words) != NULL, "%s", mqm_errmsg());
}

START_TEST(test_probing)
{
    open_loops();
    ck_assert_int_eq(mqm_probe(m, "kafka", "issuer", "rewards"), 0);
    ck_assert_int_eq(mqm_probe(m, "rocketmq", "issuer", "rewards"), 0);
    says(mqm_probe(m, "gone", "issuer", "far"), -ENOENT, "/nowhere/x.so");
    says(mqm_probe(m, "rocketmq", "issuer", "far"), -ENOENT, "rocketmq");
    says(mqm_probe(m, "kafka", "issuer", "nothing"), -ENOENT, "nothing");
    says(mqm_probe(m, NULL, "issuer", "rewards"), -EINVAL, "a side");
    says(mqm_probe(m, "kafka", "issuer", NULL), -EINVAL, "a topic");
    says(mqm_probe(NULL, "kafka", "issuer", "rewards"), -EINVAL, "");
}
END_TEST

/* An adapter's "no such topic" is passed on, and says which of the two. */
START_TEST(test_probing_what_is_not_there)
{
    char path[1100];
    struct loop *l;
    void *so;

    open_loops();
    snprintf(path, sizeof(path), "%s/loop.so", here());
    so = dlopen(path, RTLD_NOW);
    ck_assert_ptr_nonnull(so);
    l = dlsym(so, LOOP_SYMBOL);
    ck_assert_ptr_nonnull(l);
    l->missing = "parked";
    says(mqm_probe(m, "kafka", "issuer", "rewards"), -ENOENT,
         "parking topic 'parked': ");
    l->missing = "rewards";
    says(mqm_probe(m, "kafka", "issuer", "rewards"), -ENOENT, "loop: no topic");
    l->missing = NULL;
    dlclose(so);
}
END_TEST

START_TEST(test_words_of_results)
{
    static const int verdicts[] = {MQM_OK, MQM_SKIP, MQM_LATER, MQM_DOUBT,
                                   MQM_LOST};
    static const char *const begins[] = {"ok", "skip", "later", "in doubt",
                                         "lost"};

    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
        ck_assert_ptr_eq(strstr(mqm_strerror(verdicts[i]), begins[i]),
                         mqm_strerror(verdicts[i]));
    ck_assert_str_eq(mqm_strerror(-ENOENT), strerror(ENOENT));
    ck_assert_str_eq(mqm_strerror(4711), "unknown result");
}
END_TEST

static struct mqm_delivery copy_of(const char *topic, const char *id)
{
    struct mqm_delivery d = delivery(NULL, NULL);

    d.msg.topic = topic;
    d.msg.key = id;
    d.msg.key_len = strlen(id);
    return d;
}

/* What nobody subscribed to is refused, and its neighbours are not. */
START_TEST(test_a_batch_of_several_topics)
{
    struct mqm_delivery d[4];
    struct side *s;
    int n = 0;

    open_loops();
    ck_assert_int_eq(mqm_subscribe(m, "kafka", "issuer", "rewards",
                                   handle_counting, &n), 0);
    s = mqm__side(m, "kafka");
    ck_assert_ptr_nonnull(s);
    d[0] = copy_of("rewards", new_id());
    d[1] = copy_of("nobody's", new_id());
    d[2] = copy_of("rewards", new_id());
    d[3] = copy_of("rewards", new_id());
    d[3].msg.group = "strangers";
    says(s->adapter.host.deliver(&s->adapter.host, d, 4), -ENOENT,
         "nobody subscribed");
    ck_assert_int_eq(d[0].result, MQM_OK);
    ck_assert_int_eq(d[1].result, -ENOENT);
    ck_assert_int_gt(d[1].retry_ms, 0);
    ck_assert_int_eq(d[2].result, MQM_OK);
    ck_assert_int_eq(d[3].result, -ENOENT);
    ck_assert_int_eq(n, 2);
    ck_assert_ptr_null(mqm__side(m, "nobody"));
}
END_TEST

START_TEST(test_headers_of_nothing)
{
    struct mqm_delivery d = delivery("kafka", "x");
    size_t len = 5;

    ck_assert_ptr_null(mqm_header(NULL, "a", &len));
    ck_assert_uint_eq(len, 0);
    ck_assert_ptr_null(mqm_header(&d, "a", NULL)); /* none that came to us */
    ck_assert_ptr_null(mqm_header(&d, NULL, &len));
    ck_assert_ptr_null(mqm_header(&d, "@key", &len));
}
END_TEST

START_TEST(test_files_that_cannot_be_changed)
{
    const char *path = new_path("a.json");
    char far[200], beside[200];
    int fd = open(path, O_WRONLY | O_CREAT, 0640);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(close(fd), 0);
    snprintf(far, sizeof(far), "%s/x/a.json", temp_dir);
    says(mqm__file_lock(far), -ENOENT, "cannot open");
    says(mqm__file_swap(far, "{}", 2), -ENOENT, "cannot write");
    snprintf(beside, sizeof(beside), "%s.lock", path);
    ck_assert_int_eq(symlink("/dev/null", beside), 0);
    says(mqm__file_lock(path), -ELOOP, "cannot open"); /* nobody's trap */
    snprintf(beside, sizeof(beside), "%s.new", path);
    ck_assert_int_eq(mkdir(beside, 0700), 0);
    ck_assert_int_lt(mqm__file_swap(path, "{}", 2), 0);
    ck_assert_ptr_nonnull(strstr(mqm_errmsg(), "cannot remove"));
    ck_assert_int_eq(rmdir(beside), 0);
    ck_assert_int_eq(unlink(path), 0);
    says(mqm__file_swap(path, "{}", 2), -ENOENT, "owner and mode");
    ck_assert_int_ne(access(beside, F_OK), 0); /* nothing is left over */
}
END_TEST

START_TEST(test_a_file_in_the_root_of_its_path)
{
    char old[1024];
    const char *path = new_path("b.json");
    FILE *f = fopen(path, "w");
    struct stat st;

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(path, 0604), 0);
    ck_assert_ptr_nonnull(getcwd(old, sizeof(old)));
    ck_assert_int_eq(chdir(temp_dir), 0);
    ck_assert_int_eq(mqm__file_swap("b.json", "{}", 2), 0);
    ck_assert_int_eq(chdir(old), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_size, 2);
    ck_assert_uint_eq(st.st_mode & 07777, 0604);
}
END_TEST

static int never(void *user, struct mqm_delivery *d)
{
    (void)user, (void)d;
    return 1;
}

START_TEST(test_parking_topics_that_are_none)
{
    open_loops();
    says(mqm_read_parking(m, "gone", "issuer", "rewards", never, NULL), -ENOENT,
         "gone");
    says(mqm_read_parking(m, "kafka", "issuer", "nothing", never, NULL),
         -ENOENT, "nothing");
    says(mqm_read_parking(m, "rocketmq", "issuer", "rewards", never, NULL),
         -ENOENT, "parking");
    says(mqm_read_parking(m, "kafka", NULL, NULL, never, NULL), -EINVAL, "");
    ck_assert_int_eq(mqm_read_parking(m, "kafka", "issuer", "rewards", never,
                                      NULL), 0); /* nothing lies there */
}
END_TEST

START_TEST(test_publishing_without_what_it_needs)
{
    struct mqm_delivery d = delivery("kafka", NULL);

    open_loops();
    says(mqm_publish(m, NULL), -EINVAL, "needs a delivery");
    says(mqm_publish(m, &d), -EINVAL, "mqm_new_id()");
    d.msg.id = "x";
    d.msg.id_len = MQM_ID_MAX + 1;
    says(mqm_publish(m, &d), -EINVAL, "not 129");
    d.msg.id_len = 1;
    d.msg.topic = "nothing";
    says(mqm_publish(m, &d), -ENOENT, "nothing");
    d.msg.topic = "rewards";
    d.msg.side = "gone";
    says(mqm_publish(m, &d), -ENOENT, "gone");
    d.msg.topic = "far";
    says(mqm_publish(m, &d), -ENOENT, "/nowhere/x.so");
    says(mqm_publish(NULL, &d), -EINVAL, "");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("edges");

    how.flags = MQM_NO_KEEPER;
    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_probing);
    tcase_add_test(tc, test_probing_what_is_not_there);
    tcase_add_test(tc, test_words_of_results);
    tcase_add_test(tc, test_a_batch_of_several_topics);
    tcase_add_test(tc, test_headers_of_nothing);
    tcase_add_test(tc, test_files_that_cannot_be_changed);
    tcase_add_test(tc, test_a_file_in_the_root_of_its_path);
    tcase_add_test(tc, test_parking_topics_that_are_none);
    tcase_add_test(tc, test_publishing_without_what_it_needs);
    return run_case("edges", tc);
}
