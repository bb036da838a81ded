/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/model.c - who lives, who dies, and in which order.
 *
 * Between two steps of the program the model is exact.  While the runtime
 * calls the program it knows a little less: of what has lost its last
 * reference some may be gone already.  So the program touches then only what
 * it holds, and the model asks of each call whether it may be.
 *
 * A collection looks twice when user code has run.  The moment of the second
 * look is known: all callbacks and finalizers that were due have returned,
 * and what is called next belongs to the teardown, or the collection is over.
 */
#include "tests/fuzz/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct model model;

void
model_fail(const char *what, unsigned node)
{
    const struct model_node *n = &model.nodes[node % MODEL_NODES];

    fprintf(stderr,
            "collect: %s\ncollect: node %u, kind %d, object %p, held %u, "
            "generation %d, depth %u%s\n",
            what, node, (int)n->kind, (void *)n->object, n->held, n->generation,
            model.depth, model.round.active ? ", in a collection" : "");
    abort();
}

bool
model_lies(enum model_lie lie)
{
    return model.lie == lie && ++model.occasions == 2;
}

void
model_reset(void)
{
    memset(model.nodes, 0, sizeof(model.nodes));
    memset(&model.round, 0, sizeof(model.round));
    model.depth = 0;
    model.clearing = false;
    model.saves = false;
}

static bool
has_finalizer(const struct model_node *n)
{
    return n->kind == MODEL_FINAL || n->kind == MODEL_FOREIGN ||
           n->kind == MODEL_LEGACY;
}

/* No collection is to run the finalizer it waits for. */
static bool
is_legacy(const struct model_node *n)
{
    return n->kind == MODEL_LEGACY && !n->finalized;
}

/* The collector leaves out what cannot be part of a cycle: weak references
 * that own nothing, and tuples of what is left out. */
bool
model_is_tracked(const struct model_node *n)
{
    return n->kind == MODEL_WEAK ? n->has_callback : !n->untracked;
}

void
model_note_tuple(struct model_node *node)
{
    node->untracked = true;
    for (unsigned i = 0; i < node->nout; i++) {
        const struct model_node *item =
            node->out[i] != 0 ? &model.nodes[node->out[i] - 1] : NULL;

        if (item != NULL && !(item->kind == MODEL_TUPLE && item->untracked)) {
            node->untracked = false;
        }
    }
}

/* ---- references --------------------------------------------------------- */

void
model_count_references(void)
{
    EACH_NODE(n)
    {
        n->references = n->held + n->handles + n->kept;
    }
    EACH_NODE(n)
    {
        for (unsigned i = 0; n->alive && i < n->nout; i++) {
            if (n->out[i] != 0) {
                model.nodes[n->out[i] - 1].references++;
            }
        }
    }
}

static bool
is_root(const struct model_node *n)
{
    return n->alive && (n->immortal || n->held + n->handles + n->pinned > 0 ||
                        (n->kept > 0 && !n->doubtful));
}

/* What n refers to is reached, and so on; of candidates only, if asked. */
static void
reach(struct model_node *n, bool candidates)
{
    struct model_node *work[MODEL_NODES + 1];
    unsigned top = 0;

    work[top++] = n;
    /* Ends: a node is pushed when it is first reached, but for the start. */
    while (top > 0) {
        n = work[--top];
        for (unsigned i = 0; i < n->nout; i++) {
            struct model_node *child =
                n->out[i] != 0 ? &model.nodes[n->out[i] - 1] : NULL;

            if (child != NULL && !child->reached && child->alive &&
                (!candidates || child->candidate)) {
                child->reached = true;
                work[top++] = child;
            }
        }
    }
}

/* What the program, or the runtime, can reach. */
static void
reach_all(void)
{
    EACH_NODE(n)
    {
        n->reached = false;
    }
    EACH_NODE(n)
    {
        if (is_root(n) && !n->reached) {
            n->reached = true;
            reach(n, false);
        }
    }
}

struct model_node *
model_place(void)
{
    EACH_NODE(n)
    {
        if (!n->alive && !n->buried) {
            return n;
        }
    }
    return NULL;
}

