/* SPDX-License-Identifier: MIT */
/*
 * lab/contend.c - `weir contend`: who held the lock, who waited, how long.
 */
#include "lab/contend.h"

#include <errno.h>
#include <string.h>

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

/* Open a file of the results before anything is measured; *file stays NULL
 * when there is none to be written. */
static bool
open_file(const char *option, const char *path, FILE **file)
{
    if (path != NULL && (*file = fopen(path, "we")) == NULL) {
        wr_say("%s: cannot write '%s': %s", option, path, strerror(errno));
        return false;
    }
    return true;
}

/* Close it; false, after one line, when something could not be written. */
static bool
close_file(const char *option, FILE *file, bool good)
{
    if (file == NULL) {
        return true;
    }
    good = good && ferror(file) == 0;
    if (fclose(file) != 0 || !good) {
        wr_say("%s: cannot write the file", option);
        return false;
    }
    return true;
}

/* Everything between opening the files and closing them. */
static void
work(struct wr_contend *contend, FILE *trace, FILE *html)
{
    const struct wr_contend_request *request = contend->request;
    FILE *out = wr_sink_text_stream(request->json);
    bool good = true;

    wr_child_catch_signals();
    wr_progress_start(!request->quiet);
    wr_contend_run(contend);
    if (contend->interrupted) {
        wr_say("interrupted; this is what was measured");
    }
    if (!contend->misused) {
        wr_contend_judge(contend);
        if (!request->quiet) {
            wr_contend_table(contend, out);
        }
        if (html != NULL) {
            good = wr_contend_html(contend, html);
        }
    }
    good = close_file("--html", html, good);
    if (trace != NULL) {
        bool traced =
            wr_contend_trace(contend, trace, request->quiet ? NULL : out);

        good = close_file("--trace", trace, traced) && good;
    }
    fflush(out);
    contend->crashed = contend->crashed || !good;
}

static int
measure(const struct wr_contend_request *request)
{
    struct wr_contend contend = {.request = request};
    FILE *trace = NULL;
    FILE *html = NULL;
    int code = WR_EXIT_USAGE;

    wr_random_seed(&contend.random, request->seed);
    if (wr_contend_plan(&contend) &&
        open_file("--trace", request->trace, &trace) &&
        open_file("--html", request->html, &html) &&
        wr_sink_open_results(&contend.sink, request->json)) {
        work(&contend, trace, html);
        if (!wr_sink_close(&contend.sink)) {
            contend.crashed = true;
        }
        code = exit_code(&contend);
    } else {
        (void)close_file("--trace", trace, true);
        (void)close_file("--html", html, true);
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
