/* SPDX-License-Identifier: MIT */
/*
 * tests/test_bytes.c - few objects that hold much make a collection due.
 */
#include "tests/fixture.h"

#include "heap/raw.h"
#include "thread/thread.h"

/* A megabyte, or what stands for one where memory is slow.  Buffers are not
 * touched, so that their size costs nothing. */
static size_t megabyte;

/* Refers to itself, once closed, and holds a buffer. */
struct holder {
    weir_object *self;
    void *buffer;
    size_t bytes;
};

static weir_type *holder_type;
static weir_type *pair_type;

static void
holder_visit(weir_object *o, weir_visit_fn visit, void *context, void *data)
{
    const struct holder *holder = weir_foreign_fields(o);

    (void)data;
    visit(holder->self, context);
}

static void
holder_release(weir_object *o, void *data)
{
    struct holder *holder = weir_foreign_fields(o);

    (void)data;
    wr_raw_free(wr_self()->heap, holder->buffer, holder->bytes);
}

static void
setup(void)
{
    static const weir_foreign_spec spec = {
        .size = sizeof(spec),
        .name = "holder",
        .bytes = sizeof(struct holder),
        .traverse = holder_visit,
        .release = holder_release,
    };

    wr_test_start();
    megabyte = wr_test_slow() ? 1U << 16 : 1U << 20;
    holder_type = weir_foreign_type(&spec);
    pair_type = weir_instance_type("pair", 2, 0, NULL, NULL);
    ck_assert_ptr_nonnull(holder_type);
    ck_assert_ptr_nonnull(pair_type);
    ck_assert_int_eq(weir_gc_set_bytes(16 * (int64_t)megabyte), 0);
}

static void
teardown(void)
{
    wr_test_stop();
}

/* A cycle of one that holds so many bytes. */
static weir_object *
holder_new(size_t bytes)
{
    weir_object *o = weir_foreign_new(holder_type);
    struct holder *holder = weir_foreign_fields(o);

    holder->buffer = wr_raw_alloc(wr_self()->heap, bytes);
    ck_assert_ptr_nonnull(holder->buffer);
    holder->bytes = bytes;
    holder->self = weir_newref(o);
    return o;
}

static size_t
held(void)
{
    weir_gc_pace pace;

    ck_assert_int_eq(weir_gc_get_pace(&pace), 0);
    return (size_t)pace.bytes_held;
}

static uint64_t
by_bytes(int generation)
{
    weir_gc_stats stats;

    ck_assert_int_eq(weir_gc_get_stats(generation, &stats), 0);
    return stats.by_bytes;
}

static uint64_t
collections(void)
{
    weir_gc_stats stats;
    uint64_t sum = 0;

    for (int i = 0; i < WEIR_GC_GENERATIONS; i++) {
        ck_assert_int_eq(weir_gc_get_stats(i, &stats), 0);
        sum += stats.collections;
    }
    return sum;
}

