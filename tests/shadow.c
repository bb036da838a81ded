/* SPDX-License-Identifier: MIT */
/*
 * tests/shadow.c - who must be alive, and who is.
 */
#include "tests/shadow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bag.h"
#include "tests/reference.h"

static char message[200];

static void *
must(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "shadow: no memory\n");
        abort();
    }
    return memory;
}

/* ---- what is in the heap ------------------------------------------------ */

static void
note_found(weir_object *o, void *context)
{
    struct shadow *s = context;

    if (s->nfound == s->capacity) {
        s->capacity = s->capacity == 0 ? 4096 : 2 * s->capacity;
        s->found = must(realloc(s->found, s->capacity * sizeof(*s->found)));
    }
    s->found[s->nfound++] = o;
}

static int
by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (weir_object *const *)a;
    uintptr_t y = (uintptr_t) * (weir_object *const *)b;

    return (x > y) - (x < y);
}

static void
sort_found(struct shadow *s)
{
    if (s->nfound > 0) {
        qsort(s->found, s->nfound, sizeof(*s->found), by_address);
    }
}

static bool
is_among(weir_object *const *sorted, size_t n, weir_object *o)
{
    return n > 0 && bsearch(&o, sorted, n, sizeof(*sorted), by_address) != NULL;
}

/* List the heap, without what was there at the start. */
static void
list_heap(struct shadow *s)
{
    size_t kept = 0;

    s->nfound = 0;
    wr_reference_walk(note_found, s);
    sort_found(s);
    for (size_t i = 0; i < s->nfound; i++) {
        if (!is_among(s->before, s->nbefore, s->found[i])) {
            s->found[kept++] = s->found[i];
        }
    }
    s->nfound = kept;
}

void
shadow_start(struct shadow *s, uint32_t n)
{
    memset(s, 0, sizeof(*s));
    s->size = n + 1;
    s->nodes = must(calloc(s->size, sizeof(*s->nodes)));
    s->filler = must(weir_int_new(0));
    for (unsigned i = 0; i < SHADOW_PLACES; i++) {
        s->keys[i] = must(weir_int_new(i));
    }
    s->work = must(calloc(s->size, sizeof(*s->work)));
    wr_reference_walk(note_found, s);
    sort_found(s);
    s->before = must(calloc(s->nfound + 1, sizeof(*s->before)));
    for (size_t i = 0; i < s->nfound; i++) {
        s->before[i] = s->found[i];
    }
    s->nbefore = s->nfound;
}

void
shadow_stop(struct shadow *s)
{
    for (unsigned i = 0; i < SHADOW_PLACES; i++) {
        weir_decref(s->keys[i]);
    }
    weir_decref(s->filler);
    free(s->nodes);
    free(s->work);
    free(s->found);
    free(s->before);
    memset(s, 0, sizeof(*s));
}

/* ---- links of each kind ------------------------------------------------- */

static weir_object *
object_of(const struct shadow *s, uint32_t i)
{
    return i == 0 ? NULL : s->nodes[i].object;
}

static int
link_set(const struct shadow *s, const struct shadow_node *node, unsigned place,
         uint32_t value)
{
    int error = 0;

    for (unsigned i = 0; i < SHADOW_PLACES; i++) {
        if (value != 0 && node->places[i] == value) {
            return weir_set_add(node->object, object_of(s, value)) == 0 ? 1
                                                                        : -1;
        }
    }
    if (value != 0) {
        error = weir_set_add(node->object, object_of(s, value)) == 1 ? 0 : -1;
    }
    if (node->places[place] != 0) {
        error |=
            weir_set_remove(node->object, object_of(s, node->places[place]));
    }
    return error;
}

static int
link_dict(const struct shadow *s, const struct shadow_node *node,
          unsigned place, uint32_t value)
{
    if (value != 0) {
        return weir_dict_set(node->object, s->keys[place], object_of(s, value));
    }
    return node->places[place] == 0
               ? 0
               : weir_dict_delete(node->object, s->keys[place]);
}

int
shadow_link(const struct shadow *s, uint32_t i, unsigned place, uint32_t value)
{
    const struct shadow_node *node = &s->nodes[i];

    switch (node->kind) {
    case SHADOW_INSTANCE:
    case SHADOW_FINAL:
        return weir_instance_set(node->object, place, object_of(s, value));
    case SHADOW_LIST:
        return weir_list_set(node->object, place,
                             value == 0 ? s->filler : object_of(s, value));
    case SHADOW_DICT:
        return link_dict(s, node, place, value);
    case SHADOW_SET:
        return link_set(s, node, place, value);
    case SHADOW_CELL:
        return weir_cell_set(node->object, object_of(s, value));
    case SHADOW_FOREIGN:
        bag_put(node->object, place, object_of(s, value));
        return 0;
    default:
        return 1;
    }
}

unsigned
shadow_places(enum shadow_kind kind)
{
    return kind == SHADOW_CELL      ? 1
           : kind == SHADOW_FOREIGN ? BAG_ITEMS
                                    : SHADOW_PLACES;
}

weir_object *
shadow_get(const struct shadow *s, uint32_t i, unsigned place)
{
    const struct shadow_node *node = &s->nodes[i];

    switch (node->kind) {
    case SHADOW_INSTANCE:
    case SHADOW_FINAL:
        return weir_instance_get(node->object, place);
    case SHADOW_LIST:
        return weir_list_get(node->object, place);
    case SHADOW_TUPLE:
        return weir_tuple_get(node->object, place);
    case SHADOW_DICT:
        return weir_dict_get(node->object, s->keys[place]);
    case SHADOW_CELL:
        return weir_cell_get(node->object);
    case SHADOW_FOREIGN:
        return bag_get(node->object, place);
    default:
        return weir_newref(object_of(s, node->places[place]));
    }
}

