/* SPDX-License-Identifier: MIT */
/*
 * tests/test_foreign.c - types with a layout of their own.
 */
#include "tests/fixture.h"

#include "base/mem.h"
#include "heap/heap.h"
#include "object/children.h"
#include "tests/bag.h"
#include "tests/workers.h"

enum { WORKERS = 4, ROUNDS = 2000 };

/* ---- types ------------------------------------------------------------- */

static weir_foreign_spec
spec_of(size_t bytes, weir_traverse_fn traverse)
{
    return (weir_foreign_spec){.size = sizeof(weir_foreign_spec),
                               .name = "sized",
                               .bytes = bytes,
                               .traverse = traverse};
}

static void
expect_no_type(const weir_foreign_spec *spec, int error)
{
    ck_assert_ptr_null(weir_foreign_type(spec));
    ck_assert_int_eq(weir_error(), error);
}

START_TEST(bad_specs_make_no_type)
{
    weir_foreign_spec spec = spec_of(8, NULL);
    char name[65];

    expect_no_type(NULL, WEIR_EINVAL);
    spec.size--;
    expect_no_type(&spec, WEIR_EINVAL);
    spec.size = 0;
    expect_no_type(&spec, WEIR_EINVAL);
    spec = spec_of(8, NULL);
    spec.name = NULL;
    expect_no_type(&spec, WEIR_EINVAL);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    spec.name = name;
    expect_no_type(&spec, WEIR_EINVAL);
    spec = spec_of(WEIR_FOREIGN_BYTES_MAX + 1, NULL);
    expect_no_type(&spec, WEIR_ELIMIT);
    spec.bytes = SIZE_MAX;
    expect_no_type(&spec, WEIR_ELIMIT);
    spec.bytes = WEIR_FOREIGN_BYTES_MAX;
    ck_assert_ptr_nonnull(weir_foreign_type(&spec));
}
END_TEST

START_TEST(type_is_immortal_and_names_its_objects)
{
    weir_type *type = bag_type(NULL, false);
    weir_type *other = bag_type(NULL, false);
    weir_object *o = weir_foreign_new(type);

    ck_assert(weir_is_immortal((weir_object *)(void *)type));
    ck_assert_str_eq(weir_type_name(type), "bag");
    ck_assert_ptr_eq(weir_type_of(o), type);
    ck_assert(weir_is_foreign(o, type));
    ck_assert(!weir_is_foreign(o, other));
    ck_assert(!weir_is_foreign(o, NULL));
    ck_assert(!weir_is_foreign(NULL, type));
    ck_assert(!weir_is_instance(o));
    ck_assert(!weir_is_cell(o));
    weir_decref(o);
}
END_TEST

START_TEST(only_foreign_types_have_foreign_objects)
{
    weir_type *pair = weir_instance_type("pair", 2, 0, NULL, NULL);
    weir_object *list = weir_list_new();

    ck_assert_ptr_null(weir_foreign_new(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_foreign_new(pair));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_ptr_null(weir_foreign_new(weir_type_of(list)));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert(!weir_is_foreign(list, weir_type_of(list)));
    ck_assert_ptr_null(weir_instance_new(bag_type(NULL, false)));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    weir_decref(list);
}
END_TEST

/* ---- fields ------------------------------------------------------------ */

static void
no_references(weir_object *o, weir_visit_fn visit, void *context, void *data)
{
    (void)o;
    (void)visit;
    (void)context;
    (void)data;
}

static bool
all_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* [inv:foreign.place] */
START_TEST(fields_of_any_size_start_as_zeroes)
{
    static const size_t sizes[] = {0,     1,     8,     9,      100,    1000,
                                   32744, 32768, 65536, 131048, 1000000};
    struct wr_test_usage before = wr_test_usage();

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int traversed = 0; traversed < 2; traversed++) {
            weir_foreign_spec spec =
                spec_of(sizes[i], traversed != 0 ? no_references : NULL);
            weir_type *type = weir_foreign_type(&spec);

            /* Twice: the second one gets the block of the first. */
            for (int turn = 0; turn < 2; turn++) {
                weir_object *o = weir_foreign_new(type);
                unsigned char *fields = weir_foreign_fields(o);

                ck_assert_uint_eq((uintptr_t)fields % 8, 0);
                ck_assert(all_zero(fields, sizes[i]));
                memset(fields, 0xff, sizes[i]);
                ck_assert(wr_in_gc(o) == (traversed != 0));
                ck_assert(weir_gc_is_tracked(o) == (traversed != 0));
                weir_decref(o);
            }
        }
    }
    wr_test_no_leak(before);
}
END_TEST

