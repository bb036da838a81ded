/* SPDX-License-Identifier: MIT */
/*
 * lab/trace.c - timelines in the trace-event format.
 */
#include "lab/trace.h"

#include <stdlib.h>

#include <jansson.h>

#include "lab/say.h"

/* Where the track of a thread's stops and collections lies: no process of the
 * lab has so many threads. */
#define PAUSES 100000u

/* What is written: slices with a length, points without. */
enum what { SLICE, COUNTER, FLOW_START, FLOW_END };

struct item {
    uint64_t ns;
    uint64_t length;
    uint64_t value;
    const char *name;
    uint32_t track;
    enum what what;
};

struct items {
    struct item *at;
    size_t n;
};

static const char *const state_names[] = {"running", "waiting", "stopped",
                                          "blocked"};
/* --- from events to slices ------------------------------------------------ */

static struct item *
add(struct items *items, struct item item)
{
    items->at[items->n] = item;
    return &items->at[items->n++];
}

/* The slices of one thread that are open; indices, SIZE_MAX: none. */
struct open {
    size_t state;
    size_t gc;
    size_t stop;
    size_t part;
};

/* End a slice at `ns`. */
static void
end_slice(struct items *items, size_t *open, uint64_t ns)
{
    if (*open != SIZE_MAX) {
        items->at[*open].length = ns - items->at[*open].ns;
        *open = SIZE_MAX;
    }
}

static size_t
begin_slice(struct items *items, const struct wr_trace_event *event,
            uint32_t track, const char *name)
{
    (void)add(items, (struct item){.ns = event->ns,
                                   .length = UINT64_MAX,
                                   .value = event->value,
                                   .name = name,
                                   .track = track,
                                   .what = SLICE});
    return items->n - 1;
}

/* Stops and collections: a slice each, and the two parts of a stop in it. */
static void
add_pause(struct items *items, struct open *open,
          const struct wr_trace_event *event)
{
    uint32_t track = event->thread + PAUSES;

    switch (event->kind) {
    case WR_TRACE_GC_BEGIN:
        open->gc = begin_slice(items, event, track, "collection");
        break;
    case WR_TRACE_GC_END:
        end_slice(items, &open->gc, event->ns);
        break;
    case WR_TRACE_STOP_BEGIN:
        open->stop = begin_slice(items, event, track, "stop of the world");
        open->part = begin_slice(items, event, track, "arriving");
        break;
    case WR_TRACE_STOP_WORLD:
        end_slice(items, &open->part, event->ns);
        open->part = begin_slice(items, event, track, "the world stands");
        break;
    case WR_TRACE_STOP_END:
        end_slice(items, &open->part, event->ns);
        end_slice(items, &open->stop, event->ns);
        break;
    case WR_TRACE_STATE:
    case WR_TRACE_QUEUE:
    case WR_TRACE_HANDOFF:
        break;
    }
}

/* Everything but arrows. */
static void
add_slices(struct items *items, const struct wr_trace_event *events, size_t n,
           uint64_t last)
{
    const struct open none = {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};
    struct open open = none;

    for (size_t i = 0; i < n; i++) {
        const struct wr_trace_event *event = &events[i];

        if (i > 0 && event->thread != events[i - 1].thread) {
            if (last > 0) {
                end_slice(items, &open.state, last);
            }
            open = none;
        }
        if (event->kind == WR_TRACE_STATE) {
            end_slice(items, &open.state, event->ns);
            open.state = begin_slice(items, event, event->thread,
                                     state_names[event->value]);
        } else if (event->kind == WR_TRACE_QUEUE) {
            (void)add(items, (struct item){.ns = event->ns,
                                           .value = event->value,
                                           .what = COUNTER});
        } else {
            add_pause(items, &open, event);
        }
    }
    if (last > 0) {
        end_slice(items, &open.state, last);
    }
}

static int
by_track(const void *left, const void *right)
{
    const struct item *a = left;
    const struct item *b = right;

    return a->track != b->track ? (a->track > b->track) - (a->track < b->track)
                                : (a->ns > b->ns) - (a->ns < b->ns);
}

/* By time; of those that begin together the longest first, then points, so
 * that what encloses comes before what is in it. */
static int
by_time(const void *left, const void *right)
{
    const struct item *a = left;
    const struct item *b = right;

    if (a->ns != b->ns) {
        return (a->ns > b->ns) - (a->ns < b->ns);
    }
    if (a->what != b->what) {
        return (a->what > b->what) - (a->what < b->what);
    }
    return (a->length < b->length) - (a->length > b->length);
}

/* The slices in which some thread runs, by thread and time. */
static struct items
running_slices(const struct items *items)
{
    struct items running = {
        .at = wr_lab_alloc((items->n + 1) * sizeof(struct item))};

    for (size_t i = 0; i < items->n; i++) {
        if (items->at[i].name == state_names[WR_TRACE_RUNNING]) {
            (void)add(&running, items->at[i]);
        }
    }
    qsort(running.at, running.n, sizeof(struct item), by_track);
    return running;
}

