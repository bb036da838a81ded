/* SPDX-License-Identifier: MIT */
/*
 * tests/reference.c - a collector one can believe.
 *
 *   1. Copy the count of every candidate.
 *   2. Take away the references that candidates have to candidates.
 *   3. What has references left is reachable, and so is all it reaches; the
 *      rest is garbage.
 *   Then drop what the garbage refers to, and what dies of that.
 */
#include "tests/reference.h"

#include <stdio.h>
#include <stdlib.h>

#include "heap/pool.h"
#include "object/children.h"

struct node {
    weir_object *object;
    int64_t count;    /* predicted to be left after the collection */
    int64_t external; /* step 1, then step 2 */
    bool candidate;
    bool reachable;
    bool dead; /* garbage, or dies with it */
    bool weak; /* a weak reference: */
    weir_object *target;
    unsigned *calls;
    unsigned called; /* what *calls was */
};

struct wr_reference {
    struct node *nodes; /* in order of address */
    size_t size;
    size_t capacity;
    size_t *map; /* 1 + index of nodes by hash of the address; 0: free */
    size_t mask;
    struct node **work; /* a stack; each node is pushed once */
    size_t top;
    size_t candidates;
    size_t garbage;
};

static void *
must(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "reference: no memory\n");
        abort();
    }
    return memory;
}

static size_t
hash_of(const weir_object *o)
{
    return (size_t)((uintptr_t)o / 16 * 11400714819323198485U >> 17);
}

static struct node *
find(const struct wr_reference *r, const weir_object *o)
{
    for (size_t i = hash_of(o) & r->mask; r->map[i] != 0;
         i = (i + 1) & r->mask) {
        if (r->nodes[r->map[i] - 1].object == o) {
            return &r->nodes[r->map[i] - 1];
        }
    }
    return NULL;
}

static void
add(weir_object *o, void *context)
{
    struct wr_reference *r = context;

    if (r->size == r->capacity) {
        r->capacity = r->capacity == 0 ? 1024 : 2 * r->capacity;
        r->nodes = must(realloc(r->nodes, r->capacity * sizeof(*r->nodes)));
    }
    r->nodes[r->size++] = (struct node){.object = o};
}

static void
build_map(struct wr_reference *r)
{
    size_t places = 16;

    while (places < 2 * r->size) {
        places *= 2;
    }
    r->mask = places - 1;
    r->map = must(calloc(places, sizeof(*r->map)));
    r->work = must(calloc(r->size + 1, sizeof(struct node *)));
    for (size_t n = 0; n < r->size; n++) {
        size_t i = hash_of(r->nodes[n].object) & r->mask;

        while (r->map[i] != 0) {
            i = (i + 1) & r->mask;
        }
        r->map[i] = n + 1;
    }
}

void
wr_reference_walk(void (*fn)(weir_object *o, void *context), void *context)
{
    for (size_t pool = 0; pool < wr_pool_count_gc(); pool++) {
        const struct wr_pool *p = wr_pool_at(pool);
        size_t n = p->state == WR_POOL_SPAN    ? 1
                   : p->state == WR_POOL_SMALL ? p->carved
                                               : 0;

        for (size_t i = 0; i < n; i++) {
            weir_object *o = (weir_object *)(void *)(wr_pool_start(pool) +
                                                     i * p->block_size);

            if (wr_ref_value(o) != 0) {
                fn(o, context);
            }
        }
    }
}

/* ---- the steps ---------------------------------------------------------- */

static void
copy_count(struct wr_reference *r, struct node *node, int generation)
{
    weir_object *o = node->object;

    node->count = wr_ref_value(o);
    node->external = node->count;
    node->candidate = node->count > 0 && (wr_flags(o) & WR_FLAG_TRACKED) != 0 &&
                      (wr_flags(o) & WR_FLAG_GEN_MASK) <= generation;
    r->candidates += node->candidate;
    if (wr_kind_of(o) == WR_KIND_WEAK && node->count != 0) {
        const struct wr_weak *w = (const struct wr_weak *)(const void *)o;

        node->weak = true;
        node->target = w->target;
        node->calls = w->callback != NULL ? w->data : NULL;
        node->called = node->calls != NULL ? *node->calls : 0;
    }
}

static void
subtract_one(weir_object *child, void *context)
{
    struct node *node = find(context, child);

    if (node != NULL && node->candidate) {
        node->external--;
    }
}

static void
reach(struct wr_reference *r, struct node *node)
{
    if (node != NULL && node->candidate && !node->reachable) {
        node->reachable = true;
        r->work[r->top++] = node;
    }
}

static void
reach_child(weir_object *child, void *context)
{
    reach(context, find(context, child));
}

