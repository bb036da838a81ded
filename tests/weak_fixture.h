/* SPDX-License-Identifier: MIT */
/*
 * tests/weak_fixture.h - what the suites about weak references share.
 *
 * What happens is written down letter by letter in a log: callbacks write the
 * letter their data points to, finalizers the one of their type.  Whoever
 * finds something out of order counts it as wrong.
 */
#ifndef WR_TESTS_WEAK_FIXTURE_H
#define WR_TESTS_WEAK_FIXTURE_H

#include "tests/fixture.h"

#include "object/weak.h"

enum { FIRST, SECOND, SLOTS, LOG_MAX = 256 };

struct weak_seen {
    char log[LOG_MAX];
    size_t logged;
    size_t called;
    size_t wrong;
    weir_object *saved;
    weir_object *list;
    int64_t result;
};

static struct weak_seen seen;

static inline void
note(const void *letter)
{
    if (letter != NULL && seen.logged < LOG_MAX - 1) {
        seen.log[seen.logged++] = *(const char *)letter;
    }
}

/* Write the letter down.  Nobody can get at the target from its callback. */
static inline void
called(weir_object *weak, weir_object *context, void *letter)
{
    seen.called++;
    seen.wrong += !weir_is_weak(weak) || weir_weak_get(weak) != NULL ||
                  weir_error() != WEIR_EDEAD;
    seen.wrong += context != NULL && weir_refcount(context) < 1;
    note(letter);
}

/* A weak reference with that callback and a letter. */
static inline weir_object *
watch_with(weir_object *target, weir_weak_callback callback,
           weir_object *context, const char *letter)
{
    weir_object *w =
        weir_weak_new(target, callback, context, (void *)(uintptr_t)letter);

    ck_assert_ptr_nonnull(w);
    return w;
}

static inline weir_object *
watch(weir_object *target, const char *letter)
{
    return watch_with(target, called, NULL, letter);
}

static inline weir_object *
weak(weir_object *target)
{
    weir_object *w = weir_weak_new(target, NULL, NULL, NULL);

    ck_assert_ptr_nonnull(w);
    return w;
}

static inline weir_object *
make(weir_type *type)
{
    weir_object *o = weir_instance_new(type);

    ck_assert_ptr_nonnull(o);
    return o;
}

static inline void
link_to(weir_object *o, size_t slot, weir_object *value)
{
    ck_assert_int_eq(weir_instance_set(o, slot, value), 0);
}

/* Cleared, which is more than that the target's block has a dead count. */
static inline void
check_dead(weir_object *w)
{
    ck_assert_ptr_null(wr_weak_of(w)->target);
    ck_assert_ptr_null(weir_weak_get(w));
    ck_assert_int_eq(weir_error(), WEIR_EDEAD);
}

static inline void
check_alive(weir_object *w, weir_object *target)
{
    weir_object *got = weir_weak_get(w);

    ck_assert_ptr_eq(got, target);
    weir_decref(got);
}

#endif