struct model_node *
model_find(const weir_object *o)
{
    EACH_NODE(n)
    {
        if ((n->alive || n->buried) && n->object == o) {
            return n;
        }
    }
    model_fail("an object that is unknown", 0);
}

void
model_add(struct model_node *node, enum model_kind kind, weir_object *object)
{
    /* Whoever was at this address is gone. */
    EACH_NODE(n)
    {
        if ((n->alive || n->buried) && n->object == object) {
            reach_all();
            if (n->reached) {
                model_fail("two objects at one address", model_index(n));
            }
            n->object = NULL;
        }
    }
    memset(node, 0, sizeof(*node));
    node->object = object;
    node->kind = kind;
    node->alive = true;
    node->held = 1;
}

/* ---- death by counting -------------------------------------------------- */

/* Of a round that has not looked a second time; it keeps its garbage. */
static bool
is_biased(const struct model_node *n)
{
    return model.round.active && model.round.applied && !model.round.detected &&
           n->doomed;
}

static bool
is_dead(const struct model_node *n)
{
    return n->alive && n->references == 0 && n->pinned == 0 && !is_biased(n) &&
           !n->immortal;
}

/* n will not come back: what had to happen before must have happened. */
static void
check_death(struct model_node *n)
{
    if (has_finalizer(n) && !n->finalized) {
        model_fail("dead, and not finalized", model_index(n));
    }
    EACH_NODE(w)
    {
        if (w->alive && w->kind == MODEL_WEAK && !w->cleared &&
            w->target == model_index(n)) {
            if (w->has_callback && !w->called && !n->buried) {
                model_fail("its target is dead, and it was not called",
                           model_index(w));
            }
            w->cleared = true;
        }
    }
}

static void
check_released(const struct model_node *n)
{
    if (n->kind == MODEL_FOREIGN && n->released != 1) {
        model_fail("dead, and not released", model_index(n));
    }
}

void
model_settle(void)
{
    bool changed;

    /* Ends: each turn but the last kills a node. */
    do {
        changed = false;
        model_count_references();
        EACH_NODE(n)
        {
            if (is_dead(n)) {
                n->alive = false;
                n->died = true;
                changed = true;
            }
        }
    } while (changed);
    EACH_NODE(n)
    {
        if (n->died) {
            check_death(n);
            check_released(n);
            n->died = false;
        }
    }
}

bool
model_has_pending(void)
{
    if (model.clearing) {
        return true;
    }
    model_count_references();
    EACH_NODE(n)
    {
        if (is_dead(n)) {
            return true;
        }
    }
    return false;
}

/* ---- collections -------------------------------------------------------- */

void
model_collection_begins(int generation)
{
    struct model_round *round = &model.round;

    if (round->active) {
        model_fail("a collection inside a collection", 0);
    }
    *round = (struct model_round){
        .active = true,
        .faulted = round->faulted,
        .save = model.saves,
        .generation = generation,
        .depth = model.depth,
    };
    EACH_NODE(n)
    {
        n->candidate = n->alive && n->generation <= generation &&
                       model_is_tracked(n) && !n->frozen && !n->immortal;
        n->reached = false;
        n->doomed = false;
        round->candidates += n->candidate;
    }
    EACH_NODE(n)
    {
        if (n->candidate && is_root(n) && !model_lies(MODEL_LIE_ROOT)) {
            n->reached = true;
            reach(n, true);
        } else if (n->alive && !n->candidate) {
            reach(n, true);
        }
    }
    EACH_NODE(n)
    {
        n->doomed = n->candidate && !n->reached;
    }
}

/* What waits for a legacy finalizer lives, with all that it reaches. */
static void
keep_legacy(void)
{
    EACH_NODE(n)
    {
        n->candidate = n->doomed;
        n->reached = false;
    }
    EACH_NODE(n)
    {
        if (n->doomed && is_legacy(n) && !model_lies(MODEL_LIE_LEGACY)) {
            n->reached = true;
            reach(n, true);
        }
    }
    EACH_NODE(n)
    {
        if (n->doomed && n->reached) {
            n->doomed = false;
            model.round.uncollectable++;
            n->kept = (is_legacy(n) || model.round.save) &&
                      !model_lies(MODEL_LIE_KEEP);
            n->doubtful = model.round.faulted;
        }
    }
}