/* The last slice in which `thread` ran that began before `ns`; NULL: none. */
static const struct item *
ran_before(const struct items *running, uint32_t thread, uint64_t ns)
{
    size_t low = 0;
    size_t high = running->n;

    /* Ends: the distance halves. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct item *slice = &running->at[middle];

        if (slice->track < thread ||
            (slice->track == thread && slice->ns < ns)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && running->at[low - 1].track == thread
               ? &running->at[low - 1]
               : NULL;
}

/*
 * An arrow from the end of the slice in which the former holder ran to where
 * the next one has the lock.  A point at the very end of a slice would belong
 * to the next one, so it is a nanosecond earlier.
 */
static void
add_arrows(struct wr_trace *trace, struct items *items,
           const struct wr_trace_event *events, size_t n)
{
    struct items running = running_slices(items);

    for (size_t i = 0; i < n; i++) {
        const struct wr_trace_event *event = &events[i];
        const struct item *from =
            event->kind == WR_TRACE_HANDOFF
                ? ran_before(&running, (uint32_t)event->value, event->ns)
                : NULL;
        struct item item = {.name = "handoff", .what = FLOW_START};

        if (from == NULL) {
            continue;
        }
        item.value = ++trace->flows;
        item.track = from->track;
        item.ns = event->ns - 1;
        if (from->length < UINT64_MAX && from->ns + from->length <= item.ns) {
            item.ns = from->ns + from->length - (from->length > 0);
        }
        (void)add(items, item);
        item.what = FLOW_END;
        item.track = event->thread;
        item.ns = event->ns;
        (void)add(items, item);
    }
    free(running.at);
}

/* --- writing -------------------------------------------------------------- */

/* Begin an event: the fields that all have. */
static void
begin(struct wr_trace *trace, char phase, int pid)
{
    fprintf(trace->out, "%s\n{\"ph\":\"%c\",\"pid\":%d", trace->any ? "," : "",
            phase, pid);
    trace->any = true;
}

/* Nanoseconds as microseconds with three decimals. */
static void
put_time(struct wr_trace *trace, const char *field, uint64_t ns)
{
    fprintf(trace->out, ",\"%s\":%llu.%03llu", field,
            (unsigned long long)(ns / 1000), (unsigned long long)(ns % 1000));
}

static void
put_name(struct wr_trace *trace, int pid, uint32_t tid, const char *what,
         const char *name)
{
    json_t *text = json_string(name);

    begin(trace, 'M', pid);
    fprintf(trace->out, ",\"tid\":%u,\"name\":\"%s\",\"args\":{\"name\":", tid,
            what);
    (void)json_dumpf(text, trace->out, JSON_ENCODE_ANY);
    fputs("}}", trace->out);
    json_decref(text);
}

static void
put_order(struct wr_trace *trace, int pid, uint32_t tid, uint32_t order)
{
    begin(trace, 'M', pid);
    fprintf(trace->out,
            ",\"tid\":%u,\"name\":\"thread_sort_index\",\"args\":{"
            "\"sort_index\":%u}}",
            tid, order);
}

static void
put_item(struct wr_trace *trace, int pid, const struct item *item,
         uint64_t start)
{
    static const char phases[] = {'X', 'C', 's', 'f'};
    unsigned long long value = item->value;

    begin(trace, phases[item->what], pid);
    put_time(trace, "ts", item->ns - start);
    if (item->what == COUNTER) {
        fprintf(trace->out,
                ",\"name\":\"waiting for the lock\",\"args\":{\"threads\":"
                "%llu}}",
                value);
        return;
    }
    fprintf(trace->out, ",\"tid\":%u,\"name\":\"%s\",\"cat\":\"%s\"",
            item->track, item->name,
            item->what != SLICE     ? "lock"
            : item->track >= PAUSES ? "pause"
                                    : "state");
    if (item->what == SLICE) {
        put_time(trace, "dur", item->length);
    } else {
        fprintf(trace->out, ",\"id\":%llu%s", value,
                item->what == FLOW_END ? ",\"bp\":\"e\"" : "");
    }
    fputc('}', trace->out);
}

void
wr_trace_open(struct wr_trace *trace, FILE *out)
{
    *trace = (struct wr_trace){.out = out};
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
}

void
wr_trace_close(struct wr_trace *trace)
{
    fputs("\n]}\n", trace->out);
}

void
wr_trace_process(struct wr_trace *trace, int pid, const char *name)
{
    put_name(trace, pid, 0, "process_name", name);
}

void
wr_trace_thread(struct wr_trace *trace, int pid, uint32_t thread,
                const char *name)
{
    char *pauses = wr_lab_print("%s: stops, collections", name);

    put_name(trace, pid, thread, "thread_name", name);
    put_order(trace, pid, thread, 2 * thread);
    put_name(trace, pid, thread + PAUSES, "thread_name", pauses);
    put_order(trace, pid, thread + PAUSES, 2 * thread + 1);
    free(pauses);
}

void
wr_trace_events(struct wr_trace *trace, int pid,
                const struct wr_trace_event *events, size_t n, bool complete)
{
    struct items items = {.at =
                              wr_lab_alloc((2 * n + 1) * sizeof(struct item))};
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;

    for (size_t i = 0; i < n; i++) {
        first = events[i].ns < first ? events[i].ns : first;
        last = events[i].ns > last ? events[i].ns : last;
    }
    add_slices(&items, events, n, complete ? last : 0);
    add_arrows(trace, &items, events, n);
    qsort(items.at, items.n, sizeof(struct item), by_time);
    for (size_t i = 0; i < items.n; i++) {
        /* What never ended is left out. */
        if (items.at[i].length != UINT64_MAX) {
            put_item(trace, pid, &items.at[i], first);
            trace->written++;
        }
    }
    free(items.at);
}
