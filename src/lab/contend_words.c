/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_words.c - matches and comparisons in words.
 */
#include "lab/contend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"
#include "lab/text.h"

char *
wr_contend_title(const struct wr_match *match)
{
    char *title =
        match->io < 0
            ? wr_lab_print("%s: %u thread%s", match->program, match->threads,
                           match->threads == 1 ? "" : "s")
            : wr_lab_print("%s: %lld I/O thread%s, %lld CPU thread%s",
                           match->program, (long long)match->io,
                           match->io == 1 ? "" : "s", (long long)match->cpu,
                           match->cpu == 1 ? "" : "s");

    for (size_t i = 0; i < match->nparams; i++) {
        const char *param = match->params[i];

        if (match->io < 0 ||
            (strncmp(param, "io=", 3) != 0 && strncmp(param, "cpu=", 4) != 0)) {
            char *longer = wr_lab_print("%s, %s", title, param);

            free(title);
            title = longer;
        }
    }
    return title;
}

/* "5,051 us", "1.1 us" */
static void
us_text(double us, char *text, size_t size)
{
    char digits[32];

    if (us < 99.95) {
        snprintf(text, size, "%.1f us", us);
    } else {
        snprintf(text, size, "%s us",
                 wr_text_grouped((uint64_t)(us + 0.5), digits, sizeof(digits)));
    }
}

/* Three digits that count, with commas. */
static char *
times_text(double value, char *text, size_t size)
{
    double unit = 1;

    if (!(value >= 100)) {
        return wr_text_figures(value, text, size);
    }
    while (value / unit >= 1000) {
        unit *= 10;
    }
    return wr_text_grouped((uint64_t)(floor(value / unit + 0.5) * unit), text,
                           size);
}

char *
wr_contend_sentence(const struct wr_contend *contend,
                    const struct wr_side *side)
{
    const struct wr_side *base = wr_contend_base(contend, side);
    const struct wr_match *match = &contend->matches[side->match];
    const struct wr_ratio *ratio = &side->wait[0];
    char a[48];
    char b[48];
    char times[32];
    char low[32];
    char high[32];
    char interval[72] = "";

    if (base == side || !isfinite(ratio->ratio)) {
        return NULL;
    }
    us_text(base->summary.median.of[WR_WAIT_P50], a, sizeof(a));
    us_text(side->summary.median.of[WR_WAIT_P50], b, sizeof(b));
    if (ratio->known) {
        snprintf(interval, sizeof(interval), " [%s %s]",
                 times_text(ratio->low, low, sizeof(low)),
                 times_text(ratio->high, high, sizeof(high)));
    }
    return wr_lab_print(
        "%s: %s waits %s (p50), %s %s: %s%s times", base->cell.name,
        match->io > 0 ? "I/O thread" : "thread", a, side->cell.name, b,
        times_text(ratio->ratio, times, sizeof(times)), interval);
}
