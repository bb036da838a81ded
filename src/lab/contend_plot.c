/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_plot.c - percentiles as pictures, drawn by gnuplot.
 */
#include "lab/contend.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/child.h"
#include "lab/say.h"

/* A picture takes milliseconds. */
#define PLOT_TIMEOUT_NS 20000000000u

char *
wr_contend_gnuplot(void)
{
    const char *list = getenv("PATH");

    /* Ends: every turn consumes a folder and what follows it. */
    while (list != NULL && *list != '\0') {
        size_t n = strcspn(list, ":");
        char *path = wr_lab_print("%.*s/gnuplot", (int)n, list);

        if (n > 0 && access(path, X_OK) == 0) {
            return path;
        }
        free(path);
        list += n + (list[n] == ':');
    }
    return NULL;
}

/* Percentiles of one distribution: a line per side, a block of data each. */
static void
write_script(FILE *script, const struct wr_contend *contend,
             const struct wr_match *match, enum wr_figure first,
             const char *title)
{
    static const char *const names[] = {"p50", "p99", "p99.9", "max"};
    const char *separator = "plot";

    fprintf(script,
            "set terminal svg size 460,300 dynamic font 'sans-serif,12' "
            "name 'm%zu_%d'\nset logscale y\nset grid ytics\n"
            "set format y '%%g'\nset xrange [-0.3:3.3]\n"
            "set key outside bottom horizontal\nset title '%s, us'\n"
            "set xtics (",
            (size_t)(match - contend->matches), (int)first, title);
    for (int i = 0; i < 4; i++) {
        fprintf(script, "%s'%s' %d", i == 0 ? "" : ", ", names[i], i);
    }
    fputs(")\n", script);
    for (size_t k = 0; k < match->count; k++) {
        const struct wr_side *side = &contend->sides[match->first + k];

        fprintf(script, "$d%zu << END\n", k);
        for (int i = 0; i < 4; i++) {
            double value = side->summary.median.of[(int)first + i];

            if (value > 0) {
                fprintf(script, "%d %.6g\n", i, value);
            }
        }
        fputs("END\n", script);
    }
    for (size_t k = 0; k < match->count; k++) {
        const struct wr_side *side = &contend->sides[match->first + k];

        if (side->summary.median.of[first] > 0) {
            fprintf(script,
                    "%s $d%zu with linespoints lw 2 pt 7 title '%s %llu'",
                    separator, k, side->cell.name,
                    (unsigned long long)side->interval_us);
            separator = ",";
        }
    }
    fputc('\n', script);
}

/* Whether there is anything to draw: a logarithm needs a number above 0. */
static bool
can_draw(const struct wr_contend *contend, const struct wr_match *match,
         enum wr_figure first)
{
    for (size_t k = 0; k < match->count; k++) {
        if (contend->sides[match->first + k].summary.median.of[first] > 0) {
            return true;
        }
    }
    return false;
}

void
wr_contend_draw(FILE *out, char *gnuplot, const struct wr_contend *contend,
                const struct wr_match *match, enum wr_figure first,
                const char *title)
{
    char path[] = "/tmp/weir-plot-XXXXXX";
    struct wr_child_path where = {.executable = gnuplot};
    const char *argv[] = {"gnuplot", path, NULL};
    struct wr_child_result result;
    const char *svg;
    FILE *script;
    int fd;

    if (gnuplot == NULL || !can_draw(contend, match, first)) {
        return;
    }
    fd = mkstemp(path);
    script = fd < 0 ? NULL : fdopen(fd, "w");
    if (script == NULL) {
        fputs("<p>A picture could not be drawn.</p>\n", out);
        return;
    }
    write_script(script, contend, match, first, title);
    fclose(script);
    wr_child_run(&where, argv, PLOT_TIMEOUT_NS, true, &result);
    svg = result.output == NULL ? NULL : strstr(result.output, "<svg");
    fputs(svg == NULL ? "<p>A picture could not be drawn.</p>\n" : svg, out);
    wr_child_result_free(&result);
    (void)unlink(path);
}
