/* SPDX-License-Identifier: MIT */
/*
 * lab/stress.c - `weir stress`: race tests.
 */
#include "lab/stress.h"

#include <errno.h>
#include <string.h>

#include "lab/env.h"
#include "lab/lab.h"
#include "lab/say.h"

/* The exit code of what happened; the first that applies. */
static int
exit_code(const struct wr_stress *stress)
{
    if (stress->misused) {
        return WR_EXIT_USAGE;
    }
    if (stress->crashed) {
        return WR_EXIT_CRASH;
    }
    if (stress->forbidden) {
        return WR_EXIT_CHECK;
    }
    if (stress->too_few) {
        return WR_EXIT_TOO_FEW;
    }
    return stress->interrupted ? WR_EXIT_INTERRUPT : WR_EXIT_OK;
}

/* What there is, instead of running it. */
static void
print_list(struct wr_stress *stress)
{
    size_t i;
    json_t *record;

    json_array_foreach(stress->catalogs[0].records, i, record)
    {
        wr_sink_write(&stress->sink, record);
    }
    wr_stress_print_catalog(&stress->catalogs[0],
                            wr_sink_text_stream(stress->request->json));
}

static void
write_junit(struct wr_stress *stress)
{
    const char *path = stress->request->junit;

    if (path != NULL && !wr_stress_junit(stress, path)) {
        wr_say("--junit: cannot write '%s': %s", path, strerror(errno));
        stress->crashed = true;
    }
}

static void
run_all(struct wr_stress *stress)
{
    const struct wr_stress_request *request = stress->request;

    wr_child_catch_signals();
    wr_progress_start(!request->quiet);
    wr_stress_run(stress);
    if (stress->interrupted) {
        wr_say("interrupted; this is what was run");
    }
    if (stress->misused) {
        return;
    }
    if (!request->quiet) {
        wr_stress_table(stress, wr_sink_text_stream(request->json));
        fflush(wr_sink_text_stream(request->json));
    }
    write_junit(stress);
}

int
wr_stress_main(int argc, char **argv)
{
    struct wr_stress_request request;
    struct wr_stress stress = {.request = &request};
    int code;

    if (wr_stress_parse(argc, argv, &request, &code)) {
        code = WR_EXIT_USAGE;
        if (wr_stress_plan(&stress) &&
            wr_sink_open_results(&stress.sink, request.json)) {
            if (request.list) {
                print_list(&stress);
            } else {
                run_all(&stress);
            }
            if (!wr_sink_close(&stress.sink)) {
                stress.crashed = true;
            }
            code = exit_code(&stress);
        }
        wr_stress_free(&stress);
    }
    wr_stress_request_free(&request);
    return code;
}
