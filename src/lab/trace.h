/* SPDX-License-Identifier: MIT */
/*
 * lab/trace.h - timelines in the trace-event format, which Perfetto and
 * chrome://tracing open.
 *
 * A process is one invocation, a track one thread of it: slices say what it was
 * doing, arrows from whom it got the lock, a counter how many wait.  Stops of
 * the world and collections have a track of their own below the thread's, since
 * a collection may begin in one slice and end in another.  Each process begins
 * at 0.  Events are kept as numbers and written one by one.
 */
#ifndef WR_LAB_TRACE_H
#define WR_LAB_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum wr_trace_kind {
    WR_TRACE_STATE,
    WR_TRACE_QUEUE,
    WR_TRACE_HANDOFF,
    WR_TRACE_STOP_BEGIN,
    WR_TRACE_STOP_WORLD,
    WR_TRACE_STOP_END,
    WR_TRACE_GC_BEGIN,
    WR_TRACE_GC_END
};

/* States, as values of WR_TRACE_STATE. */
enum wr_trace_state {
    WR_TRACE_RUNNING,
    WR_TRACE_WAITING,
    WR_TRACE_STOPPED,
    WR_TRACE_BLOCKED
};

struct wr_trace_event {
    uint64_t ns;
    uint64_t value;
    uint32_t thread;
    enum wr_trace_kind kind;
};

struct wr_trace {
    FILE *out;
    bool any;
    uint64_t flows;
    uint64_t written;
};

/* Begin and end the document; the file stays the caller's, who asks ferror()
 * whether it was written. */
void wr_trace_open(struct wr_trace *trace, FILE *out);
void wr_trace_close(struct wr_trace *trace);

/* Name a process, and a thread of it.  pid > 0. */
void wr_trace_process(struct wr_trace *trace, int pid, const char *name);
void wr_trace_thread(struct wr_trace *trace, int pid, uint32_t thread,
                     const char *name);

/*
 * Write the events of a process, sorted by time.  They come thread by thread,
 * each thread's in the order of time.  With `complete` the last state of each
 * thread lasts until the last event of all; without, when events were lost, it
 * is left out.
 */
void wr_trace_events(struct wr_trace *trace, int pid,
                     const struct wr_trace_event *events, size_t n,
                     bool complete);

/* Read a file of a cell's events, one JSON object a line.  Returns an array of
 * *n, to be freed; NULL when a line is none. */
struct wr_trace_event *wr_trace_read(FILE *in, size_t *n);

#endif
