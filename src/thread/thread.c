/* SPDX-License-Identifier: MIT */
/*
 * thread/thread.c - registering, attaching, detaching, and exiting.
 *
 * The one idea: a record belongs to the runtime, not to the thread.  A thread
 * finds its own through a thread-local pointer, which is only valid for the
 * run of the runtime it was made in, and gives it back when it exits.
 *
 * The runtime may stop whenever no other thread is inside.  So a thread comes
 * in, and gives a record back, under wr_world.lock, and going out is its last
 * touch of the record [inv:thread.inside].
 *
 * While attached, weir_self_ points to the record; while detached, to
 * wr_thread_none, so that inlined code needs no test of its own.
 */
#include "thread/thread.h"

#include "base/mem.h"
#include "heap/heap.h"
#include "thread/account.h"
#include "thread/late.h"
#include "thread/state.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { LEVELS = 64 };

struct wr_thread wr_thread_none = {
    .pub.pending = WR_PENDING_DETACHED,
};

__thread struct weir_thread_pub *weir_self_
    __attribute__((tls_model("initial-exec"))) = &wr_thread_none.pub;

/* [owner] this thread's record, and the run it is of */
static __thread struct wr_thread *own;
static __thread uint64_t own_run;

/* [owner] own->nest is not 0: only now may *own be looked at */
static __thread bool inside;

/* [owner] this thread starts the runtime and may attach before the others */
static __thread bool starting;

/* [lock: wr_world.lock] counts the starts */
static uint64_t run;

/* [const] while running; gives records of exited threads back */
static pthread_key_t exit_key;

/* How late is late, unless configured. */
#define DEFAULT_LATE_NS UINT64_C(1000000000)

/* What a new record needs, as it was when the runtime was seen open; it may
 * stop by now. */
struct needs {
    bool locked;
    bool account;
    uint32_t events;
};

/* A fresh record, on a cache line of its own; NULL without memory. */
static struct wr_thread *
record_new(const struct needs *needs)
{
    size_t align = _Alignof(struct wr_thread);
    char *block = wr_mem_calloc(1, sizeof(struct wr_thread) + align);
    struct wr_thread *t;

    if (block == NULL) {
        return NULL;
    }
    t = (struct wr_thread *)(void *)(block + align - (uintptr_t)block % align);
    t->block = block;
    wr_parker_init(&t->parker);
    if (needs->locked) {
        t->lock_counts = wr_mem_calloc(1, sizeof(*t->lock_counts));
        if (t->lock_counts == NULL) {
            wr_mem_free(block);
            return NULL;
        }
    }
    if (needs->account) {
        t->account = wr_account_new(needs->events);
        if (t->account == NULL) {
            wr_mem_free(t->lock_counts);
            wr_mem_free(block);
            return NULL;
        }
    }
    return t;
}

static void
record_free(struct wr_thread *t)
{
    wr_account_free(t->account);
    wr_mem_free(t->lock_counts);
    wr_mem_free(t->block);
}

/* The runtime is there for this thread, the same as when it last looked. */
static bool
is_open_locked(void)
{
    return own_run == run && (!wr_world.closed || starting);
}

/*
 * Come in: claim the thread's own record, or a spare one.  NULL: *error says
 * why there can be none, 0 that a new one is wanted.
 */
static struct wr_thread *
claim_locked(int *error)
{
    struct wr_thread *t;

    if (own_run != run) {
        own = NULL;
        own_run = run;
    }
    *error = is_open_locked() ? 0 : WEIR_ESTATE;
    if (*error != 0) {
        return NULL;
    }
    t = own;
    if (t == NULL && wr_world.spare != NULL) {
        t = wr_world.spare;
        wr_world.spare = t->spare_next;
        wr_world.used++;
        t->used = true;
    }
    if (t != NULL) {
        wr_store_relaxed(&t->nest, 1u);
    } else if (wr_world.records == WR_THREAD_ID_MAX) {
        *error = WEIR_ELIMIT;
    }
    return t;
}

/* Come in with a new record.  During a stop it begins suspended. */
static int
publish_locked(struct wr_thread *t)
{
    if (!is_open_locked()) {
        return WEIR_ESTATE;
    }
    if (wr_world.records == WR_THREAD_ID_MAX) {
        return WEIR_ELIMIT;
    }
    t->id = (uint16_t)++wr_world.records;
    t->used = true;
    t->nest = 1;
    t->next = wr_world.threads;
    t->state = WR_DETACHED;
    if (!wr_lock_on() && wr_world_stopped()) {
        t->state = WR_SUSPENDED;
    }
    t->pub.pending = wr_world.inherited;
    wr_world.used++;
    /* A stopper may be walking the list.  [pair:threads/rel] */
    wr_store_release(&wr_world.threads, t);
    return 0;
}

