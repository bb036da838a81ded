/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/verify.c - is the heap what the model says?
 *
 * Everything that can be asked of an object is asked of every node, between
 * two steps of the program.
 */
#include "tests/fuzz/model.h"

#include <stdio.h>
#include <string.h>

/* A new reference to what a place holds, or NULL. */
static weir_object *
get(const struct model_node *n, unsigned i)
{
    switch (n->kind) {
    case MODEL_PLAIN:
    case MODEL_FINAL:
    case MODEL_LEGACY:
    case MODEL_ATTRS:
        return weir_instance_get(n->object, i);
    case MODEL_TABLE:
        return weir_dict_get(n->object, model.names[i]);
    case MODEL_LIST:
        return weir_list_get(n->object, i);
    case MODEL_TUPLE:
        return weir_tuple_get(n->object, i);
    case MODEL_DICT:
        return weir_dict_get(n->object, model.keys[i]);
    case MODEL_CELL:
        return weir_cell_get(n->object);
    case MODEL_FOREIGN: {
        weir_object *o = ((weir_object **)weir_foreign_fields(n->object))[i];

        return o != NULL ? weir_newref(o) : NULL;
    }
    default:
        return NULL;
    }
}

static void
verify_places(const struct model_node *n)
{
    for (unsigned i = 0; i < n->nout; i++) {
        weir_object *expected =
            n->out[i] != 0 ? model.nodes[n->out[i] - 1].object : NULL;
        weir_object *o;

        if (n->kind == MODEL_SET) {
            if (weir_set_contains(n->object, expected) != 1) {
                model_fail("an element is missing", model_index(n));
            }
            continue;
        }
        if (n->kind == MODEL_WEAK ||
            (expected != NULL &&
             model.nodes[n->out[i] - 1].kind == MODEL_TABLE)) {
            continue;
        }
        o = get(n, i);
        if (o != expected && !(o == model.filler && expected == NULL)) {
            model_fail("a place holds something else", model_index(n));
        }
        weir_xdecref(o);
    }
    if ((n->kind == MODEL_LIST && weir_list_size(n->object) != n->nout) ||
        (n->kind == MODEL_SET && weir_set_size(n->object) != n->nout)) {
        model_fail("another size", model_index(n));
    }
}

/* The instance must say the same of its attributes as their table. */
static void
verify_attrs(const struct model_node *n)
{
    uint8_t table = n->out[n->nout - 1];
    int64_t size = 0;

    for (unsigned i = 0; table != 0 && i < MODEL_NAMES; i++) {
        uint8_t value = model.nodes[table - 1].out[i];
        weir_object *o = weir_attr_get(n->object, model.names[i]);

        if (o != (value != 0 ? model.nodes[value - 1].object : NULL)) {
            model_fail("an attribute is something else", model_index(n));
        }
        size += o != NULL;
        weir_xdecref(o);
    }
    if (weir_attr_count(n->object) != size) {
        model_fail("another number of attributes", model_index(n));
    }
}

static void
verify_weak(const struct model_node *n)
{
    weir_object *got = weir_weak_get(n->object);

    if (got != (n->cleared ? NULL : model.nodes[n->target].object)) {
        model_fail(got != NULL ? "it gives the wrong target"
                               : "it does not give its target",
                   model_index(n));
    }
    weir_xdecref(got);
}

/* How many are in each generation, the frozen ones, and those in the list. */
static void
verify_generations(void)
{
    uint64_t expected[WEIR_GC_GENERATIONS + 1] = {0};
    uint64_t n[WEIR_GC_GENERATIONS + 1];

    EACH_NODE(node)
    {
        if (node->alive && model_is_tracked(node)) {
            expected[node->frozen ? WEIR_GC_GENERATIONS : node->generation]++;
        }
    }
    if (weir_gc_count_objects(n) != 0 || memcmp(n, expected, sizeof(n)) != 0 ||
        weir_gc_freeze_count() != (int64_t)n[WEIR_GC_GENERATIONS]) {
        model_fail("the number in a generation", 0);
    }
    if (weir_gc_garbage_count() != model_kept()) {
        model_fail("the number in the garbage list", 0);
    }
}

void
model_verify(void)
{
    uint64_t alive = 0;
    weir_memory memory;

    model_settle();
    model_count_references();
    EACH_NODE(n)
    {
        if (!n->alive) {
            continue;
        }
        alive++;
        if (n->object == NULL) {
            model_fail("freed, and should live", model_index(n));
        }
        if (weir_refcount(n->object) !=
            (n->immortal ? INT64_MAX : (int64_t)n->references)) {
            fprintf(stderr, "collect: %lld references, not %u\n",
                    (long long)weir_refcount(n->object), n->references);
            model_fail("the number of references", model_index(n));
        }
        if (weir_is_immortal(n->object) != n->immortal) {
            model_fail("immortal, or not", model_index(n));
        }
        if (weir_gc_is_tracked(n->object) != model_is_tracked(n)) {
            model_fail("tracked, or not", model_index(n));
        }
        if (weir_gc_is_finalized(n->object) != n->finalized) {
            model_fail("finalized, or not", model_index(n));
        }
        verify_places(n);
        if (n->kind == MODEL_WEAK) {
            verify_weak(n);
        } else if (n->kind == MODEL_ATTRS) {
            verify_attrs(n);
        }
    }
    verify_generations();
    if (weir_memory_stats(&memory) != 0 ||
        memory.objects != model.objects + alive) {
        fprintf(stderr, "collect: %llu objects, not %llu\n",
                (unsigned long long)memory.objects,
                (unsigned long long)(model.objects + alive));
        model_fail("the number of objects", 0);
    }
}
