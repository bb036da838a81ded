/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_trace.c - --trace: one more invocation of each policy and
 * program, as a timeline.
 *
 * It keeps every event, which costs more than figures do; so it is no part of
 * the figures.
 */
#include "lab/contend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/say.h"
#include "lab/text.h"
#include "lab/trace.h"

/* A file for the events of a cell; NULL after one line.  To be freed, and
 * unlinked. */
static char *
make_file(void)
{
    const char *folder = getenv("TMPDIR");
    char *path =
        wr_lab_print("%s/weir-events-XXXXXX",
                     folder == NULL || folder[0] == '\0' ? "/tmp" : folder);
    int fd = mkstemp(path);

    if (fd < 0) {
        wr_say("--trace: cannot make the file %s: %s", path, strerror(errno));
        free(path);
        return NULL;
    }
    (void)close(fd);
    return path;
}

/* Name the process and its threads as the account does. */
static void
name_all(struct wr_trace *trace, const struct wr_contend *contend,
         const struct wr_side *side, int pid, const json_t *account)
{
    char *title = wr_contend_title(&contend->matches[side->match]);
    char *name = wr_lab_print("%s, %s, %llu us", side->cell.name, title,
                              (unsigned long long)side->interval_us);
    size_t i;
    json_t *thread;

    wr_trace_process(trace, pid, name);
    free(name);
    free(title);
    json_array_foreach(json_object_get(account, "threads"), i, thread)
    {
        uint32_t number =
            (uint32_t)json_integer_value(json_object_get(thread, "thread"));
        const json_t *worker = json_object_get(thread, "worker");
        const char *role = wr_catalog_text(thread, "role", "worker");

        name = json_is_integer(worker)
                   ? wr_lab_print("%s %lld", role,
                                  (long long)json_integer_value(worker))
                   : wr_lab_print("thread %u", number);
        wr_trace_thread(trace, pid, number, name);
        free(name);
    }
}

/* Put the events of one invocation into the timeline. */
static bool
add_process(struct wr_trace *trace, const struct wr_contend *contend,
            const struct wr_side *side, int pid, const json_t *record,
            const char *path, uint64_t *lost)
{
    const json_t *account = json_object_get(record, "account");
    json_int_t missing =
        json_integer_value(json_object_get(account, "events_lost"));
    FILE *in = fopen(path, "re");
    size_t n = 0;
    struct wr_trace_event *events = in == NULL ? NULL : wr_trace_read(in, &n);

    if (in != NULL) {
        fclose(in);
    }
    if (events == NULL || n == 0) {
        wr_say("--trace: cell %s wrote no valid events", side->cell.name);
        free(events);
        return false;
    }
    name_all(trace, contend, side, pid, account);
    wr_trace_events(trace, pid, events, n, missing == 0);
    *lost += (uint64_t)missing;
    free(events);
    return true;
}

/* The first shown match of each program; of it, the first interval. */
static bool
is_chosen(const struct wr_contend *contend, const struct wr_side *side)
{
    const struct wr_match *match = &contend->matches[side->match];

    if (match->hidden || side->retired) {
        return false;
    }
    for (size_t i = 0; i < side->match; i++) {
        if (!contend->matches[i].hidden &&
            strcmp(contend->matches[i].program, match->program) == 0) {
            return false;
        }
    }
    return side->interval_us == 0 ||
           side->interval_us == contend->request->intervals[0];
}

static void
say_where(const struct wr_contend *contend, const struct wr_trace *trace,
          int processes, uint64_t lost, FILE *out)
{
    char text[32];

    fprintf(out,
            "\nTimeline: %s, %d process%s, %llu events.  Open it at "
            "https://ui.perfetto.dev\nor in chrome://tracing.\n",
            contend->request->trace, processes, processes == 1 ? "" : "es",
            (unsigned long long)trace->written);
    if (lost > 0) {
        fprintf(out,
                "%s events did not fit: the timeline ends early.  A shorter "
                "run has all of it.\n",
                wr_text_grouped(lost, text, sizeof(text)));
    }
}

/* One process of the timeline; false: stop. */
static bool
trace_side(struct wr_contend *contend, struct wr_trace *trace,
           struct wr_side *side, int *processes, uint64_t *lost)
{
    char *path = make_file();
    json_t *record = NULL;
    bool good;

    if (path == NULL) {
        return false;
    }
    wr_progress_show("timeline: %s, %s", contend->matches[side->match].program,
                     side->cell.name);
    good = wr_contend_once(contend, side, path, *processes + 1, &record);
    if (record != NULL) {
        good =
            add_process(trace, contend, side, ++*processes, record, path, lost);
        json_decref(record);
    }
    (void)unlink(path);
    free(path);
    return good;
}

bool
wr_contend_trace(struct wr_contend *contend, FILE *file, FILE *out)
{
    struct wr_trace trace;
    int processes = 0;
    uint64_t lost = 0;
    bool good = true;

    wr_trace_open(&trace, file);
    for (size_t i = 0; good && i < contend->nsides; i++) {
        struct wr_side *side = &contend->sides[i];

        if (!contend->misused && !contend->interrupted &&
            is_chosen(contend, side)) {
            good = trace_side(contend, &trace, side, &processes, &lost);
        }
    }
    wr_progress_clear();
    wr_trace_close(&trace);
    if (out != NULL && processes > 0) {
        say_where(contend, &trace, processes, lost, out);
    }
    return good || contend->interrupted || contend->misused;
}
