/* SPDX-License-Identifier: MIT */
/*
 * tests/test_stop.c - the end of the runtime with and without finalizers.
 */
#include "tests/numbered.h"

#include "base/mem.h"
#include "base/random.h"
#include "object/dealloc.h"

#include <pthread.h>
#include <stdio.h>

enum { NODES = 40, CASES = 30, DEEP = 100000 };

/* ---- weir_stop(): nothing of the user's runs ---------------------------- */

START_TEST(stop_runs_no_finalizer)
{
    (void)make_numbered(1);
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_int_eq(finalized.n, 0);
    ck_assert(!weir_running());
}
END_TEST

/* ---- weir_stop_full() --------------------------------------------------- */

START_TEST(full_stop_finalizes_the_living_once)
{
    weir_object *ring = make_numbered(1);
    weir_object *again = make_numbered(3);

    /* 1 is garbage, 2 and 3 are alive, 3 was finalized and came back. */
    ck_assert_int_eq(weir_instance_set(ring, 1, ring), 0);
    weir_decref(ring);
    (void)make_numbered(2);
    wr_flags_set(again, WR_FLAG_FINALIZED);
    ck_assert_int_eq(weir_stop_full(NULL), 0);
    ck_assert(!weir_running());
    ck_assert(!weir_attached());
    ck_assert_int_eq(times(1), 1);
    ck_assert_int_eq(times(2), 1);
    ck_assert_int_eq(times(3), 0);
    ck_assert_int_eq(finalized.n, 2);
    /* As good as new. */
    wr_test_start();
    ck_assert_int_eq(weir_stop_full(NULL), 0);
}
END_TEST

START_TEST(immortal_objects_are_finalized_too)
{
    ck_assert_int_eq(weir_immortalize(make_numbered(1)), 0);
    ck_assert_int_eq(weir_stop_full(NULL), 0);
    ck_assert_int_eq(finalized.n, 1);
}
END_TEST

/* Objects that refer to each other at random, directly and through lists. */
struct web {
    weir_object *nodes[NODES];
    bool reaches[NODES][NODES];
};

static void
link_nodes(struct web *web, struct wr_random *random, int from, int to)
{
    weir_object *child = weir_newref(web->nodes[to]);

    /* Sometimes something without a finalizer stands in between. */
    for (uint64_t i = wr_random_below(random, 3); i > 0; i--) {
        weir_object *list = weir_list_new();

        ck_assert_int_eq(weir_list_append(list, child), 0);
        weir_decref(child);
        child = list;
    }
    ck_assert_int_eq(
        weir_list_append(weir_instance_borrow(web->nodes[from], 1), child), 0);
    weir_decref(child);
    web->reaches[from][to] = true;
}

static void
make_web(struct web *web, struct wr_random *random)
{
    memset(web, 0, sizeof(*web));
    for (int i = 0; i < NODES; i++) {
        weir_object *list = weir_list_new();

        web->nodes[i] = make_numbered(i);
        ck_assert_int_eq(weir_instance_set(web->nodes[i], 1, list), 0);
        weir_decref(list);
    }
    for (int i = 0; i < NODES; i++) {
        link_nodes(web, random, (int)wr_random_below(random, NODES),
                   (int)wr_random_below(random, NODES));
    }
    for (int k = 0; k < NODES; k++) {
        for (int i = 0; i < NODES; i++) {
            for (int j = 0; j < NODES; j++) {
                web->reaches[i][j] |= web->reaches[i][k] && web->reaches[k][j];
            }
        }
    }
}

