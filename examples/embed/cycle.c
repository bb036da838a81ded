/* SPDX-License-Identifier: MIT */
/*
 * cycle.c - two nodes that name each other, with finalizers.
 *
 * All finalizers of a piece of garbage run before any of it is torn down: each
 * node still finds the other one whole.
 */
#include <weir/weir.h>

#include <inttypes.h>
#include <stdio.h>

enum { NAME, PARTNER, SLOTS };

static const char *
name_of(weir_object *node)
{
    /* Borrowed: nobody replaces the name. */
    return weir_str_data(weir_instance_borrow(node, NAME), NULL);
}

static void
farewell(weir_object *node, void *data)
{
    weir_object *partner = weir_instance_get(node, PARTNER);

    (void)data;
    printf("%s is finalized; its partner %s is still there\n", name_of(node),
           name_of(partner));
    weir_decref(partner);
}

static weir_object *
make(weir_type *type, const char *name)
{
    weir_object *node = weir_instance_new(type);
    weir_object *text = weir_str_from(name);

    weir_instance_set(node, NAME, text);
    weir_decref(text);
    return node;
}

int
main(void)
{
    weir_type *type;
    weir_object *a, *b;

    if (weir_start(NULL) != WEIR_OK) {
        return 1;
    }
    type = weir_instance_type("node", SLOTS, 0, farewell, NULL);
    a = make(type, "Anna");
    b = make(type, "Otto");
    weir_instance_set(a, PARTNER, b);
    weir_instance_set(b, PARTNER, a);

    weir_decref(a);
    weir_decref(b);
    puts("both let go; nothing has happened yet");
    printf("collected: %" PRId64 "\n", weir_gc_collect(2));
    printf("collected once more: %" PRId64 "\n", weir_gc_collect(2));
    return weir_stop() == WEIR_OK ? 0 : 1;
}