static void
count_child(weir_object *child, void *context)
{
    (void)child;
    ++*(int *)context;
}

START_TEST(children_are_what_traverse_visits)
{
    weir_object *bag = weir_foreign_new(bag_type(NULL, false));
    weir_foreign_spec spec = spec_of(100, NULL);
    weir_object *atom = weir_foreign_new(weir_foreign_type(&spec));
    weir_object *x = wr_test_int(1);
    int n = 0;

    bag_put(bag, 1, x);
    ck_assert(bag_add(bag, x));
    ck_assert(bag_add(bag, x));
    wr_test_count(x, 4);
    wr_children_visit(bag, count_child, &n);
    /* The empty items are visited too, and not passed on. */
    ck_assert_int_eq(n, 3);
    n = 0;
    wr_children_visit(atom, count_child, &n);
    ck_assert_int_eq(n, 0);
    weir_decref(atom);
    weir_decref(bag);
    wr_test_count(x, 1);
    weir_decref(x);
}
END_TEST

/* ---- death ------------------------------------------------------------- */

static weir_object *witness;
static int64_t witness_count;

static void
look_at_witness(weir_object *o)
{
    (void)o;
    witness_count = weir_refcount(witness);
}

START_TEST(death_drops_references_then_releases)
{
    struct wr_test_usage before = wr_test_usage();
    struct bag_log log = {.on_release = look_at_witness};
    weir_object *o = weir_foreign_new(bag_type(&log, true));

    witness = wr_test_int(1);
    bag_put(o, 0, witness);
    bag_put(o, 2, witness);
    ck_assert(bag_add(o, witness));
    wr_test_count(witness, 4);
    weir_incref(o);
    weir_decref(o);
    ck_assert_int_eq(log.released, 0);
    weir_decref(o);
    ck_assert_int_eq(log.finalized, wr_cfg_counted);
    ck_assert_int_eq(log.released, wr_cfg_counted);
    if (wr_cfg_counted) {
        ck_assert_int_eq(witness_count, 1);
    }
    wr_test_count(witness, 1);
    weir_decref(witness);
    wr_test_no_leak(before);
}
END_TEST

/* An atom with a buffer and a finalizer; its number tells what is released. */
static void
release_atom(weir_object *o, void *data)
{
    int64_t *sum = data;

    *sum += *(int64_t *)weir_foreign_fields(o);
}

static void
finalize_atom(weir_object *o, void *data)
{
    (void)data;
    *(int64_t *)weir_foreign_fields(o) += 1000;
}

/* [inv:foreign.place] */
START_TEST(type_without_traverse_makes_untracked_atoms)
{
    struct wr_test_usage before = wr_test_usage();
    weir_foreign_spec spec = spec_of(sizeof(int64_t), NULL);
    weir_object *list = weir_list_new();
    weir_object *o;
    int64_t sum = 0;

    spec.release = release_atom;
    spec.finalize = finalize_atom;
    spec.data = &sum;
    o = weir_foreign_new(weir_foreign_type(&spec));
    ck_assert(!weir_gc_is_tracked(o));
    ck_assert(!wr_in_gc(o));
    *(int64_t *)weir_foreign_fields(o) = 7;
    ck_assert_int_eq(weir_list_append(list, o), 0);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(sum, 0);
    weir_decref(list);
    ck_assert_int_eq(sum, wr_cfg_counted ? 1007 : 0);
    wr_test_no_leak(before);
}
END_TEST

static weir_object *kept;

static void
keep(weir_object *o, void *data)
{
    struct bag_log *log = data;

    log->finalized++;
    kept = weir_newref(o);
}

