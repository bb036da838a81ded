/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/automatic.c - heaps in which collections come by themselves.
 *
 * churn: small cycles are made and dropped beside a heap that lives.  The
 * collector should pay for the garbage, and hardly for the heap.
 *
 * grow, scale: nothing is ever dropped, and the heap grows.  The collector
 * should look at each object a bounded number of times: the total that it
 * looks at should grow as the heap does, not as its square.
 *
 * A callback notes each collection.  Its clocks cost some hundred nanoseconds
 * per collection, which count as processor time of the collector.
 */
#include "measure.h"

#include <math.h>

/* Checkpoints come at least this often, in objects. */
#define STRIDE 16u

static void
note(weir_gc_phase phase, const weir_gc_info *info, void *data)
{
    struct wr_log *log = data;

    if (phase == WEIR_GC_START) {
        log->cpu_began_ns = wr_bench_cpu();
    } else {
        log->cpu_ns += wr_bench_cpu_since(log->cpu_began_ns);
        wr_log_last(log, (uint64_t)info->collected);
    }
}

static void
begin(struct wr_log *log, bool automatic)
{
    (void)weir_gc_callback_add(note, log);
    if (automatic) {
        (void)weir_gc_enable();
    }
}

static void
end(struct wr_log *log)
{
    (void)weir_gc_disable();
    (void)weir_gc_callback_remove(note, log);
}

/* Make two objects that refer to each other, and drop them. */
static int
make_cycle(const struct wr_stuff *stuff)
{
    weir_object *first = weir_instance_new(stuff->pair);
    weir_object *second =
        first == NULL ? NULL : weir_instance_make(stuff->pair, 1, &first);
    int error;

    if (second == NULL) {
        return WEIR_ENOMEM;
    }
    /* The second one has taken over our reference to the first. */
    error = weir_instance_set(first, 0, second);
    weir_decref(second);
    return error;
}

static void
sample_backlog(struct wr_result *result, uint64_t made, uint64_t collected)
{
    if (result->nbacklog < WR_POINTS_MAX) {
        result->backlog[result->nbacklog++] = (int64_t)(made - collected);
    }
}

/* Make all cycles; a sample of the backlog after each part of them. */
static int
make_cycles(const struct wr_plan *plan, const struct wr_stuff *stuff,
            const struct wr_log *log, struct wr_result *result)
{
    uint64_t cycles = plan->objects / 2;
    uint64_t part = cycles / WR_POINTS_MAX + 1;

    for (uint64_t i = 1; i <= cycles; i++) {
        int error = make_cycle(stuff);

        if (error != 0) {
            return error;
        }
        (void)weir_checkpoint();
        if (i % part == 0 || i == cycles) {
            sample_backlog(result, 2 * i, log->collected);
        }
    }
    return 0;
}

/* Nothing is left once everything has been collected. */
static int
check_churn(const struct wr_plan *plan, struct wr_log *log, uint64_t before,
            struct wr_result *result)
{
    int64_t rest = weir_gc_collect(2);

    if (rest < 0) {
        return (int)rest;
    }
    result->expected = (int64_t)(plan->objects / 2 * 2);
    result->collected += rest;
    if (result->collected != result->expected) {
        result->failure = "the number collected is not the garbage built";
    } else if (wr_measure_objects() != before) {
        result->failure = "objects were left over, or freed too often";
    } else if (log->lost) {
        result->failure = "no memory for the pauses";
    }
    return 0;
}

static int
churn(const struct wr_plan *plan, const struct wr_stuff *stuff, bool automatic,
      struct wr_result *result)
{
    struct wr_built heap;
    struct wr_log log = {.n = 0};
    int error = wr_measure_live_heap(plan, stuff, &heap);
    uint64_t own = heap.shape.nodes * sizeof(weir_object *);
    uint64_t before = wr_measure_objects();
    uint64_t started;

    if (error != 0) {
        return error;
    }
    wr_result_settle_memory(result, own);
    begin(&log, automatic);
    started = wr_bench_clock();
    error = make_cycles(plan, stuff, &log, result);
    result->wall_s = (double)(wr_bench_clock() - started) / 1e9;
    end(&log);
    wr_result_peak_memory(result, own);
    wr_log_report(&log, 0, result);
    result->ns_per_object = (double)log.gc_ns / (double)plan->objects;
    result->cpu_ns_per_object = (double)log.cpu_ns / (double)plan->objects;
    if (error == 0) {
        error = check_churn(plan, &log, before, result);
    }
    (void)wr_measure_end_live_heap(&heap, result);
    wr_log_free(&log);
    return error;
}

