/* SPDX-License-Identifier: MIT */
/*
 * thread/thread.c - registering, attaching, detaching, and exiting.
 *
 * The one idea: a record belongs to the runtime, not to the thread.  A thread
 * finds its own through a thread-local pointer, which is only valid for the
 * run of the runtime it was made in, and gives it back when it exits.
 *
 * While attached, weir_self_ points to the record; while detached, to
 * wr_thread_none, so that inlined code needs no test of its own.
 */
#include "thread/thread.h"

#include "base/mem.h"
#include "heap/heap.h"
#include "thread/state.h"

#include <pthread.h>
#include <string.h>

enum { LEVELS = 64 };

struct wr_thread wr_thread_none = {
    .pub.pending = WR_PENDING_DETACHED,
};

__thread struct weir_thread_pub *weir_self_
    __attribute__((tls_model("initial-exec"))) = &wr_thread_none.pub;

/* [owner] this thread's record, and the run it is of */
static __thread struct wr_thread *own;
static __thread uint64_t own_run;

/* [atomic: start and stop write release; anyone reads acquire] counts the
 * starts; even: not running */
static uint64_t run;

/* [const] while running; gives records of exited threads back */
static pthread_key_t exit_key;

/* How late is late, unless configured. */
#define DEFAULT_LATE_NS UINT64_C(1000000000)

/*
 * A fresh record, on a cache line of its own; NULL without memory.
 */
static struct wr_thread *
record_new(void)
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
    if (wr_lock_on()) {
        t->lock_counts = wr_mem_calloc(1, sizeof(*t->lock_counts));
        if (t->lock_counts == NULL) {
            wr_mem_free(block);
            return NULL;
        }
    }
    return t;
}

static void
record_free(struct wr_thread *t)
{
    wr_mem_free(t->lock_counts);
    wr_mem_free(t->block);
}

/* A spare record, or NULL; *error says why there can be none at all. */
static struct wr_thread *
take_spare_locked(int *error)
{
    struct wr_thread *t = wr_world.spare;

    *error = 0;
    if (wr_world.closed) {
        *error = WEIR_ESTATE;
        return NULL;
    }
    if (t == NULL) {
        if (wr_world.records == WR_THREAD_ID_MAX) {
            *error = WEIR_ELIMIT;
        }
        return NULL;
    }
    wr_world.spare = t->spare_next;
    wr_world.used++;
    t->used = true;
    return t;
}

