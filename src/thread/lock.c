/* SPDX-License-Identifier: MIT */
/*
 * thread/lock.c - the global lock: set-up, figures, and what is common to the
 * slow paths of all policies.
 *
 * Figures are per thread and written while holding the lock, so the holder
 * may read everybody's.  The fast path counts acquisitions and reads no clock;
 * a hold is timed only when it began on a slow path.
 */
#include "thread/lock.h"

#include "base/clock.h"
#include "base/probe.h"
#include "thread/account.h"
#include "thread/state.h"

#include <string.h>

struct wr_lock wr_lock = {
    .mutex = WR_MUTEX_INIT(WR_RANK_GIL),
    .interval_ns = WR_LOCK_DEFAULT_INTERVAL_US * 1000,
};

extern const struct wr_lock_policy wr_lock_policy_barging;
extern const struct wr_lock_policy wr_lock_policy_boost;
extern const struct wr_lock_policy wr_lock_policy_cpython;
extern const struct wr_lock_policy wr_lock_policy_fifo;

/* [const] while the runtime runs */
static const struct wr_lock_policy *policies[] = {
    &wr_lock_policy_boost,
    &wr_lock_policy_cpython,
    &wr_lock_policy_fifo,
    &wr_lock_policy_barging,
    NULL, /* wr_lock_add_policy() */
    NULL,
};

enum { POLICIES = sizeof(policies) / sizeof(policies[0]) };

const struct wr_lock_policy *const *
wr_lock_policies(void)
{
    return policies;
}

const struct wr_lock_policy *
wr_lock_find_policy(const char *name)
{
    for (size_t i = 0; policies[i] != NULL; i++) {
        if (strcmp(policies[i]->name, name) == 0) {
            return policies[i];
        }
    }
    return NULL;
}

void
wr_lock_add_policy(const struct wr_lock_policy *policy)
{
    policies[POLICIES - 2] = policy;
}

int
wr_lock_start(const struct wr_thread_config *config)
{
    const char *name = config->policy;
    const struct wr_lock_policy *policy =
        wr_lock_find_policy(name != NULL ? name : WR_LOCK_DEFAULT_POLICY);
    uint64_t us = config->interval_us;

    if (policy == NULL || us > WR_LOCK_MAX_INTERVAL_US) {
        return WEIR_EINVAL;
    }
    if (us == 0) {
        us = WR_LOCK_DEFAULT_INTERVAL_US;
    }
    if (policy->start != NULL && policy->start() != 0) {
        return WEIR_ENOMEM;
    }
    WEIR_ASSERT(wr_load_relaxed(&wr_lock.word) == 0);
    if (policy->reset != NULL) {
        policy->reset();
    }
    wr_lock.policy = policy;
    wr_lock.on = !wr_cfg_parallel || config->gil_on;
    wr_lock.noyield = 0;
    wr_lock.last_holder = NULL;
    wr_lock.switches = 0;
    wr_lock.drop_requests = 0;
    wr_lock.forced_switches = 0;
    wr_store_relaxed(&wr_lock.interval_ns, us * 1000);
    return 0;
}

void
wr_lock_stop(void)
{
    WEIR_CHECK(wr_load_relaxed(&wr_lock.word) == 0);
    WEIR_CHECK(wr_lock.waiting == 0);
    if (wr_lock.policy->stop != NULL) {
        wr_lock.policy->stop();
    }
    wr_lock.policy = NULL;
    wr_lock.on = false;
    wr_lock.last_holder = NULL;
}

/* The hold that ends now, if it is known when it began. */
static void
note_hold(struct wr_thread *self, uint64_t now)
{
    if (self->hold_since_ns != 0 && self->hold_mark == self->lock_fast) {
        wr_histogram_record(&self->lock_counts->hold,
                            now - self->hold_since_ns);
    }
}

static void
note_held(struct wr_thread *self, uint64_t now)
{
    self->hold_since_ns = now;
    self->hold_mark = self->lock_fast;
}

