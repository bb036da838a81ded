/* SPDX-License-Identifier: MIT */
/*
 * lab/compare.c - `weir compare`: the same programs in several cells.
 */
#include "lab/compare.h"

#include "lab/env.h"
#include "lab/lab.h"
#include "lab/say.h"

/* The exit code of what happened; the first that applies. */
static int
exit_code(const struct wr_comparison *comparison)
{
    if (comparison->misused) {
        return WR_EXIT_USAGE;
    }
    if (comparison->crashed) {
        return WR_EXIT_CRASH;
    }
    if (comparison->check_failed) {
        return WR_EXIT_CHECK;
    }
    return comparison->interrupted ? WR_EXIT_INTERRUPT : WR_EXIT_OK;
}

static void
print_results(const struct wr_comparison *comparison)
{
    const struct wr_request *request = comparison->request;
    FILE *out = wr_sink_text_stream(request->json);

    if (request->quiet) {
        return;
    }
    wr_compare_table(comparison, out);
    wr_compare_summary(comparison, out);
    fflush(out);
}

static int
compare(const struct wr_request *request)
{
    struct wr_comparison comparison = {.request = request,
                                       .cores = wr_env_cores()};
    int code = WR_EXIT_USAGE;

    wr_random_seed(&comparison.random, request->seed);
    if (wr_compare_plan(&comparison) &&
        wr_sink_open_results(&comparison.sink, request->json)) {
        wr_child_catch_signals();
        wr_progress_start(!request->quiet);
        wr_compare_run(&comparison);
        if (comparison.interrupted) {
            wr_say("interrupted; this is what was measured");
        }
        if (!comparison.misused) {
            wr_compare_judge(&comparison);
            print_results(&comparison);
        }
        if (!wr_sink_close(&comparison.sink)) {
            comparison.crashed = true;
        }
        code = exit_code(&comparison);
    }
    wr_compare_free(&comparison);
    return code;
}

int
wr_compare_main(int argc, char **argv)
{
    struct wr_request request;
    int code;

    if (wr_request_parse(argc, argv, &request, &code)) {
        code = compare(&request);
    }
    wr_request_free(&request);
    return code;
}
