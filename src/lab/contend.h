/* SPDX-License-Identifier: MIT */
/*
 * lab/contend.h - `weir contend`: who held the lock, who waited, how long.
 *
 * A *match* is a program with its parameters and its number of threads; a
 * *side* of it is a cell with a lock policy and a switch interval, whose
 * invocations are fresh processes that keep an exact account of their threads'
 * time.  The sides of one match are compared with each other.
 *
 *   contend_request.c -> contend_plan.c -> contend_run.c, contend_once.c
 *        -> contend_figures.c -> contend_judge.c -> contend_table.c,
 *           contend_trace.c, contend_html.c
 */
#ifndef WR_LAB_CONTEND_H
#define WR_LAB_CONTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/random.h"
#include "lab/catalog.h"
#include "lab/cell.h"
#include "lab/record.h"
#include "lab/stats.h"

/* What --interval stands for when it is not given: microseconds. */
#define WR_CONTEND_INTERVAL_US 5000

/* The most sides of a command: lists multiply. */
#define WR_CONTEND_SIDES_MAX 1000

struct wr_contend_request {
    /* NULL-terminated; NULL: convoy */
    char **programs;
    size_t nprograms;

    /* names of lock policies; "none": the lock stays off */
    char **policies;

    struct wr_cell *cells;
    size_t ncells;

    uint64_t *threads;
    size_t nthreads;
    uint64_t *intervals;
    size_t nintervals;

    /* "key=value" or "program.key=value" */
    char **params;
    size_t nparams;

    unsigned runs;

    /* 0: none */
    uint64_t budget_ns;
    uint64_t timeout_ns;
    uint64_t seed;
    const char *json;
    const char *trace;
    const char *html;
    bool quiet;
    bool threads_table;
};

/* As wr_request_parse(). */
bool wr_contend_parse(int argc, char **argv, struct wr_contend_request *request,
                      int *code);
void wr_contend_request_free(struct wr_contend_request *request);

/* The figures of one invocation; not a number where there is none.  Times are
 * in microseconds. */
enum wr_figure {
    WR_WAIT_P50,
    WR_WAIT_P99,
    WR_WAIT_P999,
    WR_WAIT_MAX,
    WR_HOLD_P50,
    WR_HOLD_P99,
    WR_HOLD_P999,
    WR_HOLD_MAX,
    WR_LATENCY_P50,
    WR_LATENCY_P99,
    WR_LATENCY_P999,
    WR_LATENCY_MAX,
    WR_OPS_PER_S,
    WR_REQUESTS_PER_S,
    WR_CPU_OPS_PER_S,
    WR_JAIN,
    WR_SHARE,
    WR_HANDOFFS,
    WR_HANDOFFS_PER_S,
    WR_SWITCHES,
    WR_SWITCHES_PER_S,

    /* of stops of the world */
    WR_STOPS,
    WR_ARRIVAL_P50,
    WR_ARRIVAL_P99,
    WR_ARRIVAL_MAX,
    WR_WORK_P50,
    WR_WORK_P99,
    WR_WORK_MAX,
    WR_RESUME_P50,
    WR_RESUME_P99,
    WR_RESUME_MAX,

    /* of one thread: microseconds per operation */
    WR_RUNNING,
    WR_WAITING,
    WR_STOPPED,
    WR_BLOCKED,
    WR_OFF_CPU,
    WR_FIGURES
};

/* One invocation, or one thread of it. */
struct wr_figures {
    double of[WR_FIGURES];
};

/* Medians over the invocations, and the least and the greatest of them. */
struct wr_figures_summary {
    struct wr_figures median;
    struct wr_figures low;
    struct wr_figures high;
};

/* A worker of a side: its figures, invocation by invocation. */
struct wr_contender {
    char role[24];
    struct wr_figures *samples;
    size_t n;
};

/* Where threads were when a stop had to wait for them. */
struct wr_laggard {
    char *place;
    uint64_t times;
    double longest_us;
};

struct wr_match {
    const char *program;

    /* its record in the first catalogue */
    const json_t *record;
    char **params;
    size_t nparams;
    unsigned threads;

    /* of convoy; negative: the program has no such threads */
    int64_t io;
    int64_t cpu;

    /* only there to be compared with: CPU threads alone */
    bool hidden;

    /* the match that is this one without its I/O threads, by number; SIZE_MAX:
     * none */
    size_t alone;

    /* sides[first .. first + count) */
    size_t first;
    size_t count;
    char checksum[40];
    bool has_checksum;
};

struct wr_side {
    /* by number: the arrays grow while they are laid out */
    size_t match;
    struct wr_cell cell;
    const struct wr_catalog *catalog;

