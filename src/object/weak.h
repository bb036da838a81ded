/* SPDX-License-Identifier: MIT */
/*
 * object/weak.h - which weak references name an object.
 *
 *            made: linked                 target dies, or is garbage: the
 *   (being made) -------> LIVE --------------------------------> CLEARED
 *                          |       thread that holds the stripe,    |
 *                          |       or the stopper                   |
 *                          +-- last reference to it dropped --------+--> dead
 *
 * The one idea: targets know nothing but one flag.  A table finds the weak
 * references of a target by its address; the references themselves are its
 * chains, so that making one needs no memory but its own, and clearing one
 * needs none.  Each stripe of the table has a mutex, and everything that
 * happens to the weak references of one target happens under one mutex: who
 * asks for the target, who clears and who takes a dying reference out take
 * turns, and the target's block is not given back before its turn.
 *
 * Where one thread runs at a time the mutexes are left alone.  With the world
 * stopped nobody holds one: no call comes to a checkpoint under it.
 *
 * Read first: docs/protocols-objects.md, "Weak references".
 */
#ifndef WR_OBJECT_WEAK_H
#define WR_OBJECT_WEAK_H

#include "object/layout.h"
#include "thread/thread.h"

/* Cleared weak references whose callbacks wait, each with a reference; those
 * of one target latest made first.  Belongs to one thread. */
struct wr_weak_queue {
    struct wr_weak *first;
    struct wr_weak *last;
};

/* Make the table empty.  Caller: runtime start, one thread. */
void wr_weak_start(void);

/* Give its memory back.  Caller: runtime stop.  Harmless when repeated. */
void wr_weak_stop(void);

/*
 * Around a fork, on both sides.  Caller: world stopped, so the mutexes are free
 * and the table is whole.
 */
void wr_weak_fork_lock(void);
void wr_weak_fork_unlock(void);

static inline struct wr_weak *
wr_weak_of(weir_object *o)
{
    return (struct wr_weak *)(void *)o;
}

/* The one without a callback that names target: a new reference, or NULL. */
weir_object *wr_weak_find(weir_object *target);

/*
 * Make *w name target; it is complete and has one reference, the caller's.
 * If it has no callback and there is one like it already, returns that one (a
 * new reference) and drops *w; else returns *w.  Needs no memory.
 * Caller: attached, has a reference to target, which can have weak references.
 */
weir_object *wr_weak_link(struct wr_thread *self, struct wr_weak *w,
                          weir_object *target);

/* The target of *w: a new reference, or NULL when it is dead.
 * Caller: attached, has a reference to *w. */
weir_object *wr_weak_target(struct wr_weak *w);

/* How many live weak references name o.  Caller: attached. */
size_t wr_weak_count(const weir_object *o);

/* The table does not know o.  For asserts. */
bool wr_weak_is_forgotten(const weir_object *o);

/*
 * The count of *o is zero for good, and its flags say that the table knows
 * it.  A weak reference leaves the table.  Of a target, all weak references
 * are cleared, and the callbacks run here.
 * Caller: attached, no lock held, has dropped the last reference to *o.
 */
void wr_weak_last_rites(struct wr_thread *self, weir_object *o);

/* Decides about the callback of a weak reference to garbage. */
typedef bool (*wr_weak_test_fn)(const struct wr_weak *w, const void *context);

/*
 * Clear the weak references to target that have a callback; those for which
 * is_due(w, context) is true are appended to *due.  Caller: world stopped.
 */
void wr_weak_clear_called_stw(weir_object *target, wr_weak_test_fn is_due,
                              const void *context, struct wr_weak_queue *due);

/*
 * *o is going to be freed.  Clear what names it, without a callback; if it is
 * a weak reference itself, take it out.  Caller: world stopped.
 */
void wr_weak_forget_stw(weir_object *o);

/*
 * Call the first callback of the queue.  User code: no lock held.
 * Returns its weak reference, to be dropped by the caller; NULL: none waits.
 */
weir_object *wr_weak_call_next(struct wr_thread *self,
                               struct wr_weak_queue *due);

#endif
