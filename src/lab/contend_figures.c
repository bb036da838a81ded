/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_figures.c - from the account of an invocation to figures.
 *
 * Percentiles of several threads cannot be put together exactly from each
 * one's: their mean is taken, weighted by how often each thread waited; the
 * longest is the longest of all.
 */
#include "lab/contend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"

double
wr_contend_jain(const double *shares, size_t n)
{
    double sum = 0;
    double squares = 0;

    for (size_t i = 0; i < n; i++) {
        sum += shares[i];
        squares += shares[i] * shares[i];
    }
    return n < 2 || !(squares > 0) ? NAN : sum * sum / ((double)n * squares);
}

/* The role of a thread of an account; "" for none. */
static const char *
role_of(const json_t *thread)
{
    return wr_catalog_text(thread, "role", "");
}

static bool
is_worker(const json_t *thread)
{
    return json_is_integer(json_object_get(thread, "worker"));
}

/* Whether a worker counts; role NULL: every one does. */
static bool
counts(const json_t *thread, const char *role)
{
    return is_worker(thread) &&
           (role == NULL || strcmp(role_of(thread), role) == 0);
}

static bool
has_role(const json_t *threads, const char *role)
{
    size_t i;
    json_t *thread;

    json_array_foreach(threads, i, thread)
    {
        if (counts(thread, role)) {
            return true;
        }
    }
    return false;
}

/* p50, p99, p99.9 and the longest of `field`, in us, over some threads. */
static void
spread(const json_t *threads, const char *role, const char *field,
       double out[4])
{
    static const char *const names[] = {"p50", "p99", "p999"};
    double total = 0;
    size_t i;
    json_t *thread;

    for (size_t k = 0; k < 4; k++) {
        out[k] = 0;
    }
    json_array_foreach(threads, i, thread)
    {
        const json_t *one = json_object_get(thread, field);
        double count = wr_record_number(one, "count");

        if (!counts(thread, role) || !(count > 0)) {
            continue;
        }
        total += count;
        for (size_t k = 0; k < 3; k++) {
            out[k] += count * wr_record_number(one, names[k]) / 1e3;
        }
        out[3] = fmax(out[3], wr_record_number(one, "max") / 1e3);
    }
    for (size_t k = 0; k < 4; k++) {
        out[k] = total > 0 ? (k < 3 ? out[k] / total : out[k]) : NAN;
    }
}

/* The sum of a field over some threads; 0 when none has it. */
static double
sum(const json_t *threads, const char *role, const char *field)
{
    double total = 0;
    size_t i;
    json_t *thread;

    json_array_foreach(threads, i, thread)
    {
        double value = wr_record_number(thread, field);

        if (counts(thread, role) && isfinite(value)) {
            total += value;
        }
    }
    return total;
}

static double
fairness(const json_t *threads, const char *role)
{
    double *ops = wr_lab_alloc(json_array_size(threads) * sizeof(double));
    size_t n = 0;
    double jain;
    size_t i;
    json_t *thread;

    json_array_foreach(threads, i, thread)
    {
        double value = wr_record_number(thread, "ops");

        if (counts(thread, role) && isfinite(value)) {
            ops[n++] = value;
        }
    }
    jain = wr_contend_jain(ops, n);
    free(ops);
    return jain;
}

/* --- threads -------------------------------------------------------------- */

/* The worker's index; the number of workers for any other thread. */
static size_t
index_of(const struct wr_side *side, const json_t *thread)
{
    const json_t *worker = json_object_get(thread, "worker");

    if (!json_is_integer(worker) || json_integer_value(worker) < 0 ||
        (size_t)json_integer_value(worker) >= side->nworkers) {
        return side->nworkers;
    }
    return (size_t)json_integer_value(worker);
}

static void
make_workers(struct wr_side *side, size_t n)
{
    side->nworkers = n;
    side->workers = wr_lab_alloc(n * sizeof(struct wr_contender));
    side->handoffs = wr_lab_alloc((n + 1) * (n + 1) * sizeof(double));
}

static void
nothing(struct wr_figures *figures)
{
    for (size_t i = 0; i < WR_FIGURES; i++) {
        figures->of[i] = NAN;
    }
}

