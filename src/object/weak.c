/* SPDX-License-Identifier: MIT */
/*
 * object/weak.c - the table of weak references.
 *
 * Two chains per bucket: those without a callback, of which there is one per
 * target, and those with one, latest made first.  So the one without is found
 * at once, however many with a callback there are.
 *
 * [inv:weak.chained] A weak reference stands in a chain exactly as long as its
 * target is not NULL.
 * [inv:weak.get] Nobody gets a reference to an object that was dead.
 * [inv:weak.called-once] Only what stood in a chain is queued, once, with a
 * reference of the queue's.
 * [inv:weak.detached-first] When anything of an object is dropped or freed, no
 * weak reference names it any more.
 */
#include "object/weak.h"

#include "base/mem.h"
#include "base/mutex.h"
#include "base/plant.h"
#include "object/dealloc.h"

#include <string.h>

enum {
    STRIPES_LOG2 = 6,
    STRIPES = 1 << STRIPES_LOG2,
    /* weak references per bucket before there are more buckets */
    LOAD = 2,
    GROWTH = 4,
    /* with more buckets than this an empty stripe gives them back */
    KEEP = 64
};

struct bucket { /* SHARED */
    /* [lock: stripe] [stw] without a callback */
    struct wr_weak *plain;
    /* [lock: stripe] [stw] with one */
    struct wr_weak *called;
};

struct stripe { /* SHARED */
    /* [inner] WR_RANK_WEAK; not used where one thread runs at a time */
    _Alignas(64) struct wr_mutex mutex;
    /* [lock: mutex] [stw] weak references in the chains */
    size_t size;
    /* [lock: mutex] [stw] number of buckets, a power of two, less one */
    size_t mask;
    /* [lock: mutex] [stw] &first, or an array */
    struct bucket *buckets;
    /* [lock: mutex] [stw] enough for a few, and what is there without memory */
    struct bucket first;
};

static struct stripe stripes[STRIPES];

static inline uint64_t
hash_of(const weir_object *target)
{
    return ((uint64_t)(uintptr_t)target >> 4) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline struct stripe *
stripe_of(uint64_t hash)
{
    return &stripes[hash >> (64 - STRIPES_LOG2)];
}

static inline struct bucket *
bucket_of(const struct stripe *s, uint64_t hash)
{
    return &s->buckets[(hash >> 24) & s->mask];
}

static inline void
lock(struct stripe *s)
{
    if (wr_cfg_parallel) {
        wr_mutex_lock(&s->mutex);
    }
}

static inline void
unlock(struct stripe *s)
{
    if (wr_cfg_parallel) {
        wr_mutex_unlock(&s->mutex);
    }
}

/* ---- start and stop ----------------------------------------------------- */

void
wr_weak_start(void)
{
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *s = &stripes[i];

        memset(s, 0, sizeof(*s));
        wr_mutex_init(&s->mutex, WR_RANK_WEAK);
        s->buckets = &s->first;
    }
}

void
wr_weak_stop(void)
{
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *s = &stripes[i];

        if (s->buckets != &s->first) {
            wr_mem_free(s->buckets);
        }
        s->buckets = &s->first;
        s->mask = 0;
        s->size = 0;
        s->first = (struct bucket){.plain = NULL};
    }
}

void
wr_weak_fork_lock(void)
{
    for (size_t i = 0; i < STRIPES; i++) {
        /* Only attached threads take it, and the world is stopped. */
        WEIR_ASSERT(wr_load_relaxed(&stripes[i].mutex.word) == 0);
        wr_mutex_fork_lock(&stripes[i].mutex);
    }
}

void
wr_weak_fork_unlock(void)
{
    for (size_t i = 0; i < STRIPES; i++) {
        wr_mutex_fork_unlock(&stripes[i].mutex);
    }
}

/* ---- chains ------------------------------------------------------------- */

