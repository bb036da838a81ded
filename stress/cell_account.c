/* SPDX-License-Identifier: MIT */
/*
 * stress/cell_account.c - where the threads' time went, as JSON.
 */
#include "config.h"

#include "cell_account.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <weir/account.h>

/* The records of stops that are kept. */
#define STOPS_MAX 1024u

bool
wr_cell_account_init(struct wr_cell_account *account, uint32_t workers)
{
    account->threads = calloc(workers, sizeof(uint32_t));
    account->workers = workers;
    account->switches = 0;
    return account->threads != NULL;
}

void
wr_cell_account_free(struct wr_cell_account *account)
{
    free(account->threads);
    account->threads = NULL;
}

void
wr_cell_account_note(struct wr_cell_account *account, uint32_t worker)
{
    account->threads[worker] = weir_account_self();
}

static int64_t
context_switches(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return 0;
    }
    return (int64_t)usage.ru_nvcsw + (int64_t)usage.ru_nivcsw;
}

void
wr_cell_account_begin(struct wr_cell_account *account)
{
    account->switches = context_switches();
}

static void
set_count(json_t *object, const char *field, uint64_t value)
{
    (void)json_object_set_new(object, field, json_integer((json_int_t)value));
}

static json_t *
spread_json(const weir_spread *spread)
{
    json_t *object = json_object();

    set_count(object, "count", spread->count);
    set_count(object, "sum", spread->sum);
    set_count(object, "p50", spread->p50);
    set_count(object, "p90", spread->p90);
    set_count(object, "p99", spread->p99);
    set_count(object, "p999", spread->p999);
    set_count(object, "max", spread->max);
    return object;
}

/* null where no request was answered. */
static json_t *
latency_json(const struct weir_worker_latency *latency)
{
    json_t *object;

    if (latency->count == 0) {
        return json_null();
    }
    object = json_object();
    set_count(object, "count", latency->count);
    set_count(object, "p50", latency->p50);
    set_count(object, "p90", latency->p90);
    set_count(object, "p99", latency->p99);
    set_count(object, "p999", latency->p999);
    set_count(object, "max", latency->max);
    return object;
}

/* What the program knows of a thread; all null if it is none of its own. */
static void
add_worker(json_t *object, const struct wr_cell_account *account,
           const struct weir_run *run, uint32_t thread)
{
    const struct weir_worker *worker = NULL;

    for (uint32_t i = 0; i < account->workers; i++) {
        if (account->threads[i] == thread) {
            worker = &run->workers[i];
        }
    }
    if (worker == NULL) {
        (void)json_object_set_new(object, "worker", json_null());
        (void)json_object_set_new(object, "role", json_null());
        (void)json_object_set_new(object, "ops", json_null());
        (void)json_object_set_new(object, "latency_ns", json_null());
        return;
    }
    set_count(object, "worker", worker->index);
    (void)json_object_set_new(object, "role",
                              worker->role == NULL ? json_null()
                                                   : json_string(worker->role));
    set_count(object, "ops", worker->ops);
    (void)json_object_set_new(object, "latency_ns",
                              latency_json(&worker->latency));
}

static json_t *
states_json(const uint64_t ns[WEIR_STATES])
{
    json_t *object = json_object();

    set_count(object, "running", ns[WEIR_STATE_RUNNING]);
    set_count(object, "waiting", ns[WEIR_STATE_WAITING]);
    set_count(object, "stopped", ns[WEIR_STATE_STOPPED]);
    set_count(object, "blocked", ns[WEIR_STATE_BLOCKED]);
    return object;
}