static void
drop_child(weir_object *child, void *context)
{
    struct wr_reference *r = context;
    struct node *node = find(r, child);

    if (node == NULL || node->dead || node->count < 0) {
        return;
    }
    if (--node->count == 0) {
        node->dead = true;
        r->work[r->top++] = node;
    }
}

static void
follow(struct wr_reference *r, wr_visit_fn visit)
{
    while (r->top > 0) {
        wr_children_visit(r->work[--r->top]->object, visit, r);
    }
}

struct wr_reference *
wr_reference_predict(int generation)
{
    struct wr_reference *r = must(calloc(1, sizeof(*r)));

    wr_reference_walk(add, r);
    build_map(r);
    for (size_t i = 0; i < r->size; i++) {
        copy_count(r, &r->nodes[i], generation);
    }
    for (size_t i = 0; i < r->size; i++) {
        if (r->nodes[i].candidate) {
            wr_children_visit(r->nodes[i].object, subtract_one, r);
        }
    }
    for (size_t i = 0; i < r->size; i++) {
        if (r->nodes[i].external != 0) {
            reach(r, &r->nodes[i]);
            follow(r, reach_child);
        }
    }
    for (size_t i = 0; i < r->size; i++) {
        struct node *node = &r->nodes[i];

        node->dead = node->candidate && !node->reachable;
        r->garbage += node->dead;
    }
    for (size_t i = 0; i < r->size; i++) {
        if (r->nodes[i].candidate && !r->nodes[i].reachable) {
            r->work[r->top++] = &r->nodes[i];
            follow(r, drop_child);
        }
    }
    return r;
}

/* ---- questions ---------------------------------------------------------- */

size_t
wr_reference_candidates(const struct wr_reference *reference)
{
    return reference->candidates;
}

size_t
wr_reference_garbage(const struct wr_reference *reference)
{
    return reference->garbage;
}

static bool
is_garbage(const struct node *node)
{
    return node->candidate && !node->reachable;
}

bool
wr_reference_is_garbage(const struct wr_reference *reference,
                        const weir_object *o)
{
    const struct node *node = find(reference, o);

    return node != NULL && is_garbage(node);
}

/*
 * Was a weak reference treated as it should have been?  One that names garbage
 * is called unless it is garbage; for one that dies meanwhile and names what
 * dies by counting it depends on the order.
 */
static bool
weak_is_right(const struct wr_reference *r, const struct node *node)
{
    const struct node *target =
        node->target != NULL ? find(r, node->target) : NULL;
    bool due = target != NULL && target->dead;

    if (!node->dead && ((const struct wr_weak *)(void *)node->object)->target !=
                           (due ? NULL : node->target)) {
        return false;
    }
    if (node->calls == NULL ||
        (node->dead && !is_garbage(node) && due && !is_garbage(target))) {
        return true;
    }
    return *node->calls == node->called + (due && !is_garbage(node));
}

static bool
all_weak_are_right(const struct wr_reference *r)
{
    for (size_t i = 0; i < r->size; i++) {
        if (r->nodes[i].weak && !weak_is_right(r, &r->nodes[i])) {
            return false;
        }
    }
    return true;
}

const char *
wr_reference_compare(const struct wr_reference *reference)
{
    static char message[160];
    struct wr_reference now = {.size = 0};
    const char *verdict = NULL;
    size_t expected = 0;

    for (size_t i = 0; i < reference->size; i++) {
        expected += !reference->nodes[i].dead;
    }
    wr_reference_walk(add, &now);
    for (size_t i = 0; i < now.size && verdict == NULL; i++) {
        weir_object *o = now.nodes[i].object;
        const struct node *node = find(reference, o);

        if (node == NULL || node->dead) {
            snprintf(message, sizeof(message), "%s %p (kind %d) is alive",
                     node == NULL ? "unknown object" : "garbage", (void *)o,
                     (int)wr_kind_of(o));
            verdict = message;
        } else if (wr_ref_value(o) != node->count) {
            snprintf(message, sizeof(message),
                     "%p (kind %d): count %lld, expected %lld", (void *)o,
                     (int)wr_kind_of(o), (long long)wr_ref_value(o),
                     (long long)node->count);
            verdict = message;
        }
    }
    if (verdict == NULL && now.size != expected) {
        snprintf(message, sizeof(message), "%zu objects, expected %zu",
                 now.size, expected);
        verdict = message;
    }
    if (verdict == NULL && !all_weak_are_right(reference)) {
        verdict = "a weak reference was not treated as it should have been";
    }
    free(now.nodes);
    return verdict;
}

void
wr_reference_free(struct wr_reference *reference)
{
    if (reference != NULL) {
        free(reference->nodes);
        free(reference->map);
        free(reference->work);
        free(reference);
    }
}