/* Find or make a record for the calling thread, which is inside then. */
static int
record_get(struct wr_thread **out)
{
    struct needs needs = {.locked = false};
    struct wr_thread *t;
    int error;

    wr_mutex_lock(&wr_world.lock);
    t = claim_locked(&error);
    if (error == 0) {
        needs.locked = wr_lock_on();
        needs.account = wr_account_on();
        needs.events = wr_account_room();
    }
    wr_mutex_unlock(&wr_world.lock);
    if (t == NULL && error == 0) {
        t = record_new(&needs);
        if (t == NULL) {
            return WEIR_ENOMEM;
        }
        wr_mutex_lock(&wr_world.lock);
        error = publish_locked(t);
        wr_mutex_unlock(&wr_world.lock);
        if (error != 0) {
            record_free(t);
        }
    }
    if (error == 0) {
        *out = t;
    }
    return error;
}

void
wr_thread_retire_locked(struct wr_thread *t)
{
    t->error = 0;
    t->blocking = 0;
    t->dying = NULL;
    t->finalizer_depth = 0;
    t->dealloc_active = false;
    wr_store_relaxed(&t->nest, 0u);
    t->used = false;
    t->spare_next = wr_world.spare;
    wr_world.spare = t;
}

/*
 * Go out and give the record of a detached thread back, unless it went with
 * its run.  It keeps id, heap and state: a stop that is under way has counted
 * on it.
 */
static void
record_put(struct wr_thread *t)
{
    wr_mutex_lock(&wr_world.lock);
    if (is_open_locked()) {
        WEIR_ASSERT(t->used);
        WEIR_ASSERT(!t->stop.counted);
        if (t->account != NULL) {
            wr_account_end(t);
        }
        wr_thread_retire_locked(t);
        wr_world.used--;
    }
    wr_mutex_unlock(&wr_world.lock);
}

/* The key's destructor: the thread exits, attached or not. */
static void
thread_exits(void *record)
{
    struct wr_thread *self = record;

    if (own != self) {
        return;
    }
    weir_self_ = &wr_thread_none.pub;
    if (inside && wr_load_relaxed(&self->state) == WR_ATTACHED) {
        wr_reclaim_leave_at_exit();
        wr_state_detach_outside(self);
    }
    own = NULL;
    inside = false;
    record_put(self);
}

/* Come in, detached still. */
static int
enter(struct wr_thread **out)
{
    struct wr_thread *t = NULL;
    int error = record_get(&t);

    if (error != 0) {
        return error;
    }
    if (own == NULL && pthread_setspecific(exit_key, t) != 0) {
        record_put(t);
        return WEIR_ENOMEM;
    }
    if (own == NULL) {
        wr_store_relaxed(&t->tid, (uint32_t)gettid());
    }
    if (own == NULL && t->account != NULL) {
        wr_account_begin(t);
    }
    own = t;
    inside = true;
    *out = t;
    return 0;
}

/* The first attach of a new record: now that it may, it gets a heap. */
static int
give_heap(struct wr_thread *self)
{
    if (self->heap == NULL) {
        self->heap = wr_heap_new(&self->pub.pending);
    }
    return self->heap != NULL ? 0 : WEIR_ENOMEM;
}

static void
forget_self(struct wr_thread *self)
{
    own = NULL;
    inside = false;
    (void)pthread_setspecific(exit_key, NULL);
    record_put(self);
}

/* A blocking section was begun at this level of nesting and not ended. */
static bool
is_open(const struct wr_thread *self, uint32_t level)
{
    return level < LEVELS && ((self->blocking >> level) & 1) != 0;
}

/* The outermost weir_attach(). */
static int
attach_first(void)
{
    struct wr_thread *self = NULL;
    int error = enter(&self);

    if (error != 0) {
        return error;
    }
    wr_state_attach(self, WR_LOCK_FIRST);
    error = give_heap(self);
    if (wr_unlikely(error != 0)) {
        wr_state_detach(self);
        forget_self(self);
        return error;
    }
    weir_self_ = &self->pub;
    return 0;
}

int
weir_attach(void)
{
    struct wr_thread *self = own;
    uint32_t nest;

    if (!inside) {
        return attach_first();
    }
    nest = self->nest;
    if (nest == UINT32_MAX) {
        return WEIR_ELIMIT;
    }
    wr_store_relaxed(&self->nest, nest + 1);
    if (is_open(self, nest)) {
        wr_state_attach(self, WR_LOCK_FIRST);
        weir_self_ = &self->pub;
    }
    return 0;
}