static json_t *
thread_json(const struct wr_cell_account *account, const struct weir_run *run,
            const weir_thread_account *thread)
{
    json_t *object = json_object();

    set_count(object, "thread", thread->thread);
    add_worker(object, account, run, thread->thread);
    set_count(object, "acquisitions", thread->acquisitions);
    set_count(object, "uncontended", thread->uncontended);
    set_count(object, "handoffs", thread->handoffs);
    set_count(object, "reacquired", thread->reacquired);
    set_count(object, "yields", thread->yields);
    set_count(object, "releases", thread->releases);
    set_count(object, "drop_requests", thread->drop_requests);
    (void)json_object_set_new(object, "wait_ns", spread_json(&thread->wait));
    (void)json_object_set_new(object, "hold_ns", spread_json(&thread->hold));
    (void)json_object_set_new(object, "queue", spread_json(&thread->queue));
    (void)json_object_set_new(object, "arrival_ns",
                              spread_json(&thread->arrival));
    (void)json_object_set_new(object, "state_ns",
                              states_json(thread->state_ns));
    set_count(object, "cpu_ns", thread->cpu_ns);
    set_count(object, "ready_ns", thread->ready_ns);
    return object;
}

/* Rows and columns in the order of the threads, of a matrix of records. */
static json_t *
matrix_json(const weir_thread_account *threads, size_t n,
            const uint64_t *matrix, size_t side)
{
    json_t *rows = json_array();

    for (size_t from = 0; from < n; from++) {
        json_t *row = json_array();
        const uint64_t *of = matrix + (threads[from].thread - 1) * side;

        for (size_t to = 0; to < n; to++) {
            uint64_t count = of[threads[to].thread - 1];

            (void)json_array_append_new(row, json_integer((json_int_t)count));
        }
        (void)json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *
handoffs_json(const weir_thread_account *threads, size_t n)
{
    size_t side = 0;
    uint64_t *matrix;
    json_t *rows = NULL;

    for (size_t i = 0; i < n; i++) {
        side = threads[i].thread > side ? threads[i].thread : side;
    }
    matrix = calloc(side * side + 1, sizeof(uint64_t));
    if (matrix != NULL && weir_account_handoffs(matrix, side) == 0) {
        rows = matrix_json(threads, n, matrix, side);
    }
    free(matrix);
    return rows;
}

/* "symbol+0x12"; "file+0x12" where the address belongs to no symbol that the
 * linker kept; null where it belongs to no file. */
static json_t *
place_json(const void *place)
{
    const char *address = place;
    const char *name;
    const char *base;
    const char *slash;
    Dl_info info;
    char text[160];

    if (place == NULL || dladdr(place, &info) == 0) {
        return json_null();
    }
    name = info.dli_sname;
    base = info.dli_saddr;
    if (name == NULL || base == NULL) {
        name = info.dli_fname == NULL ? "?" : info.dli_fname;
        slash = strrchr(name, '/');
        name = slash == NULL ? name : slash + 1;
        base = info.dli_fbase;
    }
    snprintf(text, sizeof(text), "%.120s+0x%zx", name,
             (size_t)(address - base));
    return json_string(text);
}

static json_t *
stop_json(const weir_stop_record *stop)
{
    json_t *object = json_object();
    json_t *last = json_array();

    set_count(object, "stopper", stop->stopper);
    set_count(object, "asked", stop->asked);
    set_count(object, "begin_ns", stop->begin_ns);
    set_count(object, "arrival_ns", stop->arrival_ns);
    set_count(object, "work_ns", stop->work_ns);
    set_count(object, "resume_ns", stop->resume_ns);
    for (unsigned i = 0; i < stop->late && i < WEIR_ARRIVALS; i++) {
        json_t *arrival = json_object();

        set_count(arrival, "thread", stop->last[i].thread);
        set_count(arrival, "ns", stop->last[i].ns);
        (void)json_object_set_new(arrival, "place",
                                  place_json(stop->last[i].place));
        (void)json_array_append_new(last, arrival);
    }
    (void)json_object_set_new(object, "last", last);
    return object;
}

/* The records of the last stops; *total is how many stops there were. */
static json_t *
stops_json(int64_t *total)
{
    weir_stop_record *stops = calloc(STOPS_MAX, sizeof(weir_stop_record));
    json_t *list = NULL;

    *total = stops == NULL ? -1 : weir_account_stops(stops, STOPS_MAX);
    if (*total >= 0) {
        list = json_array();
        for (int64_t i = 0; i < *total && i < (int64_t)STOPS_MAX; i++) {
            (void)json_array_append_new(list, stop_json(&stops[i]));
        }
    }
    free(stops);
    return list;
}

/* All threads, in an array to be freed; *n is how many. */
static weir_thread_account *
read_threads(size_t *n)
{
    int64_t count = weir_account_threads(NULL, 0);
    weir_thread_account *threads;

    if (count < 0) {
        return NULL;
    }
    threads = calloc((size_t)count + 1, sizeof(weir_thread_account));
    if (threads != NULL &&
        weir_account_threads(threads, (size_t)count) != count) {
        free(threads);
        return NULL;
    }
    *n = (size_t)count;
    return threads;
}

static json_t *
threads_json(const struct wr_cell_account *account, const struct weir_run *run,
             const weir_thread_account *threads, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list,
                                    thread_json(account, run, &threads[i]));
    }
    return list;
}

