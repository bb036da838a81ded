/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/collect.c - bytes become a program, and the program is watched.
 *
 * Each step takes its choice from the next bytes: make an object, link two,
 * drop one, ask a weak reference, collect.  Finalizers and callbacks take
 * theirs from the same bytes, so they do whatever the program may do: save
 * their object, drop others, make more, collect.  The model (model.h) is told
 * first, then the call is made.
 */
#include "tests/fuzz/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collect/collect.h"
#include "tests/fuzz/model.h"

enum {
    SLOTS = 4,
    BAG_ITEMS = 3,
    HANDLES = 8,
    DEPTH_MAX = 3,
    MANY = 140,
    RUNS = 500
};

static struct input {
    const uint8_t *bytes;
    size_t size;
    size_t at;
} input;

static struct {
    weir_handle handle;
    struct model_node *node;
} handles[HANDLES];

static weir_type *types[MODEL_KINDS];

/* The next byte; 0 at the end. */
static unsigned
next(void)
{
    return input.at < input.size ? input.bytes[input.at++] : 0;
}

static unsigned
below(unsigned n)
{
    return next() % n;
}

static void
expect(bool holds, const char *what)
{
    if (!holds) {
        model_fail(what, 0);
    }
}

/* Some node the program may use, or NULL. */
static struct model_node *
any(void)
{
    unsigned first = below(MODEL_NODES);

    for (unsigned i = 0; i < MODEL_NODES; i++) {
        struct model_node *n = &model.nodes[(first + i) % MODEL_NODES];

        if (n->alive && n->held + n->running > 0) {
            return n;
        }
    }
    return NULL;
}

static weir_object *
object_of(const struct model_node *n)
{
    return n != NULL ? n->object : NULL;
}

static uint8_t
name_of(const struct model_node *n)
{
    return n != NULL ? (uint8_t)(model_index(n) + 1) : 0;
}

/* ---- making ------------------------------------------------------------- */

static weir_object *
make_tuple(struct model_node *n, unsigned size)
{
    weir_object *tuple = weir_tuple_new(size);

    n->nout = size;
    for (unsigned i = 0; i < size; i++) {
        struct model_node *item = below(3) == 0 ? NULL : any();

        /* The tuple is not one of the nodes yet. */
        n->out[i] = name_of(item);
        expect(weir_tuple_set_steal(
                   tuple, i,
                   weir_newref(item != NULL ? item->object : model.filler)) ==
                   0,
               "a tuple takes an item");
    }
    return tuple;
}

static weir_object *
make_object(enum model_kind kind)
{
    switch (kind) {
    case MODEL_LIST:
        return weir_list_new();
    case MODEL_DICT:
        return weir_dict_new();
    case MODEL_SET:
        return weir_set_new();
    case MODEL_CELL:
        return weir_cell_new(NULL);
    case MODEL_FOREIGN:
        return weir_foreign_new(types[kind]);
    default:
        return weir_instance_new(types[kind]);
    }
}

static void
step_make(void)
{
    static const unsigned places[MODEL_KINDS] = {
        [MODEL_PLAIN] = SLOTS,       [MODEL_FINAL] = SLOTS,
        [MODEL_DICT] = MODEL_KEYS,   [MODEL_CELL] = 1,
        [MODEL_FOREIGN] = BAG_ITEMS,
    };
    struct model_node *n = model_place();
    enum model_kind kind = below(MODEL_WEAK);
    struct model_node tuple = {.nout = 0};
    weir_object *o;

    if (n == NULL) {
        return;
    }
    o = kind == MODEL_TUPLE ? make_tuple(&tuple, 1 + below(5))
                            : make_object(kind);
    expect(o != NULL, "an object is made");
    model_add(n, kind, o);
    n->nout = kind == MODEL_TUPLE ? tuple.nout : places[kind];
    memcpy(n->out, tuple.out, sizeof(n->out));
    if (kind == MODEL_TUPLE) {
        model_note_tuple(n);
    }
}

/* ---- linking ------------------------------------------------------------ */

static void
note(struct model_node *n, unsigned place, const struct model_node *value)
{
    if (value == NULL || !model_lies(MODEL_LIE_EDGE)) {
        n->out[place] = name_of(value);
    }
}

static int
set_bag(struct model_node *n, unsigned i, weir_object *value)
{
    weir_object **items = weir_foreign_fields(n->object);
    weir_object *old;

    if (value != NULL) {
        weir_incref(value);
    }
    weir_object_lock(n->object);
    old = items[i];
    items[i] = value;
    weir_object_unlock(n->object);
    weir_xdecref(old);
    return 0;
}