START_TEST(finalizer_may_revive_and_does_not_run_again)
{
    struct wr_test_usage before = wr_test_usage();
    struct bag_log log = {0};
    weir_foreign_spec spec = {.size = sizeof(spec),
                              .name = "kept",
                              .bytes = sizeof(struct bag),
                              .traverse = bag_traverse,
                              .release = bag_release,
                              .finalize = keep,
                              .data = &log};
    weir_type *type = weir_foreign_type(&spec);
    weir_object *list = weir_list_new();

    /* By counting, then in a cycle. */
    for (int cycle = 0; cycle < 2 && wr_cfg_counted; cycle++) {
        weir_object *o = weir_foreign_new(type);

        bag_put(o, 0, list);
        if (cycle != 0) {
            bag_put(o, 1, o);
        }
        weir_decref(o);
        ck_assert_int_eq(weir_gc_collect(2), 0);
        ck_assert_int_eq(log.finalized, cycle + 1);
        ck_assert_int_eq(log.released, cycle);
        ck_assert_ptr_eq(kept, o);
        wr_test_count(list, 2);
        weir_decref(kept);
        ck_assert_int_eq(weir_gc_collect(2), cycle);
        ck_assert_int_eq(log.finalized, cycle + 1);
        ck_assert_int_eq(log.released, cycle + 1);
        wr_test_count(list, 1);
    }
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* A finalizer of a child runs while its parent is traversed for teardown. */
static void
make_and_drop(weir_object *o, void *data)
{
    weir_object *list = weir_list_new();

    (void)o;
    ck_assert_int_eq(weir_list_append(list, list), 0);
    weir_object_lock(list);
    weir_object_unlock(list);
    weir_decref(list);
    ++*(int *)data;
}

START_TEST(finalizers_of_children_are_free_to_call)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *bag = bag_type(NULL, false);
    int calls = 0;
    weir_type *noisy = weir_instance_type("noisy", 1, 0, make_and_drop, &calls);

    for (int cycle = 0; cycle < 2 && wr_cfg_counted; cycle++) {
        weir_object *child = weir_instance_new(noisy);
        weir_object *o;

        /* Too old to be looked at: it dies when its parent is torn down. */
        ck_assert_int_ge(weir_gc_collect(2), 0);
        o = weir_foreign_new(bag);
        bag_put(o, 0, child);
        weir_decref(child);
        if (cycle != 0) {
            bag_put(o, 1, o);
        }
        weir_decref(o);
        /* The list of the finalizer before; then the bag. */
        ck_assert_int_eq(weir_gc_collect(0), 1);
        ck_assert_int_eq(calls, cycle + 1);
    }
    (void)weir_gc_collect(2);
    wr_test_no_leak(before);
}
END_TEST

/* ---- cycles ------------------------------------------------------------ */

/* Behaviour 2.1 for types of one's own. */
START_TEST(cycles_through_fields_are_collected)
{
    struct wr_test_usage before = wr_test_usage();
    struct bag_log log = {0};
    weir_type *type = bag_type(&log, true);
    weir_object *self = weir_foreign_new(type);
    weir_object *a = weir_foreign_new(type);
    weir_object *b = weir_foreign_new(type);
    weir_object *list = weir_list_new();
    weir_object *outside = wr_test_int(5);

    bag_put(self, 2, self);
    bag_put(a, 0, b);
    ck_assert(bag_add(b, list));
    ck_assert(bag_add(b, outside));
    ck_assert_int_eq(weir_list_append(list, a), 0);
    weir_decref(b);
    weir_decref(list);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    weir_decref(self);
    weir_decref(a);
    ck_assert_int_eq(log.released, 0);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 4 : 0);
    ck_assert_int_eq(log.finalized, wr_cfg_counted ? 3 : 0);
    ck_assert_int_eq(log.released, wr_cfg_counted ? 3 : 0);
    wr_test_count(outside, 1);
    weir_decref(outside);
    wr_test_no_leak(before);
}
END_TEST

/* [inv:foreign.place] also where an object is larger than a pool. */
START_TEST(spans_are_collected)
{
    struct wr_test_usage before = wr_test_usage();
    struct bag_log log = {0};
    weir_foreign_spec spec = {.size = sizeof(spec),
                              .name = "large",
                              .bytes = 300000,
                              .traverse = bag_traverse,
                              .release = bag_release,
                              .data = &log};
    weir_object *o = weir_foreign_new(weir_foreign_type(&spec));

    bag_put(o, 0, o);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(0), wr_cfg_counted);
    ck_assert_int_eq(log.released, wr_cfg_counted);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(immortal_object_keeps_its_references)
{
    struct bag_log log = {0};
    weir_object *o = weir_foreign_new(bag_type(&log, true));
    weir_object *list = weir_list_new();

    bag_put(o, 0, list);
    bag_put(o, 1, o);
    ck_assert_int_eq(weir_immortalize(o), 0);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    wr_test_count(list, 2);
    ck_assert_int_eq(log.finalized + log.released, 0);
    weir_decref(list);
}
END_TEST