    /* 0: no lock, no interval */
    uint64_t interval_us;

    unsigned tried;
    unsigned failed;
    bool retired;
    uint64_t spent_ns;

    struct wr_figures *samples;
    size_t n;
    struct wr_contender *workers;
    size_t nworkers;

    /* (nworkers + 1) squared: who had the lock before whom, over all
     * invocations; the last row and column are all other threads */
    double *handoffs;
    struct wr_laggard *laggards;
    size_t nlaggards;

    /* filled in by wr_contend_judge() */
    struct wr_figures_summary summary;
    struct wr_ratio cpu_share;

    /* waits over those of the first policy: p50 and p99 */
    struct wr_ratio wait[2];
};

struct wr_contend {
    const struct wr_contend_request *request;
    struct wr_catalog *catalogs;
    size_t ncatalogs;
    struct wr_match *matches;
    size_t nmatches;
    struct wr_side *sides;
    size_t nsides;
    struct wr_random random;
    struct wr_sink sink;
    uint64_t started_ns;

    bool misused;
    bool crashed;
    bool check_failed;
    bool interrupted;
};

/* Lay out matches and sides.  False after one line on stderr. */
bool wr_contend_plan(struct wr_contend *contend);
void wr_contend_free(struct wr_contend *contend);

/* Parts of it.  Numbers of threads that convoy shall have, an array to be
 * freed; NULL after one line.  Whether some chosen program uses each parameter.
 * The parameters of a match, its own after those for all. */
uint64_t *wr_contend_convoy_threads(const struct wr_contend *contend,
                                    const char *key, size_t *n);
bool wr_contend_check_params(const struct wr_contend *contend,
                             char *const *programs);
void wr_contend_add_params(const struct wr_contend *contend,
                           struct wr_match *match);

/* Run everything, interleaved, writing records as they come. */
void wr_contend_run(struct wr_contend *contend);

/*
 * One invocation; false when everything shall stop.  With `events`, a file to
 * be written, it is one for the timeline: its record says `trace_pid`, its
 * figures are not counted, and *record is the record, to be dropped, or NULL.
 */
bool wr_contend_once(struct wr_contend *contend, struct wr_side *side,
                     const char *events, int trace_pid, json_t **record);

/* Read a run record with an account; NULL: it is none. */
json_t *wr_contend_parse_record(const char *text);

/* Add the figures of a run record that is ok to a side. */
void wr_contend_keep(struct wr_side *side, const json_t *record);

/* The part of it that is about stops of the world: into of[WR_STOPS...]. */
void wr_contend_keep_stops(struct wr_side *side, const json_t *account,
                           double *of);

/* Jain's index of n shares: 1 when all are equal, 1/n when one has all; not a
 * number with fewer than 2, or when nobody has any. */
double wr_contend_jain(const double *shares, size_t n);

/* Median, least and greatest over n invocations, figure by figure. */
void wr_contend_summarize(const struct wr_figures *samples, size_t n,
                          struct wr_figures_summary *summary);

/* Compute summaries and ratios, and write their records. */
void wr_contend_judge(struct wr_contend *contend);

/* The fields of a `contend` or `stop` record that come from figures. */
json_t *wr_contend_figures_json(const struct wr_figures *figures);
json_t *wr_contend_stops_json(const struct wr_figures *figures);

void wr_contend_table(const struct wr_contend *contend, FILE *out);

/* "convoy: 1 I/O thread, 1 CPU thread, think 200"; to be freed. */
char *wr_contend_title(const struct wr_match *match);

/* What a comparison comes to, in one sentence, to be freed; NULL when there is
 * nothing to compare: the first policy, or no waits. */
char *wr_contend_sentence(const struct wr_contend *contend,
                          const struct wr_side *side);

/* The first side with the same cell and interval, which may be `side`. */
const struct wr_side *wr_contend_base(const struct wr_contend *contend,
                                      const struct wr_side *side);

/* --trace: one more invocation of each policy and program; false after one
 * line on stderr when the file could not be written. */
bool wr_contend_trace(struct wr_contend *contend, FILE *file, FILE *out);

/* --html: the page; false when it could not be written. */
bool wr_contend_html(const struct wr_contend *contend, FILE *out);

/* The path of gnuplot, to be freed; NULL: not installed. */
char *wr_contend_gnuplot(void);

/* Draw p50 to the longest of what begins with the figure `first`, a line per
 * side of a match, into a page; nothing without gnuplot (NULL). */
void wr_contend_draw(FILE *out, char *gnuplot, const struct wr_contend *contend,
                     const struct wr_match *match, enum wr_figure first,
                     const char *title);

#endif