/* Fixed places. */
static int
link_place(struct model_node *n, struct model_node *value)
{
    unsigned i = below(n->nout);
    bool was = n->out[i] != 0;
    weir_object *o = object_of(value);

    note(n, i, value);
    switch (n->kind) {
    case MODEL_PLAIN:
    case MODEL_FINAL:
        return weir_instance_set(n->object, i, o);
    case MODEL_CELL:
        return weir_cell_set(n->object, o);
    case MODEL_FOREIGN:
        return set_bag(n, i, o);
    default:
        break;
    }
    if (o == NULL) {
        return was ? weir_dict_delete(n->object, model.keys[i]) : 0;
    }
    return weir_dict_set(n->object, model.keys[i], o);
}

/* Append once or often; without a value, take the last or all away. */
static int
link_list(struct model_node *n, struct model_node *value)
{
    unsigned times = below(8) == 0 ? MANY : 1;
    int error = 0;

    if (value == NULL && times > 1) {
        n->nout = 0;
        return weir_list_clear(n->object);
    }
    if (value == NULL && n->nout > 0) {
        unsigned i = below(n->nout);
        weir_object *o;

        memmove(&n->out[i], &n->out[i + 1], n->nout - i - 1);
        n->nout--;
        o = weir_list_remove(n->object, i);
        weir_xdecref(o);
        return o != NULL ? 0 : -1;
    }
    for (; value != NULL && times > 0 && n->nout < MODEL_OUT; times--) {
        note(n, n->nout++, value);
        error |= weir_list_append(n->object, value->object);
    }
    return error;
}

/* Add an element, or take it away if it is there. */
static int
link_set(struct model_node *n, struct model_node *value)
{
    if (value == NULL || n->nout == MODEL_OUT ||
        (value->kind != MODEL_PLAIN && value->kind != MODEL_FINAL)) {
        return 0;
    }
    for (unsigned i = 0; i < n->nout; i++) {
        if (n->out[i] == name_of(value)) {
            n->out[i] = n->out[--n->nout];
            return weir_set_remove(n->object, value->object);
        }
    }
    note(n, n->nout++, value);
    return weir_set_add(n->object, value->object) == 1 ? 0 : -1;
}

static void
step_link(struct model_node *n, struct model_node *value)
{
    int error = 0;

    if (n == NULL) {
        return;
    }
    switch (n->kind) {
    case MODEL_LIST:
        error = link_list(n, value);
        break;
    case MODEL_SET:
        error = link_set(n, value);
        break;
    case MODEL_TUPLE:
    case MODEL_WEAK:
        break;
    default:
        error = link_place(n, value);
        break;
    }
    expect(error == 0, "a link succeeds");
}

/* ---- references --------------------------------------------------------- */

static void
drop(struct model_node *n, unsigned times)
{
    weir_object *o = object_of(n);

    if (n == NULL || n->held < times) {
        return;
    }
    if (!model_lies(MODEL_LIE_DROP)) {
        n->held -= times;
    }
    for (; times > 0; times--) {
        weir_decref(o);
    }
}

static void
hold(struct model_node *n, unsigned times)
{
    if (n == NULL || n->held > 1000) {
        return;
    }
    n->held += times;
    for (; times > 0; times--) {
        weir_incref(n->object);
    }
}

static void
step_follow(void)
{
    struct model_node *n = any();

    if (n != NULL && n->nout > 0) {
        uint8_t child = n->out[below(n->nout)];

        hold(child != 0 ? &model.nodes[child - 1] : NULL, 1);
    }
}

static void
step_handle(void)
{
    unsigned i = below(HANDLES);
    struct model_node *n = handles[i].node;

    if (n == NULL) {
        n = any();
        if (n != NULL) {
            handles[i].node = n;
            n->handles++;
            expect(weir_handle_new(n->object, &handles[i].handle) == 0,
                   "a handle is made");
        }
    } else if (below(2) == 0) {
        weir_object *o = weir_handle_get(handles[i].handle);

        expect(o == n->object, "a handle gives its object");
        n->held++;
    } else {
        handles[i].node = NULL;
        n->handles--;
        expect(weir_handle_free(handles[i].handle) == 0, "a handle is freed");
    }
}

/* ---- weak references ---------------------------------------------------- */

static void called(weir_object *weak, weir_object *context, void *data);

static struct model_node *
plain_weak_of(const struct model_node *target)
{
    for (unsigned i = 0; i < MODEL_NODES; i++) {
        struct model_node *w = &model.nodes[i];

        if (w->alive && w->kind == MODEL_WEAK && !w->has_callback &&
            !w->cleared && w->target == model_index(target)) {
            return w;
        }
    }
    return NULL;
}

