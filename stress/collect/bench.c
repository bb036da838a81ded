/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/bench.c - plans, and the record of one run.
 */
#include "bench.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../params.h"
#include "../runner.h"

const struct wr_bench_graph wr_bench_graphs[WR_GRAPHS] = {
    [WR_GRAPH_TREE] = {"tree", "a binary tree of instances"},
    [WR_GRAPH_CYCLES] = {"2-cycles", "pairs of instances that refer to each "
                                     "other"},
    [WR_GRAPH_RING] = {"ring", "one ring of instances"},
    [WR_GRAPH_LISTS] = {"lists", "lists of 5 references to random others"},
    [WR_GRAPH_DICTS] = {"dicts", "instances, lists, tuples and dicts, mostly "
                                 "of neighbours"},
    [WR_GRAPH_HUB] = {"hub", "one instance that all others refer to"},
    [WR_GRAPH_CHAIN] = {"chain", "one chain of instances, each the next one's "
                                 "only holder"},
    [WR_GRAPH_CHURN] = {"churn", "small cycles made and dropped beside a live "
                                 "heap, collected by themselves"},
    [WR_GRAPH_GROW] = {"grow", "a live heap that grows fourfold while "
                               "collections come by themselves"},
    [WR_GRAPH_SCALE] = {"scale", "a live heap that grows a hundredfold: how "
                                 "the work of the collector grows with it"},
};

enum { OBJECTS, LIVE_HEAP, ORDER, STATE, GENERATION, ROOTS, REPEATS };

#define OBJECTS_MAX INT64_C(200000000)

static const struct weir_program_param params[] = {
    [OBJECTS] = {.name = "objects",
                 .initial = "1000000",
                 .unit = "objects",
                 .help = "size of the graph",
                 .min = 2,
                 .max = OBJECTS_MAX},
    [LIVE_HEAP] = {.name = "live_heap",
                   .initial = "0",
                   .unit = "objects",
                   .help = "a tree beside it, old and alive",
                   .min = 0,
                   .max = OBJECTS_MAX},
    [ORDER] = {.name = "order",
               .initial = "build",
               .help = "where the nodes lie in memory",
               .words = "build|shuffled"},
    [STATE] = {.name = "state",
               .initial = "live",
               .help = "whether the graph is held from outside",
               .words = "live|garbage"},
    [GENERATION] = {.name = "generation",
                    .initial = "full",
                    .help = "what is collected",
                    .words = "full|young"},
    [ROOTS] = {.name = "roots",
               .initial = "unknown",
               .help = "known: held by a handle",
               .words = "unknown|known"},
    [REPEATS] = {.name = "repeats",
                 .initial = "3",
                 .unit = "collections",
                 .help = "how many are measured",
                 .min = 1,
                 .max = 1000},
    {.name = NULL},
};

void
wr_plan_read(const struct wr_options *options, struct wr_plan *plan)
{
    char message[256];
    struct weir_program_value *values = wr_params_parse(
        params, options->params, options->nparams, message, sizeof(message));

    if (values == NULL) {
        wr_usage_error("%s", message);
    }
    *plan = (struct wr_plan){
        .graph = WR_GRAPHS,
        .objects = (uint64_t)values[OBJECTS].number,
        .live_heap = (uint64_t)values[LIVE_HEAP].number,
        .shuffled = values[ORDER].number == 1,
        .live = values[STATE].number == 0,
        .generation = values[GENERATION].number == 0 ? 2 : 0,
        .roots_known = values[ROOTS].number == 1,
        .repeats = (uint64_t)values[REPEATS].number,
        .seed = options->seed,
    };
    free(values);
    for (int i = 0; i < WR_GRAPHS; i++) {
        if (strcmp(options->collect, wr_bench_graphs[i].name) == 0) {
            plan->graph = (enum wr_graph)i;
        }
    }
    if (plan->graph == WR_GRAPHS) {
        wr_usage_error("--collect %s: no such graph", options->collect);
    }
}

bool
wr_bench_list(int fd)
{
    for (int i = 0; i < WR_GRAPHS; i++) {
        if (!wr_record_write(json_pack("{s:i, s:s, s:s, s:s, s:b}", "schema", 1,
                                       "record", "graph", "name",
                                       wr_bench_graphs[i].name, "summary",
                                       wr_bench_graphs[i].summary, "automatic",
                                       wr_graph_is_automatic((enum wr_graph)i)),
                             fd)) {
            return false;
        }
    }
    return true;
}