/* ---- hash and equality ------------------------------------------------- */

START_TEST(objects_are_hashed_by_identity)
{
    weir_type *type = bag_type(NULL, false);
    weir_object *a = weir_foreign_new(type);
    weir_object *b = weir_foreign_new(type);
    weir_object *dict = weir_dict_new();
    weir_object *found;
    uint64_t hash = 0;
    uint64_t again = 1;

    ck_assert_int_eq(weir_equal(a, a), 1);
    ck_assert_int_eq(weir_equal(a, b), 0);
    ck_assert_int_eq(weir_hash(a, &hash), 0);
    bag_put(a, 0, b);
    ck_assert_int_eq(weir_hash(a, &again), 0);
    ck_assert_uint_eq(hash, again);
    bag_put(a, 0, NULL);
    ck_assert_int_eq(weir_dict_set(dict, a, b), 0);
    found = weir_dict_get(dict, a);
    ck_assert_ptr_eq(found, b);
    weir_decref(found);
    ck_assert_int_eq(weir_dict_contains(dict, b), 0);
    weir_decref(dict);
    weir_decref(a);
    weir_decref(b);
}
END_TEST

/* ---- locks and threads ------------------------------------------------- */

START_TEST(locks_accept_null_and_the_same_object_twice)
{
    weir_object *o = weir_foreign_new(bag_type(NULL, false));

    weir_object_lock(NULL);
    weir_object_unlock(NULL);
    weir_object_lock2(NULL, NULL);
    weir_object_unlock2(NULL, NULL);
    weir_object_lock2(o, NULL);
    weir_object_unlock2(o, NULL);
    weir_object_lock2(NULL, o);
    weir_object_unlock2(NULL, o);
    weir_object_lock2(o, o);
    weir_object_unlock2(o, o);
    weir_object_lock(o);
    weir_object_unlock(o);
    weir_decref(o);
}
END_TEST

struct accounts {
    weir_object *bag[2];
};

/* Move a unit from one bag to the other, either way round. */
static int
transfer(struct wr_worker *me, int64_t round)
{
    struct accounts *accounts = me->shared;
    weir_object *from = accounts->bag[(me->index + round) % 2];
    weir_object *to = accounts->bag[(me->index + round + 1) % 2];

    weir_object_lock2(from, to);
    bag_of(from)->number--;
    bag_of(to)->number++;
    weir_object_unlock2(from, to);
    weir_object_lock(to);
    bag_of(to)->number++;
    weir_object_unlock(to);
    return 0;
}

/* [inv:objlock.order] as users see it */
START_TEST(changes_under_locks_are_not_lost)
{
    int64_t rounds = (int64_t)wr_test_size(ROUNDS);
    weir_type *type = bag_type(NULL, false);
    struct accounts accounts = {
        {weir_foreign_new(type), weir_foreign_new(type)}};

    wr_run_workers(&accounts, WORKERS, rounds, transfer);
    ck_assert_int_eq(bag_of(accounts.bag[0])->number +
                         bag_of(accounts.bag[1])->number,
                     WORKERS * rounds);
    weir_decref(accounts.bag[0]);
    weir_decref(accounts.bag[1]);
}
END_TEST

/* Put new objects in, take others' out, and collect now and then. */
static int
exchange(struct wr_worker *me, int64_t round)
{
    weir_object *shared = me->shared;
    weir_object *mine = weir_foreign_new(weir_type_of(shared));
    weir_object *other;

    if (mine == NULL) {
        return weir_error();
    }
    bag_put(mine, 0, round % 3 == 0 ? mine : shared);
    bag_put(shared, (size_t)round % BAG_ITEMS, mine);
    weir_decref(mine);
    other = bag_get(shared, (size_t)me->index % BAG_ITEMS);
    if (other != NULL) {
        bag_put(other, 1, shared);
        weir_decref(other);
    }
    if (round % 200 == me->index) {
        (void)weir_gc_collect((int)(round % 3));
    }
    return 0;
}