START_TEST(referrers_come_before_what_they_refer_to)
{
    static struct web web;
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (uint64_t n = wr_test_size(CASES); n > 0; n--) {
        int place[NODES];

        make_web(&web, &random);
        ck_assert_int_eq(weir_stop_full(NULL), 0);
        ck_assert_int_eq(finalized.n, NODES);
        for (int i = 0; i < NODES; i++) {
            ck_assert_int_eq(times(i), 1);
            place[finalized.order[i]] = i;
        }
        for (int i = 0; i < NODES; i++) {
            for (int j = 0; j < NODES; j++) {
                if (web.reaches[i][j] && !web.reaches[j][i]) {
                    ck_assert_int_lt(place[i], place[j]);
                }
            }
        }
        start();
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Takes everything apart that it can reach. */
struct wrecker {
    int ran;
    int broken;
};

static void
wreck(weir_object *o, void *data)
{
    struct wrecker *wrecker = data;
    weir_object *other = weir_instance_get(o, 0);

    wrecker->ran++;
    if (other == NULL || weir_type_of(other) != weir_type_of(o) ||
        weir_refcount(other) <= 0) {
        wrecker->broken++;
    }
    weir_xdecref(other);
    /* The only reference to the next one, but for the runtime's. */
    (void)weir_instance_set(o, 1, NULL);
}

/* [inv:end.kept] */
START_TEST(no_finalizer_meets_a_corpse)
{
    struct wrecker wrecker = {0, 0};
    weir_type *type = weir_instance_type("wrecker", 2, 0, wreck, &wrecker);
    weir_object *first = weir_instance_new(type);
    weir_object *last = first;

    /* A chain in which each has the only reference to the next one, and all
     * know the first. */
    ck_assert_int_eq(weir_instance_set(first, 0, first), 0);
    for (int i = 0; i < 100; i++) {
        weir_object *o = weir_instance_new(type);

        ck_assert_int_eq(weir_instance_set(o, 0, first), 0);
        ck_assert_int_eq(weir_instance_set(last, 1, o), 0);
        weir_decref(o);
        last = o;
    }
    ck_assert_int_eq(weir_stop_full(NULL), 0);
    ck_assert_int_eq(wrecker.ran, 101);
    ck_assert_int_eq(wrecker.broken, 0);
}
END_TEST

/* What finalizers may do, and what is refused, as error codes. */
struct guest {
    int round;
    int collected;
    int blocked;
    int kept;
    int stopped;
    int full;
    int fast;
    int started;
    int attached;
    bool running;
    weir_object *hall;
};

static void *
attach_from_outside(void *argument)
{
    struct guest *guest = argument;

    guest->attached = weir_attach();
    return NULL;
}

static void
do_everything(weir_object *o, void *data)
{
    struct guest *guest = data;
    weir_object *list = weir_list_new();
    pthread_t thread;

    guest->round++;
    guest->kept = weir_list_append(guest->hall, o);
    (void)weir_list_append(list, list);
    weir_decref(list);
    guest->collected = (int)weir_gc_collect(2);
    (void)weir_blocking_begin();
    if (pthread_create(&thread, NULL, attach_from_outside, guest) == 0) {
        (void)pthread_join(thread, NULL);
    }
    guest->blocked = weir_blocking_end();
    guest->running = weir_running();
    guest->stopped = weir_stop();
    guest->full = weir_stop_full(NULL);
    guest->fast = weir_stop_fast();
    guest->started = weir_start(NULL);
}

START_TEST(finalizers_at_the_end_may_do_what_finalizers_may)
{
    struct guest guest = {.attached = 77};
    weir_type *type = weir_instance_type("guest", 0, 0, do_everything, &guest);

    guest.hall = weir_list_new();
    (void)weir_instance_new(type);
    ck_assert_int_eq(weir_stop_full(NULL), 0);
    ck_assert_int_eq(guest.round, 1);
    ck_assert_int_eq(guest.kept, 0);
    ck_assert_int_eq(guest.collected, wr_cfg_counted ? 1 : 0);
    ck_assert_int_eq(guest.blocked, 0);
    ck_assert(guest.running);
    ck_assert_int_eq(guest.attached, WEIR_ESTATE);
    ck_assert_int_eq(guest.stopped, WEIR_EBUSY);
    ck_assert_int_eq(guest.full, WEIR_EBUSY);
    ck_assert_int_eq(guest.fast, WEIR_EBUSY);
    ck_assert_int_eq(guest.started, WEIR_ESTATE);
}
END_TEST

/* Makes another of its kind, as long as it is told to. */
struct maker {
    weir_type *type;
    int left;
    int ran;
};

static void
make_another(weir_object *o, void *data)
{
    struct maker *maker = data;

    (void)o;
    maker->ran++;
    if (maker->left > 0) {
        maker->left--;
        (void)weir_instance_new(maker->type);
    }
}

START_TEST(what_finalizers_make_is_finalized_in_bounded_rounds)
{
    struct maker maker = {.left = 5};

    maker.type = weir_instance_type("maker", 0, 0, make_another, &maker);
    (void)weir_instance_new(maker.type);
    ck_assert_int_eq(weir_stop_full(NULL), 0);
    ck_assert_int_eq(maker.ran, 6);
    start();
    maker = (struct maker){.left = 1000000};
    maker.type = weir_instance_type("maker", 0, 0, make_another, &maker);
    (void)weir_instance_new(maker.type);
    ck_assert_int_eq(weir_stop_full(NULL), 0);
    ck_assert_int_eq(maker.ran, 16);
}
END_TEST

/* A foreign object, made by hand. */
struct foreign {
    weir_object *base;
    int released;
    int finalized_before;
};

static void
note_release(weir_object *o, void *data)
{
    struct foreign *foreign = data;

    foreign->released += o == foreign->base;
    foreign->finalized_before = finalized.n;
}

START_TEST(foreign_objects_are_released_after_all_finalizers)
{
    struct foreign foreign = {.released = 0};
    struct wr_type_spec spec = {.name = "foreign",
                                .kind = WR_KIND_FOREIGN,
                                .size = 64,
                                .finalize = write_down,
                                .release = note_release,
                                .data = &foreign};
    struct weir_type *type;
    int error = 0;

    spec.finalize = NULL;
    type = wr_type_new(&spec, &error);
    ck_assert_ptr_nonnull(type);
    foreign.base = wr_object_alloc(wr_self(), type, WR_SPACE_ATOM, 64);
    ck_assert_ptr_nonnull(foreign.base);
    wr_ref_init(foreign.base);
    for (int i = 0; i < 10; i++) {
        (void)make_numbered(i);
    }
    ck_assert_int_eq(weir_stop_full(NULL), 0);
    ck_assert_int_eq(foreign.released, 1);
    ck_assert_int_eq(foreign.finalized_before, 10);
}
END_TEST

/* Of a type that refers to nothing, and so lies among the atoms. */
START_TEST(finalizers_outside_the_collectable_region_run)
{
    struct wr_type_spec spec = {.name = "atom",
                                .kind = WR_KIND_FOREIGN,
                                .size = 64,
                                .finalize = write_down,
                                .data = &finalized};
    struct weir_type *type;
    weir_object *o;
    int error = 0;

    type = wr_type_new(&spec, &error);
    ck_assert_ptr_nonnull(type);
    o = wr_object_alloc(wr_self(), type, WR_SPACE_ATOM, 64);
    ck_assert_ptr_nonnull(o);
    wr_ref_init(o);
    (void)make_numbered(1);
    ck_assert_int_eq(weir_stop_full(NULL), 0);
    /* It refers to nothing, so it comes last. */
    ck_assert_int_eq(finalized.n, 2);
    ck_assert_int_eq(finalized.order[0], 1);
    ck_assert_int_eq(finalized.order[1], -1);
}
END_TEST

START_TEST(deep_structures_are_put_in_order)
{
    weir_object *inner = make_numbered(2);

    for (int i = 0; i < DEEP; i++) {
        weir_object *outer = weir_list_new();

        ck_assert_int_eq(weir_list_append(outer, inner), 0);
        weir_decref(inner);
        inner = outer;
    }
    ck_assert_int_eq(weir_instance_set(make_numbered(1), 1, inner), 0);
    ck_assert_int_eq(weir_stop_full(NULL), 0);
    ck_assert_int_eq(finalized.n, 2);
    ck_assert_int_eq(finalized.order[0], 1);
    ck_assert_int_eq(finalized.order[1], 2);
}
END_TEST

/* ---- what was alive ----------------------------------------------------- */

START_TEST(leaks_say_what_was_alive)
{
    weir_handle handle;
    weir_leaks leaks;
    weir_object *list = weir_list_new();
    uint64_t bytes = 0;
    uint64_t size;

    for (int i = 0; i < 100; i++) {
        weir_object *s = weir_str_format("number %d", i);

        ck_assert_int_eq(weir_list_append(list, s), 0);
        weir_decref(s);
    }
    for (int i = 0; i < 7; i++) {
        (void)make_numbered(i);
    }
    ck_assert_int_eq(weir_immortalize(weir_list_new()), 0);
    ck_assert_int_eq(weir_handle_new(list, &handle), 0);
    ck_assert_int_eq(weir_size_reachable(list, &bytes, NULL), 0);
    ck_assert_int_eq(weir_size_of(list, &size), 0);
    ck_assert_int_eq(weir_stop_full(&leaks), 0);
    ck_assert_uint_eq(leaks.handles, 1);
    ck_assert_uint_eq(leaks.finalized, 7);
    if (wr_cfg_counted) {
        ck_assert_uint_eq(leaks.objects, 108);
        ck_assert_uint_gt(leaks.bytes, bytes);
        ck_assert_uint_eq(leaks.types, 3);
        ck_assert_str_eq(leaks.most[0].type, "str");
        ck_assert_uint_eq(leaks.most[0].objects, 100);
        ck_assert_uint_eq(leaks.most[0].bytes, bytes - size);
        ck_assert_str_eq(leaks.most[1].type, "numbered");
        ck_assert_uint_eq(leaks.most[1].objects, 7);
        ck_assert_str_eq(leaks.most[2].type, "list");
        ck_assert_uint_eq(leaks.most[2].bytes, size);
    }
    ck_assert_int_eq(weir_handle_free(handle), WEIR_ESTATE);
}
END_TEST

START_TEST(clean_program_leaks_nothing)
{
    weir_leaks leaks;
    weir_object *list = weir_list_new();

    memset(&leaks, 0x55, sizeof(leaks));
    (void)weir_str_intern("kept", 4);
    ck_assert_int_eq(weir_list_append(list, list), 0);
    weir_decref(list);
    ck_assert_int_eq(weir_stop_full(&leaks), 0);
    ck_assert_uint_eq(leaks.handles, 0);
    ck_assert_uint_eq(leaks.finalized, 0);
    if (wr_cfg_counted) {
        ck_assert_uint_eq(leaks.objects, 0);
        ck_assert_uint_eq(leaks.bytes, 0);
        ck_assert_uint_eq(leaks.types, 0);
    }
}
END_TEST

START_TEST(most_numerous_types_come_first)
{
    weir_leaks leaks;

    for (int i = 0; i < 20; i++) {
        char name[16];
        weir_type *type;

        (void)snprintf(name, sizeof(name), "type %d", i);
        type = weir_instance_type(name, 0, 0, NULL, NULL);
        for (int j = 0; j <= (i * 7) % 20; j++) {
            (void)weir_instance_new(type);
        }
    }
    ck_assert_int_eq(weir_stop_full(&leaks), 0);
    ck_assert_uint_eq(leaks.objects, 20 * 21 / 2);
    ck_assert_uint_eq(leaks.types, WEIR_LEAK_TYPES);
    for (unsigned i = 0; i < leaks.types; i++) {
        ck_assert_uint_eq(leaks.most[i].objects, 20 - i);
    }
}
END_TEST

/* ---- refusals and failures ---------------------------------------------- */

struct other {
    pthread_barrier_t *barrier;
    int error;
};

static void *
attach_and_wait(void *argument)
{
    struct other *other = argument;

    other->error = weir_attach();
    (void)weir_blocking_begin();
    pthread_barrier_wait(other->barrier);
    pthread_barrier_wait(other->barrier);
    (void)weir_blocking_end();
    (void)weir_detach();
    return NULL;
}

START_TEST(full_stop_is_refused_while_others_are_inside)
{
    pthread_barrier_t barrier;
    struct other other = {.barrier = &barrier};
    weir_leaks leaks = {.objects = 77};
    pthread_t thread;

    (void)make_numbered(1);
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, attach_and_wait, &other), 0);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    pthread_barrier_wait(&barrier);
    ck_assert_int_eq(weir_stop_full(&leaks), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(weir_stop_full(&leaks), WEIR_EBUSY);
    ck_assert(weir_running());
    ck_assert_int_eq(finalized.n, 0);
    ck_assert_uint_eq(leaks.objects, 77);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    pthread_barrier_wait(&barrier);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(other.error, 0);
    ck_assert_int_eq(weir_stop_full(&leaks), 0);
    ck_assert_int_eq(finalized.n, 1);
    ck_assert_int_eq(weir_stop_full(&leaks), WEIR_ESTATE);
    pthread_barrier_destroy(&barrier);
}
END_TEST

static int stop_in_callback;

static void
stop_while_collecting(weir_gc_phase phase, const weir_gc_info *info, void *data)
{
    (void)phase;
    (void)info;
    (void)data;
    stop_in_callback = weir_stop_full(NULL);
}

START_TEST(full_stop_is_refused_in_a_callback)
{
    if (!wr_cfg_counted) {
        return;
    }
    ck_assert_int_eq(weir_gc_callback_add(stop_while_collecting, NULL), 0);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(stop_in_callback, WEIR_EBUSY);
    stop_in_callback = 0;
    /* Also in those of its own collections. */
    ck_assert_int_eq(weir_stop_full(NULL), 0);
    ck_assert_int_eq(stop_in_callback, WEIR_EBUSY);
}
END_TEST

/* Whatever allocation fails: all finalizers run, once. */
START_TEST(finalizers_run_without_memory)
{
    weir_leaks leaks;
    uint64_t seen;
    uint64_t nth = 0;

    wr_fault_arm(1);
    ck_assert_int_eq(weir_stop_full(&leaks), WEIR_ENOMEM);
    wr_fault_disarm();
    ck_assert(weir_running());
    ck_assert_int_eq(weir_stop(), 0);
    do {
        nth++;
        start();
        for (int i = 0; i < 300; i++) {
            weir_object *o = make_numbered(i);

            ck_assert_int_eq(weir_instance_set(o, 1, o), 0);
            if (i % 3 == 0) {
                weir_decref(o);
            }
        }
        wr_fault_arm_from(nth);
        ck_assert_int_eq(weir_stop_full(NULL), 0);
        seen = wr_fault_seen();
        wr_fault_disarm();
        ck_assert_int_eq(finalized.n, 300);
        for (int i = 0; i < 300; i++) {
            ck_assert_int_eq(times(i), 1);
        }
    } while (seen >= nth);
    ck_assert_uint_gt(nth, 2);
}
END_TEST

Suite *
wr_suite_stop(void)
{
    Suite *suite = suite_create("stop");
    TCase *tc = tcase_create("stop");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, start, NULL);
    tcase_add_test(tc, stop_runs_no_finalizer);
    tcase_add_test(tc, full_stop_finalizes_the_living_once);
    tcase_add_test(tc, immortal_objects_are_finalized_too);
    tcase_add_test(tc, referrers_come_before_what_they_refer_to);
    tcase_add_test(tc, no_finalizer_meets_a_corpse);
    tcase_add_test(tc, finalizers_at_the_end_may_do_what_finalizers_may);
    tcase_add_test(tc, what_finalizers_make_is_finalized_in_bounded_rounds);
    tcase_add_test(tc, foreign_objects_are_released_after_all_finalizers);
    tcase_add_test(tc, finalizers_outside_the_collectable_region_run);
    tcase_add_test(tc, deep_structures_are_put_in_order);
    tcase_add_test(tc, leaks_say_what_was_alive);
    tcase_add_test(tc, clean_program_leaks_nothing);
    tcase_add_test(tc, most_numerous_types_come_first);
    tcase_add_test(tc, full_stop_is_refused_while_others_are_inside);
    tcase_add_test(tc, full_stop_is_refused_in_a_callback);
    tcase_add_test(tc, finalizers_run_without_memory);
    suite_add_tcase(suite, tc);
    return suite;
}
