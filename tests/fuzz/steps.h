/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/steps.h - what the steps of a program share.
 */
#ifndef WR_TESTS_FUZZ_STEPS_H
#define WR_TESTS_FUZZ_STEPS_H

#include "tests/fuzz/model.h"

extern struct fuzz_input {
    const uint8_t *bytes;
    size_t size;
    size_t at;
} fuzz_input;

/* The next byte; 0 at the end. */
static inline unsigned
next(void)
{
    return fuzz_input.at < fuzz_input.size ? fuzz_input.bytes[fuzz_input.at++]
                                           : 0;
}

static inline unsigned
below(unsigned n)
{
    return next() % n;
}

static inline void
expect(bool holds, const char *what)
{
    if (!holds) {
        model_fail(what, 0);
    }
}

/* Some node the program may use, or NULL. */
static inline struct model_node *
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

/* Steps, which take their choices from the input. */
void step_collect(int generation);
void step_collect_without_memory(void);
void step_caps(void);
void step_checkpoint(void);
void step_permanent(struct model_node *n);
void step_garbage(void);
void step_debug(void);

/* Of the runtime's callback. */
void on_collection(weir_gc_phase phase, const weir_gc_info *info, void *data);

/* For the end of a program: nothing is saved or frozen from now on, and what
 * the garbage list has is held by the program, or forgotten. */
void stop_saving(void);
void thaw(void);
void take_garbage(void);
void clear_garbage(void);

#endif
