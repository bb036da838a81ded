/* SPDX-License-Identifier: MIT */
/*
 * observe/account.c - the accounts that the threads keep, for embedders.
 *
 * Everything is written in thread/account.c; this file walks the records and
 * reads.  Words of threads that run meanwhile are read one by one, so that
 * each is right and they may be of different moments.
 */
#include "base/mutex.h"
#include "thread/account.h"
#include "thread/lock.h"
#include "thread/safepoint.h"

#include <weir/account.h>

#include <string.h>

static bool
is_readable(void)
{
    return weir_attached() && wr_account_on();
}

static void
spread(weir_spread *out, const struct wr_histogram *histogram)
{
    out->count = wr_histogram_count(histogram);
    out->sum = wr_histogram_sum(histogram);
    out->p50 = wr_histogram_percentile(histogram, 50.0);
    out->p90 = wr_histogram_percentile(histogram, 90.0);
    out->p99 = wr_histogram_percentile(histogram, 99.0);
    out->p999 = wr_histogram_percentile(histogram, 99.9);
    out->max = wr_histogram_max(histogram);
}

/* Caller: holds wr_world.lock. */
static void
read_locked(const struct wr_thread *t, weir_thread_account *out)
{
    struct wr_account *a = t->account;

    memset(out, 0, sizeof(*out));
    out->thread = t->id;
    out->attached = t->used;
    out->uncontended = wr_load_relaxed(&a->uncontended);
    out->acquisitions = out->uncontended + wr_load_relaxed(&a->slow);
    out->yields = wr_load_relaxed(&a->yields);
    out->releases = wr_load_relaxed(&a->releases);
    out->drop_requests = wr_load_relaxed(&a->drop_requests);
    spread(&out->wait, &a->wait);
    spread(&out->hold, &a->hold);
    spread(&out->queue, &a->queue);
    spread(&out->arrival, &a->arrival);
    for (int i = 0; i < WEIR_STATES; i++) {
        out->state_ns[i] = wr_load_relaxed(&a->state_ns[i]);
    }
    out->cpu_ns = wr_account_cpu_ns_locked(t);
    out->ready_ns = wr_account_ready_ns_locked(t);
}

/* The record with this number, or NULL.  Caller: holds wr_world.lock. */
static struct wr_thread *
record_locked(unsigned id)
{
    struct wr_thread *t = wr_world.threads;

    /* Records have the numbers from 1 on, the newest first. */
    while (t != NULL && t->id != id) {
        t = t->next;
    }
    return t;
}

int64_t
weir_account_threads(weir_thread_account *out, size_t room)
{
    int64_t n;

    if (out == NULL && room != 0) {
        return WEIR_EINVAL;
    }
    if (!is_readable()) {
        return WEIR_ESTATE;
    }
    wr_mutex_lock(&wr_world.lock);
    n = wr_world.records;
    for (struct wr_thread *t = wr_world.threads; t != NULL; t = t->next) {
        if (t->id <= room) {
            read_locked(t, &out[t->id - 1]);
        }
    }
    wr_mutex_unlock(&wr_world.lock);
    /* What is decided under the lock's own mutex. */
    wr_mutex_lock(&wr_lock.mutex);
    for (struct wr_thread *t = wr_load_acquire(&wr_world.threads); t != NULL;
         t = t->next) {
        if (t->id <= room && t->id <= n) {
            out[t->id - 1].handoffs = t->account->handoffs;
            out[t->id - 1].reacquired = t->account->reacquired;
        }
    }
    wr_mutex_unlock(&wr_lock.mutex);
    return n;
}

uint32_t
weir_account_self(void)
{
    return weir_attached() ? wr_self()->id : 0;
}

int
weir_account_handoffs(uint64_t *out, size_t n)
{
    if (out == NULL) {
        return WEIR_EINVAL;
    }
    if (!is_readable()) {
        return WEIR_ESTATE;
    }
    memset(out, 0, n * n * sizeof(*out));
    wr_mutex_lock(&wr_lock.mutex);
    for (struct wr_thread *t = wr_load_acquire(&wr_world.threads); t != NULL;
         t = t->next) {
        for (size_t from = 0; t->id <= n && from < n && from < WR_ACCOUNT_PEERS;
             from++) {
            out[from * n + t->id - 1] = t->account->from[from];
        }
    }
    wr_mutex_unlock(&wr_lock.mutex);
    return WEIR_OK;
}

/* Hand over one thread's events. */
static int
visit_events(const struct wr_account *a,
             int (*visit)(const weir_event *event, void *context),
             void *context)
{
    /* [pair:account/acq] */
    uint32_t used = wr_load_acquire(&a->used);
    int stop = 0;

    for (uint32_t i = 0; i < used && stop == 0; i++) {
        stop = visit(&a->events[i], context);
    }
    return stop;
}

int
weir_account_events(int (*visit)(const weir_event *event, void *context),
                    void *context, uint64_t *lost)
{
    uint64_t missing = 0;
    unsigned records;
    int stop = 0;

    if (visit == NULL) {
        return WEIR_EINVAL;
    }
    if (!is_readable() || !wr_account_has_events()) {
        return WEIR_ESTATE;
    }
    wr_mutex_lock(&wr_world.lock);
    records = wr_world.records;
    for (unsigned id = 1; id <= records && stop == 0; id++) {
        const struct wr_account *a = record_locked(id)->account;

        missing += wr_load_relaxed(&a->lost);
        stop = visit_events(a, visit, context);
    }
    wr_mutex_unlock(&wr_world.lock);
    if (lost != NULL) {
        *lost = missing;
    }
    return stop;
}

int64_t
weir_account_stops(weir_stop_record *out, size_t room)
{
    uint64_t n;

    if (out == NULL && room != 0) {
        return WEIR_EINVAL;
    }
    if (!is_readable()) {
        return WEIR_ESTATE;
    }
    wr_mutex_lock(&wr_world.lock);
    n = wr_account_stops_locked(out, room);
    wr_mutex_unlock(&wr_world.lock);
    return (int64_t)n;
}
