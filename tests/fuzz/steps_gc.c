/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/steps_gc.c - what a program may ask of the collector.
 */
#include "tests/fuzz/steps.h"

#include <stdio.h>

#include "base/mem.h"
#include "collect/collect.h"

/* ---- the garbage list --------------------------------------------------- */

/* The number of times an object is in a list. */
static unsigned
times_in(weir_object *list, const weir_object *o)
{
    unsigned times = 0;

    for (size_t i = 0; i < (size_t)weir_list_size(list); i++) {
        weir_object *item = weir_list_get(list, i);

        times += item == o;
        weir_decref(item);
    }
    return times;
}

/* A copy of the list. */
static weir_object *
garbage(void)
{
    weir_object *list = weir_gc_garbage();

    expect(list != NULL, "the garbage is listed");
    return list;
}

/* Where memory was short, the list says what there was room for. */
static void
settle_doubts(void)
{
    weir_object *list = garbage();

    EACH_NODE(n)
    {
        if (n->alive && n->doubtful) {
            n->kept = n->kept > 0 && times_in(list, n->object) > 0;
            n->doubtful = false;
        }
    }
    weir_decref(list);
}

void
take_garbage(void)
{
    weir_object *list = garbage();

    expect(weir_list_size(list) == model_kept(), "all of the garbage is there");
    EACH_NODE(n)
    {
        unsigned times =
            n->alive && n->object != NULL ? times_in(list, n->object) : 0;

        if (times != n->kept) {
            model_fail("in the garbage list, or not", model_index(n));
        }
        /* What the program never has in hand it does not take. */
        if (times > 0 && n->kind != MODEL_TABLE && n->held < 1000) {
            n->held++;
            weir_incref(n->object);
        }
    }
    weir_decref(list);
}

void
clear_garbage(void)
{
    unsigned kept = model_kept();
    bool outermost = !model.clearing;

    EACH_NODE(n)
    {
        if (n->alive && n->kept > 0 && !model_lies(MODEL_LIE_CLEAR)) {
            n->kept = 0;
        }
    }
    /* Until it returns it is not known what has been dropped already. */
    model.clearing = true;
    expect(weir_gc_garbage_clear() == kept, "the garbage list is cleared");
    if (outermost) {
        model.clearing = false;
    }
}

void
step_garbage(void)
{
    /* Inside a call the list may be in use, and what is freed in doubt. */
    if (model.depth == 0 && below(2) == 0) {
        take_garbage();
    } else {
        clear_garbage();
    }
}

void
step_debug(void)
{
    model.saves = below(3) == 0;
    expect(weir_gc_set_debug(model.saves ? WEIR_GC_DEBUG_SAVEALL : 0) == 0,
           "switches");
}

void
stop_saving(void)
{
    model.saves = false;
    expect(weir_gc_set_debug(0) == 0, "switches");
}

/* ---- what stays for good ------------------------------------------------ */

static void
immortalize(struct model_node *n)
{
    if (n == NULL || n->held == 0) {
        return;
    }
    n->held--;
    n->immortal = !model_lies(MODEL_LIE_IMMORTAL);
    expect(weir_immortalize(n->object) == 0, "an object becomes immortal");
}

static void
freeze(bool immortal)
{
    uint32_t flags = immortal ? WEIR_GC_FREEZE_IMMORTAL : 0;
    int64_t frozen = weir_gc_freeze(flags);

    if (model.round.active) {
        expect(frozen == WEIR_ESTATE, "nothing is frozen in a collection");
        return;
    }
    expect(frozen == model_freeze(), "all that is tracked is frozen");
    if (immortal) {
        model_immortalize_all();
    }
}

void
thaw(void)
{
    int64_t thawed = weir_gc_unfreeze();

    if (model.round.active) {
        expect(thawed == WEIR_ESTATE, "nothing thaws in a collection");
        return;
    }
    expect(thawed == model_unfreeze(), "all that was frozen thaws");
}

/* In a callback of a weak reference its target is dead, and not gone yet. */
static bool
is_anything_dying(void)
{
    EACH_NODE(n)
    {
        if (n->alive && n->holds_target) {
            return true;
        }
    }
    return model_has_pending();
}

void
step_permanent(struct model_node *n)
{
    bool frozen = false;

    if (below(8) == 0) {
        immortalize(n);
        return;
    }
    /* Inside a call, when it is known who is alive. */
    if (!model.round.active && is_anything_dying()) {
        return;
    }
    EACH_NODE(other)
    {
        frozen |= other->alive && other->frozen;
    }
    if (frozen && below(4) != 0) {
        thaw();
    } else {
        freeze(below(32) == 0);
    }
}

/* ---- collections -------------------------------------------------------- */

void
on_collection(weir_gc_phase phase, const weir_gc_info *info, void *data)
{
    (void)data;
    if (phase == WEIR_GC_START) {
        model_collection_begins(info->generation);
    } else {
        model_collection_ends(info);
    }
}

void
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
void
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
    settle_doubts();
}

void
step_caps(void)
{
    struct wr_collect_caps caps = {
        .stack = below(2) * 64, .big = below(3), .patience = below(2)};

    wr_collect_set_caps(&caps);
}

void
step_checkpoint(void)
{
    (void)weir_gc_set_threshold(below(2), below(3), below(3));
    (void)(below(4) == 0 ? weir_gc_disable() : weir_gc_enable());
    expect(weir_checkpoint() == 0, "a checkpoint");
}
