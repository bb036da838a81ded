/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/dict-mixed.c - one dict, all threads, mixes of YCSB.
 *
 * Keys are drawn with Zipf's law (exponent 1; YCSB uses 0.99), so few of them
 * are hot.  The draws are made before the clock starts and used round and
 * round.  The dict and its use are those of store.h.
 */
#include "programs.h"

#include "store.h"
#include "work.h"

enum { OPS, RECORDS, MIX };

static const struct weir_program_param params[] = {
    [OPS] = {.name = "ops",
             .initial = "4000000",
             .unit = "operations per thread",
             .help = "reads and updates",
             .min = 1,
             .max = INT64_C(1000000000000)},
    [RECORDS] = {.name = "records",
                 .initial = "10000",
                 .unit = "keys",
                 .help = "entries of the dict",
                 .min = 1,
                 .max = 50000000},
    [MIX] = {.name = "mix",
             .initial = "B",
             .help = "A: half of the operations are updates; B: one in "
                     "twenty; C: none",
             .words = "A|B|C"},
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
    /* updates in a thousand operations */
    static const uint32_t shares[] = {500, 50, 0};

    worker->data = wr_work_draws(run, worker, WR_DRAW_ZIPF,
                                 (uint32_t)run->params[RECORDS].number,
                                 shares[run->params[MIX].number]);
    return worker->data == NULL ? WEIR_ENOMEM : 0;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    return wr_store_use(run, worker, (uint64_t)run->params[OPS].number);
}

WEIR_PROGRAM_NAMED(
    wr_program_dict_mixed, .name = "dict-mixed",
    .summary =
        "a shared dict read and updated by all threads (YCSB, Zipf keys)",
    .help = "Models a shared cache or session table.  An operation reads or "
            "replaces the\nvalue of one key; few keys are hot.\nChecked: every "
            "value that is read, and the whole dict at the end.",
    .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC | WEIR_PROGRAM_SHARED,
    .setup = setup, .prepare = prepare, .work = work, .settle = wr_store_settle,
    .check = wr_store_check, .teardown = wr_store_teardown);
