/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/dict-read.c - one dict that all threads read.
 *
 * What a look-up costs when nobody, or almost nobody, writes: there is nothing
 * to protect, so all that threads pay each other here is the price of how
 * readers are protected from writers that do not come, and of the counts of
 * what they read.  With keys=zipf they meet at few values, with keys=even
 * hardly ever.  The dict and its use are those of store.h.
 */
#include "programs.h"

#include "store.h"
#include "work.h"

enum { OPS, RECORDS, KEYS, WRITES };

static const struct weir_program_param params[] = {
    [OPS] = {.name = "ops",
             .initial = "4000000",
             .unit = "operations per thread",
             .help = "look-ups, and writes if there are any",
             .min = 1,
             .max = INT64_C(1000000000000)},
    [RECORDS] = {.name = "records",
                 .initial = "10000",
                 .unit = "keys",
                 .help = "entries of the dict",
                 .min = 1,
                 .max = 50000000},
    [KEYS] = {.name = "keys",
              .initial = "zipf",
              .help = "zipf: few keys are hot; even: all alike",
              .words = "zipf|even"},
    [WRITES] = {.name = "writes",
                .initial = "0",
                .unit = "per thousand",
                .help = "operations that replace a value instead",
                .min = 0,
                .max = 1000},
    {.name = NULL},
};

static int
setup(struct weir_run *run)
{
    return wr_store_make(run, (uint32_t)run->params[RECORDS].number);
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    static const enum wr_draw_law laws[] = {WR_DRAW_ZIPF, WR_DRAW_EVEN};

    worker->data = wr_work_draws(run, worker, laws[run->params[KEYS].number],
                                 (uint32_t)run->params[RECORDS].number,
                                 (uint32_t)run->params[WRITES].number);
    return worker->data == NULL ? WEIR_ENOMEM : 0;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    return wr_store_use(run, worker, (uint64_t)run->params[OPS].number);
}

WEIR_PROGRAM_NAMED(
    wr_program_dict_read, .name = "dict-read",
    .summary = "a shared dict that all threads look things up in",
    .help = "Models name tables, configurations, routing tables: read by all "
            "and written\nrarely or never.  An operation is one look-up, or "
            "with writes=N, N times in a\nthousand, a new value for a "
            "key.\nChecked: every value that is read, and the whole dict at "
            "the end.",
    .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC | WEIR_PROGRAM_SHARED,
    .setup = setup, .prepare = prepare, .work = work, .settle = wr_store_settle,
    .check = wr_store_check, .teardown = wr_store_teardown);
