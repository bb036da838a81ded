/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/store.h - a shared dict of records, and threads that use it.
 *
 * What is stored under a key is a function of the key: a write makes a new
 * object with the same value, so every read can be checked by itself and the
 * dict ends the same whatever the order in which the threads ran.
 *
 * run->data is the store, worker->data the draws (wr_work_draws()) that the
 * program's prepare() has made.
 */
#ifndef WR_STRESS_STORE_H
#define WR_STRESS_STORE_H

#include <weir/weir.h>
#include <weir/program.h>

struct wr_store {
    weir_object *dict;
    weir_object **keys;
    uint32_t records;
};

/* Make the store with so many keys; for setup(). */
int wr_store_make(struct weir_run *run, uint32_t records);

/* Read and write as the draws say, `ops` times; for work(). */
int wr_store_use(struct weir_run *run, struct weir_worker *worker,
                 uint64_t ops);

/* Free the draws; a settle(). */
int wr_store_settle(struct weir_run *run, struct weir_worker *worker);

/* Every key is there with its value, and no other; a check(). */
int wr_store_check(struct weir_run *run);

/* A teardown(). */
void wr_store_teardown(struct weir_run *run);

#endif