static void
keep_thread(struct wr_contender *worker, const json_t *thread, double wall_s)
{
    static const char *const states[] = {"running", "waiting", "stopped",
                                         "blocked"};
    json_t *alone = json_pack("[O]", thread);
    const json_t *times = json_object_get(thread, "state_ns");
    double ops = wr_record_number(thread, "ops");
    struct wr_figures *figures;
    double *of;

    worker->samples = wr_lab_grow(worker->samples,
                                  (worker->n + 1) * sizeof(struct wr_figures));
    figures = &worker->samples[worker->n++];
    nothing(figures);
    of = figures->of;
    snprintf(worker->role, sizeof(worker->role), "%s", role_of(thread));
    spread(alone, NULL, "wait_ns", &of[WR_WAIT_P50]);
    spread(alone, NULL, "hold_ns", &of[WR_HOLD_P50]);
    spread(alone, NULL, "latency_ns", &of[WR_LATENCY_P50]);
    of[WR_OPS_PER_S] = ops / wall_s;
    of[WR_HANDOFFS] = wr_record_number(thread, "handoffs");
    of[WR_HANDOFFS_PER_S] = of[WR_HANDOFFS] / wall_s;
    for (size_t i = 0; ops > 0 && i < 4; i++) {
        of[WR_RUNNING + i] = wr_record_number(times, states[i]) / ops / 1e3;
    }
    if (ops > 0) {
        of[WR_OFF_CPU] = wr_record_number(thread, "ready_ns") / ops / 1e3;
    }
    json_decref(alone);
}

static void
keep_handoffs(struct wr_side *side, const json_t *account)
{
    const json_t *threads = json_object_get(account, "threads");
    const json_t *rows = json_object_get(account, "handoffs");
    size_t from;
    size_t to;
    json_t *row;
    json_t *count;

    json_array_foreach(rows, from, row)
    {
        json_array_foreach(row, to, count)
        {
            size_t a = index_of(side, json_array_get(threads, from));
            size_t b = index_of(side, json_array_get(threads, to));

            side->handoffs[a * (side->nworkers + 1) + b] +=
                json_number_value(count);
        }
    }
}

/* --- the whole ------------------------------------------------------------ */

static void
whole(const json_t *record, const json_t *account, double *of)
{
    const json_t *threads = json_object_get(account, "threads");
    double wall_s = wr_record_number(record, "wall_s");
    bool io = has_role(threads, "io");
    bool cpu = has_role(threads, "cpu");
    double cheated = sum(threads, "cheater", "ops");

    spread(threads, io ? "io" : NULL, "wait_ns", &of[WR_WAIT_P50]);
    spread(threads, NULL, "hold_ns", &of[WR_HOLD_P50]);
    spread(threads, NULL, "latency_ns", &of[WR_LATENCY_P50]);
    of[WR_OPS_PER_S] = wr_record_number(record, "ops") / wall_s;
    if (io) {
        of[WR_REQUESTS_PER_S] = sum(threads, "io", "ops") / wall_s;
    }
    if (cpu) {
        of[WR_CPU_OPS_PER_S] = sum(threads, "cpu", "ops") / wall_s;
    }
    if (cpu || !io) {
        of[WR_JAIN] = fairness(threads, cpu ? "cpu" : NULL);
    }
    if (has_role(threads, "cheater") && sum(threads, NULL, "ops") > 0) {
        of[WR_SHARE] = cheated / sum(threads, NULL, "ops");
    }
    of[WR_HANDOFFS] = sum(threads, NULL, "handoffs");
    of[WR_HANDOFFS_PER_S] = of[WR_HANDOFFS] / wall_s;
    of[WR_SWITCHES] = wr_record_number(account, "context_switches");
    of[WR_SWITCHES_PER_S] = of[WR_SWITCHES] / wall_s;
}

void
wr_contend_keep(struct wr_side *side, const json_t *record)
{
    const json_t *account = json_object_get(record, "account");
    const json_t *threads = json_object_get(account, "threads");
    struct wr_figures *figures;
    size_t i;
    json_t *thread;

    if (side->n == 0) {
        size_t n = 0;

        json_array_foreach(threads, i, thread)
        {
            n += is_worker(thread);
        }
        make_workers(side, n);
    }
    side->samples =
        wr_lab_grow(side->samples, (side->n + 1) * sizeof(struct wr_figures));
    figures = &side->samples[side->n++];
    nothing(figures);
    whole(record, account, figures->of);
    wr_contend_keep_stops(side, account, figures->of);
    keep_handoffs(side, account);
    json_array_foreach(threads, i, thread)
    {
        size_t k = index_of(side, thread);

        if (k < side->nworkers) {
            keep_thread(&side->workers[k], thread,
                        wr_record_number(record, "wall_s"));
        }
    }
}