void
wr_lock_acquire_slow(struct wr_thread *self, enum wr_lock_why why)
{
    uint64_t begin = wr_clock_ns();
    uint64_t now;

    WEIR_ASSERT(!wr_mutex_any_held());
    if (self->account != NULL) {
        wr_account_wait_begin(self, false, begin);
    }
    wr_lock.policy->acquire(self, why);
    WEIR_ASSERT(wr_lock_held(self));
    now = wr_clock_ns();
    if (self->account != NULL) {
        wr_account_wait_end(self, begin, now);
    }
    WR_PROBE2(lock_acquire, self->id, now - begin);
    self->lock_counts->slow++;
    wr_histogram_record(&self->lock_counts->wait, now - begin);
    note_held(self, now);
}

void
wr_lock_release_slow(struct wr_thread *self)
{
    WEIR_ASSERT(wr_lock_held(self));
    WEIR_ASSERT(wr_lock.noyield == 0);
    note_hold(self, wr_clock_ns());
    WR_PROBE1(lock_release, self->id);
    wr_lock.policy->release(self);
}

void
wr_lock_yield(struct wr_thread *self)
{
    uint64_t begin = wr_clock_ns();
    uint64_t now;

    WEIR_ASSERT(!wr_mutex_any_held());
    WEIR_ASSERT(wr_lock_held(self));
    if (wr_lock.noyield != 0) {
        return;
    }
    note_hold(self, begin);
    WR_PROBE1(lock_yield, self->id);
    if (self->account != NULL) {
        wr_account_wait_begin(self, true, begin);
    }
    wr_store_relaxed(&self->state, (uint32_t)WR_DETACHED);
    wr_lock.policy->yield(self);
    wr_store_relaxed(&self->state, (uint32_t)WR_ATTACHED);
    now = wr_clock_ns();
    if (self->account != NULL) {
        wr_account_wait_end(self, begin, now);
    }
    WR_PROBE2(lock_acquire, self->id, now - begin);
    self->lock_counts->yields++;
    wr_histogram_record(&self->lock_counts->wait, now - begin);
    note_held(self, now);
}

void
wr_lock_get_stats(struct wr_lock_stats *out)
{
    memset(out, 0, sizeof(*out));
    for (struct wr_thread *t = wr_load_acquire(&wr_world.threads); t != NULL;
         t = t->next) {
        out->acquisitions += wr_load_relaxed(&t->lock_fast);
        if (t->lock_counts == NULL) {
            continue;
        }
        out->acquisitions += t->lock_counts->slow + t->lock_counts->yields;
        out->yields += t->lock_counts->yields;
        wr_histogram_merge(&out->wait, &t->lock_counts->wait);
        wr_histogram_merge(&out->hold, &t->lock_counts->hold);
    }
    wr_mutex_lock(&wr_lock.mutex);
    out->handoffs = wr_lock.switches;
    out->drop_requests = wr_lock.drop_requests;
    out->forced_switches = wr_lock.forced_switches;
    wr_mutex_unlock(&wr_lock.mutex);
}

int
weir_set_switch_interval(uint64_t us)
{
    if (us == 0 || us > WR_LOCK_MAX_INTERVAL_US) {
        return WEIR_EINVAL;
    }
    wr_store_relaxed(&wr_lock.interval_ns, us * 1000);
    return 0;
}

uint64_t
weir_switch_interval(void)
{
    return wr_load_relaxed(&wr_lock.interval_ns) / 1000;
}

const char *
weir_lock_policy(void)
{
    const struct wr_lock_policy *policy = wr_lock.policy;

    return policy != NULL && wr_lock_on() ? policy->name : "none";
}

void
wr_lock_fork_lock(void)
{
    wr_mutex_fork_lock(&wr_lock.mutex);
}

void
wr_lock_fork_unlock(void)
{
    wr_mutex_fork_unlock(&wr_lock.mutex);
}