/* It has looked: candidates are promoted, and what waits for garbage is due. */
static void
apply(void)
{
    struct model_round *round = &model.round;

    round->applied = true;
    EACH_NODE(n)
    {
        if (n->candidate && !model_lies(MODEL_LIE_GENERATION)) {
            n->generation = round->generation == 0 ? 1 : 2;
        }
    }
    keep_legacy();
    EACH_NODE(n)
    {
        round->user |= n->doomed && round->save;
        round->due_finalizers += n->doomed && has_finalizer(n) && !n->finalized;
        if (n->alive && n->kind == MODEL_WEAK && n->has_callback &&
            !n->cleared && model.nodes[n->target].doomed) {
            n->cleared = true;
            n->queued = !n->doomed;
            n->pinned += n->queued;
            round->due_calls += n->queued;
        }
    }
    round->user |= round->due_calls + round->due_finalizers > 0;
}

/* Which of the doomed does nothing outside refer to?  Returns how many; they
 * are not reached. */
static unsigned
look_again(void)
{
    unsigned garbage = 0;

    model_settle();
    EACH_NODE(n)
    {
        n->reached = false;
        n->candidate = n->alive && n->doomed;
    }
    EACH_NODE(n)
    {
        if (n->candidate && is_root(n) && !n->reached) {
            n->reached = true;
            reach(n, true);
        } else if (n->alive && !n->candidate) {
            reach(n, true);
        }
    }
    EACH_NODE(n)
    {
        garbage += n->candidate && !n->reached;
    }
    return garbage;
}

/* It goes to the list instead of being freed; it has been finalized, and no
 * weak reference gives it any more. */
static void
save(struct model_node *n)
{
    if (has_finalizer(n) && !n->finalized) {
        model_fail("saved, and not finalized", model_index(n));
    }
    n->generation = 2;
    n->kept = 1;
    n->cleared = true; /* if it is a weak reference */
    EACH_NODE(w)
    {
        w->cleared |= w->kind == MODEL_WEAK && w->target == model_index(n);
    }
}

/* The second look.  If it found no memory, all that was doomed lives on. */
static void
bury(unsigned garbage, bool none)
{
    struct model_round *round = &model.round;

    round->detected = true;
    round->result =
        none ? WEIR_ENOMEM : (int64_t)garbage + (int64_t)round->uncollectable;
    EACH_NODE(n)
    {
        if (n->alive && n->doomed && (none || n->reached)) {
            n->generation = 2;
        } else if (n->alive && n->doomed && round->save &&
                   !model_lies(MODEL_LIE_SAVE)) {
            save(n);
        } else if (n->alive && n->doomed) {
            n->alive = false;
            n->buried = true;
        }
        n->doomed = false;
    }
    EACH_NODE(n)
    {
        if (n->buried) {
            check_death(n);
        }
    }
}

/* The runtime calls for a node of no concern to the first half of the round:
 * that is over. */
static void
second_half(void)
{
    if (model.round.due_calls + model.round.due_finalizers > 0) {
        model_fail("teardown before all were called", 0);
    }
    if (!model.round.faulted) {
        bury(look_again(), false);
    }
}

/* True when the round itself makes the call, and not a step of the program
 * inside one of its calls. */
static bool
is_call_of_round(void)
{
    if (model.round.active && !model.round.applied) {
        apply();
    }
    return model.round.active && !model.round.detected &&
           model.depth == model.round.depth;
}

void
model_collection_ends(const weir_gc_info *info)
{
    struct model_round *round = &model.round;
    unsigned garbage;

    if (!round->active || info->generation != round->generation) {
        model_fail("the end of another collection", 0);
    }
    if (!round->applied && round->faulted && info->candidates == 0) {
        round->active = false;
        round->result = round->candidates == 0 ? 0 : WEIR_ENOMEM;
        return;
    }
    if (!round->applied) {
        apply();
    }
    if (!round->detected) {
        if (round->due_calls + round->due_finalizers > 0) {
            model_fail("not all were called", 0);
        }
        garbage = look_again();
        bury(garbage, round->faulted && round->user && info->collected == 0 &&
                          garbage > 0);
    }
    if (info->uncollectable != round->uncollectable ||
        info->collected + info->uncollectable !=
            (round->result > 0 ? round->result : round->uncollectable)) {
        fprintf(stderr, "collect: found %lld and %lld of %lld and %u\n",
                (long long)info->collected, (long long)info->uncollectable,
                (long long)round->result, round->uncollectable);
        model_fail("the number found", 0);
    }
    if (round->depth == 0 && info->candidates != round->candidates) {
        fprintf(stderr, "collect: looked at %lld of %u\n",
                (long long)info->candidates, round->candidates);
        model_fail("the number looked at", 0);
    }
    EACH_NODE(n)
    {
        if (n->buried) {
            check_released(n);
            n->buried = false;
        }
    }
    round->active = false;
    model_settle();
}

