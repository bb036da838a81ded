/* SPDX-License-Identifier: MIT */
/*
 * runtime/stop.c - three ways to end.
 *
 * The lock of the runtime is not held while user code runs: that the runtime
 * is closed keeps everybody else out.  docs/shutdown.md says what each way
 * promises.
 */
#include "runtime/stop.h"

#include "collect/collect.h"
#include "collect/ending.h"
#include "thread/thread.h"

#include <weir/handle.h>

int
weir_stop(void)
{
    int error = wr_runtime_close();

    if (error == 0) {
        wr_runtime_down();
    }
    return error;
}

int
weir_stop_full(weir_leaks *out)
{
    struct wr_ending *ending;
    weir_leaks leaks;
    int error = wr_ending_new(&ending, out != NULL);

    if (error != 0) {
        return error;
    }
    error = wr_runtime_close();
    if (error == 0) {
        wr_ending_collect();
        wr_ending_count(ending, &leaks);
        leaks.handles = weir_handle_count();
        leaks.finalized = wr_ending_finalize(wr_self());
        wr_ending_release();
        wr_runtime_down();
        if (out != NULL) {
            *out = leaks;
        }
    }
    wr_ending_free(ending);
    return error;
}

int
weir_stop_fast(void)
{
    int error = wr_runtime_leave();

    if (error == 0) {
        wr_collect_shut();
        wr_threads_shut();
    }
    return error;
}
