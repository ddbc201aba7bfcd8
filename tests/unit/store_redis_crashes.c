/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis_crashes.c - three programs change cells at random, and Redis goes
 * back in time at random, again and again: what any of them was told is true
 * afterwards, to the version, and what nobody was told of is not in doubt. */
#include "../redis_restore.h"
#include "../suite.h"

enum { CELLS = 60, ROUNDS = 7, STEPS = 150, HANDLES = 3 };

static void *handles[HANDLES];
static uint32_t dice;

/* What is true of each. */
static struct {
    char id[16], value[16];
    uint64_t version;
    int64_t born_ms;
    unsigned flags;
} cells[CELLS];

static uint32_t roll(uint32_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 17;
    dice ^= dice << 5;
    return dice % n;
}

static void setup_three(void)
{
    setup_two("60000", "256");
    handles[0] = self;
    handles[1] = other;
    ck_assert_int_eq(open_patient(&handles[2], "60000", "256"), 0);
    for (int i = 0; i < CELLS; i++) {
        snprintf(cells[i].id, sizeof(cells[i].id), "cell%d", i);
        cells[i].born_ms = i % 5 ? case_ms - 40 * i : 0;
    }
}

static void teardown_three(void)
{
    store->close(handles[2]);
    teardown_two();
}

static struct mqm_swap swap_of(int i)
{
    struct mqm_swap s = a_swap(cells[i].id, cells[i].version);

    s.key.born_ms = cells[i].born_ms;
    return s;
}

static void change(void *who, int i)
{
    struct mqm_swap s = swap_of(i);
    char value[16];

    snprintf(value, sizeof(value), "%u", (unsigned)roll(1000000));
    s.value = value;
    s.len = strlen(value);
    s.flags = roll(2) ? MQM_SWAP_LISTED : 0;
    s.keep_ms += roll(3) * 1000;
    ck_assert_msg(run_on(who, &s) == MQM_OK, "%d: %d %s", i, s.result,
                  fake_failure);
    ck_assert_uint_gt(s.now.version, cells[i].version);
    cells[i].version = s.now.version;
    cells[i].flags = s.flags;
    snprintf(cells[i].value, sizeof(cells[i].value), "%s", value);
}

static void look(void *who, int i)
{
    struct mqm_swap s = swap_of(i);

    s.expect = MQM_ASK;
    ck_assert_msg(run_on(who, &s) == MQM_LOST, "%d: %d %s", i, s.result,
                  fake_failure);
    ck_assert_msg(s.now.version == cells[i].version, "%d: %llu not %llu", i,
                  (unsigned long long)s.now.version,
                  (unsigned long long)cells[i].version);
    ck_assert_uint_eq(s.now.len, strlen(cells[i].value));
    ck_assert_int_eq(memcmp(s.now.value, cells[i].value, s.now.len), 0);
}

static void some_steps(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        void *who = handles[roll(HANDLES)];
        uint32_t what = roll(20);

        if (what == 0)
            store->tick(who);
        else if (what < 4)
            look(who, (int)roll(CELLS));
        else
            change(who, (int)roll(CELLS));
    }
}

static void settle_three(void)
{
    for (int i = 0; i < 3000; i++) {
        int back = 0;

        for (int h = 0; h < HANDLES; h++) {
            store->tick(handles[h]);
            back += is_back(handles[h]);
        }
        if (back == HANDLES)
            return;
        sleep_ms(10);
    }
    ck_abort_msg("it is not restored: %s", fake_failure);
}

static int count_open(void *user, const struct mqm_key *key,
                      const struct mqm_cell *cell)
{
    (void)key, (void)cell;
    ++*(int *)user;
    return 0;
}

static void all_is_true(void)
{
    int open = 0, n = 0;

    for (int i = 0; i < CELLS; i++) {
        look(handles[i % HANDLES], i);
        open += cells[i].flags == MQM_SWAP_LISTED;
    }
    ck_assert_int_eq(store->list(self, SPACE, count_open, &n), 0);
    ck_assert_int_eq(n, open);
    ck_assert_int_eq(memory_from(), 0);
    ck_assert_int_eq(unknown(case_ms), MQM_LOST);
}

START_TEST(what_was_told_is_true)
{
    dice = 2463534242U + (uint32_t)_i * 7919;
    for (int round = 0; round < ROUNDS; round++) {
        some_steps(roll(STEPS));
        remember_files();
        some_steps(roll(STEPS));
        lose();
        if (roll(3) == 0) { /* some have answered, and it falls again */
            store->tick(handles[roll(HANDLES)]);
            lose();
        }
        settle_three();
        all_is_true();
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("crashes");
    Suite *suite = suite_create("store_redis_crashes");

    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, setup_three, teardown_three);
    tcase_add_loop_test(tc, what_was_told_is_true, 0, 2);
    suite_add_tcase(suite, tc);
    return run_all(suite);
}
