/* SPDX-License-Identifier: MIT */
/*
 * resurrection.c - a finalizer that changes its mind.
 *
 * A finalizer may store the dying object somewhere.  Then the object lives on,
 * whole, and when it dies again its finalizer does not run a second time.
 */
#include <weir/weir.h>

#include <stdio.h>

/* Where the finalizer keeps what it saves. */
static weir_object *saved;

static void
save(weir_object *o, void *data)
{
    (void)data;
    puts("finalizer: I keep it");
    saved = weir_newref(o);
}

int
main(void)
{
    weir_type *type;
    weir_object *phoenix, *feather;
    int64_t number = 0;

    if (weir_start(NULL) != WEIR_OK) {
        return 1;
    }
    type = weir_instance_type("phoenix", 1, 0, save, NULL);
    phoenix = weir_instance_new(type);
    feather = weir_int_new(41);
    weir_instance_set(phoenix, 0, feather);
    weir_decref(feather);

    puts("first death");
    weir_decref(phoenix);
    if (saved == NULL) {
        return 1;
    }
    weir_int_value(weir_instance_borrow(saved, 0), &number);
    printf("it lives, with what it held: %d\n", (int)number);
    printf("finalized: %s\n", weir_gc_is_finalized(saved) ? "yes" : "no");

    puts("second death");
    weir_decref(saved);
    puts("it is gone");
    return weir_stop() == WEIR_OK ? 0 : 1;
}
