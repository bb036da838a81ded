/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fault_rounds.c - a row of collections, any of which may find no
 * memory.
 *
 * A world is built and collected several times, in generations that differ,
 * with more made before each: rings, objects with large counts, more of them
 * side by side than the stack takes, weak references with and without
 * callbacks, finalizers that save, that break their ring, and that make so
 * much that the second detection needs larger tables.  In one of the
 * collections the first allocation fails, then, in a new world, the second,
 * until nothing fails; and so for each of them.
 *
 * One that gives up before user code has run leaves the heap as it was, which
 * is compared object by object [inv:collect.enomem-no-change].  Whatever
 * failed, callbacks and finalizers have run once in the end, for all that
 * died and for nothing else, and nothing is left.
 */
#include "tests/fixture.h"

#include "base/mem.h"
#include "collect/collect.h"
#include "object/children.h"
#include "object/weak.h"
#include "tests/reference.h"

enum {
    ROUNDS = 6,
    ATTEMPTS_MAX = 4000,
    RING = 6, /* with finalizers */
    WIDE = 400,
    HUB = 300,
    GROWN = 600,
    WEAK_MAX = 2 * ROUNDS
};

static const int generations[ROUNDS] = {0, 1, 0, 2, 1, 2};

struct world {
    weir_type *plain;
    weir_type *final;
    weir_object *keep;  /* a list: what is held */
    weir_object *saved; /* a list: what finalizers saved */
    weir_object *weak[WEAK_MAX];
    unsigned calls[WEAK_MAX];
    unsigned nweak;
    unsigned made;       /* objects with a finalizer */
    unsigned finalized;  /* calls */
    unsigned user;       /* calls of finalizers and callbacks */
    unsigned gave_up[2]; /* collections without memory: before, and after */
};

static struct world world;

/* ---- user code, which goes without memory too --------------------------- */

static void
grow(void)
{
    for (unsigned i = 0; i < GROWN; i++) {
        weir_object *o = weir_instance_new(world.plain);

        if (o != NULL) {
            (void)weir_list_append(world.keep, o);
            weir_decref(o);
        }
    }
}

static void
finalize(weir_object *o, void *data)
{
    (void)data;
    world.user++;
    switch (world.finalized++ % RING) {
    case 0:
        grow();
        break;
    case 2:
        (void)weir_list_append(world.saved, o);
        break;
    case 4:
        (void)weir_instance_set(o, 0, NULL);
        break;
    default:
        break;
    }
}

static void
called(weir_object *weak, weir_object *context, void *data)
{
    (void)weak;
    (void)context;
    world.user++;
    ++*(unsigned *)data;
    weir_xdecref(weir_list_new());
}

/* ---- the world ---------------------------------------------------------- */

/* Not through ck_assert, which writes a file each time. */
static weir_object *
must(weir_object *o)
{
    if (o == NULL) {
        abort();
    }
    return o;
}

static void
put(weir_object *o, size_t slot, weir_object *value)
{
    if (weir_instance_set(o, slot, value) != 0) {
        abort();
    }
}

static weir_object *
make_ring(weir_type *type, size_t n)
{
    weir_object *head = must(weir_instance_new(type));
    weir_object *last = head;

    for (size_t i = 1; i < n; i++) {
        weir_object *next = must(weir_instance_new(type));

        put(last, 0, next);
        weir_decref(next);
        last = next;
    }
    put(last, 0, head);
    return head;
}

/* A ring of two, one of which is referred to many times. */
static weir_object *
make_hub(void)
{
    weir_object *hub = must(weir_instance_new(world.plain));
    weir_object *list = must(weir_list_new());

    for (unsigned i = 0; i < HUB; i++) {
        ck_assert_int_eq(weir_list_append(list, hub), 0);
    }
    put(hub, 0, list);
    weir_decref(list);
    return hub;
}