/* ---- reaching ----------------------------------------------------------- */

void
shadow_begin(struct shadow *s)
{
    for (uint32_t i = 1; i < s->size; i++) {
        s->nodes[i].reached = false;
        s->nodes[i].references = 0;
    }
}

/* One more reference to a node. */
static bool
refer(struct shadow *s, uint32_t node)
{
    bool first = node != 0 && !s->nodes[node].reached;

    if (node != 0) {
        s->nodes[node].references++;
        s->nodes[node].reached = true;
    }
    return first;
}

void
shadow_root(struct shadow *s, uint32_t node)
{
    size_t top = 0;

    if (refer(s, node)) {
        s->work[top++] = node;
    }
    /* Ends: a node is pushed once, when it is first reached. */
    while (top > 0) {
        const struct shadow_node *from = &s->nodes[s->work[--top]];

        for (unsigned i = 0; i < SHADOW_PLACES; i++) {
            if (refer(s, from->places[i])) {
                s->work[top++] = from->places[i];
            }
        }
    }
}

/* ---- comparing ---------------------------------------------------------- */

static const char *
wrong(const struct shadow *s, uint32_t i, const char *what, long long is,
      long long expected)
{
    snprintf(message, sizeof(message), "node %u (kind %d): %s: %lld, not %lld",
             i, (int)s->nodes[i].kind, what, is, expected);
    return message;
}

const char *
shadow_before(struct shadow *s, size_t *garbage)
{
    size_t reached = 0;

    list_heap(s);
    *garbage = 0;
    for (size_t i = 0; i < s->nfound; i++) {
        *garbage += weir_gc_is_tracked(s->found[i]);
    }
    for (uint32_t i = 1; i < s->size; i++) {
        if (!s->nodes[i].reached) {
            continue;
        }
        if (!is_among(s->found, s->nfound, s->nodes[i].object)) {
            return wrong(s, i, "alive before the collection", 0, 1);
        }
        reached += weir_gc_is_tracked(s->nodes[i].object);
    }
    *garbage -= reached;
    return NULL;
}

/* A weak reference that lives. */
static const char *
check_weak(struct shadow *s, uint32_t i, bool saved)
{
    struct shadow_node *node = &s->nodes[i];
    weir_object *expected =
        s->nodes[node->target].reached ? s->nodes[node->target].object : NULL;
    weir_object *got = weir_weak_get(node->object);
    unsigned calls = node->called_before;

    if (node->target != 0 && node->has_callback && expected == NULL) {
        calls = 1;
    }
    if (saved && node->has_callback && node->target != 0 && got == NULL) {
        expected = NULL;
        calls = node->called <= 1 ? node->called : 1;
    }
    weir_xdecref(got);
    if (got != expected) {
        return wrong(s, i, "gives its target", got != NULL, expected != NULL);
    }
    if (node->called != calls) {
        return wrong(s, i, "calls", node->called, calls);
    }
    if (got == NULL) {
        node->target = 0;
        node->called_before = node->called;
    }
    return NULL;
}

static const char *
check_alive(struct shadow *s, uint32_t i, bool saved)
{
    struct shadow_node *node = &s->nodes[i];
    int64_t references = weir_refcount(node->object);

    /* One that is saved saves what it reaches. */
    if (saved && node->finalized == 1) {
        node->saved = true;
    }
    if (references != node->references) {
        return wrong(s, i, "references", (long long)references,
                     node->references);
    }
    if (node->released != 0) {
        return wrong(s, i, "released", node->released, 0);
    }
    if (node->finalized != node->saved) {
        return wrong(s, i, "finalized", node->finalized, node->saved);
    }
    return node->kind == SHADOW_WEAK ? check_weak(s, i, saved) : NULL;
}

static const char *
check_dead(const struct shadow *s, uint32_t i)
{
    const struct shadow_node *node = &s->nodes[i];
    unsigned final = node->kind == SHADOW_FINAL || node->kind == SHADOW_FOREIGN;
    unsigned released = node->kind == SHADOW_FOREIGN;

    if (node->finalized != final) {
        return wrong(s, i, "finalized", node->finalized, final);
    }
    if (node->released != released) {
        return wrong(s, i, "released", node->released, released);
    }
    if (node->called > 1) {
        return wrong(s, i, "calls of the dead", node->called, 1);
    }
    return NULL;
}

const char *
shadow_after(struct shadow *s, bool saved)
{
    const char *verdict = NULL;
    size_t reached = 0;

    list_heap(s);
    for (uint32_t i = 1; i < s->size && verdict == NULL; i++) {
        if (s->nodes[i].reached) {
            reached++;
            verdict = is_among(s->found, s->nfound, s->nodes[i].object)
                          ? check_alive(s, i, saved)
                          : wrong(s, i, "alive", 0, 1);
        } else if (s->nodes[i].kind != SHADOW_FREE) {
            verdict = check_dead(s, i);
        }
    }
    if (verdict == NULL && s->nfound != reached) {
        snprintf(message, sizeof(message), "%zu objects live, not %zu",
                 s->nfound, reached);
        verdict = message;
    }
    for (uint32_t i = 1; i < s->size && verdict == NULL; i++) {
        struct shadow_node *node = &s->nodes[i];

        if (!node->reached) {
            memset(node, 0, sizeof(*node));
        } else if (node->plain != 0 && !s->nodes[node->plain].reached) {
            node->plain = 0;
        }
    }
    return verdict;
}