void
wr_result_init(struct wr_result *result)
{
    *result = (struct wr_result){
        .expected = WR_UNKNOWN,
        .collected = WR_UNKNOWN,
        .visited = WR_UNKNOWN,
        .collections = WR_UNKNOWN,
        .gc_ns = WR_UNKNOWN,
        .ns_per_object = WR_UNKNOWN,
        .cpu_ns_per_object = WR_UNKNOWN,
        .pause_p50_ns = WR_UNKNOWN,
        .pause_p99_ns = WR_UNKNOWN,
        .pause_max_ns = WR_UNKNOWN,
        .detect_ns = WR_UNKNOWN,
        .finalize_ns = WR_UNKNOWN,
        .free_ns = WR_UNKNOWN,
        .halt_ns = WR_UNKNOWN,
        .look_ns = WR_UNKNOWN,
        .resume_ns = WR_UNKNOWN,
        .wall_s = WR_UNKNOWN,
        .live_kb = WR_UNKNOWN,
        .peak_kb = WR_UNKNOWN,
    };
}

/* --- the record ----------------------------------------------------------- */

static json_t *
integer(int64_t value)
{
    return value < 0 ? json_null() : json_integer((json_int_t)value);
}

static json_t *
real(double value)
{
    return value < 0 ? json_null() : json_real(value);
}

static json_t *
memory_object(const struct wr_result *result)
{
    return json_pack(
        "{s:o, s:o, s:o}", "live_kb", integer(result->live_kb), "peak_kb",
        integer(result->peak_kb), "ratio",
        real(result->live_kb > 0 && result->peak_kb > 0
                 ? (double)result->peak_kb / (double)result->live_kb
                 : WR_UNKNOWN));
}