static inline void
push_front(struct wr_weak **head, struct wr_weak *w)
{
    w->next = *head;
    w->place = head;
    if (w->next != NULL) {
        w->next->place = &w->next;
    }
    *head = w;
}

static inline struct wr_weak **
chain_of(struct bucket *b, const struct wr_weak *w)
{
    return w->callback != NULL ? &b->called : &b->plain;
}

/* Put a chain into another array of buckets; those of one target keep their
 * order. */
static void
move_chain(struct stripe *to, struct wr_weak *chain)
{
    struct wr_weak *backwards = NULL;

    while (chain != NULL) {
        struct wr_weak *next = chain->next;

        chain->next = backwards;
        backwards = chain;
        chain = next;
    }
    while (backwards != NULL) {
        struct wr_weak *next = backwards->next;
        uint64_t hash = hash_of(wr_load_relaxed(&backwards->target));

        push_front(chain_of(bucket_of(to, hash), backwards), backwards);
        backwards = next;
    }
}

/* More buckets if the chains are long.  Without memory they get longer. */
static void
grow_locked(struct stripe *s)
{
    struct bucket *old = s->buckets;
    size_t n = s->mask + 1;
    struct bucket *fresh;

    if (s->size <= n * LOAD) {
        return;
    }
    fresh = wr_mem_calloc(n * GROWTH, sizeof(*fresh));
    if (fresh == NULL) {
        return;
    }
    s->buckets = fresh;
    s->mask = n * GROWTH - 1;
    for (size_t i = 0; i < n; i++) {
        move_chain(s, old[i].plain);
        move_chain(s, old[i].called);
    }
    if (old == &s->first) {
        s->first = (struct bucket){.plain = NULL};
    } else {
        wr_mem_free(old);
    }
}

/* Give the buckets back when there is nothing in them. */
static inline void
trim_locked(struct stripe *s)
{
    if (wr_unlikely(s->size == 0 && s->mask >= KEEP)) {
        wr_mem_free(s->buckets);
        s->buckets = &s->first;
        s->mask = 0;
    }
}

static void
link_locked(struct stripe *s, struct wr_weak *w, weir_object *target,
            uint64_t hash)
{
    /* [inv:weak.chained] */
    WEIR_ASSERT(wr_load_relaxed(&w->target) == NULL);
    push_front(chain_of(bucket_of(s, hash), w), w);
    wr_store_relaxed(&w->target, target);
    s->size++;
    grow_locked(s);
}

/*
 * Out of the chain, and cleared.  The last touch of *w where its count is
 * zero: the thread that dropped it frees it as soon as it sees NULL.
 */
static inline void
clear_locked(struct stripe *s, struct wr_weak *w)
{
    /* [inv:weak.chained] */
    WEIR_ASSERT(*w->place == w && s->size > 0);
    *w->place = w->next;
    if (w->next != NULL) {
        w->next->place = w->place;
    }
    s->size--;
    /* [pair:weak.clear/rel] */
    wr_store_release(&w->target, (weir_object *)NULL);
}

/* The one without a callback that is not dying, with a new reference. */
static struct wr_weak *
find_locked(const struct stripe *s, const weir_object *target, uint64_t hash)
{
    struct wr_weak *w = bucket_of(s, hash)->plain;

    for (; w != NULL; w = w->next) {
        if (wr_load_relaxed(&w->target) == target && wr_ref_try_get(&w->base)) {
            return w;
        }
    }
    return NULL;
}

/* ---- making and asking -------------------------------------------------- */

/* Immortal objects are not written to, and never die. */
static inline bool
may_be_target_of_some(const weir_object *o)
{
    return (wr_flags(o) & WR_FLAG_HAS_WEAK) != 0 || wr_ref_value(o) < 0;
}

weir_object *
wr_weak_find(weir_object *target)
{
    uint64_t hash = hash_of(target);
    struct stripe *s = stripe_of(hash);
    struct wr_weak *w;

    if (!may_be_target_of_some(target)) {
        return NULL;
    }
    lock(s);
    w = find_locked(s, target, hash);
    unlock(s);
    return w != NULL ? &w->base : NULL;
}