/* Counts only: the visitor that looks at nothing. */
static int
pass_by(const weir_event *event, void *context)
{
    (void)event;
    (void)context;
    return 0;
}

/* How many events did not fit; null when none are kept. */
static json_t *
lost_json(void)
{
    uint64_t lost = 0;

    if (weir_account_events(pass_by, NULL, &lost) != 0) {
        return json_null();
    }
    return json_integer((json_int_t)lost);
}

json_t *
wr_cell_account_json(const struct wr_cell_account *account,
                     const struct weir_run *run)
{
    int64_t switches = context_switches() - account->switches;
    json_t *object = NULL;
    json_t *handoffs;
    json_t *stops;
    int64_t total;
    size_t n;
    weir_thread_account *threads = read_threads(&n);

    if (threads == NULL) {
        return NULL;
    }
    handoffs = handoffs_json(threads, n);
    stops = stops_json(&total);
    if (handoffs != NULL && stops != NULL) {
        object = json_pack("{s:o, s:O, s:O, s:I, s:o, s:I}", "threads",
                           threads_json(account, run, threads, n), "handoffs",
                           handoffs, "stops", stops, "stops_total",
                           (json_int_t)total, "events_lost", lost_json(),
                           "context_switches", (json_int_t)switches);
    }
    json_decref(handoffs);
    json_decref(stops);
    free(threads);
    return object;
}

/* One line of the events' file; nothing in it needs quoting. */
static int
write_event(const weir_event *event, void *context)
{
    static const char *const kinds[] = {
        [WEIR_EVENT_STATE] = "state",
        [WEIR_EVENT_QUEUE] = "queue",
        [WEIR_EVENT_HANDOFF] = "handoff",
        [WEIR_EVENT_STOP_BEGIN] = "stop-begin",
        [WEIR_EVENT_STOP_WORLD] = "stop-world",
        [WEIR_EVENT_STOP_END] = "stop-end",
        [WEIR_EVENT_GC_BEGIN] = "gc-begin",
        [WEIR_EVENT_GC_END] = "gc-end",
    };
    static const char *const states[] = {
        [WEIR_STATE_RUNNING] = "running",
        [WEIR_STATE_WAITING] = "waiting",
        [WEIR_STATE_STOPPED] = "stopped",
        [WEIR_STATE_BLOCKED] = "blocked",
    };
    FILE *out = context;

    if (event->kind >= sizeof(kinds) / sizeof(kinds[0])) {
        return 0;
    }
    fprintf(out, "{\"thread\":%" PRIu32 ",\"ns\":%" PRIu64 ",\"kind\":\"%s\",",
            event->thread, event->ns, kinds[event->kind]);
    if (event->kind == WEIR_EVENT_STATE && event->value < WEIR_STATES) {
        fprintf(out, "\"value\":\"%s\"}\n", states[event->value]);
    } else {
        fprintf(out, "\"value\":%" PRIu64 "}\n", event->value);
    }
    return ferror(out) ? 1 : 0;
}

int
wr_cell_account_write_events(FILE *out)
{
    int error = weir_account_events(write_event, out, NULL);

    return error == 0 && fflush(out) != 0 ? 1 : error;
}
