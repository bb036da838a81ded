/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_run.c - run every side, interleaved in random order.
 *
 * Invocations come in rounds; a round holds each side once, shuffled, so that
 * whatever changes slowly on the machine meets all alike.
 */
#include "lab/contend.h"

#include <stdlib.h>

#include "base/clock.h"
#include "lab/say.h"

/* Seconds until all is done, from what invocations took so far. */
static unsigned
time_left(const struct wr_contend *contend)
{
    double left = 0;

    for (size_t i = 0; i < contend->nsides; i++) {
        const struct wr_side *side = &contend->sides[i];

        if (side->tried > 0 && !side->retired &&
            side->tried < contend->request->runs) {
            left += (double)side->spent_ns / side->tried *
                    (contend->request->runs - side->tried);
        }
    }
    return (unsigned)(left / 1e9);
}

static void
show_progress(const struct wr_contend *contend, const struct wr_side *side,
              unsigned round, size_t done)
{
    const char *program = contend->matches[side->match].program;
    unsigned seconds = time_left(contend);

    if (round == 0) {
        wr_progress_show("first round, %zu of %zu: %s, %s", done + 1,
                         contend->nsides, program, side->cell.name);
    } else {
        wr_progress_show("round %u, %u:%02u left: %s, %s", round + 1,
                         seconds / 60, seconds % 60, program, side->cell.name);
    }
}

/* One round; false: stop. */
static bool
run_round(struct wr_contend *contend, unsigned round, size_t *order)
{
    const struct wr_contend_request *request = contend->request;

    for (size_t i = 0; i < contend->nsides; i++) {
        size_t k = (size_t)wr_random_below(&contend->random, i + 1);

        order[i] = order[k];
        order[k] = i;
    }
    for (size_t i = 0; i < contend->nsides; i++) {
        struct wr_side *side = &contend->sides[order[i]];

        if (side->retired) {
            continue;
        }
        show_progress(contend, side, round, i);
        if (!wr_contend_once(contend, side, NULL, 0, NULL)) {
            return false;
        }
    }
    return request->budget_ns == 0 ||
           wr_clock_ns() - contend->started_ns < request->budget_ns;
}

void
wr_contend_run(struct wr_contend *contend)
{
    size_t *order = wr_lab_alloc(contend->nsides * sizeof(size_t));

    contend->started_ns = wr_clock_ns();
    for (unsigned round = 0; round < contend->request->runs; round++) {
        if (!run_round(contend, round, order)) {
            break;
        }
    }
    wr_progress_clear();
    free(order);
}