weir_object *
wr_weak_link(struct wr_thread *self, struct wr_weak *w, weir_object *target)
{
    uint64_t hash = hash_of(target);
    struct stripe *s = stripe_of(hash);
    struct wr_weak *other = NULL;
    bool looks = w->callback == NULL;

    if (wr_plant(weak_looked_before)) {
        wr_plant_pause();
        looks = false;
    }
    /* Who drops the last reference sees the flag: ours is dropped before. */
    if (!may_be_target_of_some(target)) {
        wr_flags_set(target, WR_FLAG_HAS_WEAK);
    }
    lock(s);
    if (looks) {
        other = find_locked(s, target, hash);
    }
    if (other == NULL) {
        link_locked(s, w, target, hash);
    }
    unlock(s);
    if (other == NULL) {
        return &w->base;
    }
    wr_drop(self, &w->base);
    return &other->base;
}

/* A planted fault: a reference is taken without looking for zero. */
static weir_object *__attribute__((noinline, unused))
target_planted(weir_object *target)
{
    wr_plant_pause();
    return weir_newref(target);
}

weir_object *
wr_weak_target(struct wr_weak *w)
{
    weir_object *target = wr_load_acquire(&w->target);
    struct stripe *s;
    bool got;

    if (target == NULL) {
        return NULL;
    }
    if (wr_plant(weakref_corpse)) {
        return target_planted(target);
    }
    s = stripe_of(hash_of(target));
    lock(s);
    /*
     * While *w names it the target is a block that nobody has freed, for it
     * is detached, under this lock, first; but it may be dead [inv:weak.get].
     */
    got = wr_load_relaxed(&w->target) != NULL && wr_ref_try_get(target);
    unlock(s);
    return got ? target : NULL;
}

/* How many in a chain name target; all: also those that are dying. */
static size_t
count_in(const struct wr_weak *chain, const weir_object *target, bool all)
{
    size_t n = 0;

    for (; chain != NULL; chain = chain->next) {
        n += wr_load_relaxed(&chain->target) == target &&
             (all || !wr_ref_is_dead(&chain->base));
    }
    return n;
}

static size_t
count(const weir_object *target, bool all)
{
    uint64_t hash = hash_of(target);
    struct stripe *s = stripe_of(hash);
    const struct bucket *b;
    size_t n;

    lock(s);
    b = bucket_of(s, hash);
    n = count_in(b->plain, target, all) + count_in(b->called, target, all);
    unlock(s);
    return n;
}

size_t
wr_weak_count(const weir_object *o)
{
    return may_be_target_of_some(o) ? count(o, false) : 0;
}

bool
wr_weak_is_forgotten(const weir_object *o)
{
    if (wr_kind_of(o) == WR_KIND_WEAK) {
        const struct wr_weak *w = (const struct wr_weak *)(const void *)o;

        return wr_load_relaxed(&w->target) == NULL;
    }
    return (wr_flags(o) & WR_FLAG_HAS_WEAK) == 0 || count(o, true) == 0;
}

/* ---- clearing ----------------------------------------------------------- */

static inline void
append(struct wr_weak_queue *due, struct wr_weak *w)
{
    w->next = NULL;
    if (due->first == NULL) {
        due->first = w;
    } else {
        due->last->next = w;
    }
    due->last = w;
}

static void
clear_plain_locked(struct stripe *s, struct bucket *b, weir_object *target)
{
    struct wr_weak *w, *next;

    /* More than one: some are dying, on other threads. */
    for (w = b->plain; w != NULL; w = next) {
        next = w->next;
        if (wr_load_relaxed(&w->target) == target) {
            clear_locked(s, w);
        }
    }
}

/*
 * Clear those with a callback.  is_due NULL: all callbacks are due.  One that
 * is dying on another thread is cleared and no more.
 */
