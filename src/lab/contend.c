/* SPDX-License-Identifier: MIT */
/*
 * lab/contend.c - `weir contend`: who held the lock, who waited, how long.
 */
#include "lab/contend.h"

#include "lab/child.h"
#include "lab/lab.h"
#include "lab/say.h"

/* The exit code of what happened; the first that applies. */
static int
exit_code(const struct wr_contend *contend)
{
    if (contend->misused) {
        return WR_EXIT_USAGE;
    }
    if (contend->crashed) {
        return WR_EXIT_CRASH;
    }
    if (contend->check_failed) {
        return WR_EXIT_CHECK;
    }
    return contend->interrupted ? WR_EXIT_INTERRUPT : WR_EXIT_OK;
}

/* Everything between opening the results and closing them. */
static void
work(struct wr_contend *contend)
{
    const struct wr_contend_request *request = contend->request;
    FILE *out = wr_sink_text_stream(request->json);

    wr_child_catch_signals();
    wr_progress_start(!request->quiet);
    wr_contend_run(contend);
    if (contend->interrupted) {
        wr_say("interrupted; this is what was measured");
    }
    if (!contend->misused) {
        wr_contend_judge(contend);
    }
    if (!contend->misused && !request->quiet) {
        wr_contend_table(contend, out);
        fflush(out);
    }
}

static int
measure(const struct wr_contend_request *request)
{
    struct wr_contend contend = {.request = request};
    int code = WR_EXIT_USAGE;

    wr_random_seed(&contend.random, request->seed);
    if (wr_contend_plan(&contend) &&
        wr_sink_open_results(&contend.sink, request->json)) {
        work(&contend);
        if (!wr_sink_close(&contend.sink)) {
            contend.crashed = true;
        }
        code = exit_code(&contend);
    }
    wr_contend_free(&contend);
    return code;
}

int
wr_contend_main(int argc, char **argv)
{
    struct wr_contend_request request;
    int code;

    if (wr_contend_parse(argc, argv, &request, &code)) {
        code = measure(&request);
    }
    wr_contend_request_free(&request);
    return code;
}