/* ---- calls by the runtime ----------------------------------------------- */

/* n dies by counting: nobody can reach it. */
static void
check_unreachable(const struct model_node *n)
{
    reach_all();
    if (n->reached) {
        model_fail("called, and its object is reachable", model_index(n));
    }
}

static void
call_begins(struct model_node *n)
{
    n->pinned++;
    n->running++;
    model.depth++;
}

static void
call_ends(struct model_node *n)
{
    n->pinned--;
    n->running--;
    model.depth--;
}

struct model_node *
model_finalizer_begins(weir_object *o)
{
    struct model_node *n = model_find(o);
    bool by_round = is_call_of_round();

    if (!n->alive || !has_finalizer(n) || n->finalized) {
        model_fail("finalized twice, or out of turn", model_index(n));
    }
    if (is_biased(n)) {
        if (!by_round || model.round.due_calls > 0) {
            model_fail("finalized before the callbacks", model_index(n));
        }
        model.round.due_finalizers--;
    } else {
        if (by_round) {
            second_half();
        }
        check_unreachable(n);
    }
    n->finalized = !model_lies(MODEL_LIE_FINALIZER);
    call_begins(n);
    return n;
}

void
model_finalizer_ends(struct model_node *node)
{
    call_ends(node);
}

struct model_node *
model_callback_begins(weir_object *weak)
{
    struct model_node *n = model_find(weak);
    struct model_node *target = &model.nodes[n->target];
    bool by_round = is_call_of_round();

    if (!n->alive || n->kind != MODEL_WEAK || !n->has_callback || n->called) {
        model_fail("called twice, or out of turn", model_index(n));
    }
    if (n->queued) {
        if (!by_round) {
            model_fail("called out of turn", model_index(n));
        }
        n->queued = false;
        n->pinned--;
        model.round.due_calls--;
    } else {
        if (n->cleared) {
            model_fail("called, and was cleared before", model_index(n));
        }
        if (by_round) {
            second_half();
        }
        check_unreachable(target);
        /* It is being torn down: what it refers to lives. */
        n->holds_target = target->alive;
        target->pinned += n->holds_target;
        n->cleared = true;
    }
    n->called = true;
    call_begins(n);
    return n;
}

void
model_callback_ends(struct model_node *node)
{
    model.nodes[node->target].pinned -= node->holds_target;
    node->holds_target = false;
    call_ends(node);
}

void
model_releases(weir_object *o)
{
    model_find(o)->released++;
}

/* ---- what the program has ordered --------------------------------------- */

void
model_immortalize_all(void)
{
    EACH_NODE(n)
    {
        n->immortal |= n->alive;
    }
}

unsigned
model_freeze(void)
{
    unsigned frozen = 0;

    EACH_NODE(n)
    {
        if (n->alive && !n->frozen && model_is_tracked(n)) {
            n->frozen = !model_lies(MODEL_LIE_FREEZE);
            frozen++;
        }
    }
    return frozen;
}

unsigned
model_unfreeze(void)
{
    unsigned frozen = 0;

    EACH_NODE(n)
    {
        if (n->alive && n->frozen) {
            n->frozen = model_lies(MODEL_LIE_UNFREEZE);
            n->generation = 2;
            frozen++;
        }
    }
    return frozen;
}

unsigned
model_kept(void)
{
    unsigned kept = 0;

    EACH_NODE(n)
    {
        kept += n->alive ? n->kept : 0;
    }
    return kept;
}
