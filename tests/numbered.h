/* SPDX-License-Identifier: MIT */
/*
 * tests/numbered.h - instances whose finalizers leave their numbers behind.
 */
#ifndef WR_TESTS_NUMBERED_H
#define WR_TESTS_NUMBERED_H

#include "tests/fixture.h"

enum { LOG_MAX = 4000 };

/* What finalizers leave behind; the runtime is gone when it is read. */
struct log {
    int order[LOG_MAX];
    int n;
};

static struct log finalized;

/* A type with two slots; slot 0 holds the number that is written down. */
static weir_type *numbered;

static inline int
number_of(weir_object *o)
{
    weir_object *n = weir_instance_get(o, 0);
    int64_t value = -1;

    if (n != NULL) {
        (void)weir_int_value(n, &value);
        weir_decref(n);
    }
    return (int)value;
}

static inline void
write_down(weir_object *o, void *data)
{
    struct log *to = data;

    if (to->n < LOG_MAX) {
        to->order[to->n] = number_of(o);
    }
    to->n++;
}

static inline void
start(void)
{
    wr_test_start();
    finalized.n = 0;
    numbered = weir_instance_type("numbered", 3, 0, write_down, &finalized);
    ck_assert_ptr_nonnull(numbered);
}

static inline weir_object *
make_numbered(int n)
{
    weir_object *o = weir_instance_new(numbered);
    weir_object *number = weir_int_new(n);

    ck_assert_ptr_nonnull(o);
    ck_assert_int_eq(weir_instance_set(o, 0, number), 0);
    weir_decref(number);
    return o;
}

/* How often number n was written down. */
static inline int
times(int n)
{
    int found = 0;

    for (int i = 0; i < finalized.n; i++) {
        found += finalized.order[i] == n;
    }
    return found;
}

#endif