/* Make a new record known.  During a stop it begins suspended. */
static int
publish_locked(struct wr_thread *t)
{
    if (wr_world.closed) {
        return WEIR_ESTATE;
    }
    if (wr_world.records == WR_THREAD_ID_MAX) {
        return WEIR_ELIMIT;
    }
    t->id = (uint16_t)++wr_world.records;
    t->used = true;
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

/* Find or make a record for the calling thread. */
static int
record_get(struct wr_thread **out)
{
    struct wr_thread *t;
    int error;

    wr_mutex_lock(&wr_world.lock);
    t = take_spare_locked(&error);
    wr_mutex_unlock(&wr_world.lock);
    if (t == NULL && error == 0) {
        t = record_new();
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

/*
 * Give the record of a detached thread back.  It keeps id, heap and state:
 * a stop that is under way has counted on it.
 */
static void
record_put(struct wr_thread *t)
{
    t->error = 0;
    t->blocking = 0;
    wr_mutex_lock(&wr_world.lock);
    WEIR_ASSERT(t->used);
    WEIR_ASSERT(!t->stop.counted);
    t->used = false;
    t->spare_next = wr_world.spare;
    wr_world.spare = t;
    wr_world.used--;
    wr_mutex_unlock(&wr_world.lock);
}

/* The key's destructor: the thread exits, attached or not. */
static void
thread_exits(void *record)
{
    struct wr_thread *self = record;

    if (own != self || own_run != wr_load_acquire(&run)) {
        return;
    }
    weir_self_ = &wr_thread_none.pub;
    own = NULL;
    if (wr_load_relaxed(&self->state) == WR_ATTACHED) {
        wr_reclaim_leave_at_exit();
        wr_state_detach_outside(self);
    }
    wr_store_relaxed(&self->nest, 0u);
    record_put(self);
}

/* The calling thread's record for this run, or NULL. */
static struct wr_thread *
own_record(void)
{
    uint64_t now = wr_load_acquire(&run);

    return own != NULL && own_run == now && (now & 1) != 0 ? own : NULL;
}

static int
register_self(struct wr_thread **out)
{
    uint64_t now = wr_load_acquire(&run);
    struct wr_thread *t = NULL;
    int error;

    if ((now & 1) == 0) {
        return WEIR_ESTATE;
    }
    error = record_get(&t);
    if (error != 0) {
        return error;
    }
    if (pthread_setspecific(exit_key, t) != 0) {
        record_put(t);
        return WEIR_ENOMEM;
    }
    own = t;
    own_run = now;
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
    (void)pthread_setspecific(exit_key, NULL);
    record_put(self);
}

/* A blocking section was begun at this level of nesting and not ended. */
static bool
is_open(const struct wr_thread *self, uint32_t level)
{
    return level < LEVELS && ((self->blocking >> level) & 1) != 0;
}

int
weir_attach(void)
{
    struct wr_thread *self = own_record();
    int error;

    if (self == NULL) {
        error = register_self(&self);
        if (error != 0) {
            return error;
        }
    }
    if (self->nest != 0 && !is_open(self, self->nest)) {
        if (self->nest == UINT32_MAX) {
            return WEIR_ELIMIT;
        }
        wr_store_relaxed(&self->nest, self->nest + 1);
        return 0;
    }
    wr_store_relaxed(&self->nest, self->nest + 1);
    wr_state_attach(self, WR_LOCK_FIRST);
    error = give_heap(self);
    if (wr_unlikely(error != 0)) {
        wr_store_relaxed(&self->nest, self->nest - 1);
        wr_state_detach(self);
        forget_self(self);
        return error;
    }
    weir_self_ = &self->pub;
    return 0;
}

int
weir_detach(void)
{
    struct wr_thread *self = own_record();

    if (self == NULL || self->nest == 0 || is_open(self, self->nest)) {
        return WEIR_ESTATE;
    }
    wr_store_relaxed(&self->nest, self->nest - 1);
    if (self->nest == 0 || is_open(self, self->nest)) {
        weir_self_ = &wr_thread_none.pub;
        wr_state_detach(self);
    }
    return 0;
}

int
weir_blocking_begin(void)
{
    struct wr_thread *self = own_record();

    if (self == NULL || self->nest == 0 || is_open(self, self->nest)) {
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
    struct wr_thread *self = own_record();

    if (self == NULL || !is_open(self, self->nest)) {
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
    uint64_t now = wr_load_relaxed(&run);
    int error;

    WEIR_CHECK((now & 1) == 0);
    error = wr_lock_start(config);
    if (error != 0) {
        return error;
    }
    if (pthread_key_create(&exit_key, thread_exits) != 0) {
        wr_lock_stop();
        return WEIR_ENOMEM;
    }
    WEIR_CHECK(wr_world.threads == NULL);
    memset(&wr_world.stats, 0, sizeof(wr_world.stats));
    wr_world.closed = false;
    wr_world.inherited = 0;
    wr_world.late_ns = config->late_ns != 0 ? config->late_ns : DEFAULT_LATE_NS;
    wr_reclaim_start();
    wr_store_release(&run, now + 1);
    return 0;
}

/* True if t is, or is about to be, inside the runtime. */
static bool
is_busy(const struct wr_thread *t)
{
    return t->used && (wr_load_relaxed(&t->nest) != 0 ||
                       wr_load_acquire(&t->state) == WR_ATTACHED);
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
wr_threads_stop(void)
{
    struct wr_thread *t;
    struct wr_thread *next;

    if (weir_attached()) {
        struct wr_thread *self = wr_self();

        weir_self_ = &wr_thread_none.pub;
        own = NULL;
        wr_store_relaxed(&self->nest, 0u);
        wr_state_detach(self);
    }
    wr_reclaim_stop();
    wr_store_release(&run, wr_load_relaxed(&run) + 1);
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
