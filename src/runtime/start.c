/* SPDX-License-Identifier: MIT */
/*
 * runtime/start.c - bring the floors up in order, take them down in reverse.
 *
 * Starting and stopping is rare and done by one thread at a time under
 * [lock: lock]; everything else may rely on what it set up.  What happens
 * between deciding to stop and taking the floors down is in stop.c.
 */
#include "runtime/start.h"

#include "base/mutex.h"
#include "collect/collect.h"
#include "heap/heap.h"
#include "kinds/kinds.h"
#include "object/immortal.h"
#include "object/site.h"
#include "object/type.h"
#include "object/weak.h"
#include "runtime/error.h"
#include "runtime/handle.h"
#include "runtime/stop.h"
#include "thread/thread.h"

#include <weir/runtime.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static struct wr_mutex lock = WR_MUTEX_INIT(WR_RANK_RUNTIME);

/*
 *        weir_start()         weir_stop(), _full()
 *   DOWN -------------> UP ----------------------> ENDING
 *    ^                  |                             |
 *    |                  +-> OVER                      | all given back
 *    |                  weir_stop_fast()              |
 *    +------------------------------------------------+
 */
enum { DOWN = 0, UP = 1, ENDING = 2, OVER = 3 };

/* [atomic: read by any thread acquire; written under lock, release, but for
 * the two ways out of UP, which are a CAS acq_rel] */
static uint32_t state;

static bool
sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return true;
#endif
#endif
    return false;
}

void
weir_config_init(weir_config *config)
{
    if (config == NULL) {
        return;
    }
    memset(config, 0, sizeof(*config));
    config->size = sizeof(*config);
    config->checker = sanitized();
}

/* An unsigned decimal number in the environment; true when absent or good. */
static bool
number_from(const char *name, uint64_t *value)
{
    const char *text = getenv(name);
    char *end;
    unsigned long long number;

    if (text == NULL) {
        return true;
    }
    errno = 0;
    number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        return false;
    }
    *value = number;
    return true;
}

/* "0" or "1" in the environment; true when absent or good. */
static bool
switch_from(const char *name, bool *value)
{
    const char *text = getenv(name);

    if (text == NULL) {
        return true;
    }
    if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0) {
        return false;
    }
    *value = text[0] == '1';
    return true;
}

static bool
read_environment(weir_config *config)
{
    const char *policy = getenv("WEIR_LOCK_POLICY");

    if (policy != NULL) {
        config->lock_policy = policy;
    }
    return number_from("WEIR_SWITCH_INTERVAL_US",
                       &config->switch_interval_us) &&
           number_from("WEIR_HEAP_BYTES", &config->heap_bytes) &&
           number_from("WEIR_LATE_US", &config->late_us) &&
           switch_from("WEIR_GIL", &config->gil) &&
           switch_from("WEIR_CHECKER", &config->checker);
}

static int
start_heap(const weir_config *config)
{
    struct wr_heap_config heap = {
        .gc_bytes = (size_t)config->heap_bytes,
        .other_bytes = (size_t)config->heap_bytes,
        .checker = config->checker,
        .grace = wr_cfg_parallel,
    };

    return wr_heap_start(&heap);
}

static int
start_threads(const weir_config *config)
{
    struct wr_thread_config threads = {
        .policy = config->lock_policy,
        .interval_us = config->switch_interval_us,
        .gil_on = !wr_cfg_parallel || config->gil,
        .late_ns = config->late_us * 1000,
        .late_named = config->late_us != 0,
        .account = config->account,
        .account_events = config->account_events,
    };

    return wr_threads_start(&threads);
}

