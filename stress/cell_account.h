/* SPDX-License-Identifier: MIT */
/*
 * stress/cell_account.h - where the threads' time went, as JSON.
 *
 * The runtime numbers its threads, the program its workers; which is which is
 * noted by each worker when it has attached.
 */
#ifndef WR_STRESS_CELL_ACCOUNT_H
#define WR_STRESS_CELL_ACCOUNT_H

#include <stdio.h>

#include <jansson.h>
#include <weir/weir.h>
#include <weir/program.h>

struct wr_cell_account { /* SHARED */
    /* [owner] of entry i: worker i until it ends; the main thread otherwise */
    uint32_t *threads;
    uint32_t workers;

    /* [const] voluntary and involuntary, of the process, before the run */
    int64_t switches;
};

/* Room for a run with so many workers.  Returns false without memory. */
bool wr_cell_account_init(struct wr_cell_account *account, uint32_t workers);
void wr_cell_account_free(struct wr_cell_account *account);

/* Note the number of the caller's record.  Caller: that worker, attached. */
void wr_cell_account_note(struct wr_cell_account *account, uint32_t worker);

/* The run begins now. */
void wr_cell_account_begin(struct wr_cell_account *account);

/*
 * The `account` object of a run that has just ended; NULL when the runtime
 * keeps no account, or without memory.  Caller: attached, and no other thread
 * is.
 */
json_t *wr_cell_account_json(const struct wr_cell_account *account,
                             const struct weir_run *run);

/* Write the events kept, one JSON object per line.  Returns 0, an error, or 1
 * when they cannot be written.  Caller: as above. */
int wr_cell_account_write_events(FILE *out);

#endif
