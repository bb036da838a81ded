/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/convoy.c - threads that wait beside threads that compute.
 *
 * The classic trouble of a global lock: a thread that needs it often and
 * shortly queues up behind those that never let go by themselves.  Each I/O
 * thread sends a request to another process (helper.h), waits outside the
 * runtime for the answer and works on it shortly; the CPU threads compute.
 *
 * The loop is open: request k is due at the start + k * think, whatever became
 * of the one before, and its latency counts from then.  Counted from when it
 * was sent, a thread that is kept waiting would send less and look fast.  With
 * think=0 the loop is closed, for comparison with those who measure so.
 */
#include "programs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/histogram.h"
#include "helper.h"
#include "units.h"
#include "work.h"

enum { IO, CPU, THINK, WORK, MS };

static const struct weir_program_param params[] = {
    [IO] = {.name = "io",
            .initial = "1",
            .unit = "threads",
            .help = "threads that wait for answers and work shortly",
            .min = 0,
            .max = WR_HELPER_MAX},
    [CPU] = {.name = "cpu",
             .initial = "1",
             .unit = "threads",
             .help = "threads that compute",
             .min = 0,
             .max = 8},
    [THINK] = {.name = "think",
               .initial = "200",
               .unit = "microseconds",
               .help = "from one request to the next; 0: as soon as the last "
                       "one is done",
               .min = 0,
               .max = 1000000},
    [WORK] = {.name = "work",
              .initial = "20",
              .unit = "microseconds",
              .help = "work on an answer, as long as it takes a thread alone",
              .min = 0,
              .max = 1000000},
    [MS] = {.name = "ms",
            .initial = "2000",
            .unit = "milliseconds",
            .help = "how long all threads go on",
            .min = 1,
            .max = 3600000},
    {.name = NULL},
};

struct convoy { /* SHARED */
    /* [const] */
    struct wr_helper helper;
    uint32_t io;
    uint64_t think_ns;
    uint64_t length_ns;

    /* [const] units of work on an answer */
    uint64_t units;

    /* [atomic: cas relaxed by the first thread that works; read relaxed] the
     * clock then; 0: none does yet */
    uint64_t start_ns;
};

/* One thread's. */
struct rider {
    struct wr_units units;
    uint64_t sent;
    struct wr_histogram latency;
};

static uint32_t
threads(const struct weir_program_value *values)
{
    return (uint32_t)(values[IO].number + values[CPU].number);
}

static int
setup(struct weir_run *run)
{
    struct convoy *convoy = calloc(1, sizeof(struct convoy));
    uint64_t work_ns = (uint64_t)run->params[WORK].number * 1000;
    uint64_t sample_ns;
    int error;

    run->data = convoy;
    if (convoy == NULL) {
        return WEIR_ENOMEM;
    }
    convoy->io = (uint32_t)run->params[IO].number;
    convoy->think_ns = (uint64_t)run->params[THINK].number * 1000;
    convoy->length_ns = (uint64_t)run->params[MS].number * 1000000;
    error = wr_units_measure(&sample_ns);
    if (error == WEIR_PROGRAM_FAILED) {
        return weir_program_fail(run, "a unit of work was lost");
    }
    if (error != 0) {
        return error;
    }
    convoy->units = (work_ns * WR_UNITS_SAMPLE + sample_ns - 1) / sample_ns;
    if (convoy->io > 0 && !wr_helper_start(&convoy->helper, convoy->io)) {
        return weir_program_fail(run, "the helper process cannot be started");
    }
    return 0;
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    const struct convoy *convoy = run->data;
    struct rider *rider = calloc(1, sizeof(struct rider));

    worker->data = rider;
    worker->role = worker->index < convoy->io ? "io" : "cpu";
    if (rider == NULL) {
        return WEIR_ENOMEM;
    }
    /* Otherwise a sleep ends up to fifty microseconds late. */
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    return wr_units_make(&rider->units);
}

/* When all began: the moment at which the first of them did. */
static uint64_t
common_start(struct convoy *convoy)
{
    uint64_t none = 0;

    (void)weir_cas_relaxed(&convoy->start_ns, &none, wr_clock_ns());
    return weir_load_relaxed(&convoy->start_ns);
}

/* No sleep when it is past that time. */
static void
sleep_until(uint64_t ns)
{
    struct timespec until = {.tv_sec = (time_t)(ns / 1000000000),
                             .tv_nsec = (long)(ns % 1000000000)};

    while (wr_clock_ns() < ns && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
                                                 &until, NULL) == EINTR) {
        /* A signal; the time has not come. */
    }
}