START_TEST(the_setting_can_be_read_and_changed)
{
    weir_gc_pace pace;

    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_int_eq(weir_start(NULL), 0);
    ck_assert_int_eq(weir_gc_get_bytes(), 16 << 20);
    ck_assert_int_eq(weir_gc_set_bytes(-1), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_get_bytes(), 16 << 20);
    ck_assert_int_eq(weir_gc_set_bytes(1000), 0);
    ck_assert_int_eq(weir_gc_get_bytes(), 1000);
    ck_assert_int_eq(weir_gc_get_pace(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_get_pace(&pace), 0);
    ck_assert_int_eq(pace.bytes_due[0], 1000);
    ck_assert_int_eq(pace.bytes_due[1], 2000);
    ck_assert_int_eq(pace.bytes_due[2], 1000 / 256);
    ck_assert_int_eq(weir_gc_set_bytes(INT64_MAX), 0);
    ck_assert_int_eq(weir_gc_get_pace(&pace), 0);
    ck_assert_int_gt(pace.bytes_due[2], INT64_C(1) << 54);
    ck_assert_int_eq(weir_gc_set_bytes(0), 0);
    ck_assert_int_eq(weir_gc_get_pace(&pace), 0);
    ck_assert_int_eq(pace.bytes_due[0], 0);
}
END_TEST

/* Four dropped cycles; then how many objects until they are found? */
static int
objects_until_found(size_t bytes)
{
    size_t before = held();

    for (unsigned i = 0; i < 4; i++) {
        weir_decref(holder_new(bytes));
    }
    ck_assert_uint_ge(held(), before + 4 * bytes);
    for (int n = 0; n <= 700; n++) {
        weir_object *o;

        ck_assert_int_eq(weir_checkpoint(), 0);
        if (held() < before + bytes) {
            return n;
        }
        o = weir_instance_new(pair_type);
        weir_decref(o);
    }
    return -1;
}

START_TEST(four_big_cycles_are_found_before_the_701st_object)
{
    ck_assert_int_ge(objects_until_found(200 * megabyte), 0);
    ck_assert_uint_eq(by_bytes(0) + by_bytes(1) + by_bytes(2), collections());
}
END_TEST

/* Nothing but bytes finds them, and each switch is one. */
START_TEST(switched_off_they_are_not_found)
{
    ck_assert_int_eq(weir_gc_set_bytes(0), 0);
    ck_assert_int_eq(objects_until_found(200 * megabyte), -1);
    ck_assert_int_eq(weir_gc_set_bytes((int64_t)megabyte), 0);
    (void)weir_gc_disable();
    ck_assert_int_eq(objects_until_found(200 * megabyte), -1);
    (void)weir_gc_enable();
    ck_assert_int_eq(weir_gc_set_threshold(0, 10, 10), 0);
    ck_assert_int_eq(objects_until_found(200 * megabyte), -1);
    ck_assert_uint_eq(collections(), 0);
    ck_assert_int_eq(weir_gc_set_threshold(2000, 10, 10), 0);
    ck_assert_int_ge(objects_until_found(200 * megabyte), 0);
}
END_TEST

/* The checkpoint comes while the cycle is held, so it is old when it is
 * dropped: an older generation is due in time, too. */
START_TEST(a_big_cycle_per_turn_stays_bounded)
{
    size_t step = 100 * megabyte;
    size_t most = 0;

    for (unsigned i = 0; i < 100; i++) {
        weir_object *o = holder_new(step);

        ck_assert_int_eq(weir_checkpoint(), 0);
        most = held() > most ? held() : most;
        weir_decref(o);
        if (i % 3 == 0) {
            ck_assert_int_eq(weir_checkpoint(), 0);
        }
    }
    /* Alive is one; twice that, and what was made since. */
    ck_assert_uint_le(most, 3 * step + 4 * megabyte);
    ck_assert_uint_gt(by_bytes(2), 0);
}
END_TEST

/* Each doubling is worth one full collection. */
START_TEST(a_heap_that_grows_is_not_thrashed)
{
    enum { N = 4000, STEP = 1 << 16, DOUBLINGS = 12 };
    static weir_object *all[N];
    uint64_t full;

    ck_assert_int_eq(weir_gc_set_bytes(1 << 20), 0);
    for (unsigned i = 0; i < N; i++) {
        all[i] = holder_new(STEP);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    full = by_bytes(2);
    ck_assert_uint_ge(full, DOUBLINGS - 1);
    ck_assert_uint_le(full, DOUBLINGS + 2);
    ck_assert_uint_le(collections(), 10 * (DOUBLINGS + 2));
    for (unsigned i = 0; i < N; i++) {
        weir_decref(all[i]);
    }
    ck_assert_int_eq(weir_gc_collect(2), N);
}
END_TEST

/* Buffers that counts free make memory go up and down: no reason to look. */
START_TEST(buffers_that_come_and_go_are_not_looked_for)
{
    for (unsigned i = 0; i < 1000; i++) {
        void *buffer = wr_raw_alloc(wr_self()->heap, 50 * megabyte);

        ck_assert_ptr_nonnull(buffer);
        ck_assert_int_eq(weir_checkpoint(), 0);
        wr_raw_free(wr_self()->heap, buffer, 50 * megabyte);
    }
    ck_assert_uint_le(collections(), 4);
}
END_TEST

/* Make x part of a cycle and drop that. */
static void
drop_in_cycle(weir_object *x)
{
    weir_object *o = weir_instance_new(pair_type);

    ck_assert_int_eq(weir_instance_set(o, 0, x), 0);
    ck_assert_int_eq(weir_instance_set(o, 1, o), 0);
    weir_decref(x);
    weir_decref(o);
}

static weir_object *
big_str(void)
{
    static char text[100000];

    memset(text, 'x', sizeof(text));
    return weir_str_new(text, sizeof(text));
}

static weir_object *
big_tuple(void)
{
    return weir_tuple_new(10000);
}

static weir_object *
big_list(void)
{
    weir_object *list = weir_list_new();
    weir_object *zero = weir_int_new(0);

    for (unsigned i = 0; i < 8000; i++) {
        ck_assert(weir_list_append(list, zero) == 0);
    }
    weir_decref(zero);
    return list;
}

static weir_object *
big_dict(void)
{
    weir_object *dict = weir_dict_new();

    for (unsigned i = 0; i < 3000; i++) {
        weir_object *n = weir_int_new((int64_t)i % 200);
        weir_object *key = weir_int_new((int64_t)i);

        ck_assert(weir_dict_set(dict, key, n) == 0);
        weir_decref(key);
        weir_decref(n);
    }
    return dict;
}

/* Strings, large objects, arrays and tables count. */
START_TEST(whatever_is_big_counts)
{
    static weir_object *(*const make[])(void) = {big_str, big_tuple, big_list,
                                                 big_dict};

    ck_assert_int_eq(weir_gc_set_threshold(1000000, 10, 10), 0);
    ck_assert_int_eq(weir_gc_set_bytes(1 << 20), 0);
    for (size_t kind = 0; kind < sizeof(make) / sizeof(make[0]); kind++) {
        uint64_t before = collections();
        weir_gc_pace pace;

        for (unsigned i = 0; i < 200; i++) {
            drop_in_cycle(make[kind]());
            ck_assert_int_eq(weir_checkpoint(), 0);
        }
        ck_assert_uint_gt(collections(), before);
        ck_assert_int_eq(weir_gc_get_pace(&pace), 0);
        ck_assert_int_le(pace.bytes_held, pace.bytes_due[0]);
        ck_assert_int_lt(pace.bytes_held, 16 << 20);
    }
}
END_TEST

Suite *
wr_suite_bytes(void)
{
    Suite *suite = suite_create("bytes");
    TCase *due = tcase_create("due");

    tcase_add_checked_fixture(due, setup, teardown);
    tcase_add_test(due, the_setting_can_be_read_and_changed);
    tcase_add_test(due, four_big_cycles_are_found_before_the_701st_object);
    tcase_add_test(due, switched_off_they_are_not_found);
    tcase_add_test(due, a_big_cycle_per_turn_stays_bounded);
    tcase_add_test(due, a_heap_that_grows_is_not_thrashed);
    tcase_add_test(due, buffers_that_come_and_go_are_not_looked_for);
    tcase_add_test(due, whatever_is_big_counts);
    suite_add_tcase(suite, due);
    return suite;
}