static void
step_weak(struct model_node *target, bool has_callback)
{
    struct model_node *n = model_place();
    struct model_node *context = has_callback && below(2) == 0 ? any() : NULL;
    struct model_node *there;
    weir_object *o;

    if (n == NULL || target == NULL || target->kind == MODEL_WEAK) {
        return;
    }
    there = has_callback ? NULL : plain_weak_of(target);
    o = weir_weak_new(target->object, has_callback ? called : NULL,
                      object_of(context), NULL);
    expect(o != NULL, "a weak reference is made");
    if (there != NULL && there->object == o) {
        there->held++;
        return;
    }
    if (there != NULL) {
        expect(there->held + there->running == 0, "one plain weak reference");
        /* Dropped in this step: it died before its target. */
        there->cleared = true;
    }
    model_add(n, MODEL_WEAK, o);
    n->has_callback = has_callback;
    n->target = model_lies(MODEL_LIE_TARGET) ? 0 : model_index(target);
    n->nout = 1;
    n->out[0] = name_of(context);
}

static void
step_ask(struct model_node *w)
{
    weir_object *got;

    if (w == NULL || w->kind != MODEL_WEAK) {
        return;
    }
    got = weir_weak_get(w->object);
    if (got != NULL) {
        expect(!w->cleared && model.nodes[w->target].object == got,
               "a weak reference gives its target");
        model.nodes[w->target].held++;
    } else {
        expect(w->cleared || model.nodes[w->target].held == 0,
               "a weak reference gives what is held");
    }
}

/* ---- collections -------------------------------------------------------- */

static void
on_collection(weir_gc_phase phase, const weir_gc_info *info, void *data)
{
    (void)data;
    if (phase == WEIR_GC_START) {
        model_collection_begins(info->generation);
    } else {
        model_collection_ends(info);
    }
}

static void
step_collect(int generation)
{
    bool inside = model.round.active;
    int64_t found;

    /* Inside a call, when it is known who is alive. */
    if (!inside && model_has_pending()) {
        return;
    }
    found = weir_gc_collect(generation);
    /* With nothing to look at there is no telling whether it gave up. */
    if (model.round.faulted && model.round.candidates == 0 &&
        found == WEIR_ENOMEM) {
        return;
    }
    if (found != (inside ? 0 : model.round.result)) {
        fprintf(stderr, "collect: %lld, not %lld\n", (long long)found,
                (long long)model.round.result);
        model_fail("what a collection returns", 0);
    }
}

/* One in which an allocation fails, or all from there. */
static void
step_collect_without_memory(void)
{
    static const struct wr_collect_caps none;
    unsigned choice = next();

    wr_collect_set_caps(&none);
    model.round.faulted = true;
    if (choice % 2 == 0) {
        wr_fault_arm(1 + choice / 2 % 12);
    } else {
        wr_fault_arm_from(1 + choice / 2 % 12);
    }
    step_collect((int)below(3));
    wr_fault_disarm();
    model.round.faulted = false;
}

static void
step_caps(void)
{
    struct wr_collect_caps caps = {.stack = below(2) * 64, .big = below(3)};

    wr_collect_set_caps(&caps);
}

static void
step_checkpoint(void)
{
    (void)weir_gc_set_threshold(below(2), below(3), below(3));
    (void)(below(4) == 0 ? weir_gc_disable() : weir_gc_enable());
    expect(weir_checkpoint() == 0, "a checkpoint");
}

/* ---- steps -------------------------------------------------------------- */

/* What the program may do anywhere.  n: the object it is about, or NULL. */
static void
step_anywhere(unsigned choice, struct model_node *n)
{
    switch (choice) {
    case 0:
    case 1:
    case 2:
        step_make();
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        step_link(n != NULL && below(2) == 0 ? n : any(),
                  n != NULL && below(2) == 0 ? n : any());
        break;
    case 7:
        step_link(n != NULL ? n : any(), NULL);
        break;
    case 8:
    case 9:
    case 10:
        drop(any(), 1);
        break;
    case 11:
        step_follow();
        break;
    case 12:
        hold(n != NULL ? n : any(), below(3) == 0 ? MANY : 1);
        break;
    case 13:
        drop(any(), MANY);
        break;
    case 14:
        step_weak(n != NULL ? n : any(), false);
        break;
    case 15:
        step_weak(n != NULL ? n : any(), true);
        break;
    case 16:
        step_ask(any());
        break;
    case 17:
        step_handle();
        break;
    default:
        step_collect((int)below(3));
        break;
    }
}

enum { ANYWHERE = 19, ALL = 22 };