int
weir_detach(void)
{
    struct wr_thread *self = own;
    uint32_t nest;

    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    /* [inv:thread.inside] */
    WEIR_ASSERT(inside && self->nest != 0);
    nest = self->nest - 1;
    if (nest == 0 || is_open(self, nest)) {
        weir_self_ = &wr_thread_none.pub;
        wr_state_detach(self);
    }
    inside = nest != 0;
    /* The last touch: at 0 the record may go with the runtime.
     * [pair:nest/rel] */
    wr_store_release(&self->nest, nest);
    return 0;
}

int
weir_blocking_begin(void)
{
    struct wr_thread *self = own;

    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    if (self->nest >= LEVELS) {
        return WEIR_ELIMIT;
    }
    self->blocking |= UINT64_C(1) << self->nest;
    weir_self_ = &wr_thread_none.pub;
    wr_state_detach(self);
    return 0;
}

int
weir_blocking_end(void)
{
    struct wr_thread *self = own;

    if (!inside || !is_open(self, self->nest)) {
        return WEIR_ESTATE;
    }
    wr_state_attach(self, WR_LOCK_RETURN);
    self->blocking &= ~(UINT64_C(1) << self->nest);
    weir_self_ = &self->pub;
    return 0;
}

bool
weir_attached(void)
{
    return weir_self_ != &wr_thread_none.pub;
}

void
wr_thread_detach_fast(struct wr_thread *self)
{
    wr_state_detach(self);
}

void
wr_thread_attach_fast(struct wr_thread *self)
{
    wr_state_attach(self, WR_LOCK_RETURN);
}

int
wr_threads_start(const struct wr_thread_config *config)
{
    int error = wr_account_start(config->account, config->account_events);

    if (error != 0) {
        return error;
    }
    error = wr_lock_start(config);
    if (error != 0) {
        wr_account_stop();
        return error;
    }
    if (pthread_key_create(&exit_key, thread_exits) != 0) {
        wr_lock_stop();
        wr_account_stop();
        return WEIR_ENOMEM;
    }
    wr_mutex_lock(&wr_world.lock);
    WEIR_CHECK(wr_world.closed);
    WEIR_CHECK(wr_world.threads == NULL);
    memset(&wr_world.stats, 0, sizeof(wr_world.stats));
    wr_world.inherited = 0;
    wr_world.late_named = config->late_named;
    wr_world.late_ns = config->late_ns != 0 ? config->late_ns : DEFAULT_LATE_NS;
    wr_reclaim_start();
    run++;
    wr_mutex_unlock(&wr_world.lock);
    starting = true;
    if (config->late_named) {
        wr_late_prepare();
    }
    return 0;
}

void
wr_threads_open(void)
{
    starting = false;
    wr_mutex_lock(&wr_world.lock);
    wr_world.closed = false;
    wr_mutex_unlock(&wr_world.lock);
}

/* True if t is, or is about to be, inside the runtime.  [pair:nest/acq] */
static bool
is_busy(const struct wr_thread *t)
{
    return t->used && wr_load_acquire(&t->nest) != 0;
}

int
wr_threads_close(void)
{
    struct wr_thread *self = wr_self();
    int error = 0;

    wr_mutex_lock(&wr_world.lock);
    for (struct wr_thread *t = wr_world.threads; t != NULL; t = t->next) {
        if (t != self && is_busy(t)) {
            error = WEIR_EBUSY;
        }
    }
    if (wr_world.stopper != NULL) {
        error = WEIR_EBUSY;
    }
    wr_world.closed = error == 0;
    wr_mutex_unlock(&wr_world.lock);
    return error;
}

void
wr_threads_shut(void)
{
    wr_mutex_lock(&wr_world.lock);
    wr_world.closed = true;
    wr_mutex_unlock(&wr_world.lock);
}

void
wr_threads_stop(void)
{
    struct wr_thread *t;
    struct wr_thread *next;

    if (weir_attached()) {
        struct wr_thread *self = wr_self();

        weir_self_ = &wr_thread_none.pub;
        own = NULL;
        inside = false;
        wr_state_detach(self);
    }
    starting = false;
    wr_reclaim_stop();
    (void)pthread_key_delete(exit_key);
    for (t = wr_world.threads; t != NULL; t = next) {
        next = t->next;
        wr_heap_abandon(t->heap);
        record_free(t);
    }
    wr_store_relaxed(&wr_world.threads, (struct wr_thread *)NULL);
    wr_world.spare = NULL;
    wr_world.used = 0;
    wr_world.records = 0;
    wr_lock_stop();
    wr_account_stop();
}

unsigned
wr_threads_count(void)
{
    unsigned used;

    wr_mutex_lock(&wr_world.lock);
    used = wr_world.used;
    wr_mutex_unlock(&wr_world.lock);
    return used;
}