static void
clear_called_locked(struct stripe *s, struct bucket *b, weir_object *target,
                    wr_weak_test_fn is_due, const void *context,
                    struct wr_weak_queue *due)
{
    struct wr_weak *w, *next;

    for (w = b->called; w != NULL; w = next) {
        bool kept;

        next = w->next;
        if (wr_load_relaxed(&w->target) != target) {
            continue;
        }
        kept = due != NULL && (is_due == NULL || is_due(w, context)) &&
               wr_ref_try_get(&w->base);
        clear_locked(s, w);
        if (kept) {
            append(due, w);
        }
    }
}

/* A weak reference has lost its last reference: out of the table with it. */
static void
leave(struct wr_weak *w)
{
    /* NULL: whoever cleared it has touched it for the last time.
     * [pair:weak.clear/acq] */
    weir_object *target = wr_load_acquire(&w->target);
    struct stripe *s;

    if (target == NULL) {
        return;
    }
    s = stripe_of(hash_of(target));
    lock(s);
    /* The target may have died meanwhile, and cleared *w. */
    if (wr_load_relaxed(&w->target) != NULL) {
        clear_locked(s, w);
    }
    trim_locked(s);
    unlock(s);
}

/* Clear everything that names target; who has a callback goes to *due. */
static void
detach(weir_object *target, struct wr_weak_queue *due)
{
    uint64_t hash = hash_of(target);
    struct stripe *s = stripe_of(hash);

    lock(s);
    clear_plain_locked(s, bucket_of(s, hash), target);
    clear_called_locked(s, bucket_of(s, hash), target, NULL, NULL, due);
    trim_locked(s);
    unlock(s);
}

void
wr_weak_last_rites(struct wr_thread *self, weir_object *o)
{
    struct wr_weak_queue due = {.first = NULL};
    weir_object *w;

    WEIR_ASSERT(wr_ref_is_dead(o));
    if (wr_kind_of(o) == WR_KIND_WEAK) {
        leave(wr_weak_of(o));
        return;
    }
    detach(o, &due);
    /* Ends: the queue is this thread's, and nobody adds to it. */
    while ((w = wr_weak_call_next(self, &due)) != NULL) {
        /* Pushed, not torn down here: what a context owns may be a target as
         * well, and so on, deeper than the stack. */
        if (wr_ref_put(w)) {
            wr_dying_push(self, w);
        }
    }
    /* [inv:weak.detached-first] */
    WEIR_ASSERT_SLOW(wr_weak_is_forgotten(o));
}

void
wr_weak_clear_called_stw(weir_object *target, wr_weak_test_fn is_due,
                         const void *context, struct wr_weak_queue *due)
{
    uint64_t hash = hash_of(target);
    struct stripe *s = stripe_of(hash);

    clear_called_locked(s, bucket_of(s, hash), target, is_due, context, due);
    trim_locked(s);
}

void
wr_weak_forget_stw(weir_object *o)
{
    uint64_t hash = hash_of(o);
    struct stripe *s = stripe_of(hash);

    if (wr_kind_of(o) == WR_KIND_WEAK) {
        leave(wr_weak_of(o));
        return;
    }
    clear_plain_locked(s, bucket_of(s, hash), o);
    clear_called_locked(s, bucket_of(s, hash), o, NULL, NULL, NULL);
    trim_locked(s);
}

/* ---- callbacks ---------------------------------------------------------- */

weir_object *
wr_weak_call_next(struct wr_thread *self, struct wr_weak_queue *due)
{
    struct wr_weak *w = due->first;
    struct wr_interlude interlude;

    if (w == NULL) {
        return NULL;
    }
    due->first = w->next;
    /* [inv:weak.called-once] */
    WEIR_ASSERT(wr_load_relaxed(&w->target) == NULL);
    WEIR_ASSERT(!wr_ref_is_dead(&w->base));
    interlude = wr_user_begin(self);
    w->callback(&w->base, w->context, w->data);
    wr_user_end(self, interlude);
    return &w->base;
}