static void
step(void)
{
    unsigned choice = below(ALL);

    switch (choice) {
    case ANYWHERE:
        step_checkpoint();
        break;
    case ANYWHERE + 1:
        step_collect_without_memory();
        break;
    case ANYWHERE + 2:
        step_caps();
        break;
    default:
        step_anywhere(choice, NULL);
        break;
    }
    model_settle();
}

/* What a finalizer or a callback does; 0 is nothing. */
static void
act(struct model_node *n)
{
    if (model.depth > DEPTH_MAX || model.round.faulted) {
        return;
    }
    /* Bounded by the byte. */
    for (unsigned times = below(4); times > 0; times--) {
        step_anywhere(below(ANYWHERE), n);
    }
}

static void
finalize(weir_object *o, void *data)
{
    struct model_node *n = model_finalizer_begins(o);

    (void)data;
    act(n);
    model_finalizer_ends(n);
}

static void
called(weir_object *weak, weir_object *context, void *data)
{
    struct model_node *n;

    (void)context;
    (void)data;
    if (model_lies(MODEL_LIE_CALL)) {
        return;
    }
    n = model_callback_begins(weak);
    expect(weir_weak_get(weak) == NULL, "cleared before it is called");
    act(n);
    /* So that it does not die between this call and the next. */
    if (model.round.active && !model.round.detected && n->held == 0) {
        hold(n, 1);
    }
    model_callback_ends(n);
}

static void
traverse(weir_object *o, weir_visit_fn visit, void *context, void *data)
{
    weir_object **items = weir_foreign_fields(o);

    (void)data;
    for (unsigned i = 0; i < BAG_ITEMS; i++) {
        visit(items[i], context);
    }
}

static void
release(weir_object *o, void *data)
{
    (void)data;
    model_releases(o);
}

/* ---- a run -------------------------------------------------------------- */

static void
start_runtime(void)
{
    weir_foreign_spec spec = {
        .size = sizeof(spec),
        .name = "bag",
        .bytes = BAG_ITEMS * sizeof(weir_object *),
        .traverse = traverse,
        .release = release,
        .finalize = finalize,
    };
    weir_config config;

    weir_config_init(&config);
    config.heap_bytes = (uint64_t)64 << 20;
    config.hash_seed = 1;
    expect(weir_start(&config) == 0, "the runtime starts");
    types[MODEL_PLAIN] = weir_instance_type("plain", SLOTS, 0, NULL, NULL);
    types[MODEL_FINAL] = weir_instance_type("final", SLOTS, 0, finalize, NULL);
    types[MODEL_FOREIGN] = weir_foreign_type(&spec);
    for (unsigned i = 0; i < MODEL_KEYS; i++) {
        model.keys[i] = weir_int_new(i);
    }
    model.filler = weir_int_new(0);
    expect(weir_gc_callback_add(on_collection, NULL) == 0, "a callback");
}

static void
start(enum model_lie lie)
{
    static const struct wr_collect_caps none;
    weir_memory memory;

    if (!weir_running()) {
        start_runtime();
    }
    wr_collect_set_caps(&none);
    (void)weir_gc_enable();
    expect(weir_gc_set_threshold(2000, 10, 10) == 0, "thresholds");
    model_reset();
    memset(handles, 0, sizeof(handles));
    model.lie = lie;
    model.occasions = 0;
    expect(weir_memory_stats(&memory) == 0, "the memory is known");
    model.objects = memory.objects;
}

/* The program lets everything go: nothing may be left. */
static void
finish(void)
{
    for (unsigned i = 0; i < HANDLES; i++) {
        if (handles[i].node != NULL) {
            handles[i].node->handles--;
            handles[i].node = NULL;
            expect(weir_handle_free(handles[i].handle) == 0, "a handle");
            model_settle();
        }
    }
    for (unsigned i = 0; i < MODEL_NODES; i++) {
        if (model.nodes[i].alive) {
            drop(&model.nodes[i], model.nodes[i].held);
            model_settle();
        }
    }
    /* Once for the finalizers, once for what they saved. */
    step_collect(2);
    step_collect(2);
    model_verify();
}

void
fuzz_collect(const uint8_t *bytes, size_t size, int lie)
{
    input = (struct input){.bytes = bytes, .size = size};
    start((enum model_lie)lie);
    for (unsigned i = 1; input.at < input.size; i++) {
        step();
        if (i % 8 == 0) {
            model_verify();
        }
    }
    model_verify();
    finish();
}

void
fuzz_stop(void)
{
    if (weir_running()) {
        expect(weir_stop() == 0, "the runtime stops");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static unsigned runs;

    fuzz_collect(bytes, size, MODEL_LIE_NONE);
    /* Starting takes much longer than most inputs. */
    if (++runs % RUNS == 0) {
        fuzz_stop();
    }
    return 0;
}
