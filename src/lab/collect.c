/* SPDX-License-Identifier: MIT */
/*
 * lab/collect.c - `weir collect`: the collector benchmark.
 */
#include "lab/collect.h"

#include "lab/lab.h"
#include "lab/say.h"

/* The exit code of what happened; the first that applies. */
static int
exit_code(const struct wr_collect *collect)
{
    if (collect->misused) {
        return WR_EXIT_USAGE;
    }
    if (collect->crashed) {
        return WR_EXIT_CRASH;
    }
    if (collect->check_failed) {
        return WR_EXIT_CHECK;
    }
    return collect->interrupted ? WR_EXIT_INTERRUPT : WR_EXIT_OK;
}

static int
measure(const struct wr_collect_request *request)
{
    struct wr_collect collect = {.request = request};
    FILE *out = wr_sink_text_stream(request->json);
    int code = WR_EXIT_USAGE;

    wr_random_seed(&collect.random, request->seed);
    if (wr_collect_plan(&collect) &&
        wr_sink_open_results(&collect.sink, request->json)) {
        wr_child_catch_signals();
        wr_progress_start(!request->quiet);
        wr_collect_run(&collect);
        if (collect.interrupted) {
            wr_say("interrupted; this is what was measured");
        }
        if (!collect.misused) {
            wr_collect_judge(&collect);
        }
        if (!collect.misused && !request->quiet) {
            wr_collect_table(&collect, out);
            fflush(out);
        }
        if (!wr_sink_close(&collect.sink)) {
            collect.crashed = true;
        }
        code = exit_code(&collect);
    }
    wr_collect_free(&collect);
    return code;
}

int
wr_collect_main(int argc, char **argv)
{
    struct wr_collect_request request;
    int code;

    if (wr_collect_parse(argc, argv, &request, &code)) {
        code = measure(&request);
    }
    wr_collect_request_free(&request);
    return code;
}
