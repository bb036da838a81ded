/* SPDX-License-Identifier: MIT */
/*
 * object/lock.c - the lock of an object, for those who lay out its fields.
 *
 * The same byte that the operations of the builtin kinds take
 * (thread/objlock.h).  Its rules are the caller's to keep [inv:objlock.short];
 * a debug build holds the caller to them, also where the lock is empty, so
 * that a program tried in one flavour is right in another.
 */
#include "object/quiet.h"
#include "object/site.h"
#include "thread/objlock.h"

__thread enum wr_quiet wr_quiet_now __attribute__((tls_model("initial-exec"))) =
    WR_QUIET_NOT;

void
wr_quiet_broken(void)
{
    enum wr_quiet quiet = wr_quiet_swap(WR_QUIET_NOT);

    wr_fatal("weir called %s", quiet == WR_QUIET_LOCKED
                                   ? "between weir_object_lock() and its unlock"
                                   : "by a traverse function");
}

/* The caller is about to hold a lock. */
static inline void
enter(void)
{
    wr_quiet_check();
    (void)wr_quiet_swap(WR_QUIET_LOCKED);
}

/* It gives up what it holds. */
static inline void
leave(void)
{
    enum wr_quiet before = wr_quiet_swap(WR_QUIET_NOT);

    WEIR_ASSERT(before == WR_QUIET_LOCKED);
    (void)before;
}

void
weir_object_lock(weir_object *o)
{
    if (o != NULL) {
        wr_check_alive(o);
        enter();
        wr_objlock_lock(wr_self(), &o->lock);
    }
}

void
weir_object_unlock(weir_object *o)
{
    if (o != NULL) {
        leave();
        wr_objlock_unlock(wr_self(), &o->lock);
    }
}

void
weir_object_lock2(weir_object *a, weir_object *b)
{
    if (a == NULL || b == NULL) {
        weir_object_lock(a != NULL ? a : b);
        return;
    }
    wr_check_alive(a);
    wr_check_alive(b);
    enter();
    wr_objlock_lock2(wr_self(), &a->lock, &b->lock);
}

void
weir_object_unlock2(weir_object *a, weir_object *b)
{
    if (a == NULL || b == NULL) {
        weir_object_unlock(a != NULL ? a : b);
        return;
    }
    leave();
    wr_objlock_unlock2(wr_self(), &a->lock, &b->lock);
}