/* One request that is due at a certain time; 0: at once. */
static int
request(const struct convoy *convoy, struct rider *rider,
        struct weir_worker *worker, uint64_t due)
{
    unsigned char byte = (unsigned char)rider->sent;
    unsigned char back = 0;
    bool answered;
    int error = 0;

    (void)weir_blocking_begin();
    if (due != 0) {
        sleep_until(due);
    } else {
        due = wr_clock_ns();
    }
    answered = wr_helper_ask(&convoy->helper, worker->index, byte, &back);
    (void)weir_blocking_end();
    if (!answered) {
        return weir_worker_fail(worker, "a request was not answered");
    }
    if (back != byte) {
        return weir_worker_fail(worker, "an answer was wrong");
    }
    rider->sent++;
    for (uint64_t i = 0; i < convoy->units && error == 0; i++) {
        error = wr_units_do(&rider->units);
    }
    wr_histogram_record(&rider->latency, wr_clock_ns() - due);
    return error;
}

static void
note_latency(const struct rider *rider, struct weir_worker *worker)
{
    const struct wr_histogram *latency = &rider->latency;

    worker->latency = (struct weir_worker_latency){
        .count = wr_histogram_count(latency),
        .p50 = wr_histogram_percentile(latency, 50),
        .p90 = wr_histogram_percentile(latency, 90),
        .p99 = wr_histogram_percentile(latency, 99),
        .p999 = wr_histogram_percentile(latency, 99.9),
        .max = wr_histogram_max(latency),
    };
}

/* Requests until the time is over; none begins after that. */
static int
answer_requests(const struct convoy *convoy, struct rider *rider,
                struct weir_worker *worker, uint64_t start)
{
    uint64_t deadline = start + convoy->length_ns;
    uint64_t due = convoy->think_ns > 0 ? start : 0;
    int error = 0;

    while (error == 0 && due < deadline && wr_clock_ns() < deadline) {
        error = request(convoy, rider, worker, due);
        due += convoy->think_ns;
    }
    if (error == 0) {
        (void)weir_blocking_begin();
        sleep_until(deadline);
        (void)weir_blocking_end();
    }
    worker->ops = rider->sent;
    note_latency(rider, worker);
    return error;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    struct convoy *convoy = run->data;
    struct rider *rider = worker->data;
    uint64_t start = common_start(convoy);
    int error;

    if (worker->index < convoy->io) {
        return answer_requests(convoy, rider, worker, start);
    }
    error = wr_units_until(&rider->units, start + convoy->length_ns);
    worker->ops = rider->units.done;
    return error;
}

static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    struct rider *rider = worker->data;
    bool right = true;

    (void)run;
    if (rider == NULL) {
        return 0;
    }
    if (rider->units.list != NULL) {
        right = wr_units_right(&rider->units);
        worker->checksum = wr_units_checksum(&rider->units);
        wr_units_drop(&rider->units);
    }
    free(rider);
    worker->data = NULL;
    return right ? 0 : weir_worker_fail(worker, "a unit of work was lost");
}

static int
check(struct weir_run *run)
{
    const struct convoy *convoy = run->data;

    for (uint32_t i = 0; i < run->threads; i++) {
        uint64_t ops = run->workers[i].ops;

        if (i < convoy->io && !wr_helper_agrees(&convoy->helper, i, ops)) {
            return weir_program_fail(run, "requests were lost or doubled");
        }
        if (i >= convoy->io && ops == 0) {
            return weir_program_fail(run, "a thread has done nothing");
        }
    }
    return wr_work_sum_checksums(run);
}

static void
teardown(struct weir_run *run)
{
    struct convoy *convoy = run->data;

    if (convoy != NULL) {
        wr_helper_stop(&convoy->helper);
        free(convoy);
    }
}

WEIR_PROGRAM_NAMED(
    wr_program_convoy, .name = "convoy",
    .summary = "threads that wait for answers beside threads that compute",
    .help =
        "Models a server that computes meanwhile.  An I/O thread sends a "
        "request to another\nprocess, waits for the answer outside the "
        "runtime and works on it; its operation is\na request.  A CPU thread "
        "computes; its operation is a unit of about 100 ns.  Takes\nio + cpu "
        "threads.  Latency counts from when a request was due to the end of "
        "the\nwork on it; with think=0 from when it was sent.\nChecked: "
        "every answer, that both sides counted as many, and every unit.",
    .params = params, .flags = WEIR_PROGRAM_TIMED,
    .threads_max = WR_HELPER_MAX + 8, .setup = setup, .prepare = prepare,
    .work = work, .settle = settle, .check = check, .teardown = teardown,
    .threads = threads);