static void
sample_growth(struct wr_result *result, uint64_t objects,
              const struct wr_log *log)
{
    if (result->ngrowth < WR_POINTS_MAX) {
        result->growth[result->ngrowth++] = (struct wr_growth_point){
            .objects = objects,
            .visited = (int64_t)log->visited,
            .gc_ns = (int64_t)log->gc_ns,
            .pause_ns = (int64_t)log->longest_ns,
        };
    }
}

/* The n-th size at which a heap is looked at: four per doubling. */
static uint64_t
sample_size(const struct wr_plan *plan, uint64_t n)
{
    uint64_t first = plan->live_heap < 2 ? 2 : plan->live_heap;
    double size = (double)first * pow(2, (double)n / 4) + 0.5;

    return size >= (double)plan->objects ? plan->objects : (uint64_t)size;
}

/* What had been noted when the growth that is measured began. */
struct start {
    uint64_t pause;
    uint64_t cpu_ns;
};

/* Add nodes up to the size; what was measured of the growth so far is noted
 * at each sample. */
static int
add_nodes(const struct wr_plan *plan, struct wr_built *tree,
          const struct wr_log *log, struct start *start,
          struct wr_result *result)
{
    uint64_t next = sample_size(plan, 0);

    for (uint64_t i = 0; i < plan->objects; i++) {
        int error = wr_graph_add(tree, i);

        if (error != 0) {
            return error;
        }
        if (i % STRIDE == 0) {
            (void)weir_checkpoint();
        }
        if (i + 1 == next) {
            if (result->ngrowth == 0) {
                *start = (struct start){.pause = log->n, .cpu_ns = log->cpu_ns};
            }
            sample_growth(result, next, log);
            next = sample_size(plan, result->ngrowth);
        }
    }
    return 0;
}

/* The figures of the growth from live_heap to objects. */
static void
report_growth(const struct wr_plan *plan, struct wr_log *log,
              const struct start *start, struct wr_result *result)
{
    const struct wr_growth_point *first = &result->growth[0];

    wr_log_report(log, start->pause, result);
    result->gc_ns -= first->gc_ns;
    result->visited -= first->visited;
    if (plan->objects > first->objects) {
        double grown = (double)(plan->objects - first->objects);

        result->ns_per_object = (double)result->gc_ns / grown;
        result->cpu_ns_per_object =
            (double)(log->cpu_ns - start->cpu_ns) / grown;
    }
}

static int
grow(const struct wr_plan *plan, const struct wr_stuff *stuff, bool automatic,
     struct wr_result *result)
{
    struct wr_shape shape;
    struct wr_built tree;
    struct wr_log log = {.n = 0};
    struct start start = {.pause = 0};
    uint64_t started;
    int error;

    wr_shape_init(&shape, WR_GRAPH_TREE, plan->objects, true, plan->seed);
    error = wr_graph_begin(&tree, &shape, stuff);
    if (error != 0) {
        return error;
    }
    begin(&log, automatic);
    started = wr_bench_clock();
    error = add_nodes(plan, &tree, &log, &start, result);
    result->wall_s = (double)(wr_bench_clock() - started) / 1e9;
    end(&log);
    if (error == 0) {
        wr_result_peak_memory(result, wr_graph_own_bytes(&tree));
        wr_result_settle_memory(result, wr_graph_own_bytes(&tree));
        report_growth(plan, &log, &start, result);
        result->expected = 0;
        if (result->collected != 0) {
            result->failure = "live objects were collected";
        } else if (!wr_graph_intact(&tree, shape.nodes, &result->checksum)) {
            result->failure = "the live graph was changed";
        } else if (log.lost) {
            result->failure = "no memory for the pauses";
        }
    }
    wr_graph_drop(&tree);
    wr_log_free(&log);
    return error;
}

int
wr_measure_automatic(const struct wr_plan *plan, const struct wr_stuff *stuff,
                     bool automatic, struct wr_result *result)
{
    if (plan->graph == WR_GRAPH_CHURN) {
        return churn(plan, stuff, automatic, result);
    }
    return grow(plan, stuff, automatic, result);
}