/* Bring the floors up; on failure take down what came up. */
static int
start_floors(const weir_config *config)
{
    int error = start_heap(config);

    if (error != 0) {
        return error;
    }
    wr_sites_start();
    error = wr_types_start();
    if (error != 0) {
        goto out_immortal;
    }
    wr_weak_start();
    error = start_threads(config);
    if (error != 0) {
        goto out_types;
    }
    error = weir_attach();
    if (error != 0) {
        goto out_threads;
    }
    error = wr_kinds_start(config->hash_seed);
    if (error != 0) {
        goto out_threads;
    }
    error = wr_collect_start();
    if (error != 0) {
        goto out_kinds;
    }
    wr_handle_start();
    wr_collect_set_roots(wr_handle_each_stw);
    wr_unraisable_reset();
    if (config->gc_disabled) {
        (void)weir_gc_disable();
    }
    wr_threads_open();
    return 0;
out_kinds:
    wr_kinds_stop();
out_threads:
    wr_threads_stop();
out_types:
    wr_weak_stop();
    wr_types_stop();
out_immortal:
    wr_immortal_stop();
    wr_sites_stop();
    wr_heap_stop();
    return error;
}

int
weir_start_(const weir_config *given, int flavour, int debug, int abi)
{
    weir_config config;
    int error;

    if (flavour != WR_FLAVOUR_ID || debug != WEIR_DEBUG ||
        abi != WEIR_ABI_VERSION) {
        return WEIR_EABI;
    }
    weir_config_init(&config);
    if (given != NULL) {
        if (given->size != sizeof(config)) {
            return WEIR_EINVAL;
        }
        config = *given;
    }
    if (!read_environment(&config)) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&lock);
    error = WEIR_ESTATE;
    if (wr_load_relaxed(&state) == DOWN) {
        error = start_floors(&config);
        if (error == 0) {
            wr_store_release(&state, (uint32_t)UP);
        }
    }
    wr_mutex_unlock(&lock);
    return error;
}

/* Why the runtime cannot end now, or 0. */
static int
check_stop_locked(void)
{
    uint32_t now = wr_load_acquire(&state);

    if (!weir_attached() || now == DOWN || now == OVER) {
        return WEIR_ESTATE;
    }
    if (now == ENDING || wr_self()->finalizer_depth != 0 ||
        wr_self()->dealloc_active || wr_collect_running()) {
        /* Who called the finalizer or the callback comes back to the heap. */
        return WEIR_EBUSY;
    }
    return wr_threads_close();
}

int
wr_runtime_close(void)
{
    int error;

    wr_mutex_lock(&lock);
    error = check_stop_locked();
    if (error == 0) {
        uint32_t expected = UP;

        if (!wr_cas_acq_rel(&state, &expected, (uint32_t)ENDING)) {
            /* weir_stop_fast() was quicker. */
            error = WEIR_ESTATE;
        }
    }
    wr_mutex_unlock(&lock);
    return error;
}

void
wr_runtime_down(void)
{
    wr_mutex_lock(&lock);
    WEIR_ASSERT(wr_load_relaxed(&state) == ENDING);
    wr_handle_stop();
    wr_collect_stop();
    wr_kinds_stop();
    wr_threads_stop();
    wr_weak_stop();
    wr_types_stop();
    wr_immortal_stop();
    wr_sites_stop();
    wr_heap_stop();
    wr_store_release(&state, (uint32_t)DOWN);
    wr_mutex_unlock(&lock);
}

int
wr_runtime_leave(void)
{
    uint32_t expected = UP;

    if (wr_cas_acq_rel(&state, &expected, (uint32_t)OVER)) {
        return WEIR_OK;
    }
    return expected == ENDING ? WEIR_EBUSY : WEIR_ESTATE;
}

bool
weir_running(void)
{
    uint32_t now = wr_load_acquire(&state);

    return now == UP || now == ENDING;
}

const char *
weir_flavour(void)
{
    return WR_FLAVOUR_NAME;
}

const char *
weir_version(void)
{
    return PACKAGE_VERSION;
}

int
weir_debug_level(void)
{
    return WEIR_DEBUG;
}

void
wr_start_fork_lock(void)
{
    wr_mutex_fork_lock(&lock);
}

void
wr_start_fork_unlock(void)
{
    wr_mutex_fork_unlock(&lock);
}
