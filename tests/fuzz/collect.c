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

#include <string.h>

#include "collect/collect.h"
#include "tests/fuzz/steps.h"

enum {
    SLOTS = 4,
    BAG_ITEMS = 3,
    HANDLES = 8,
    DEPTH_MAX = 3,
    TABLE = SLOTS, /* where an instance has the table of its attributes */
    TIDY = 8,
    MANY = 140,
    RUNS = 500
};

struct fuzz_input fuzz_input;

static struct {
    weir_handle handle;
    struct model_node *node;
} handles[HANDLES];

static weir_type *types[MODEL_KINDS];

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
        [MODEL_LEGACY] = SLOTS,      [MODEL_ATTRS] = TABLE + 1,
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

/* The table of o's attributes: what it refers to beside its slots. */
static weir_object *
table_of(const struct model_node *n)
{
    weir_object *o = n->object;
    weir_object *list = weir_gc_get_referents(1, &o);
    weir_object *found = NULL;

    expect(list != NULL, "referents are listed");
    for (size_t i = 0; i < (size_t)weir_list_size(list); i++) {
        weir_object *item = weir_list_get(list, i);
        bool is_slot = false;

        for (unsigned slot = 0; slot < SLOTS; slot++) {
            is_slot |= n->out[slot] != 0 &&
                       model.nodes[n->out[slot] - 1].object == item;
        }
        found = is_slot ? found : item;
        weir_decref(item);
    }
    weir_decref(list);
    expect(found != NULL, "an instance with attributes has a table");
    return found;
}

/* The first attribute, which replaces nothing: no code of the program runs. */
static int
link_first_attr(struct model_node *n, unsigned i, struct model_node *value)
{
    struct model_node *table = model_place();

    if (value == NULL || table == NULL) {
        return weir_attr_delete(n->object, model.names[i]) == WEIR_ENOKEY ? 0
                                                                          : -1;
    }
    if (weir_attr_set(n->object, model.names[i], value->object) != 0) {
        return -1;
    }
    model_add(table, MODEL_TABLE, table_of(n));
    table->held = 0;
    table->target = model_index(n);
    table->nout = MODEL_NAMES;
    table->out[i] = name_of(value);
    n->out[TABLE] = name_of(table);
    return 0;
}

static int
link_attr(struct model_node *n, unsigned i, struct model_node *value)
{
    struct model_node *table;

    if (n->out[TABLE] == 0) {
        return link_first_attr(n, i, value);
    }
    table = &model.nodes[n->out[TABLE] - 1];
    if (value == NULL && table->out[i] == 0) {
        return weir_attr_delete(n->object, model.names[i]) == WEIR_ENOKEY ? 0
                                                                          : -1;
    }
    if (!model_lies(value != NULL ? MODEL_LIE_ATTR : MODEL_LIE_DELETE)) {
        table->out[i] = name_of(value);
    }
    return value != NULL
               ? weir_attr_set(n->object, model.names[i], value->object)
               : weir_attr_delete(n->object, model.names[i]);
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
    case MODEL_LEGACY:
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

_Static_assert((int)SLOTS == (int)MODEL_NAMES, "one byte chooses either");

/* A slot, or an attribute. */
static int
link_attrs(struct model_node *n, struct model_node *value)
{
    unsigned i = below(SLOTS);

    if (below(3) != 0) {
        return link_attr(n, i, below(3) == 0 ? NULL : value);
    }
    note(n, i, value);
    return weir_instance_set(n->object, i, object_of(value));
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
    case MODEL_ATTRS:
        error = link_attrs(n, value);
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

        if (child != 0 && model.nodes[child - 1].kind != MODEL_TABLE) {
            hold(&model.nodes[child - 1], 1);
        }
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
    case 18:
        step_permanent(n != NULL ? n : any());
        break;
    case 19:
        step_garbage();
        break;
    default:
        step_collect((int)below(3));
        break;
    }
}

enum { ANYWHERE = 21, ALL = 25 };

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
    case ANYWHERE + 3:
        step_debug();
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
    types[MODEL_LEGACY] = weir_instance_type(
        "legacy", SLOTS, WEIR_TYPE_LEGACY_FINALIZER, finalize, NULL);
    types[MODEL_ATTRS] =
        weir_instance_type("attrs", SLOTS, WEIR_TYPE_ATTRS, NULL, NULL);
    types[MODEL_FOREIGN] = weir_foreign_type(&spec);
    for (unsigned i = 0; i < MODEL_KEYS; i++) {
        model.keys[i] = weir_int_new(i);
    }
    for (unsigned i = 0; i < MODEL_NAMES; i++) {
        model.names[i] = weir_str_format("attribute %u", i);
    }
    model.filler = weir_int_new(0);
    expect(weir_gc_callback_add(on_collection, NULL) == 0, "a callback");
}

static void
start(enum model_lie lie)
{
    /* No heap here is so large that scouts would set out by themselves. */
    static const struct wr_collect_caps caps = {.patience = 1};
    weir_memory memory;

    if (!weir_running()) {
        start_runtime();
    }
    wr_collect_set_caps(&caps);
    (void)weir_gc_enable();
    expect(weir_gc_set_threshold(2000, 10, 10) == 0, "thresholds");
    expect(weir_gc_set_debug(0) == 0, "switches");
    model_reset();
    memset(handles, 0, sizeof(handles));
    model.lie = lie;
    model.occasions = 0;
    expect(weir_memory_stats(&memory) == 0, "the memory is known");
    model.objects = memory.objects;
}

/* The program lets go of all that it holds, and breaks what it can. */
static void
let_go(void)
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
        struct model_node *n = &model.nodes[i];

        for (unsigned slot = 0;
             n->alive && n->kind == MODEL_LEGACY && n->held > 0 && slot < SLOTS;
             slot++) {
            n->out[slot] = 0;
            expect(weir_instance_set(n->object, slot, NULL) == 0, "a slot");
            model_settle();
        }
        if (n->alive) {
            drop(n, n->held);
            model_settle();
        }
    }
}

/* Nothing may be left, but for immortals and what these refer to. */
static void
finish(void)
{
    bool immortal = false;

    stop_saving();
    thaw();
    /* Turns: finalizers save, and legacy ones wait until they are taken from
     * the list. */
    for (unsigned turn = 0; turn < TIDY; turn++) {
        let_go();
        step_collect(2);
        take_garbage();
        clear_garbage();
        model_settle();
    }
    model_verify();
    for (unsigned i = 0; i < MODEL_NODES; i++) {
        immortal |= model.nodes[i].alive && model.nodes[i].immortal;
    }
    for (unsigned i = 0; i < MODEL_NODES; i++) {
        expect(immortal || !model.nodes[i].alive, "nothing is left");
    }
    if (immortal) {
        fuzz_stop();
    }
}

void
fuzz_collect(const uint8_t *bytes, size_t size, int lie)
{
    fuzz_input = (struct fuzz_input){.bytes = bytes, .size = size};
    start((enum model_lie)lie);
    for (unsigned i = 1; fuzz_input.at < fuzz_input.size; i++) {
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
