/* SPDX-License-Identifier: MIT */
/*
 * legacy.c - cycles that the collector must not touch.
 *
 * Nobody knows in which order to run the finalizers of a cycle if each expects
 * to be the first.  A type may say that its finalizer is of that old sort:
 * then the collector finds the cycle, leaves it whole, and puts it into a list.
 * The program, which knows the order, breaks the cycle.
 */
#include <weir/weir.h>

#include <stdio.h>

static void
close_account(weir_object *o, void *data)
{
    int64_t number = 0;

    (void)data;
    weir_int_value(weir_instance_borrow(o, 1), &number);
    printf("account %d closed, its partner is %s\n", (int)number,
           weir_instance_borrow(o, 0) != NULL ? "still there" : "gone");
}

static weir_object *
open_account(weir_type *type, int64_t number)
{
    weir_object *account = weir_instance_new(type);
    weir_object *value = weir_int_new(number);

    weir_instance_set(account, 1, value);
    weir_decref(value);
    return account;
}

int
main(void)
{
    weir_type *type;
    weir_object *a, *b, *garbage;
    weir_gc_stats stats;

    if (weir_start(NULL) != WEIR_OK) {
        return 1;
    }
    type = weir_instance_type("account", 2, WEIR_TYPE_LEGACY_FINALIZER,
                              close_account, NULL);
    a = open_account(type, 1);
    b = open_account(type, 2);
    weir_instance_set(a, 0, b);
    weir_instance_set(b, 0, a);
    weir_decref(a);
    weir_decref(b);

    printf("found unreachable: %d\n",
           (int)weir_gc_collect(WEIR_GC_GENERATIONS - 1));
    weir_gc_get_stats(WEIR_GC_GENERATIONS - 1, &stats);
    printf("collected: %d, uncollectable: %d, in the garbage: %d\n",
           (int)stats.collected, (int)stats.uncollectable,
           (int)weir_gc_garbage_count());

    puts("the program breaks the cycle");
    garbage = weir_gc_garbage();
    a = weir_list_get(garbage, 0);
    weir_decref(garbage);
    weir_gc_garbage_clear();
    weir_instance_set(a, 0, NULL);
    weir_decref(a);
    printf("in the garbage: %d\n", (int)weir_gc_garbage_count());
    return weir_stop() == WEIR_OK ? 0 : 1;
}