static int
by_size(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

/* null, or its largest, its mean and the samples. */
static json_t *
backlog_object(const struct wr_result *result)
{
    json_t *samples;
    int64_t max = 0;
    double sum = 0;

    if (result->nbacklog == 0) {
        return json_null();
    }
    samples = json_array();
    for (uint64_t i = 0; i < result->nbacklog; i++) {
        int64_t value = result->backlog[i];

        max = value > max ? value : max;
        sum += (double)value;
        json_array_append_new(samples, json_integer((json_int_t)value));
    }
    return json_pack("{s:I, s:f, s:o}", "max", (json_int_t)max, "mean",
                     sum / (double)result->nbacklog, "samples", samples);
}

/* null, or the points; the exponents are the command's to compute. */
static json_t *
growth_object(const struct wr_result *result)
{
    json_t *points;

    if (result->ngrowth == 0) {
        return json_null();
    }
    points = json_array();
    for (uint64_t i = 0; i < result->ngrowth; i++) {
        const struct wr_growth_point *point = &result->growth[i];

        json_array_append_new(points,
                              json_pack("{s:I, s:o, s:o, s:o}", "objects",
                                        (json_int_t)point->objects, "visited",
                                        integer(point->visited), "gc_ns",
                                        integer(point->gc_ns), "pause_max_ns",
                                        integer(point->pause_ns)));
    }
    return json_pack("{s:o, s:n, s:n}", "points", points, "visited_exponent",
                     "time_exponent");
}

static json_t *
cell_object(const struct wr_record_cell *cell)
{
    return json_pack("{s:s?, s:s?, s:i, s:b, s:b, s:o, s:n, s:s?}", "flavour",
                     cell->flavour, "lock", cell->lock, "threads", 1, "gil",
                     cell->gil, "gc", cell->gc, "t0", integer(cell->t0),
                     "bytes", "peer", cell->peer);
}

/* What was asked for. */
static json_t *
plan_object(const struct wr_plan *plan, const struct wr_record_cell *cell)
{
    bool automatic = wr_graph_is_automatic(plan->graph);

    return json_pack(
        "{s:i, s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:s?, s:o, s:o, s:s?, s:I}",
        "schema", 1, "record", "collect", "graph",
        wr_bench_graphs[plan->graph].name, "order",
        plan->shuffled ? "shuffled" : "build", "live",
        automatic ? json_null() : json_boolean(plan->live), "live_heap",
        (json_int_t)plan->live_heap, "objects", (json_int_t)plan->objects,
        "generation", automatic ? json_null() : json_integer(plan->generation),
        "flavour", cell->flavour, "roots_known",
        cell->peer == NULL ? json_boolean(plan->roots_known) : json_null(),
        "cell", cell_object(cell), "peer", cell->peer, "seed",
        (json_int_t)plan->seed);
}

bool
wr_bench_report(const struct wr_plan *plan, const struct wr_result *result,
                const struct wr_record_cell *cell, const char *status, int fd)
{
    char checksum[17];
    json_t *record = plan_object(plan, cell);
    json_t *measured;

    snprintf(checksum, sizeof(checksum), "%016" PRIx64, result->checksum);
    measured = json_pack(
        "{s:o, s:o, s:{s:o, s:o, s:o}, s:{s:o, s:o, s:o}, s:{s:o, s:o, s:o},"
        " s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:s}",
        "ns_per_object", real(result->ns_per_object), "cpu_ns_per_object",
        real(result->cpu_ns_per_object), "pause_ns", "p50",
        integer(result->pause_p50_ns), "p99", integer(result->pause_p99_ns),
        "max", integer(result->pause_max_ns), "phase_ns", "detect",
        integer(result->detect_ns), "finalize", integer(result->finalize_ns),
        "free", integer(result->free_ns), "stop_ns", "halt",
        integer(result->halt_ns), "look", integer(result->look_ns), "resume",
        integer(result->resume_ns), "gc_ns", integer(result->gc_ns),
        "collections", integer(result->collections), "visited",
        integer(result->visited), "collected", integer(result->collected),
        "expected", integer(result->expected), "wall_s", real(result->wall_s),
        "memory", memory_object(result), "backlog", backlog_object(result),
        "growth", growth_object(result), "checksum",
        result->checksum == 0 ? NULL : checksum, "status", status);
    if (record == NULL || measured == NULL ||
        json_object_update(record, measured) != 0) {
        json_decref(record);
        record = NULL;
    }
    json_decref(measured);
    return wr_record_write(record, fd);
}

/* --- measuring ------------------------------------------------------------ */

void
wr_result_pauses(struct wr_result *result, uint64_t *pauses, uint64_t n)
{
    if (n == 0) {
        return;
    }
    qsort(pauses, n, sizeof(uint64_t), by_size);
    result->pause_p50_ns = (int64_t)pauses[n / 2];
    result->pause_p99_ns = (int64_t)pauses[(n * 99) / 100];
    result->pause_max_ns = (int64_t)pauses[n - 1];
}

/* The benchmark's own share is not memory of the heap. */
static int64_t
without(uint64_t bytes, uint64_t own)
{
    return bytes > own ? (int64_t)((bytes - own) / 1024) : WR_UNKNOWN;
}

void
wr_result_settle_memory(struct wr_result *result, uint64_t own)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    /* "5" sets the peak back to what is resident now.  Where that is not
     * allowed the peak of building counts as well, and the ratio is an upper
     * bound. */
    if (fd >= 0) {
        (void)!write(fd, "5", 1);
        close(fd);
    }
    result->live_kb = without(wr_runner_rss_bytes(), own);
}

void
wr_result_peak_memory(struct wr_result *result, uint64_t own)
{
    int64_t peak_kb = wr_runner_peak_rss_kb();

    if (peak_kb > 0) {
        result->peak_kb = without((uint64_t)peak_kb * 1024, own);
    }
}

static uint64_t
read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t
wr_bench_clock(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t
wr_bench_cpu(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* The least that lies between two readings, one right after the other. */
static uint64_t
cost_of_reading(void)
{
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < 100; i++) {
        uint64_t began = wr_bench_cpu();
        uint64_t cost = wr_bench_cpu() - began;

        least = cost < least ? cost : least;
    }
    return least;
}

uint64_t
wr_bench_cpu_since(uint64_t began)
{
    static uint64_t cost = UINT64_MAX;
    uint64_t elapsed = wr_bench_cpu() - began;

    if (cost == UINT64_MAX) {
        cost = cost_of_reading();
    }
    return elapsed > cost ? elapsed - cost : 0;
}