/* Many objects, reachable from one alone. */
static weir_object *
make_wide(void)
{
    weir_object *tuple = must(weir_tuple_new(WIDE));

    for (size_t i = 0; i < WIDE; i++) {
        weir_object *o = must(weir_instance_new(world.plain));

        put(o, 1, world.keep);
        if (weir_tuple_set_steal(tuple, i, o) != 0) {
            abort();
        }
    }
    return tuple;
}

static void
keep(weir_object *o)
{
    ck_assert_int_eq(weir_list_append(world.keep, o), 0);
    weir_decref(o);
}

/* Garbage that is watched, and things that are held. */
static void
build_more(void)
{
    weir_object *ring = make_ring(world.final, RING);
    weir_object *plain = make_ring(world.plain, 20);
    weir_object *hub = make_hub();

    world.made += RING;
    put(plain, 1, hub);
    world.weak[world.nweak++] = must(weir_weak_new(hub, NULL, NULL, NULL));
    world.weak[world.nweak] = must(
        weir_weak_new(plain, called, world.keep, &world.calls[world.nweak]));
    world.nweak++;
    keep(make_ring(world.plain, 10));
    keep(make_hub());
    keep(make_wide());
    weir_decref(hub);
    weir_decref(plain);
    weir_decref(ring);
}

static void
start(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    memset(&world, 0, sizeof(world));
    world.plain = weir_instance_type("plain", 2, 0, NULL, NULL);
    world.final = weir_instance_type("final", 2, 0, finalize, NULL);
    world.keep = must(weir_list_new());
    world.saved = must(weir_list_new());
}

/* ---- the heap, object by object ----------------------------------------- */

struct seen {
    weir_object *object;
    int64_t count;
    uint64_t children;
    uint8_t flags;
};

struct picture {
    struct seen *seen;
    size_t size;
    size_t capacity;
};

static void
add_child(weir_object *child, void *context)
{
    struct seen *seen = context;

    seen->children =
        (seen->children + (uintptr_t)child) * 11400714819323198485U;
}

static void
add_object(weir_object *o, void *context)
{
    struct picture *picture = context;
    struct seen *seen;

    if (picture->size == picture->capacity) {
        picture->capacity = 2 * picture->capacity + 1024;
        picture->seen =
            realloc(picture->seen, picture->capacity * sizeof(*picture->seen));
        if (picture->seen == NULL) {
            abort();
        }
    }
    seen = &picture->seen[picture->size++];
    memset(seen, 0, sizeof(*seen));
    seen->object = o;
    seen->count = wr_ref_value(o);
    seen->flags = wr_flags(o);
    wr_children_visit(o, add_child, seen);
    if (wr_kind_of(o) == WR_KIND_WEAK) {
        add_child(wr_weak_of(o)->target, seen);
    }
}

static struct picture
take_picture(void)
{
    struct picture picture = {.seen = NULL};

    (void)wr_test_usage();
    wr_reference_walk(add_object, &picture);
    return picture;
}

/* True if the heap is what it was; the picture is gone then. */
static bool
is_unchanged(struct picture *then)
{
    struct picture now = take_picture();
    bool same = now.size == then->size &&
                memcmp(now.seen, then->seen, now.size * sizeof(*now.seen)) == 0;

    free(now.seen);
    free(then->seen);
    return same;
}

/* ---- one world ---------------------------------------------------------- */

/* Collect with an allocation failing.  Returns whether one has. */
static bool
collect_without_memory(int generation, uint64_t nth, bool all)
{
    static const struct wr_collect_caps caps = {.stack = 256, .big = 1};
    struct picture before;
    unsigned user = world.user;
    int64_t found;

    wr_collect_set_caps(&caps);
    before = take_picture();
    if (all) {
        wr_fault_arm_from(nth);
    } else {
        wr_fault_arm(nth);
    }
    found = weir_gc_collect(generation);
    wr_fault_disarm();
    if (found < 0) {
        ck_assert_int_eq(found, WEIR_ENOMEM);
        world.gave_up[world.user != user]++;
    }
    if (found < 0 && world.user == user) {
        ck_assert(is_unchanged(&before));
    } else {
        free(before.seen);
    }
    return wr_fault_seen() >= nth;
}