START_TEST(threads_share_an_object_while_others_collect)
{
    struct wr_test_usage before = wr_test_usage();
    struct bag_log log = {0};
    int64_t rounds = (int64_t)wr_test_size(ROUNDS);
    weir_object *shared = weir_foreign_new(bag_type(&log, true));

    wr_run_workers(shared, WORKERS, rounds, exchange);
    for (size_t i = 0; i < BAG_ITEMS; i++) {
        bag_put(shared, i, NULL);
    }
    weir_decref(shared);
    ck_assert_int_ge(weir_gc_collect(2), 0);
    if (wr_cfg_counted) {
        ck_assert_int_eq(log.finalized, WORKERS * rounds + 1);
        ck_assert_int_eq(log.released, WORKERS * rounds + 1);
    }
    wr_test_no_leak(before);
}
END_TEST

/* ---- memory ------------------------------------------------------------ */

/* Each allocation fails once: no type and no object, and nothing leaks. */
START_TEST(without_memory_there_is_no_object)
{
    static const size_t sizes[] = {8, 100000};
    weir_foreign_spec spec = spec_of(8, NULL);
    struct wr_test_usage before = wr_test_usage();

    for (int i = 0; i < 4; i++) {
        weir_type *type;
        weir_object *o;

        spec = spec_of(sizes[i / 2], i % 2 == 0 ? NULL : no_references);
        wr_fault_arm(1);
        expect_no_type(&spec, WEIR_ENOMEM);
        wr_fault_disarm();
        type = weir_foreign_type(&spec);
        ck_assert_ptr_nonnull(type);
        wr_heap_set_slow_stw(true);
        wr_fault_arm(1);
        ck_assert_ptr_null(weir_foreign_new(type));
        ck_assert_int_eq(weir_error(), WEIR_ENOMEM);
        wr_fault_disarm();
        wr_heap_set_slow_stw(false);
        o = weir_foreign_new(type);
        ck_assert_ptr_nonnull(o);
        weir_decref(o);
    }
    wr_test_no_leak(before);
}
END_TEST

/* Not in the fixture: the runtime starts several times. */
START_TEST(nothing_is_left_after_several_runs)
{
    struct wr_mem_stats before = wr_mem_get_stats();

    for (int run = 0; run < 3; run++) {
        struct bag_log log = {0};
        weir_type *type;
        weir_object *o;
        weir_object *held;

        wr_test_start();
        type = bag_type(&log, true);
        o = weir_foreign_new(type);
        held = weir_cell_new(o);
        bag_put(o, 0, held);
        weir_decref(held);
        weir_decref(o);
        ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 2 : 0);
        ck_assert_int_eq(log.released, wr_cfg_counted);
        /* And one that is alive at the end: gone, and not released. */
        ck_assert_ptr_nonnull(weir_foreign_new(type));
        wr_test_stop();
        ck_assert_int_eq(log.released, wr_cfg_counted);
        ck_assert_uint_eq(wr_mem_get_stats().blocks, before.blocks);
    }
}
END_TEST

Suite *
wr_suite_foreign(void)
{
    Suite *suite = suite_create("foreign");
    TCase *tc = tcase_create("foreign");
    TCase *runs = tcase_create("runs");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, bad_specs_make_no_type);
    tcase_add_test(tc, type_is_immortal_and_names_its_objects);
    tcase_add_test(tc, only_foreign_types_have_foreign_objects);
    tcase_add_test(tc, fields_of_any_size_start_as_zeroes);
    tcase_add_test(tc, children_are_what_traverse_visits);
    tcase_add_test(tc, death_drops_references_then_releases);
    tcase_add_test(tc, type_without_traverse_makes_untracked_atoms);
    tcase_add_test(tc, finalizer_may_revive_and_does_not_run_again);
    tcase_add_test(tc, finalizers_of_children_are_free_to_call);
    tcase_add_test(tc, cycles_through_fields_are_collected);
    tcase_add_test(tc, spans_are_collected);
    tcase_add_test(tc, immortal_object_keeps_its_references);
    tcase_add_test(tc, objects_are_hashed_by_identity);
    tcase_add_test(tc, locks_accept_null_and_the_same_object_twice);
    if (wr_test_safe) {
        tcase_add_test(tc, changes_under_locks_are_not_lost);
        tcase_add_test(tc, threads_share_an_object_while_others_collect);
    }
    tcase_add_test(tc, without_memory_there_is_no_object);
    suite_add_tcase(suite, tc);
    tcase_add_test(runs, nothing_is_left_after_several_runs);
    suite_add_tcase(suite, runs);
    return suite;
}