/* All that was made for this round and those before it has had its turn. */
static void
check_round(void)
{
    ck_assert_uint_eq(world.finalized, world.made);
    for (unsigned i = 0; i < world.nweak; i += 2) {
        weir_object *got = weir_weak_get(world.weak[i]);

        ck_assert_ptr_null(got);
        ck_assert_uint_eq(world.calls[i], 0);
        ck_assert_uint_eq(world.calls[i + 1], 1);
    }
}

/* Nothing is held any more: nothing is left. */
static void
finish(struct wr_test_usage before)
{
    for (unsigned i = 0; i < world.nweak; i++) {
        weir_decref(world.weak[i]);
    }
    weir_decref(world.keep);
    weir_decref(world.saved);
    ck_assert_int_ge(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_uint_eq(world.finalized, world.made);
    wr_test_no_leak(before);
    wr_test_stop();
}

/* A world of its own, in round `faulty` of which the nth allocation fails, or
 * all from there.  Returns whether one has failed. */
static bool
attempt(unsigned faulty, uint64_t nth, bool all, unsigned gave_up[2])
{
    struct wr_test_usage before;
    bool failed = false;

    start();
    before = wr_test_usage();
    if (wr_cfg_counted) {
        before.objects -= 2; /* keep and saved */
    }
    /* Where each step is dear, no more than it takes. */
    for (unsigned i = 0; i < (wr_test_slow() ? faulty + 1 : ROUNDS); i++) {
        build_more();
        if (i == faulty) {
            failed = collect_without_memory(generations[i], nth, all);
        }
        /* What was resurrected for want of memory is old. */
        ck_assert_int_ge(weir_gc_collect(i == faulty ? 2 : generations[i]), 0);
        check_round();
    }
    gave_up[0] += world.gave_up[0];
    gave_up[1] += world.gave_up[1];
    finish(before);
    return failed;
}

START_TEST(any_collection_of_a_row_may_go_without_memory)
{
    unsigned gave_up[2] = {0, 0};

    for (int all = 0; all < 2; all++) {
        uint64_t nth = 1;

        /* Ends: the attempt in which nothing fails. */
        while (attempt((unsigned)_i, nth, all != 0, gave_up)) {
            /* Where each block is an allocation there are many. */
            nth += wr_test_slow() ? 1 + nth / 8 : 1;
            ck_assert_uint_lt(nth, ATTEMPTS_MAX);
        }
        ck_assert_uint_gt(nth, 5);
    }
    ck_assert_uint_ge(gave_up[0], 3);
    /* While the heap is small its tables are made for its number of objects,
     * and finalizers make more. */
    if (_i < 2 && !wr_test_slow()) {
        ck_assert_uint_ge(gave_up[1], 1);
    }
}
END_TEST

/* The proof of the comparison: one reference more, one bit, one child. */
START_TEST(a_change_is_seen)
{
    struct picture picture;
    weir_object *ring;

    start();
    ring = make_ring(world.plain, 3);
    picture = take_picture();
    ck_assert(is_unchanged(&picture));
    picture = take_picture();
    weir_incref(ring);
    ck_assert(!is_unchanged(&picture));
    picture = take_picture();
    put(ring, 1, ring);
    ck_assert(!is_unchanged(&picture));
    weir_decref(ring);
    picture = take_picture();
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert(!is_unchanged(&picture));
    wr_test_stop();
}
END_TEST

Suite *
wr_suite_fault_rounds(void)
{
    Suite *suite = suite_create("fault_rounds");
    TCase *tcase = tcase_create("rounds");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, any_collection_of_a_row_may_go_without_memory, 0,
                        ROUNDS);
    tcase_add_test(tcase, a_change_is_seen);
    suite_add_tcase(suite, tcase);
    return suite;
}
